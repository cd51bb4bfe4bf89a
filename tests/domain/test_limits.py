"""How often a person may request a number: checked against a model that tries every moment."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.verification import LIMITS, LONGEST_SPAN, Limit, next_opening
from tests.domain.makers import NOW, TICK

MINUTE = timedelta(minutes=1)
AGES = st.lists(st.integers(0, 25 * 60), max_size=14)


def may_ask(asked: list[datetime], at: datetime) -> bool:
    """The limits in the words of the contract: 3 numbers in 10 minutes, 5 an hour, 10 a day."""
    return all(
        sum(at - span < moment <= at for moment in asked) < count
        for count, span in ((3, 10 * MINUTE), (5, 60 * MINUTE), (10, 24 * 60 * MINUTE))
    )


def test_the_limits_are_those_of_the_contract() -> None:
    assert [(limit.count, limit.span) for limit in LIMITS] == [
        (3, timedelta(minutes=10)),
        (5, timedelta(hours=1)),
        (10, timedelta(days=1)),
    ]
    assert timedelta(days=1) == LONGEST_SPAN


@given(ages=AGES)
def test_the_next_opening_is_the_first_moment_at_which_the_model_allows_one_more(ages: list[int]) -> None:
    asked = [NOW - age * MINUTE for age in ages]

    opening = next_opening(asked, NOW)

    # Nothing opens between whole minutes here, so these are all the moments worth trying.
    first = next(NOW + wait * MINUTE for wait in range(25 * 60) if may_ask(asked, NOW + wait * MINUTE))
    assert (opening or NOW) == first


@given(ages=AGES)
def test_an_opening_is_never_past_and_asking_at_it_is_allowed(ages: list[int]) -> None:
    asked = [NOW - age * MINUTE for age in ages]

    opening = next_opening(asked, NOW)

    if opening is not None:
        assert opening > NOW
        assert next_opening(asked, opening) is None
        assert next_opening(asked, opening - TICK) is not None


@given(shuffled=AGES.flatmap(st.permutations))
def test_the_order_of_the_moments_does_not_matter(shuffled: list[int]) -> None:
    asked = [NOW - age * MINUTE for age in shuffled]

    assert next_opening(asked, NOW) == next_opening(sorted(asked), NOW)


@given(st.lists(st.integers(1, 40), min_size=30, max_size=60))
def test_who_asks_only_when_allowed_never_breaks_a_limit(pauses: list[int]) -> None:
    now, asked = NOW, list[datetime]()
    for pause in pauses:
        now += pause * MINUTE
        if next_opening(asked, now) is None:
            assert may_ask(asked, now)
            asked.append(now)


@pytest.mark.parametrize("limit", LIMITS)
def test_exactly_at_the_end_of_its_span_a_number_counts_no_more(limit: Limit) -> None:
    asked = [NOW - limit.span] * limit.count

    assert next_opening(asked, NOW - TICK) == NOW
    assert next_opening(asked, NOW) is None


def test_one_number_less_than_a_limit_is_no_reason_to_wait() -> None:
    for limit in LIMITS:
        spread = [NOW - limit.span * (at + 1) / (limit.count + 1) for at in range(limit.count - 1)]
        assert next_opening(spread, NOW) is None
    assert next_opening([], NOW) is None
