"""Reported calls that match nobody are an incident only where somebody waits for them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.incidents import IN_VAIN_FROM, STRANGE_FROM, Unmatched
from tests.features.rules import ANNA, BORIS, HOUR, MINUTE, OTHER_PHONE, PHONE, Rules, callback

STRANGER = "+79990000000"


async def unmatched(rules: Rules) -> Unmatched:
    since = rules.now - timedelta(hours=1)
    return await rules.database.transact(lambda store: store.monitoring.unmatched(since, rules.now))


async def calls(rules: Rules, phone: str, **how: object) -> None:
    rules.later(1)
    await rules.matches(callback(phone, identity=f"{phone} at {rules.now}", **how))  # type: ignore[arg-type]


async def test_calls_of_who_waits_that_match_nothing_are_counted_by_person(rules: Rules) -> None:
    early = rules.now - timedelta(minutes=2)
    await rules.gets_number()
    for _ in range(3):
        await calls(rules, PHONE, placed_at=early)
    await rules.gets_number(BORIS, OTHER_PHONE)
    await calls(rules, OTHER_PHONE, placed_at=early)
    await calls(rules, STRANGER)

    found = await unmatched(rules)

    assert found == Unmatched(awaited=2, strange=1, confirmed=0, in_vain=0)
    finding = found.finding()
    assert finding is not None
    assert finding.details == {"count": 2}
    rules.later(HOUR + MINUTE)
    assert (await unmatched(rules)).finding() is None


async def test_a_call_that_was_heard_in_the_end_or_came_late_is_no_trouble(rules: Rules) -> None:
    await rules.gets_number()
    await calls(rules, PHONE, placed_at=rules.now - timedelta(minutes=2))
    await calls(rules, PHONE)
    await rules.gets_number(BORIS, OTHER_PHONE)
    rules.later(20 * MINUTE)
    await rules.sweeps()
    await calls(rules, OTHER_PHONE)

    assert await unmatched(rules) == Unmatched(awaited=0, strange=2, confirmed=1, in_vain=0)
    assert ANNA != BORIS


async def test_people_who_wait_in_vain_while_strange_calls_come_in(rules: Rules) -> None:
    for number in range(STRANGE_FROM):
        await rules.gets_number(100 + number, f"+7999111111{number}")
        await calls(rules, f"+7999222222{number}")
    assert (await unmatched(rules)).finding() is None

    rules.later(20 * MINUTE)
    await rules.sweeps()

    found = await unmatched(rules)
    assert found == Unmatched(awaited=0, strange=STRANGE_FROM, confirmed=0, in_vain=IN_VAIN_FROM)
    assert found.finding() is not None


@pytest.mark.parametrize(
    ("found", "is_trouble"),
    [
        (Unmatched(1, 0, 0, 1), False),
        (Unmatched(2, 0, 0, 0), True),
        (Unmatched(2, 0, 2, 0), False),
        (Unmatched(3, 0, 2, 0), True),
        # An account that others use, too.
        (Unmatched(0, 1000, 1, IN_VAIN_FROM), False),
        (Unmatched(0, 1000, 0, IN_VAIN_FROM - 1), False),
        (Unmatched(0, STRANGE_FROM, 0, IN_VAIN_FROM), True),
    ],
)
def test_what_others_do_with_the_account_is_no_trouble(found: Unmatched, is_trouble: bool) -> None:
    assert (found.finding() is not None) == is_trouble
