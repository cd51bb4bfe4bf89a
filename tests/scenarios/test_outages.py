"""Telegram does not answer for a while: nobody loses time, and nobody is turned away meanwhile."""

from __future__ import annotations

from typing import Literal

import pytest

from bot.sandbox.world import World
from tests.installation import Installation, verify
from tests.scenarios.conftest import Install
from tests.scenarios.gates import calls, is_freed, is_muted, is_swept, muting, place
from tests.scenarios.story import DAY, all_is_carried, eventually, guarded
from tests.scenarios.test_updates import webhook

HOUR = 3600
LATER = "SELECT count(*) AS n FROM join_requests WHERE deadline_at >= :later AND state = 'waiting'"
DEADLINES = "SELECT deadline_at FROM join_requests"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot checks at once whether Telegram is there, not after half a minute of silence."""
    monkeypatch.setattr("bot.telegram.connection.ASK_AFTER", 0.1)
    monkeypatch.setattr("bot.telegram.connection.ASK_AGAIN_AFTER", 0.1)
    monkeypatch.setattr("bot.telegram.connection.LOOK_EVERY", 0.05)


@pytest.mark.parametrize("updates", ["polling", "webhook"])
@pytest.mark.parametrize("kind", ["reset_before", "500"])
async def test_time_in_which_telegram_did_not_answer_is_given_back_and_nobody_is_removed_meanwhile(
    world: World, install: Install, updates: str, kind: Literal["reset_before", "500"]
) -> None:
    callgate = await install(**(webhook() if updates == "webhook" else {}))
    _, group = await muting(world, callgate)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    await all_is_carried(callgate)
    (before,) = await callgate.rows(DEADLINES)
    world.faults.add(where="telegram", kind=kind, times=None)
    happened = world.faults.happened
    await world.wait_until(lambda: world.faults.happened > happened + 2)

    world.clock.advance(2 * DAY)
    await is_swept(callgate)
    assert await callgate.rows(DEADLINES) == [before]
    assert await callgate.rows("SELECT state FROM join_requests") == [{"state": "waiting"}]
    world.faults.clear()

    await eventually(callgate, LATER, [{"n": 1}], later=before["deadline_at"] + 2 * DAY * 10**6)
    await verify(anna)
    await is_freed(world, group, anna)
    assert calls(world, "banChatMember") == []


async def test_a_restart_while_telegram_is_away_changes_nothing_about_that(world: World, brisk: Installation) -> None:
    _, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    await all_is_carried(brisk)
    (before,) = await brisk.rows(DEADLINES)
    world.faults.add(where="telegram", kind="reset_before", times=None)
    happened = world.faults.happened
    await world.wait_until(lambda: world.faults.happened > happened + 2)
    world.clock.advance(DAY)
    await brisk.restart()
    world.clock.advance(DAY)

    world.faults.clear()

    await eventually(brisk, LATER, [{"n": 1}], later=before["deadline_at"] + 2 * DAY * 10**6)
    await is_swept(brisk)
    assert place(group, anna).inside


async def test_one_failed_call_gives_nobody_more_time(world: World, brisk: Installation) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await all_is_carried(brisk)
    before = await brisk.rows(DEADLINES)
    world.faults.add(where="telegram", kind="500", method="sendMessage", times=2)

    await anna.says("/start")
    await world.wait_until(lambda: not world.faults.waiting())
    await all_is_carried(brisk)
    await is_swept(brisk)

    assert await brisk.rows(DEADLINES) == before


async def test_who_waited_past_their_deadline_is_turned_away_once_the_time_they_lost_is_over(
    world: World, brisk: Installation
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await all_is_carried(brisk)
    (before,) = await brisk.rows(DEADLINES)
    world.faults.add(where="telegram", kind="reset_before", times=None)
    happened = world.faults.happened
    await world.wait_until(lambda: world.faults.happened > happened + 2)
    world.clock.advance(DAY)
    await is_swept(brisk)
    world.faults.clear()
    await eventually(brisk, LATER, [{"n": 1}], later=before["deadline_at"] + DAY * 10**6)
    await is_swept(brisk)

    world.clock.advance(DAY + HOUR)

    await eventually(brisk, "SELECT state FROM join_requests", [{"state": "declined"}])
    await world.wait_until(lambda: anna.id not in group.requests)
