"""How many connections the HTTP server holds, and how long one may take to become a request.

Without a bound, somebody who opens connections and sends nothing takes all file descriptors of the process: then it
opens no database, no connection to Telegram, and answers no `/healthz`.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import Callable, Sequence
from typing import cast

from bot.web.rate import Network, parse_address, sender

MOST = 2000
RESERVED = 200
"""File descriptors kept for the database, Telegram, the gateway and files."""
MOST_AN_ADDRESS = 100
"""Many people share one address where a mobile network translates them, and each call screen holds a connection."""
HEADERS_WITHIN = 15.0
"""Seconds from the connection to the end of the first request's headers; later ones have aiohttp's keep-alive."""


class Connections:
    """Bounds connections in all, and those of one address unless it is a proxy that is believed.

    When there is no room, the oldest connection that has not asked for anything yet makes way; where all have, the new
    one is closed.
    """

    def __init__(
        self,
        proxies: Sequence[Network],
        most: int | None = None,
        most_an_address: int = MOST_AN_ADDRESS,
        headers_within: float = HEADERS_WITHIN,
    ) -> None:
        """`most`: as many as the process may have, less what else it needs, unless given."""
        self._proxies = proxies
        self._most = most or room()
        self._most_an_address = most_an_address
        self._headers_within = headers_within
        self._open: set[Connection] = set()
        self._silent: dict[Connection, asyncio.TimerHandle] = {}
        self._of_address: Counter[str] = Counter()

    def bounded(self, make: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """The protocols that `make` makes, with a bound."""
        return lambda: Connection(self, make())

    def opened(self, connection: Connection) -> bool:
        """There is one more; whether it may stay."""
        counted = connection.counted
        if not self._is_proxy(connection.address) and self._of_address[counted] >= self._most_an_address:
            return False
        if len(self._open) >= self._most:
            if not self._silent:
                return False
            next(iter(self._silent)).abort()
        self._open.add(connection)
        self._of_address[counted] += 1
        loop = asyncio.get_running_loop()
        self._silent[connection] = loop.call_later(self._headers_within, connection.abort)
        return True

    def asked(self, connection: Connection) -> None:
        """It has brought a request."""
        if (timer := self._silent.pop(connection, None)) is not None:
            timer.cancel()

    def closed(self, connection: Connection) -> None:
        """It is no more. It may have been told before."""
        self.asked(connection)
        if connection in self._open:
            self._open.remove(connection)
            self._of_address[connection.counted] -= 1
            if not self._of_address[connection.counted]:
                del self._of_address[connection.counted]

    def _is_proxy(self, address: str) -> bool:
        parsed = parse_address(address)
        return parsed is not None and any(parsed in network for network in self._proxies)


class Connection(asyncio.Protocol):
    """One connection, which hands all it hears to the protocol of the server."""

    def __init__(self, connections: Connections, inner: asyncio.Protocol) -> None:
        self._connections = connections
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._is_taken = False
        self.address = self.counted = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        self.counted = sender(self.address)
        self._is_taken = self._connections.opened(self)
        if self._is_taken:
            self._inner.connection_made(transport)
        else:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self._is_taken:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """See asyncio."""
        return self._inner.eof_received() if self._is_taken else None

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._connections.closed(self)
        if self._is_taken:
            self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """See asyncio."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """See asyncio."""
        self._inner.resume_writing()

    def asked(self) -> None:
        """Its first request is there."""
        self._connections.asked(self)

    def abort(self) -> None:
        """Close it at once, to make room."""
        self._connections.closed(self)
        if self._transport is not None:
            self._transport.abort()


def asked(transport: asyncio.BaseTransport | None) -> None:
    """A request came by this transport."""
    if transport is not None and isinstance(found := transport.get_protocol(), Connection):
        found.asked()


def room() -> int:
    """How many connections this process can hold beside all else."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if allowed == resource.RLIM_INFINITY else min(MOST, max(allowed - RESERVED, allowed // 2, 1))
