"""/readyz gives the true reason why a bot is not ready."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Literal

import httpx
import pytest
from aiohttp import web
from structlog.testing import capture_logs

import bot.app
import bot.delivery.call_health
from bot.app import _run_until
from bot.delivery.rate_limit import TOO_WIDE
from bot.delivery.worker import DeliveryWorker
from bot.domain.errors import LeadershipLostError
from bot.sandbox.changes import WAIT_TIMEOUT
from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation
from tests.process import BotProcess, free_port
from tests.scenarios.conftest import Install
from tests.scenarios.gates import muting, writes
from tests.scenarios.story import all_is_carried, gets_number, guarded, looked, sent_to


def webhook() -> dict[str, str]:
    """Return the settings of a bot with a webhook."""
    port = str(free_port())
    return {"UPDATES": "webhook", "HTTP_PORT": port, "PUBLIC_URL": f"http://127.0.0.1:{port}"}


async def becomes(callgate: Installation, browser: httpx.AsyncClient, status: int, says: str) -> str:
    """Return the body of /readyz once it contains `says`."""
    seen = [(0, "")]
    try:
        async with asyncio.timeout(3 * WAIT_TIMEOUT):
            while seen[-1][0] != status or says not in seen[-1][1]:
                answer = await browser.get(f"{callgate.url}/readyz")
                if (answer.status_code, answer.text) != seen[-1]:
                    seen.append((answer.status_code, answer.text))
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"never {status} {says}, only {seen}\n{callgate.world.story()}") from None
    return seen[-1][1]


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_a_definite_refusal_is_told_in_telegrams_own_words(
    world: World, database_url: str, browser: httpx.AsyncClient, operator: Person, way: str
) -> None:
    world.telegram.logged_out = True
    environment = webhook() if way == "webhook" else {}
    bot = Installation(world, database_url, OPERATORS=str(operator.id), **environment)
    with capture_logs() as logged:
        await bot.start()
        await becomes(bot, browser, 503, "Telegram refuses: Logged out")
    assert any(line["event"] == "telegram_refuses" and line["error"] == "Logged out" for line in logged)
    assert not any(line["event"] == "telegram_not_answering" for line in logged)

    world.telegram.logged_out = False
    await operator.says("/start")
    await becomes(bot, browser, 200, "OK")

    for _ in range(20):
        await looked(bot)
        if operator.shown("Telegram accepts my calls again") is not None:
            break
    assert "Logged out" in ((await operator.sees("Telegram accepts my calls again")).text or "")
    await bot.stop()


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_a_refusal_while_the_bot_runs_is_told_too(
    world: World, install: Install, browser: httpx.AsyncClient, operator: Person, way: str
) -> None:
    bot = await install(**(webhook() if way == "webhook" else {}))
    await operator.says("/start")
    await operator.sees("👋")

    world.telegram.logged_out = True
    world.telegram.delivery.end_poll("terminated by other getUpdates request")
    world.clock.advance(31)

    await becomes(bot, browser, 503, "Telegram refuses: Logged out")
    world.telegram.logged_out = False
    world.clock.advance(31)
    await becomes(bot, browser, 200, "OK")


async def test_a_database_that_cannot_be_written_is_said_to_be_the_reason(
    fast_world: World, sqlite_path: Path, tmp_path: Path, browser: httpx.AsyncClient
) -> None:
    process = BotProcess(fast_world, f"sqlite:///{sqlite_path}", tmp_path, TELEGRAM_RATE="0")
    await process.start()
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (32 * 1024, before[1]))

    assert "disk" in await becomes(process, browser, 503, "storage keeps nothing: ")

    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
    await becomes(process, browser, 200, "OK")
    await process.stop()


async def test_a_disk_without_room_is_said_to_be_the_reason(
    callgate: Installation, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await becomes(callgate, browser, 200, "OK")
    monkeypatch.setattr(bot.app, "LEAST_FREE", 2**62)
    reason = "the disk with the database is full" if callgate.database_url.startswith("sqlite") else "OK"
    await becomes(callgate, browser, 503 if reason != "OK" else 200, reason)


async def test_a_delivery_that_hangs_is_said_to_be_the_reason(
    callgate: Installation, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await becomes(callgate, browser, 200, "OK")
    released = asyncio.Event()
    send = DeliveryWorker._send

    async def hang(delivery_worker: DeliveryWorker) -> tuple[float, datetime | None]:
        await released.wait()
        return await send(delivery_worker)

    monkeypatch.setattr(bot.app, "HANGS_AFTER", 2.0)
    monkeypatch.setattr(DeliveryWorker, "_send", hang)
    await becomes(callgate, browser, 503, "nothing that is due goes out: the delivery loop hangs")

    released.set()
    await becomes(callgate, browser, 200, "OK")


async def test_a_standby_of_a_polling_leader_is_not_ready(
    world: World, postgres_url: str, browser: httpx.AsyncClient
) -> None:
    standby = Installation(world, postgres_url, TELEGRAM_RATE="0")
    leader = Installation(world, postgres_url, TELEGRAM_RATE="0")
    await leader.start()
    await standby.start()
    await becomes(standby, browser, 503, "another process leads and polls; this one stands by")
    await leader.stop()
    await becomes(standby, browser, 200, "OK")
    await standby.stop()


@pytest.mark.long
async def test_a_standby_takes_over_from_a_leader_that_hangs(
    fast_world: World, postgres_url: str, tmp_path: Path, browser: httpx.AsyncClient
) -> None:
    leader = BotProcess(fast_world, postgres_url, tmp_path, TELEGRAM_RATE="0")
    await leader.start()
    other = Installation(fast_world, postgres_url, TELEGRAM_RATE="0")
    await other.start()
    await becomes(other, browser, 503, "another process leads and polls; this one stands by")

    anna, boris = fast_world.person("Anna", language="en"), fast_world.person("Boris", language="en")
    os.kill(leader.pid, signal.SIGSTOP)
    try:
        await anna.says("/start")
        await anna.sees("👋", within=3 * WAIT_TIMEOUT)
        await becomes(other, browser, 200, "OK")
    finally:
        os.kill(leader.pid, signal.SIGCONT)

    await becomes(leader, browser, 503, "another process leads and polls; this one stands by")
    assert [row["term"] for row in await other.rows("SELECT term FROM leadership")] == [2]
    await boris.says("/start")
    await boris.sees("👋")
    assert [sent_to(fast_world, person) for person in (anna, boris)] == [1, 1]
    await other.stop()
    await leader.kill()
    assert "Traceback" not in leader.output()


@pytest.mark.long
async def test_a_leader_that_hangs_before_it_asks_for_a_number_does_not_ask_after_it_was_replaced(
    fast_world: World, postgres_url: str, tmp_path: Path, browser: httpx.AsyncClient
) -> None:
    leader = BotProcess(fast_world, postgres_url, tmp_path, TELEGRAM_RATE="0")
    await leader.start()
    other = Installation(fast_world, postgres_url, TELEGRAM_RATE="0")
    await other.start()
    anna = fast_world.person("Anna", language="en")
    await anna.says("/start")
    await anna.sees("1. ")
    # So it tries again, after a pause.
    fast_world.faults.add(where="gateway", kind="reset_before", method="wait_call", times=None)
    await anna.shares_contact()
    await fast_world.wait_until(lambda: fast_world.faults.happened >= 4)
    os.kill(leader.pid, signal.SIGSTOP)
    try:
        fast_world.faults.clear()
        await anna.sees("📞", within=3 * WAIT_TIMEOUT)
    finally:
        os.kill(leader.pid, signal.SIGCONT)

    await becomes(leader, browser, 503, "another process leads and polls; this one stands by")
    await fast_world.wait_until(lambda: "number_left" in leader.output())
    assert len([asked for asked in fast_world.smsc.wait_calls if asked.fault is None]) == 1
    await other.stop()
    await leader.kill()
    assert "Traceback" not in leader.output()


async def test_a_loop_that_learns_that_another_process_leads_waits_for_the_end_of_its_term() -> None:
    term_over = asyncio.Event()

    async def loop(_: asyncio.Event) -> None:
        raise LeadershipLostError("another process leads")

    async def ends() -> None:
        await asyncio.sleep(0.05)
        term_over.set()

    await asyncio.gather(_run_until(term_over, loop), ends())


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_a_telegram_that_does_not_answer_any_more_is_said_to_be_the_reason(
    world: World, install: Install, browser: httpx.AsyncClient, way: str
) -> None:
    callgate = await install(**(webhook() if way == "webhook" else {}))
    await becomes(callgate, browser, 200, "OK")
    world.faults.add(where="telegram", kind="reset_before", times=None)
    world.telegram.delivery.end_poll("the server is gone")
    world.clock.advance(31)

    await becomes(callgate, browser, 503, "Telegram does not answer")

    world.faults.clear()
    await becomes(callgate, browser, 200, "OK")


async def tries_again_until(
    callgate: Installation, browser: httpx.AsyncClient, status: int, says: str, seconds: float = 61
) -> None:
    """Return once /readyz says so, while the bot retries what failed."""
    deadline = asyncio.get_running_loop().time() + 3 * WAIT_TIMEOUT
    while True:
        answer = await browser.get(f"{callgate.url}/readyz")
        if answer.status_code == status and says in answer.text:
            return
        assert asyncio.get_running_loop().time() < deadline, f"{answer.status_code} {answer.text}"
        callgate.world.clock.advance(seconds)
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("kind", ["500", "reset_before"])
@pytest.mark.parametrize("method", ["sendMessage", "approveChatJoinRequest", "restrictChatMember"])
async def test_a_telegram_that_answers_but_takes_nothing_is_said_to_be_the_reason(
    world: World,
    install: Install,
    browser: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    kind: Literal["500", "reset_before"],
) -> None:
    monkeypatch.setattr(bot.delivery.call_health, "STUCK_AFTER", 1.0)
    callgate = await install()
    anna = world.person("Anna", language="en")
    group = (await (muting(world, callgate) if method == "restrictChatMember" else guarded(world)))[1]
    await becomes(callgate, browser, 200, "OK")
    world.faults.add(where="telegram", kind=kind, method=method, times=None)
    if method == "restrictChatMember":
        await anna.joins(group)
    elif method == "approveChatJoinRequest":
        await anna.asks_to_join(group)
        await anna.calls(await gets_number(anna))
    else:
        await anna.says("/start")

    await tries_again_until(callgate, browser, 503, f"nothing that is due goes out: Telegram does not answer {method}")

    world.faults.clear()
    await tries_again_until(callgate, browser, 200, "OK")


async def test_what_telegram_refuses_keeps_nothing_from_being_ready(
    world: World, install: Install, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.delivery.call_health, "STUCK_AFTER", 0.0)
    callgate = await install()
    people = [world.person(f"Anna {number}", language="en") for number in range(5)]
    for person in people:
        await person.says("/start")
        await person.sees("👋")
    world.faults.add(where="telegram", kind="400", method="sendMessage", times=None)

    for person in people:
        await person.says("/start")
    await all_is_carried(callgate)

    await becomes(callgate, browser, 200, "OK")


async def test_a_flood_that_makes_the_whole_bot_wait_is_said_to_be_the_reason(
    callgate: Installation, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await becomes(callgate, browser, 200, "OK")
    assert callgate.app is not None
    budget, now = callgate.app._parts.budget, time.monotonic()

    for chat_id in range(1, TOO_WIDE + 1):
        budget.flooded(chat_id, 300, now)

    await becomes(callgate, browser, 503, "nothing that is due goes out: Telegram asks to wait for ")


class Front:
    """The server between Telegram and the bot: broken at first, later a balancer that obeys /readyz."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.settings: dict[str, str] = {}
        self.is_broken = True
        self.passed_on = 0

    async def handle(self, request: web.Request) -> web.Response:
        """Pass an update on if the bot is ready; answer 502 while broken."""
        if self.is_broken:
            return web.Response(status=502)
        async with httpx.AsyncClient(trust_env=False) as client:
            behind = f"http://127.0.0.1:{self._port}"
            if (await client.get(f"{behind}/readyz")).status_code != 200:
                return web.Response(status=503)
            secret = "X-Telegram-Bot-Api-Secret-Token"
            headers = {secret: request.headers[secret], "Content-Type": "application/json"}
            answer = await client.post(f"{behind}/telegram", content=await request.read(), headers=headers)
        self.passed_on += 1
        return web.Response(status=answer.status_code)


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    """Listening at `address`."""
    front = Front(free_port())
    application = web.Application()
    application.router.add_post("/telegram", front.handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", free := free_port()).start()
    front.settings = {
        "UPDATES": "webhook",
        "HTTP_PORT": str(front._port),
        "PUBLIC_URL": f"http://127.0.0.1:{free}",
    }
    yield front
    await runner.cleanup()


async def test_updates_that_telegram_holds_and_does_not_bring_are_said_to_be_the_reason(
    world: World, install: Install, browser: httpx.AsyncClient, front: Front
) -> None:
    callgate = await install(**front.settings)
    await becomes(callgate, browser, 200, "OK")
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await anna.says("/start")

    await tries_again_until(
        callgate, browser, 503, "Telegram holds 1 updates and does not deliver them: Wrong resp", 31
    )

    front.is_broken = False
    await boris.says("/start")
    await tries_again_until(callgate, browser, 200, "OK", 31)
    await world.wait_until(lambda: front.passed_on >= 2, 3 * WAIT_TIMEOUT)
    await anna.sees("👋")
    await boris.sees("👋")
    await becomes(callgate, browser, 200, "OK")


async def test_updates_that_another_process_takes_keep_this_one_ready(
    world: World, install: Install, browser: httpx.AsyncClient, front: Front
) -> None:
    callgate = await install(**front.settings)
    await world.person("Anna", language="en").says("/start")
    await tries_again_until(callgate, browser, 503, "Telegram holds 1 updates", 31)

    seen_at = int(world.clock.timestamp() * 1_000_000)
    await writes(callgate, "INSERT INTO seen_updates (update_id, seen_at) VALUES (1, :at)", at=seen_at)

    await becomes(callgate, browser, 200, "OK")


async def test_a_flood_of_updates_alone_is_told_as_one(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    await becomes(callgate, browser, 200, "OK")
    world.faults.add(where="telegram", kind="429", method="getUpdates", seconds=300)
    # The poll that is open now ends with an update.
    await world.person("Anna", language="en").says("/start")

    await becomes(callgate, browser, 503, "Telegram asks to wait for 300 seconds (flood control)")


async def test_a_flood_of_messages_in_every_chat_is_told(
    world: World, callgate: Installation, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.delivery.call_health, "STUCK_AFTER", 0.0)
    await becomes(callgate, browser, 200, "OK")
    world.faults.add(where="telegram", kind="429", method="sendMessage", times=None, seconds=300)
    for name in ("Anna", "Boris", "Carol", "Dora"):
        await world.person(name, language="en").says("/start")

    await becomes(callgate, browser, 503, "Telegram asks to wait for")
