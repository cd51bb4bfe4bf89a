"""The statistics of a period equal a recount of the journal, whatever was rolled up when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.journal import Event
from bot.domain.statistics import BOUNDS, NO_GATE, PERIODS, FunnelStep, period, took_index
from bot.domain.verification import Verification, VerificationState
from bot.features.statistics.actions import read_statistics
from bot.features.statistics.jobs import roll_up
from storage.engine.database import Database
from storage.store import Store
from tests.domain.makers import FINGERPRINT, NOW
from tests.features.rules import Rules, frozen_clock

GATES = (-1001, -1002)
EVENTS = (
    Event.JOIN_ASKED,
    Event.MUTED,
    Event.AT_ONCE,
    Event.CONTACT_TAKEN,
    Event.NUMBER_GIVEN,
    Event.ANOTHER_GIVEN,
    Event.NUMBER_REFUSED,
    Event.CONFIRMED,
    Event.GRANT_DONE,
    Event.GRANT_FAILED,
    Event.STARTED,
)
CODES = {
    Event.NUMBER_REFUSED: ("unavailable:9", "no_money:3"),
    Event.GRANT_DONE: ("called", "known", "other", "tag", "link"),
    Event.GRANT_FAILED: ("a refusal",),
}

entries = st.lists(
    st.tuples(
        st.sampled_from(EVENTS),
        st.sampled_from((*GATES, None)),
        st.sampled_from(("RU", "KZ", "")),
        st.integers(0, 130 * 24),
        st.floats(0.5, 1500),
        st.integers(0, 4),
    ),
    max_size=40,
)


def code_of(event: Event, which: int) -> str:
    codes = CODES.get(event, ("",))
    return codes[which % len(codes)]


def three(rows: list[dict[str, Any]]) -> tuple[int, int, int]:
    """Count how many asked, called, came in."""
    asked = sum(row["event"] in (Event.JOIN_ASKED, Event.MUTED) for row in rows)
    called = sum(row["event"] is Event.CONFIRMED for row in rows)
    return (
        asked,
        called,
        sum(row["event"] is Event.GRANT_DONE and row["code"] in ("called", "known", "other") for row in rows),
    )


def recount_over_time(rows: list[dict[str, Any]], first: datetime | None, gate_id: int | None) -> list[tuple[Any, ...]]:
    """Count the events of each day or month that has any."""
    days: dict[date, list[dict[str, Any]]] = {}
    for row in rows:
        if (first is None or row["at"] >= first) and (gate_id is None or (row["gate_id"] or NO_GATE) == gate_id):
            day = row["at"].date()
            days.setdefault(day.replace(day=1) if first is None else day, []).append(row)
    told = [(day, *three(those)) for day, those in sorted(days.items())]
    return [line for line in told if any(line[1:])]


def recount(rows: list[dict[str, Any]], first: datetime | None, gate_id: int | None) -> dict[str, Any]:
    """Compute the same numbers from each entry."""
    mine = [
        row
        for row in rows
        if (first is None or row["at"] >= first) and (gate_id is None or (row["gate_id"] or NO_GATE) == gate_id)
    ]

    def count(event: Event, **wanted: object) -> int:
        return sum(row["event"] is event and all(row[name] == value for name, value in wanted.items()) for row in mine)

    codes = [row["code"] for row in mine if row["event"] in (Event.NUMBER_REFUSED, Event.GRANT_FAILED)]
    refusals = {code: codes.count(code) for code in set(codes)}
    spans = sorted(row["took"] for row in mine if row["event"] is Event.CONFIRMED and row["took"] is not None)
    return {
        "funnel": {
            FunnelStep.ASKED: count(Event.JOIN_ASKED) + count(Event.MUTED) - count(Event.AT_ONCE),
            FunnelStep.CONTACT: count(Event.CONTACT_TAKEN),
            FunnelStep.NUMBER: count(Event.NUMBER_GIVEN),
            FunnelStep.CALLED: count(Event.CONFIRMED),
            FunnelStep.IN: count(Event.GRANT_DONE, code="called"),
        },
        "known": count(Event.GRANT_DONE, code="known"),
        "other": count(Event.GRANT_DONE, code="other"),
        "numbers": count(Event.NUMBER_GIVEN) + count(Event.ANOTHER_GIVEN),
        "by_region": {region: n for region in ("RU", "KZ", "") if (n := count(Event.CONFIRMED, region=region))},
        "hours": tuple(three([row for row in mine if row["at"].hour == hour]) for hour in range(24)),
        "refusals": refusals,
        "median": BOUNDS[took_index(spans[max(0, -(-len(spans) // 2) - 1)])] if spans else None,
    }


async def prepare(rules: Rules, drawn: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Write the entries; return them."""
    written = []
    for event, gate_id, region, hours, took, which in drawn:
        at = NOW - timedelta(hours=hours, minutes=which)
        span = int(took * 1000) / 1000 if event is Event.CONFIRMED else None
        code = code_of(event, which)
        written.append({"event": event, "gate_id": gate_id, "region": region, "at": at, "took": span, "code": code})
        attempt = Verification(1, "t", 7, FINGERPRINT, "mask", region, VerificationState.OPEN, at, gate_id=gate_id)
        await rules.database.transact(adding(event, at, attempt, code, span))
    return written


def adding(event: Event, at: datetime, attempt: Verification, code: str, took: float | None) -> Callable[[Store], Any]:
    async def add(store: Store) -> None:
        store.journal.about(event, at, attempt, code=code, took=took)

    return add


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=entries, rolls=st.integers(0, 4))
def test_the_numbers_are_those_of_a_recount_of_the_journal(
    database_url: str, drawn: list[tuple[Any, ...]], rolls: int
) -> None:
    async def story() -> None:
        clock = frozen_clock()
        database = Database(database_url, clock.now)
        await database.open()
        rules = Rules(database, clock)
        for table in ("journal", "sums", "cursors"):
            await rules.execute(f"DELETE FROM {table}")
        written = await prepare(rules, drawn[::2])
        for _ in range(rolls):
            await database.transact(roll_up)
        # Entries newer than the roll-up come later, and count too.
        rolled = await database.transact(lambda store: store.sums.rolled_until())
        written += await prepare(
            rules,
            [entry for entry in drawn[1::2] if rolled is None or NOW - timedelta(hours=entry[3], minutes=4) > rolled],
        )
        for name in PERIODS:
            for gate_id in (None, *GATES):
                await compare(rules, written, name, gate_id)
        await database.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(story())


async def compare(rules: Rules, written: list[dict[str, Any]], name: str, gate_id: int | None) -> None:
    asked = period(name, NOW)
    assert asked is not None
    told = await rules.database.transact(lambda store: read_statistics(store, asked, gate_id))
    first = None if asked.first is None else datetime.combine(asked.first, datetime.min.time(), NOW.tzinfo)
    expected = recount(written, first, gate_id)
    assert {field: getattr(told, field) for field in expected} == expected
    assert list(told.series) == recount_over_time(written, first, gate_id)
    if gate_id is None:
        for one in GATES:
            per_gate = told.by_gate.get(one, dict.fromkeys(FunnelStep, 0))
            assert per_gate == recount(written, first, one)["funnel"]


@pytest.mark.parametrize(("name", "days"), [("today", 1), ("7d", 7), ("90d", 90)])
def test_a_period_ends_today_and_has_so_many_days(name: str, days: int) -> None:
    asked = period(name, NOW)

    assert asked is not None
    assert asked.first is not None
    assert asked.last == NOW.date()
    assert (asked.last - asked.first).days == days - 1


def test_there_are_only_so_many_periods() -> None:
    assert period("yesterday", NOW) is None
    assert period("all", NOW) is not None
