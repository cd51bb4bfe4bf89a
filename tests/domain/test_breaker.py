"""The circuit breaker leaves the gateway alone, longer each time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.gateway import NOT_THE_PERSONS, CircuitBreaker, GatewayReason
from tests.domain.makers import NOW, TICK

OPERATORS_ONLY = [reason for reason in GatewayReason if reason.needs_operator]


def pauses_of(reason: GatewayReason, count: int) -> list[timedelta]:
    """How long the breaker stays open after each of `count` tries that failed at the first moment allowed."""
    breaker, now, pauses = CircuitBreaker(), NOW, []
    for _ in range(count):
        breaker = breaker.open(reason, now)
        assert breaker.retry_at is not None
        pauses.append(breaker.retry_at - now)
        now = breaker.retry_at
    return pauses


def test_a_closed_breaker_lets_everything_through_and_everything_is_news() -> None:
    assert CircuitBreaker().allows(NOW)
    assert all(CircuitBreaker().is_new_reason(reason) for reason in GatewayReason)


def test_an_open_breaker_lets_nothing_through_before_its_moment_and_one_try_at_it() -> None:
    breaker = CircuitBreaker().open(GatewayReason.NO_MONEY, NOW)

    assert breaker == CircuitBreaker(GatewayReason.NO_MONEY, NOW + timedelta(seconds=30), 1)
    assert not breaker.allows(NOW)
    assert not breaker.allows(NOW + timedelta(seconds=30) - TICK)
    assert breaker.allows(NOW + timedelta(seconds=30))
    assert breaker.allows(NOW + timedelta(days=1))


@pytest.mark.parametrize("reason", [GatewayReason.CREDENTIALS, GatewayReason.NO_MONEY])
def test_each_failed_try_doubles_the_pause_up_to_a_quarter_of_an_hour(reason: GatewayReason) -> None:
    seconds = [pause.total_seconds() for pause in pauses_of(reason, 20)]

    assert seconds == [30, 60, 120, 240, 480, *[900] * 15]


def test_after_years_of_failures_the_pause_is_still_a_quarter_of_an_hour() -> None:
    breaker = CircuitBreaker(GatewayReason.NO_MONEY, NOW, 100_000).open(GatewayReason.NO_MONEY, NOW)

    assert breaker == CircuitBreaker(GatewayReason.NO_MONEY, NOW + timedelta(minutes=15), 100_001)


def test_a_blocked_address_rests_ten_times_longer() -> None:
    minutes = [pause.total_seconds() / 60 for pause in pauses_of(GatewayReason.ADDRESS_BLOCKED, 4)]

    assert minutes == [5, 10, 15, 15]


def test_a_gateway_that_does_not_answer_rests_for_seconds_and_never_longer_than_a_minute() -> None:
    seconds = [pause.total_seconds() for pause in pauses_of(GatewayReason.UNAVAILABLE, 6)]

    assert seconds == [5, 10, 20, 40, 60, 60]


def test_requests_that_were_under_way_when_it_opened_do_not_make_it_longer() -> None:
    breaker = CircuitBreaker().open(GatewayReason.NO_MONEY, NOW)

    assert breaker.open(GatewayReason.NO_MONEY, NOW + timedelta(seconds=29)) is breaker
    assert breaker.open(GatewayReason.NO_MONEY, NOW + timedelta(seconds=30)).trips == 2


def test_another_trouble_while_it_is_open_counts_and_is_news() -> None:
    breaker = CircuitBreaker().open(GatewayReason.NO_MONEY, NOW)

    worse = breaker.open(GatewayReason.ADDRESS_BLOCKED, NOW + TICK)

    assert breaker.is_new_reason(GatewayReason.ADDRESS_BLOCKED)
    assert worse == CircuitBreaker(GatewayReason.ADDRESS_BLOCKED, NOW + TICK + timedelta(minutes=10), 2)
    assert not worse.is_new_reason(GatewayReason.ADDRESS_BLOCKED)
    assert worse.is_new_reason(GatewayReason.NO_MONEY)


def test_only_what_an_operator_can_mend_needs_one_and_none_of_it_counts_against_a_person() -> None:
    assert OPERATORS_ONLY == [
        GatewayReason.CREDENTIALS,
        GatewayReason.NO_MONEY,
        GatewayReason.ADDRESS_BLOCKED,
    ]
    assert {*OPERATORS_ONLY, GatewayReason.UNAVAILABLE} == NOT_THE_PERSONS
