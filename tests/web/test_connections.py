"""Connections that send nothing, or are too many, keep nobody else out."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web

from bot.clock import REAL_TIME
from bot.web.connections import Connections, room
from bot.web.rate_limit import TRUSTED, Network
from handlers.http import guarded

NOBODY: Sequence[Network] = (ip_network("203.0.113.0/24"),)
"""The trusted proxies: none is here."""
GET = b"GET /{} HTTP/1.1\r\nHost: callgate\r\n\r\n"
LARGE = 2**24
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    """Answers `/` at once, `/slow` when released, and `/large` with more than any buffer holds."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.writers: list[asyncio.StreamWriter] = []
        self.may_answer = asyncio.Event()
        self.began = asyncio.Event()
        self.answering = 0

    async def connects(self, sends: bytes = b"", address: str = "127.0.0.1") -> Pair:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0))
        self.writers.append(writer)
        writer.write(sends)
        return reader, writer

    async def asks(self, path: bytes = b"", address: str = "127.0.0.1") -> Pair:
        """Return a connection whose request has been answered."""
        pair = await self.connects(GET.replace(b"{}", path), address)
        assert await pair[0].readline() == b"HTTP/1.1 200 OK\r\n"
        return pair


@asynccontextmanager
async def serving(proxies: Sequence[Network] = NOBODY, **limits: Any) -> AsyncIterator[Server]:
    here = Server(0)

    async def at_once(_: web.Request) -> web.Response:
        return web.Response(text="here")

    async def slow(_: web.Request) -> web.Response:
        here.began.set()
        here.answering += 1
        await here.may_answer.wait()
        return web.Response(text="late")

    async def large(_: web.Request) -> web.Response:
        return web.Response(body=bytes(LARGE))

    app = web.Application(middlewares=[guarded])
    app.router.add_get("/large", large)
    app.router.add_get("/", at_once)
    app.router.add_get("/slow", slow)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    assert runner.server is not None
    bounded = Connections(proxies, **limits).bounded(runner.server)
    listener = await asyncio.get_running_loop().create_server(bounded, "127.0.0.1", 0)
    here.port = listener.sockets[0].getsockname()[1]
    yield here
    here.may_answer.set()
    for writer in here.writers:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    listener.close()
    await runner.cleanup()


async def is_closed(pair: Pair) -> bool:
    """Return once the server has closed it."""
    try:
        while await pair[0].read(1000):
            pass
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize("sends", [b"", b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: callgate\r\nX-Never: ends"])
async def test_a_connection_that_never_becomes_a_request_is_closed_and_one_that_did_is_not(sends: bytes) -> None:
    async with serving(headers_within=0.2) as server:
        asking = await server.connects(GET.replace(b"{}", b"slow"))
        await server.began.wait()
        silent = await server.connects(sends)

        # Its time began later.
        assert await is_closed(silent)

        server.may_answer.set()
        assert await asking[0].readline() == b"HTTP/1.1 200 OK\r\n"


async def test_one_address_has_so_many_connections_and_no_more_until_one_ends() -> None:
    async with serving(most_an_address=3) as server:
        mine = [await server.connects(GET.replace(b"{}", b"slow")) for _ in range(3)]
        while server.answering < 3:
            await REAL_TIME.pause(0.01)

        assert await is_closed(await server.connects(GET.replace(b"{}", b"")))
        await server.asks(address="127.0.0.2")

        mine[0][1].close()
        await mine[0][1].wait_closed()
        while True:
            reader, _ = await server.connects(GET.replace(b"{}", b""))
            with suppress(ConnectionError):
                if await reader.readline():
                    break


async def test_of_many_people_behind_one_address_those_who_were_answered_make_way() -> None:
    async with serving(most_an_address=3) as server:
        mine = [await server.asks() for _ in range(3)]

        for _ in range(10):
            await server.asks()

        for pair in mine:
            assert await is_closed(pair)


async def test_a_proxy_that_is_believed_has_as_many_as_there_are() -> None:
    async with serving(TRUSTED, most_an_address=1) as server:
        for _ in range(5):
            await server.asks()


async def test_when_there_is_no_room_who_asked_for_nothing_makes_way() -> None:
    async with serving(most=3) as server:
        asked = await server.asks()
        silent = [await server.connects() for _ in range(10)]

        newest = await server.asks()

        assert await is_closed(silent[0])
        # No connection with a request is closed.
        for reader, writer in (asked, newest):
            await reader.readuntil(b"here")
            writer.write(GET.replace(b"{}", b""))
            await reader.readuntil(b"here")


@pytest.mark.parametrize("proxies", [NOBODY, TRUSTED])
@pytest.mark.parametrize("path", [b"", b"slow"])
async def test_however_many_connections_some_addresses_hold_others_are_answered(
    proxies: Sequence[Network], path: bytes
) -> None:
    async with serving(proxies, most=20) as server:
        holders = [await server.connects(GET.replace(b"{}", path), f"127.0.1.{n % 4 + 1}") for n in range(20)]
        if path:
            while server.answering < 20:
                await REAL_TIME.pause(0.01)
        else:
            for reader, _ in holders:
                await reader.readuntil(b"here")

        others = [await server.asks(address=f"127.0.2.{n + 1}") for n in range(5)]

        # Only those who hold the most connections lose some, the oldest first.
        for reader, writer in others:
            await reader.readuntil(b"here")
            writer.write(GET.replace(b"{}", b""))
            await reader.readuntil(b"here")
        assert await is_closed(holders[0])


async def test_with_all_connections_behind_one_proxy_the_newest_is_answered() -> None:
    async with serving(TRUSTED, most=3) as server:
        for _ in range(3):
            await server.connects(GET.replace(b"{}", b"slow"))
        while server.answering < 3:
            await REAL_TIME.pause(0.01)

        await server.asks()


async def test_a_reader_that_takes_nothing_is_closed_and_a_slow_one_is_not() -> None:
    async with serving(taken_within=0.3) as server:
        takes_nothing = await server.connects(GET.replace(b"{}", b"large"))
        # Read only a part of the first answer, so that the connection is not drained.
        takes_nothing[1].transport.pause_reading()  # type: ignore[attr-defined] # it is a transport for reading, too
        slow = await server.connects(GET.replace(b"{}", b"large"))
        taken = 0
        while taken < LARGE:
            part = await slow[0].read(2**20)
            assert part
            taken += len(part)
            await REAL_TIME.pause(0.01)

        takes_nothing[1].transport.resume_reading()  # type: ignore[attr-defined] # the same
        held = 0
        with suppress(ConnectionError):
            while part := await takes_nothing[0].read(2**20):
                held += len(part)
        assert held < LARGE


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [(resource.RLIM_INFINITY, 2000), (1_000_000, 2000), (1024, 824), (256, 128), (1, 1)],
)
def test_descriptors_are_left_for_all_else(monkeypatch: pytest.MonkeyPatch, allowed: int, expected: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (allowed, allowed))

    assert room() == expected
