"""Limits on connections to the HTTP server, and on how long one may take to become a request.

Without a limit, somebody who opens connections and sends nothing uses up the process's file descriptors. It can then
open neither the database nor a connection to Telegram, and does not answer `/healthz`.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import cast

from bot.web.rate_limit import Network, parse_address, sender

MOST = 2000
RESERVED = 200
"""File descriptors reserved for the database, Telegram, the gateway and files."""
MOST_AN_ADDRESS = 100
"""Many people share one address behind a mobile network's NAT, and each call screen holds a connection."""
HEADERS_WITHIN = 15.0
"""Seconds from the connection to the end of the first request's headers; later ones have aiohttp's keep-alive."""
TAKEN_WITHIN = 60.0
"""Seconds in which a reader must take something of what waits for it, once the transport's buffer is full."""


class Use(IntEnum):
    """The state of a connection. An address gives up its connections in this order."""

    SILENT = 0
    """It has not sent a request yet."""
    IDLE = 1
    """It got its answer, and may send another request."""
    BUSY = 2
    """It is being answered."""


class Connections:
    """Limits connections in all, and those of one address unless it is a trusted proxy.

    When there is no room, the address with the most connections loses one: one that has not sent a request yet, else
    one that waits for another request, else the one whose request has been running longest. So however many connections
    some addresses hold, others get in. An address at its own limit loses one of the first two kinds; if all its
    connections are being answered, the new one is closed.
    """

    def __init__(
        self,
        proxies: Sequence[Network],
        most: int | None = None,
        most_an_address: int = MOST_AN_ADDRESS,
        headers_within: float = HEADERS_WITHIN,
        taken_within: float = TAKEN_WITHIN,
    ) -> None:
        """`most`: by default as many as the process may have, less what it needs otherwise."""
        self._proxies = proxies
        self._most = most or room()
        self._most_an_address = most_an_address
        self._headers_within = headers_within
        self.taken_within = taken_within
        self._count = 0
        self._of_address: dict[str, dict[HttpConnection, None]] = {}
        """The connections of each address; the one with the latest request comes last."""
        self._timers: dict[HttpConnection, asyncio.TimerHandle] = {}

    def bounded(self, make: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Return a factory of the same protocols, with the limit."""
        return lambda: HttpConnection(self, make())

    def opened(self, connection: HttpConnection) -> bool:
        """Add a connection; return whether it may stay."""
        mine = self._of_address.get(connection.counted, {})
        if len(mine) >= self._most_an_address and not self._is_proxy(connection.address):
            going = min(mine, key=_use)
            if going.use is Use.BUSY:
                return False
            going.abort()
        elif self._count >= self._most:
            held = max(self._of_address.values(), key=len)
            min(held, key=_use).abort()
        self._of_address.setdefault(connection.counted, {})[connection] = None
        self._count += 1
        loop = asyncio.get_running_loop()
        self._timers[connection] = loop.call_later(self._headers_within, connection.abort)
        return True

    def asked(self, connection: HttpConnection) -> None:
        """It has sent a request."""
        if (timer := self._timers.pop(connection, None)) is not None:
            timer.cancel()
        mine = self._of_address.get(connection.counted, {})
        if connection in mine:
            del mine[connection]
            mine[connection] = None

    def closed(self, connection: HttpConnection) -> None:
        """Remove a closed connection. May be called twice."""
        self.asked(connection)
        mine = self._of_address.get(connection.counted, {})
        if connection in mine:
            del mine[connection]
            self._count -= 1
            if not mine:
                del self._of_address[connection.counted]

    def _is_proxy(self, address: str) -> bool:
        parsed = parse_address(address)
        return parsed is not None and any(parsed in network for network in self._proxies)


class HttpConnection(asyncio.Protocol):
    """One connection, which passes everything to the server's protocol."""

    def __init__(self, connections: Connections, inner: asyncio.Protocol) -> None:
        self._connections = connections
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._is_taken = False
        self._unread: asyncio.TimerHandle | None = None
        self.use = Use.SILENT
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
        self._is_read()
        if self._is_taken:
            self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """See asyncio."""
        self._wait_for_reader(None)
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """See asyncio."""
        self._is_read()
        self._inner.resume_writing()

    def asked(self) -> None:
        """A request has arrived."""
        self.use = Use.BUSY
        self._connections.asked(self)

    def answered(self) -> None:
        """The answer is ready, although it may not be sent yet."""
        self.use = Use.IDLE

    def _wait_for_reader(self, before: int | None) -> None:
        """Close the connection unless less is unsent than `before`; check again later."""
        if self._transport is None:
            return
        waits = self._transport.get_write_buffer_size()
        if before is not None and waits >= before:
            self.abort()
            return
        self._is_read()
        loop = asyncio.get_running_loop()
        self._unread = loop.call_later(self._connections.taken_within, self._wait_for_reader, waits)

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def abort(self) -> None:
        """Close it at once, to make room."""
        self._connections.closed(self)
        if self._transport is not None:
            self._transport.abort()


@contextmanager
def answering(transport: asyncio.BaseTransport | None) -> Iterator[None]:
    """Mark the transport's connection as answering within this."""
    found = transport.get_protocol() if transport is not None else None
    if not isinstance(found, HttpConnection):
        yield
        return
    found.asked()
    try:
        yield
    finally:
        found.answered()


def _use(connection: HttpConnection) -> Use:
    return connection.use


def room() -> int:
    """Return how many connections this process can hold besides everything else."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if allowed == resource.RLIM_INFINITY else min(MOST, max(allowed - RESERVED, allowed // 2, 1))
