"""Which addresses the bot may be sent to by its configuration, or by whoever answers for a name."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from contextlib import suppress
from threading import Thread

NAT64 = ipaddress.ip_network("64:ff9b::/96")
WORLD = ipaddress.ip_network("2000::/3")
"""All that was ever given out for the Internet; what lies outside is for machines, networks, or nobody yet."""
SPECIAL = tuple(
    map(ipaddress.ip_network, ("192.88.99.0/24", "2001::/23", "2001:db8::/32", "3fff::/20", "2d00::/8", "2e00::/7"))
)
"""Of the Internet's part what is for documents, protocols or nobody, beyond what this Python knows of (IANA's
registries of special-purpose addresses, and of IPv6 unicast addresses)."""

_under_way: dict[tuple[asyncio.AbstractEventLoop, str, int], asyncio.Future[list[str]]] = {}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RefusedAddressError(Exception):
    """The name leads to where no letter may be brought, or nowhere. The text says which."""


def is_private(address: str) -> bool:
    """Whether it is of this machine, this network, or nobody's at all; whichever way it is written."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    within = _within(found)
    # Where an IPv4 address is all that is meant, it alone counts.
    is_shell = isinstance(found, ipaddress.IPv6Address) and (found.ipv4_mapped is not None or found in NAT64)
    return not all(_is_of_the_world(one) for one in (within if is_shell else (found, *within)))


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system gives them. Raises RefusedAddressError when there are none.

    The event loop looks names up two at a time (libuv, "Thread pool work scheduling"): a name server that hangs would
    keep Telegram's and the gateway's names waiting. So each name is looked up in a thread of its own, and once at a
    time however many ask; a caller that gives up does not end it.
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
    """The addresses to connect to. One that may not be connected to spoils all: a name that leads there at times is not
    to be trusted at others. Raises RefusedAddressError."""
    addresses = await resolve(host, port)
    if not allow_private and any(map(is_private, addresses)):
        raise RefusedAddressError("it leads to a private address")
    return addresses


def _is_of_the_world(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in WORLD:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in SPECIAL)


def _within(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]
