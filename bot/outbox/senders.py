"""One message, one request: what is sent, to where, and what an answer means."""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Mapping, Sequence

import httpx
from standardwebhooks.webhooks import Webhook

from bot.clock import Clock
from bot.crypto import PhoneCipher
from bot.domain.outbox import AttemptResult, DeliveryAttempt, ForeignReport, OutboxMessage
from bot.outbox.addresses import RefusedAddressError, checked

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
