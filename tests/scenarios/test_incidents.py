"""Operators learn of an incident before people complain, once, and when it is resolved."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import httpx
import pytest
from aiohttp import web
from sqlalchemy.exc import OperationalError

from bot.domain.incidents import MANY_FLOODS, MANY_UNKEPT
from bot.sandbox.people import Person
from bot.sandbox.world import World
from storage.engine.database import Database
from tests.features.webhooks.receiver import SECRET, receiver
from tests.installation import CALLBACK_TOKEN, Installation, number_shown, verify
from tests.process import free_port
from tests.scenarios.conftest import Install
from tests.scenarios.story import LOOK, all_is_carried, eventually, gets_number, guarded, looked, reads

CALM = 6 * 60


async def incidents(callgate: Installation) -> dict[str, bool]:
    """Return the known incidents, and whether each is resolved."""
    rows = await callgate.rows("SELECT name, cleared_at FROM incidents ORDER BY name")
    return {row["name"]: row["cleared_at"] is not None for row in rows}


async def is_raised(callgate: Installation, name: str) -> None:
    """Let time pass until the incident is open."""
    for _ in range(20):
        await looked(callgate)
        if (await incidents(callgate)).get(name) is False:
            return
    raise AssertionError(f"{name} is not among {await incidents(callgate)}\n{callgate.world.story()}")


async def is_cleared(callgate: Installation, name: str) -> None:
    """Let time pass until the incident is resolved."""
    for _ in range(40):
        await looked(callgate)
        if (await incidents(callgate)).get(name) is True:
            return
    raise AssertionError(f"{name} is not cleared: {await incidents(callgate)}\n{callgate.world.story()}")


def count(operator: Person, text: str) -> int:
    """Return how many messages contain this."""
    return sum(text in (message.text or "") for message in operator.chat.messages)


@pytest.fixture
async def operator(world: World, operator: Person) -> Person:
    """An operator who has already written to the bot."""
    await operator.says("/start")
    return operator


@pytest.mark.parametrize(("code", "says"), [(2, "login or key"), (3, "out of money"), (4, "blocks our address")])
async def test_a_gateway_that_gives_no_numbers_and_gives_them_again(
    world: World, brisk: Installation, operator: Person, code: int, says: str
) -> None:
    anna = world.person("Anna", language="en")
    world.smsc.fail_with(code)
    await anna.says("/start")
    await anna.shares_contact()
    assert f"code {code}" in await reads(operator, says)
    await brisk.restart()
    await looked(brisk, times=3)
    assert count(operator, "🚨") == 1

    world.smsc.fail_with(None)
    world.clock.advance(1000)
    await anna.presses("Try again")
    await number_shown(anna)
    await is_cleared(brisk, "gateway")

    await operator.sees("the gateway gives numbers again")
    assert count(operator, "✅ Resolved") == 1


async def test_a_gateway_that_fails_most_requests_without_being_down(
    world: World, brisk: Installation, operator: Person
) -> None:
    people = [world.person(f"Person {number}", language="en") for number in range(5)]
    for person in people:
        world.smsc.fail_with(7)
        await person.says("/start")
        await person.shares_contact()
        await person.sees("is unavailable right now")
        world.clock.advance(61)
        world.smsc.fail_with(None)
    await is_raised(brisk, "gateway_errors")
    assert "5 of the last 5" in await reads(operator, "The gateway failed")

    world.clock.advance(15 * 60)
    await is_cleared(brisk, "gateway_errors")
    await operator.sees("the gateway answers properly again")


async def test_money_that_runs_short_is_told_with_for_how_long_it_lasts(
    world: World, install: Install, operator: Person
) -> None:
    world.smsc.balance = Decimal("40.00")
    callgate = await install(SMSC_LOW_BALANCE="50", SMSC_PRICE="70")
    await verify(world.person("Anna", language="en"))
    await is_raised(callgate, "money_short")
    text = await reads(operator, "💰")
    assert "40.00 RUR" in text
    assert "4 days" in text

    world.smsc.balance = Decimal("5000.00")
    world.clock.advance(601)
    await is_cleared(callgate, "money_short")
    await operator.sees("the gateway account has money again")


async def test_a_restart_while_the_gateway_tells_nothing_brings_no_all_clear(
    world: World, install: Install, operator: Person
) -> None:
    world.smsc.balance = Decimal("40.00")
    callgate = await install(SMSC_LOW_BALANCE="50")
    await is_raised(callgate, "money_short")
    world.smsc.fail_with(2, endpoint="balance")

    await callgate.restart()
    await looked(callgate, times=25)
    assert await incidents(callgate) == {"money_short": False}
    assert count(operator, "✅ Resolved") == 0

    world.smsc.fail_with(None)
    world.smsc.balance = Decimal("5000.00")
    world.clock.advance(601)
    await is_cleared(callgate, "money_short")


async def test_the_balance_is_asked_for_every_ten_minutes_and_not_more_often(world: World, brisk: Installation) -> None:
    await looked(brisk, times=20)
    asked = sum(entry.title.startswith("balance") for entry in world.trace.of("gateway"))

    assert asked in (1, 2)


async def test_calls_that_are_not_reported_are_told_with_the_address_to_enter(
    world: World, install: Install, operator: Person
) -> None:
    callgate = await install(
        PUBLIC_URL="https://call.example", SMSC_POLL_SECONDS="1", SMSC_CALLBACK_SECRET="a word", TELEGRAM_RATE="0"
    )
    right = world.smsc.callback.url
    world.smsc.callback.url = "http://127.0.0.1:1/wrong"
    for name in ("Anna", "Boris"):
        await verify(world.person(name, language="en"))
    await is_raised(callgate, "callback_silent")
    text = await reads(operator, "does not reach me")
    assert f"https://call.example/smsc/{CALLBACK_TOKEN}?charset=utf-8&md5" in text
    stored = await callgate.rows("SELECT details FROM incidents UNION ALL SELECT details FROM tasks")
    assert CALLBACK_TOKEN not in str(stored)

    world.smsc.callback.url = right + "&md5" if right else None
    world.smsc.callback.secret = "a word"
    await verify(world.person("Vera", language="en"))
    reported = "SELECT count(*) AS n FROM gateway_events WHERE source = 'callback'"
    await eventually(callgate, reported, [{"n": 1}])
    await is_cleared(callgate, "callback_silent")
    await operator.sees("call reports reach the callback URL again")


async def test_a_clock_that_is_wrong_is_told_until_it_is_right(
    world: World, brisk: Installation, operator: Person
) -> None:
    world.date_offset = timedelta(minutes=-2)
    await operator.says("/help")
    await is_raised(brisk, "clock:telegram")
    assert "2 min ahead of Telegram's" in await reads(operator, "The clock of this machine is wrong")
    await operator.says("/health")
    await operator.sees("Clock: my clock is 2 min ahead of Telegram's")

    world.date_offset = timedelta()
    for _ in range(3):
        await operator.says("/help")
        await all_is_carried(brisk)
    await is_cleared(brisk, "clock:telegram")
    await operator.sees("the clocks agree again")


async def test_calls_that_match_nobody_although_people_wait_are_told(
    world: World, brisk: Installation, operator: Person
) -> None:
    # The gateway's clock, which dates calls, is two minutes behind ours.
    world.smsc.callback.clock_offset = timedelta(minutes=-2)
    world.smsc.inbox_hears_calls = False
    for name in ("Anna", "Boris"):
        person = world.person(name, language="en")
        await person.says("/start")
        await person.shares_contact()
        await person.calls(await number_shown(person))
    await eventually(
        brisk, "SELECT count(*) AS n FROM journal WHERE event = 'call_unmatched' AND code = 'callback'", [{"n": 2}]
    )

    await is_raised(brisk, "calls_unmatched")

    await operator.sees("2 calls were reported within an hour that match nobody")


@pytest.mark.long
async def test_telegram_that_says_slow_down_again_and_again(
    world: World, brisk: Installation, operator: Person
) -> None:
    await all_is_carried(brisk)
    people = [world.person(f"Person {number}", language="en") for number in range(MANY_FLOODS)]
    for person in people:
        world.faults.add(where="telegram", kind="429", method="sendMessage", seconds=0)
        await person.says("/start")
        await person.sees("👋")
    await is_raised(brisk, "floods")
    await operator.sees("asked me to slow down")

    await is_cleared(brisk, "floods")
    await operator.sees("full speed again")


async def test_telegram_that_did_not_answer_is_told_of_afterwards(
    world: World, brisk: Installation, operator: Person
) -> None:
    await all_is_carried(brisk)
    world.faults.add(where="telegram", kind="500", times=None)
    happened = world.faults.happened
    world.telegram.delivery.end_poll("the world has a pause")
    await world.wait_until(lambda: world.faults.happened > happened)
    for _ in range(5):
        world.clock.advance(LOOK)
        await eventually(brisk, "SELECT 1 AS one", [{"one": 1}])
    await eventually(brisk, "SELECT name FROM incidents", [{"name": "telegram_silent"}])
    assert count(operator, "Telegram") == 0

    world.faults.clear()
    await operator.says("/help")
    await operator.sees("/privacy")
    await is_cleared(brisk, "telegram_silent")

    assert "again after" in await reads(operator, "Telegram answers again")
    assert count(operator, "Telegram answers again") == 1


async def test_a_gate_that_went_off_and_is_guarded_again(world: World, brisk: Installation, operator: Person) -> None:
    owner, group = await guarded(world)
    await owner.takes_rights(group)
    await operator.sees("no longer guarded")

    await owner.makes_bot_admin(group, can_invite_users=True)
    await is_cleared(brisk, next(iter(await incidents(brisk))))

    assert "Flat owners" in await reads(operator, "I can let people in again")


async def passing_on(port: int, callgate: Installation) -> web.AppRunner:
    """Start a proxy before the bot."""

    async def pass_on(request: web.Request) -> web.Response:
        async with httpx.AsyncClient() as client:
            headers = {name: value for name, value in request.headers.items() if name != "Host"}
            body, url = await request.read(), f"{callgate.url}{request.rel_url}"
            answer = await client.request(request.method, url, content=body, headers=headers)
        return web.Response(status=answer.status_code, body=answer.content)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", pass_on)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


async def test_updates_that_cannot_be_brought_to_the_webhook(world: World, install: Install, operator: Person) -> None:
    port = free_port()
    callgate = await install(UPDATES="webhook", PUBLIC_URL=f"http://127.0.0.1:{port}")
    await operator.says("/help")
    await world.wait_until(lambda: world.telegram.webhook is not None and world.telegram.webhook.last_error)
    # The proxy is at fault: the bot itself is well.
    proxy = await passing_on(port, callgate)
    await operator.sees("/privacy")
    await is_raised(callgate, "webhook")
    await operator.sees("cannot deliver updates")
    world.faults.add(where="telegram", kind="500", method="getWebhookInfo", times=None)
    await callgate.restart()
    await looked(callgate, times=25)
    assert (await incidents(callgate))["webhook"] is False

    world.faults.clear()
    await is_cleared(callgate, "webhook")
    await operator.sees("delivers updates to the webhook again")
    await proxy.cleanup()


class Usage(NamedTuple):
    """Space on a disk."""

    total: int
    used: int
    free: int


async def test_a_disk_that_is_nearly_full(
    world: World, tmp_path: Any, sqlite_path: Any, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    callgate = Installation(world, f"sqlite:///{sqlite_path}", OPERATORS=str(operator.id))
    free = [900 * 2**20]
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10 * 2**30, 0, free[0]))
    await callgate.start()
    await operator.says("/start")
    await is_raised(callgate, "disk_short")
    assert "900 MiB (8 %)" in await reads(operator, "disk with the database")

    free[0] = 5 * 2**30
    await is_cleared(callgate, "disk_short")
    await operator.sees("there is room on the disk again")
    await callgate.stop()


async def test_storage_that_failed_is_told_of_once_it_keeps_things_again(
    world: World, brisk: Installation, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await all_is_carried(brisk)
    failures = [0]

    async def fails(_self: Database, *_: object) -> None:
        failures[0] += 1
        raise OperationalError("", None, Exception())

    monkeypatch.setattr(Database, "_finish", fails)
    await world.wait_until(lambda: failures[0] > 2 * MANY_UNKEPT)
    monkeypatch.undo()
    await operator.says("/help")
    await operator.sees("/privacy")
    await is_raised(brisk, "storage_failing")
    await operator.sees("The database failed")

    await is_cleared(brisk, "storage_failing")
    await operator.sees("the database keeps everything again")


async def test_storage_that_is_slow(
    world: World, brisk: Installation, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await all_is_carried(brisk)
    finish, slowly = Database._finish, asyncio.Event()

    async def is_slow(self: Database, store: Any) -> None:
        slowly.set()
        await asyncio.sleep(1.1)
        await finish(self, store)

    monkeypatch.setattr(Database, "_finish", is_slow)
    # Earlier fast values have expired.
    world.clock.advance(CALM)
    await operator.sees("The database is slow")
    monkeypatch.undo()

    world.clock.advance(CALM)
    await is_cleared(brisk, "storage_slow")
    await operator.sees("fast enough again")


async def test_people_who_wait_for_the_bot(world: World, brisk: Installation, operator: Person) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    fault = world.faults.add(where="telegram", kind="500", method="approveChatJoinRequest", times=None)
    await verify(anna)
    while operator.shown("I am falling behind") is None:
        # Not `looked`: there is always something left to send now.
        world.clock.advance(LOOK)
        await asyncio.sleep(0.1)
    world.faults.remove(fault.kind)
    # The more attempts failed, the longer the wait for the next one.
    while anna.id not in group.members:
        world.clock.advance(61)
        await asyncio.sleep(0.1)
    await is_cleared(brisk, "queue_stuck:grants")
    await operator.sees("I have caught up again")


async def test_an_own_system_that_takes_nothing_for_an_hour(world: World, install: Install, operator: Person) -> None:
    # The clock is hours ahead here, so no signature would look current.
    async with receiver(secret=None) as owners:
        owners.status = 500
        callgate = await install(EVENTS_URL=owners.url, EVENTS_SECRET=SECRET, EVENTS_ALLOW_PRIVATE="1")
        await gets_number(world.person("Anna", language="en"))
        await verify(world.person("Boris", language="en"))
        await world.wait_until(lambda: owners.arrived)
        world.clock.advance(3601)
        await is_raised(callgate, "outbox_failing:events")
        await operator.sees("EVENTS_URL has accepted nothing")

        owners.status = 200
        world.clock.advance(3 * 3600)
        await is_cleared(callgate, "outbox_failing:events")
        await operator.sees("EVENTS_URL accepts events again")
