"""The machine's clock is not trusted: time that nobody lived through, or a mistake, counts against nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.domain.outgoing import DeliveryResult, DeliveryStatus, TaskKind
from bot.domain.tasks import DeleteMessage
from storage import monitoring
from storage.gateway import GatewayState
from storage.sql import tables
from storage.store import Store
from tests.domain.makers import WINDOW
from tests.features.rules import ANNA, BORIS, CALL_NUMBER, HOUR, MINUTE, OTHER_PHONE, Rules, callback

DAY = 24 * HOUR


async def test_time_in_which_the_machine_slept_does_not_count_against_those_who_wait(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.sweeps()

    rules.clock.step(26 * HOUR)
    for _ in range(3):
        await rules.sweeps()

    assert await rules.requests() == ["waiting"]
    rules.later(DAY - MINUTE)
    await rules.sweeps()
    assert await rules.requests() == ["waiting"]
    rules.later(2 * MINUTE)
    await rules.sweeps()
    assert await rules.requests() == ["declined"]


async def test_a_machine_that_sleeps_in_the_middle_of_a_sweep_declines_nobody(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.sweeps()

    for step in rules.sweep.steps:
        if step == rules.sweep.turn_away:
            rules.clock.step(26 * HOUR)
        await rules.database.transact(step)
    assert await rules.requests() == ["waiting"]
    for _ in range(3):
        await rules.sweeps()

    assert await rules.requests() == ["waiting"]


async def test_time_in_which_the_process_stood_still_does_not_count_either(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.sweeps()

    rules.later(26 * HOUR)
    rules.sweep.froze(26 * HOUR)
    for _ in range(3):
        await rules.sweeps()

    assert await rules.requests() == ["waiting"]


async def test_a_sweep_that_lasts_two_minutes_prolongs_no_window(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    await rules.gets_number()
    alive = GatewayState.alive

    async def slowly(state: GatewayState, now: datetime) -> datetime | None:
        before = await alive(state, now)
        rules.later(2 * MINUTE)
        return before

    with monkeypatch.context() as patch:
        patch.setattr(GatewayState, "alive", slowly)
        await rules.sweeps()
        await rules.sweeps()
    # Four minutes are over.
    rules.later(WINDOW.total_seconds() - 3 * MINUTE)
    await rules.sweeps()

    assert await rules.states() == ["expired"]


async def test_what_was_written_by_a_clock_a_day_ahead_waits_for_no_day(rules: Rules) -> None:
    await rules.sweeps()
    rules.clock.step(DAY)
    await rules.sweeps()
    await rules.asks_to_join(BORIS)
    await rules.verifies(BORIS, OTHER_PHONE)
    grant = await rules.grant(BORIS)
    await rules.settles(DeliveryResult(grant, DeliveryStatus.RETRY, error="away"))
    await rules.gets_number(ANNA)
    await rules.database.transact(lambda store: store.gateway.set_inbox_cursor(7, rules.now))

    async def delete(store: Store) -> None:
        await store.tasks.add(DeleteMessage(1), ANNA, rules.now)

    await rules.database.transact(delete)
    await rules.sweeps()

    rules.clock.step(-DAY)
    for _ in range(3):
        await rules.sweeps()

    assert len(await rules.database.transact(lambda store: store.grants.due(rules.now, 10, ()))) == 1
    assert ANNA in [task.chat_id for task in await rules.tasks(TaskKind.DELETE_MESSAGE)]
    _, read_at = await rules.database.transact(lambda store: store.gateway.inbox_cursor())
    assert read_at is not None
    assert read_at <= rules.now
    assert await rules.notifications() == ["clock_set_back"]
    rules.later(WINDOW.total_seconds() + 1)
    await rules.sweeps()
    assert await rules.states() == ["confirmed", "expired"]
    # Neither is limited for longer than by the limits' own steps.
    await rules.shares(ANNA)
    assert await rules.asks() != []


async def test_no_moment_of_any_table_stays_further_ahead_than_its_own_longest_pause(rules: Rules) -> None:
    await rules.asks_to_join(BORIS)
    await rules.verifies(BORIS, OTHER_PHONE)
    await rules.gets_number(ANNA)
    await rules.matches(callback(identity="nobody's", caller="+79990000000"))
    await rules.sweeps()
    filled = set()
    for column in monitoring.moments():
        table = column.table.name
        await rules.execute(f"UPDATE {table} SET {column.name} = {column.name} + {8 * 86400 * 10**6}")
        if await rules.rows(f"SELECT 1 FROM {table} WHERE {column.name} IS NOT NULL"):
            filled.add(table)
    await rules.sweeps()

    longest = {column: pause for column, (pause, _) in monitoring.DUE.items()} | monitoring.ENDS
    longest |= dict.fromkeys(monitoring.WINDOWS, WINDOW)
    longest |= {tables.join_requests.c.deadline_at: timedelta(days=1), tables.cursors.c.at: tables.MICROSECOND}
    for column in monitoring.moments():
        if column is tables.gateway_events.c.placed_at:
            continue
        latest = rules.now + longest.get(column, timedelta(0))
        ahead = (latest - tables.EPOCH) // tables.MICROSECOND
        found = await rules.rows(f"SELECT {column.name} FROM {column.table.name} WHERE {column.name} > {ahead}")
        assert found == [], column
    assert {"tasks", "screens", "grants", "join_requests", "verifications", "numbers", "gateway_state"} <= filled


@pytest.mark.parametrize("called", [CALL_NUMBER, ""])
@pytest.mark.parametrize("is_swept", [False, True])
@pytest.mark.parametrize("step", [8 * DAY, -8 * DAY, HOUR, -HOUR])
async def test_a_call_counts_whatever_the_clock_was_set_to_since_its_number_was_given(
    rules: Rules, step: float, is_swept: bool, called: str
) -> None:
    await rules.sweeps()
    await rules.asks_to_join()
    await rules.gets_number()
    rules.later(MINUTE)
    await rules.sweeps()

    rules.clock.step(step)
    if is_swept:
        await rules.sweeps()
    await rules.matches(callback(called=called))

    assert await rules.states() == ["confirmed"]


@pytest.mark.parametrize("is_swept", [False, True])
async def test_a_call_after_its_window_counts_no_more_for_a_clock_that_was_set(rules: Rules, is_swept: bool) -> None:
    await rules.sweeps()
    await rules.gets_number()
    rules.later(WINDOW.total_seconds() + MINUTE)

    rules.clock.step(8 * DAY)
    if is_swept:
        await rules.sweeps()
    await rules.matches(callback())

    assert await rules.states() != ["confirmed"]


async def test_a_clock_that_is_set_while_telegram_is_away_ends_no_window(rules: Rules) -> None:
    await rules.sweeps()
    await rules.gets_number()
    rules.is_telegram_there = False
    await rules.sweeps()
    rules.clock.step(8 * DAY)
    await rules.sweeps()

    rules.is_telegram_there = True
    for _ in range(3):
        await rules.sweeps()
    await rules.matches(callback())

    assert await rules.states() == ["confirmed"]


async def test_a_clock_that_is_set_back_by_seconds_is_no_matter_for_operators(rules: Rules) -> None:
    await rules.sweeps()

    rules.clock.step(-20)
    await rules.sweeps()

    assert await rules.notifications() == []
