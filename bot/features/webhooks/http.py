"""One message, one request: what is sent, to which addresses it may go, and what an answer means."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Thread

import httpx
from standardwebhooks.webhooks import Webhook

from bot.clock import Clock
from bot.crypto import PhoneCipher
from bot.domain.webhooks import AttemptResult, DeliveryAttempt, ForeignReport, OutboxMessage

NAT64 = ipaddress.ip_network("64:ff9b::/96")
WORLD = ipaddress.ip_network("2000::/3")
"""All of IPv6 that was ever allocated for the Internet; the rest is for machines, networks, or nobody yet."""
SPECIAL = tuple(
    map(ipaddress.ip_network, ("192.88.99.0/24", "2001::/23", "2001:db8::/32", "3fff::/20", "2d00::/8", "2e00::/7"))
)
"""Parts of it for documentation, protocols or nobody, beyond those that this Python knows (IANA's registries of
special-purpose addresses, and of IPv6 unicast addresses)."""

_under_way: dict[tuple[asyncio.AbstractEventLoop, str, int], asyncio.Future[list[str]]] = {}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RefusedAddressError(Exception):
    """The name leads to a forbidden address, or nowhere. The text says which."""


def is_private(address: str) -> bool:
    """Return whether the address belongs to this machine, this network, or nobody at all, in any notation."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    within = _within(found)
    # If it stands for an IPv4 address, only that one counts.
    is_shell = isinstance(found, ipaddress.IPv6Address) and (found.ipv4_mapped is not None or found in NAT64)
    return not all(_is_of_the_world(one) for one in (within if is_shell else (found, *within)))


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, as the system gives them. Raises RefusedAddressError when there are none.

    The event loop looks up two names at a time (libuv, "Thread pool work scheduling"), so a name server that hangs
    would block the names of Telegram and the gateway. Therefore each name is looked up in a thread of its own, and only
    once at a time; a caller that gives up does not end it.
    """
    loop = asyncio.get_running_loop()
    key = (loop, host, port)
    if key not in _under_way:
        _under_way[key] = loop.create_future()
        _under_way[key].add_done_callback(lambda _: _under_way.pop(key))
        Thread(target=_look_up, args=(_under_way[key], host, port), name="name of a receiver", daemon=True).start()
    addresses = await asyncio.shield(_under_way[key])
    if not addresses:
        raise RefusedAddressError("the name is not known")
    return addresses


def _look_up(found: asyncio.Future[list[str]], host: str, port: int) -> None:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError, OverflowError):
        answers = []
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in answers))
    # The loop may have ended meanwhile.
    with suppress(RuntimeError):
        found.get_loop().call_soon_threadsafe(found.set_result, addresses)


async def checked(host: str, port: int, *, allow_private: bool) -> list[str]:
    """Return the addresses to connect to. One forbidden address rejects them all: a name that leads there at times
    cannot be trusted at others. Raises RefusedAddressError."""
    addresses = await resolve(host, port)
    if not allow_private and any(map(is_private, addresses)):
        raise RefusedAddressError("it leads to a private address")
    return addresses


def _is_of_the_world(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in WORLD:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in SPECIAL)


def _within(address: Address) -> list[Address]:
    """Return the IPv4 addresses that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]


PATIENCE = 15.0
"""Seconds for one try in all; receivers should accept a message first and work on it afterwards."""
CONNECT = 5.0
UNREADABLE = "sealed with another SECRET_KEY"


class SafeHttpClient:
    """Sends requests of this process to addresses that the owner configured.

    Each request looks the name up and connects to the address that was checked: if the client looked it up again, the
    name could lead elsewhere. No connection is reused, since two names may share an address, and a connection is good
    only for the name whose certificate was seen. It follows no redirects and uses no proxy of the environment: both
    would lead to unchecked addresses.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._http = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(PATIENCE, connect=CONNECT),
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close it; nothing more can be sent."""
        await self._http.aclose()

    async def send(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> DeliveryAttempt:
        """Send a request and return the result. Network errors become a result; what cannot be sent at all may
        raise."""
        url = httpx.URL(address)
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            async with asyncio.timeout(PATIENCE):
                addresses = await checked(url.host, port, allow_private=self._allow_private)
                return await self._send_to_any(addresses, method, url, headers, body)
        except RefusedAddressError as error:
            return DeliveryAttempt(AttemptResult.FAILED, str(error))
        except TimeoutError:
            return DeliveryAttempt(AttemptResult.FAILED, f"no answer within {PATIENCE:g} seconds")
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            return DeliveryAttempt(AttemptResult.FAILED, type(error).__name__)

    async def _send_to_any(
        self, addresses: Sequence[str], method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes
    ) -> DeliveryAttempt:
        """Send to the first address that accepts a connection."""
        for number, address in enumerate(addresses, start=1):
            try:
                return await self._send(method, url, url.copy_with(host=address.partition("%")[0]), headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise RefusedAddressError("the name is not known")

    async def _send(
        self, method: str, named: httpx.URL, url: httpx.URL, headers: Mapping[str, str], body: bytes
    ) -> DeliveryAttempt:
        values = {**headers, "Host": named.netloc.decode(), "User-Agent": "Callgate"}
        async with self._http.stream(
            method,
            url,
            # Encode headers as aiohttp decodes them, so that any bytes go on unchanged.
            headers=[(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in values.items()],
            content=body,
            extensions={"sni_hostname": named.host},
        ) as answer:
            # The body of an answer is of no use, and may be endless.
            return _understood(answer.status_code)


class EventSender:
    """Sends events, signed as Standard Webhooks requires: with each of the secrets, so that one can be replaced without
    losing any. (https://github.com/standard-webhooks/standard-webhooks, specification)"""

    def __init__(self, wire: SafeHttpClient, url: str, secrets: Sequence[str], clock: Clock) -> None:
        self._wire = wire
        self._url = url
        self._webhooks = [Webhook(secret) for secret in secrets]
        self._clock = clock

    async def __call__(self, message: OutboxMessage) -> DeliveryAttempt:
        """Try to send this message once."""
        now = self._clock.now()
        text = message.body.decode()
        signatures = [webhook.sign(message.message_id, now, text) for webhook in self._webhooks]
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(math.floor(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        return await self._wire.send("POST", self._url, headers, message.body)


class RelaySender:
    """Sends reports of the gateway unchanged: method, query, content type and bytes of the body."""

    def __init__(self, wire: SafeHttpClient, url: str, phone_cipher: PhoneCipher) -> None:
        self._wire = wire
        self._url = url
        self._phone_cipher = phone_cipher

    async def __call__(self, message: OutboxMessage) -> DeliveryAttempt:
        """Try to send this message once."""
        packed = self._phone_cipher.decrypt_bytes(message.body)
        if packed is None:
            return DeliveryAttempt(AttemptResult.FAILED, UNREADABLE)
        report = ForeignReport.unpacked(packed)
        address = f"{self._url}?{report.query}" if report.query else self._url
        headers = {"Content-Type": report.content_type} if report.content_type else {}
        return await self._wire.send(report.method, address, headers, report.body)


def _understood(status: int) -> DeliveryAttempt:
    if httpx.codes.is_success(status):
        return DeliveryAttempt(AttemptResult.TAKEN)
    return DeliveryAttempt(AttemptResult.GONE if status == httpx.codes.GONE else AttemptResult.FAILED, f"HTTP {status}")
