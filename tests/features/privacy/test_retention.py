"""Old rows are purged a little at a time, and statistics stay the same."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.journal import Event
from bot.domain.outgoing import DeliveryResult, DeliveryStatus
from bot.domain.statistics import PERIODS, period
from bot.features.privacy import jobs
from bot.features.privacy.jobs import PurgeOld, RetentionPolicy
from bot.features.statistics.actions import read_statistics
from bot.features.statistics.jobs import roll_up
from storage.engine.database import Database
from storage.store import Store
from tests.domain.makers import NOW
from tests.features.rules import ANNA, BORIS, GATE, OTHER_GATE, OTHER_PHONE, PHONE, Rules, callback, frozen_clock
from tests.features.statistics.test_statistics import GATES, entries, prepare

DAY = 24 * 3600.0
KEEP = RetentionPolicy(journal=timedelta(days=30), calls=timedelta(days=10))


async def forgets(rules: Rules, times: int = 1, keep: RetentionPolicy = KEEP) -> None:
    for _ in range(times):
        for step in PurgeOld(keep).steps:
            await rules.database.transact(step)


async def count(rules: Rules, table: str) -> int:
    (row,) = await rules.rows(f"SELECT count(*) AS n FROM {table}")
    return int(row["n"])


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=entries, rounds=st.integers(1, 5), days=st.integers(1, 60), at_once=st.integers(1, 20))
def test_whatever_is_forgotten_when_the_statistics_stay_as_they_were(
    database_url: str, drawn: list[tuple[Any, ...]], rounds: int, days: int, at_once: int
) -> None:
    async def story() -> None:
        clock = frozen_clock()
        database = Database(database_url, clock.now)
        await database.open()
        rules = Rules(database, clock)
        for table in ("journal", "sums", "cursors"):
            await rules.execute(f"DELETE FROM {table}")
        await prepare(rules, drawn)
        told = await everything_told(rules)
        for _ in range(rounds):
            await database.transact(roll_up)
            await forgets(rules, keep=RetentionPolicy(timedelta(days=days), timedelta(days=days)))
            assert await everything_told(rules) == told
        await database.close()

    with pytest.MonkeyPatch.context() as patch, asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        patch.setattr(jobs, "AT_ONCE", at_once)
        runner.run(story())


async def everything_told(rules: Rules) -> list[Any]:
    async def read(store: Store) -> list[Any]:
        periods = [asked for name in PERIODS if (asked := period(name, NOW)) is not None]
        return [await read_statistics(store, asked, gate) for asked in periods for gate in (None, *GATES)]

    return await rules.database.transact(read)


async def test_entries_that_are_not_added_up_yet_are_kept_whatever_their_age(rules: Rules) -> None:
    await rules.database.transact(_started)
    await rules.database.transact(_started)
    rules.later(100 * DAY)

    await forgets(rules)
    assert await count(rules, "journal") == 2
    for _ in range(3):
        await rules.database.transact(roll_up)
        await forgets(rules)

    # The newest entry stays in any case.
    assert await count(rules, "journal") == 1


async def _started(store: Store) -> None:
    store.journal.add(Event.STARTED, NOW, user_id=ANNA)


async def test_of_each_sort_only_so_many_go_at_once(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 2)
    for number in range(5):
        await rules.matches(callback(OTHER_PHONE, identity=f"call {number}"))
    rules.later(11 * DAY)

    left = []
    for _ in range(3):
        await forgets(rules)
        left.append(await count(rules, "gateway_events"))

    assert left == [3, 1, 0]


async def test_calls_are_kept_as_long_as_they_may_be_needed(rules: Rules) -> None:
    await rules.matches(callback(OTHER_PHONE))
    rules.later(9 * DAY)
    await forgets(rules)
    assert await count(rules, "gateway_events") == 1
    rules.later(2 * DAY)
    await forgets(rules)

    assert await count(rules, "gateway_events") == 0


async def test_old_attempts_go_but_the_one_that_verified_somebody_stays(rules: Rules) -> None:
    await rules.verifies()
    await rules.gets_number(BORIS, OTHER_PHONE)
    await rules.execute("UPDATE verifications SET state = 'expired', ended_at = opened_at + 1 WHERE state = 'open'")
    rules.later(29 * DAY)
    await forgets(rules)
    assert await rules.states() == ["confirmed", "expired"]

    rules.later(2 * DAY)
    await forgets(rules)

    assert await rules.states() == ["confirmed"]
    assert await rules.rows("SELECT user_id FROM numbers") == [{"user_id": ANNA}]
    assert await rules.rows("SELECT user_id FROM verified_phones") == [{"user_id": ANNA}]


async def test_an_attempt_that_still_runs_is_of_no_age(rules: Rules) -> None:
    await rules.shares()
    rules.later(100 * DAY)

    await forgets(rules)

    assert await rules.states() == ["open"]


async def test_attempts_that_ended_at_the_same_moment_go_together(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 1)
    for user_id, phone in ((ANNA, PHONE), (BORIS, OTHER_PHONE)):
        await rules.gets_number(user_id, phone)
    rules.later(DAY)
    await rules.sweeps()
    assert await rules.states() == ["expired", "expired"]
    rules.later(31 * DAY)

    await forgets(rules, times=2)

    assert await rules.states() == []


@pytest.mark.parametrize("anew", [True, False], ids=["verified anew", "phone freed"])
async def test_an_attempt_that_verifies_nobody_any_more_goes_also_when_it_was_passed_over(
    rules: Rules, anew: bool
) -> None:
    await rules.verifies()
    rules.later(31 * DAY)
    await forgets(rules)
    (first,) = await rules.rows("SELECT id FROM verifications")

    if not anew:
        await rules.database.transact(lambda store: store.phones.drop(ANNA))
    else:
        phone = await rules.database.transact(lambda store: store.phones.of(ANNA))
        assert phone is not None
        await rules.database.transact(
            lambda store: store.phones.put(replace(phone, verification_id=first["id"] + 1, verified_at=rules.now))
        )

    assert await rules.states() == []
    assert await count(rules, "numbers") == 0


async def test_an_attempt_that_is_not_old_stays_whatever_becomes_of_the_phone(rules: Rules) -> None:
    await rules.verifies()
    rules.later(31 * DAY)
    await rules.verifies(BORIS, OTHER_PHONE)
    await forgets(rules)

    await rules.database.transact(lambda store: store.phones.drop(BORIS))

    assert await rules.states() == ["confirmed", "confirmed"]


async def test_requests_that_came_to_nothing_go_and_those_that_tell_who_is_in_stay(rules: Rules) -> None:
    await rules.asks_to_join(ANNA)
    await rules.verifies(ANNA)
    grant = await rules.grant()
    await rules.settles(DeliveryResult(grant, DeliveryStatus.DONE))
    await rules.asks_to_join(BORIS)
    await rules.asks_to_join(BORIS, OTHER_GATE)
    await rules.execute(
        f"UPDATE join_requests SET state = 'declined', decided_at = requested_at"
        f" WHERE user_id = {BORIS} AND gate_id = {GATE.chat_id}"
    )
    rules.later(31 * DAY)

    await forgets(rules)

    # Pending requests are not purged either.
    assert sorted(await rules.requests()) == ["approved", "waiting"]
    assert await rules.rows("SELECT user_id, state FROM grants") == [{"user_id": ANNA, "state": "done"}]


async def test_grants_that_are_granted_no_more_go(rules: Rules) -> None:
    await rules.asks_to_join(ANNA)
    await rules.verifies(ANNA)
    await rules.database.transact(lambda store: store.grants.take_back(GATE.chat_id, ANNA))
    rules.later(31 * DAY)

    await forgets(rules)

    assert await count(rules, "grants") == 0


async def test_appeals_go(rules: Rules) -> None:
    await rules.asks_to_join(ANNA)
    await rules.database.transact(lambda store: store.appeals.open(GATE.chat_id, ANNA, rules.now, timedelta(days=1)))
    rules.later(31 * DAY)

    await forgets(rules)

    assert await count(rules, "appeals") == 0


async def test_the_sweep_forgets_by_default_after_a_year_and_calls_after_three_months(rules: Rules) -> None:
    sweep = rules.sweep
    await rules.matches(callback(OTHER_PHONE))
    await rules.database.transact(_started)
    await rules.database.transact(_started)

    async def sweeps() -> list[int]:
        for _ in range(2):
            for step in sweep.steps:
                await rules.database.transact(step)
        return [await count(rules, table) for table in ("gateway_events", "journal")]

    assert await sweeps() == [1, 3]
    rules.later(91 * DAY)
    assert await sweeps() == [0, 3]
    rules.later(275 * DAY)
    assert await sweeps() == [0, 1]
