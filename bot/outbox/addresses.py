"""Which addresses the bot may connect to, whoever chose them: its configuration, or whoever answers for a name."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from contextlib import suppress
from threading import Thread

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
