"""Call screens and hostile or old clients, over real sockets."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections import Counter
from collections.abc import Callable

import httpx
import pytest
from uvloop.loop import TCPTransport  # type: ignore[attr-defined] # its types leave it out

from bot.domain.screens import ScreenName
from bot.sandbox.world import World
from bot.web import streams
from bot.web.call_page import CallView
from tests.installation import Installation
from tests.scenarios.call_screens import OWN, address, events
from tests.scenarios.conftest import Install
from tests.scenarios.story import WINDOW, gets_number, guarded, verifications

LARGE = 8_000_000
"""More bytes than the machine buffers for a reader."""


@pytest.fixture
async def callgate(install: Install) -> Installation:
    return await install(PUBLIC_URL="http://localhost:8080")


def asks(page: httpx.URL, part: str = "", *, method: str = "GET", version: str = "1.1", sender: str = "") -> bytes:
    """Return a request as bytes."""
    lines = [f"{method} {page.path}{part} HTTP/{version}"]
    if version == "1.1":
        lines.append("Host: localhost")
    if sender:
        lines.append(f"X-Forwarded-For: {sender}")
    if method == "POST":
        lines += ["X-Callgate: call", "Content-Length: 2"]
    return ("\r\n".join(lines) + "\r\n\r\n" + ("{}" if method == "POST" else "")).encode()


async def reader_that_does_not_read(page: httpx.URL) -> socket.socket:
    """Open a connection that asks for the stream and reads nothing."""
    connection = socket.create_connection((page.host, page.port or 80))
    connection.sendall(asks(page, "/events"))
    connection.setblocking(False)
    return connection


def received(connection: socket.socket) -> int:
    """Return how many bytes a reader gets who begins to read when the connection has ended."""
    with connection:
        return sum(iter(lambda: len(connection.recv(1 << 20)), 0))


def held_back() -> int:
    """Return how many connections have more than a little to send and cannot."""
    return sum(
        isinstance(held, TCPTransport) and not held.is_closing() and held.get_write_buffer_size() > LARGE // 2
        for held in gc.get_objects()
    )


async def becomes(world: World, is_so: Callable[[], bool]) -> None:
    await world.wait_until(is_so)


async def open_streams(callgate: Installation, browser: httpx.AsyncClient) -> int:
    lines = (await browser.get(f"{callgate.url}/metrics")).text.splitlines()
    (count,) = [line.split()[-1] for line in lines if line.startswith("callgate_open_streams ")]
    return int(float(count))


async def test_a_reader_that_takes_nothing_is_cut_off_its_memory_let_go_and_others_read_on(
    world: World, callgate: Installation, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, padding = CallView.event, iter([b":" + b"x" * LARGE + b"\n\n"])
    monkeypatch.setattr(CallView, "event", lambda view, screen: event(view, screen) + next(padding, b""))
    monkeypatch.setattr(streams, "ROUND", 1)
    await callgate.restart()
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    page = await address(callgate, anna)

    slow = await reader_that_does_not_read(httpx.URL(page))
    # It is held back only for a moment; on a busy machine the bot cuts it off before this test looks.
    await becomes(world, lambda: callgate.app is not None and callgate.app._parts.streams._opened == 1)
    async with events(browser, page) as open_screen:
        assert (await open_screen.next())["state"] == "waiting"
        await becomes(world, lambda: held_back() == 0)
        await anna.calls(number)
        await open_screen.until("confirmed")
    await anna.sees("✅")

    assert 0 < received(slow) < LARGE
    assert await open_streams(callgate, browser) == 0
    assert not any(isinstance(held, streams.Stream) for held in gc.get_objects())


@pytest.mark.parametrize("part", ["", "/state", "/events", "/another", "/cancel"])
async def test_a_client_of_http_1_0_gets_its_answer_and_the_end_of_the_connection(
    world: World, callgate: Installation, part: str
) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    page = httpx.URL(await address(callgate, anna))
    reader, writer = await asyncio.open_connection(page.host, page.port)

    method = "POST" if part in ("/another", "/cancel") else "GET"
    writer.write(asks(page, part, method=method, version="1.0"))
    if part == "/events":
        assert b'"state":"waiting"' in await reader.readuntil(b'"state":"waiting"')
        await anna.calls(number)
    answer = await reader.read()
    writer.close()

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    if part == "/events":
        assert b'"state":"confirmed"' in answer
        assert answer.endswith(b"\n\n")
        return
    assert head.startswith(b"HTTP/1.0 200 ")
    assert f"content-length: {len(body)}".encode() in head.lower()
    told = {
        "": number.encode(),
        "/state": b'"state":"waiting"',
        "/another": b'"result":"asking"',
        "/cancel": b'"result":"cancelled"',
    }
    assert told[part] in body.replace(b'": ', b'":')


async def test_fifteen_hundred_streams_of_one_address_get_a_few_the_rest_is_refused_and_others_get_through(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna, boris = (world.person(name, language="en") for name in ("Anna", "Boris"))
    await gets_number(anna)
    number = await gets_number(boris)
    page, other = httpx.URL(await address(callgate, anna)), await address(callgate, boris)
    world.clock.set_rate(0)

    async def opens(sender: str) -> tuple[bytes, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(page.host, page.port)
        writer.write(asks(page, "/events", sender=sender))
        return (await reader.readline()).split()[1], writer

    crowd = []
    for _ in range(15):
        crowd += await asyncio.gather(*[opens("203.0.113.7") for _ in range(100)])
    assert Counter(status for status, _ in crowd) == {b"200": streams.TABS, b"429": 1500 - streams.TABS}
    status, writer = await opens("203.0.113.8")
    assert status == b"429", "a screen has no more than its streams, from whatever address"
    writer.close()

    async with browser.stream("GET", f"{other}/events", headers={"X-Forwarded-For": "203.0.113.9"}) as answer:
        assert answer.status_code == 200
        lines = answer.aiter_lines()
        await boris.calls(number)
        while '"state":"confirmed"' not in await anext(lines):
            pass
    for _, writer in crowd:
        writer.close()


async def test_an_address_that_opens_streams_too_fast_is_told_when_to_come_again(
    world: World, install: Install, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.rate_limit.Rate.__init__.__defaults__", (5, 0.5, 10))
    callgate = await install(PUBLIC_URL="http://localhost:8080")
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    page = f"{await address(callgate, anna)}/events"
    world.clock.set_rate(0)
    fast, other = ({"X-Forwarded-For": f"203.0.113.{last}"} for last in (7, 8))

    async def opened(headers: dict[str, str]) -> tuple[int, str | None]:
        async with browser.stream("GET", page, headers=headers) as answer:
            return answer.status_code, answer.headers.get("Retry-After")

    assert [await opened(fast) for _ in range(7)] == [(200, None)] * 5 + [(429, "2")] * 2
    assert await opened(other) == (200, None)
    world.clock.advance(2)
    assert await opened(fast) == (200, None)


@pytest.mark.parametrize(
    "change",
    [str.swapcase, lambda token: token[:-1], lambda token: token + "A", lambda token: token + "%20", lambda _: "*"],
    ids=["other case", "shorter", "longer", "a space more", "wildcard"],
)
async def test_a_token_that_is_almost_right_is_as_good_as_none(
    world: World, callgate: Installation, browser: httpx.AsyncClient, change: Callable[[str], str]
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    base, _, token = (await address(callgate, anna)).rpartition("/")
    page = f"{base}/{change(token)}"

    answers = [await browser.get(page + part) for part in ("", "/state", "/events")]
    answers += [await browser.post(f"{page}/{button}", headers=OWN) for button in ("another", "cancel")]

    assert {answer.status_code for answer in answers} == {404}
    assert await verifications(callgate, anna) == ["open"]


async def test_the_link_of_an_ended_attempt_has_no_say_in_the_next_one_and_none_at_all_when_it_is_over(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    old = await address(callgate, anna)
    world.clock.advance(WINDOW + 1)
    await anna.presses("Try again")
    await anna.sees("Call this number")
    assert await address(callgate, anna) != old

    told = (await browser.get(f"{old}/state")).json()
    cancelled = (await browser.post(f"{old}/cancel", headers=OWN)).json()

    assert (told["state"], told["number"]) == ("expired", "")
    assert cancelled["result"] == "over"
    assert await verifications(callgate, anna) == ["expired", "open"]
    world.clock.advance(11 * 60)
    for button in ("another", "cancel"):
        assert (await browser.post(f"{old}/{button}", headers=OWN)).status_code == 404
    assert (await callgate.rows("SELECT count(*) AS given FROM numbers")) == [{"given": 2}]


async def test_a_link_tells_and_does_what_is_its_own_persons_and_nothing_of_others(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    _, group = await guarded(world)
    anna, boris = (world.person(name, phone=f"+7916123451{at}", language="en") for at, name in enumerate("AB"))
    await boris.asks_to_join(group)
    await gets_number(boris)
    await gets_number(anna)
    page = await address(callgate, anna)

    told = (await browser.get(f"{page}/state")).text
    await browser.post(f"{page}/cancel", headers=OWN)

    assert "Flat owners" not in told
    assert "45-11" not in told
    assert "916123451" not in told
    assert await verifications(callgate, anna) == ["cancelled"]
    assert await verifications(callgate, boris) == ["open"]
    assert (await callgate.rows("SELECT face FROM screens WHERE user_id = :id", id=boris.id)) == [
        {"face": ScreenName.PROGRESS}
    ]
