"""What counts as a problem, and what does not yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.incidents import DiskSpace, IncidentKind, Measurements, Queue, days_left, noticed, stuck
from tests.domain.makers import NOW

GIB = 2**30
WELL = Measurements(
    transactions=(0.01,) * 50,
    asked=100,
    failed=1,
    money=100.0,
    currency="RUR",
    low_money=50.0,
    spent=10.0,
    disk=DiskSpace(50 * GIB, 100 * GIB),
)


def found(**changes: Any) -> list[IncidentKind]:
    """The findings for a healthy installation with these changes."""
    return [finding.trouble for finding in noticed(replace(WELL, **changes), NOW)]


def test_where_all_is_well_nothing_is_noticed() -> None:
    assert found() == []
    assert noticed(Measurements(), NOW) == []


@pytest.mark.parametrize(
    ("asked", "failed", "is_trouble"),
    [(4, 4, False), (5, 2, False), (5, 3, True), (10, 5, False), (10, 6, True), (5, 5, True)],
)
def test_the_gateway_errs_when_more_than_half_of_at_least_five_requests_failed(
    asked: int, failed: int, is_trouble: bool
) -> None:
    assert found(asked=asked, failed=failed) == ([IncidentKind.GATEWAY_ERRORS] if is_trouble else [])


@pytest.mark.parametrize(
    ("money", "low_money", "spent", "is_trouble"),
    [
        (49.99, 50.0, None, True),
        (50.0, 50.0, None, False),
        (100.0, 50.0, 40.0, True),
        (100.0, 50.0, 33.0, False),
        (0.0, 0.0, None, False),
        (-1.0, 0.0, None, True),
        (10.0, 50.0, 0.0, True),
        (None, 50.0, 10.0, False),
    ],
)
def test_the_money_is_short_below_the_threshold_and_when_it_lasts_less_than_three_days(
    money: float | None, low_money: float, spent: float | None, is_trouble: bool
) -> None:
    assert found(money=money, low_money=low_money, spent=spent) == ([IncidentKind.MONEY_SHORT] if is_trouble else [])


def test_the_forecast_is_told_where_there_is_one() -> None:
    (with_one,) = noticed(replace(WELL, money=25.5), NOW)
    (without,) = noticed(replace(WELL, money=25.5, spent=None), NOW)

    assert with_one.details == {"amount": "25.50", "currency": "RUR", "days": 2}
    assert without.details == {"amount": "25.50", "currency": "RUR"}
    assert days_left(replace(WELL, money=-3.0)) == 0


@pytest.mark.parametrize(("seconds", "is_trouble"), [(59, False), (60, True), (6000, True)])
def test_telegram_is_silent_after_a_minute_and_since_when_it_gave_no_answer(seconds: int, is_trouble: bool) -> None:
    since = NOW - timedelta(seconds=seconds)

    findings = noticed(replace(WELL, silent_since=since), NOW)

    assert [(finding.trouble, finding.since) for finding in findings] == (
        [(IncidentKind.TELEGRAM_SILENT, since)] if is_trouble else []
    )


@pytest.mark.parametrize(("minutes", "is_trouble"), [(0, True), (5, True), (6, False)])
def test_an_error_of_the_webhook_counts_while_it_is_fresh(minutes: int, is_trouble: bool) -> None:
    at = NOW - timedelta(minutes=minutes)

    assert found(webhook_error_at=at, webhook_error="502") == ([IncidentKind.WEBHOOK] if is_trouble else [])


@pytest.mark.parametrize(
    ("transactions", "is_trouble"),
    [((1.1,) * 4, False), ((1.1,) * 5, True), ((0.01,) * 6 + (9.0,) * 5, False), ((0.01,) * 5 + (9.0,) * 6, True)],
)
def test_storage_is_slow_when_the_median_of_transactions_is(transactions: tuple[float, ...], is_trouble: bool) -> None:
    assert found(transactions=transactions) == ([IncidentKind.STORAGE_SLOW] if is_trouble else [])


def test_many_failed_transactions_and_many_floods_count_and_few_do_not() -> None:
    assert found(unkept=2, floods=9) == []
    assert found(unkept=3) == [IncidentKind.STORAGE_FAILING]
    assert found(floods=10) == [IncidentKind.FLOODS]


@pytest.mark.parametrize(
    ("disk", "is_trouble"),
    [
        (DiskSpace(GIB, 10 * GIB), False),
        (DiskSpace(GIB - 1, 10 * GIB), True),
        (DiskSpace(4 * GIB, 100 * GIB), True),
        (DiskSpace(5 * GIB, 100 * GIB), False),
        (None, False),
    ],
)
def test_the_disk_is_short_below_a_gibibyte_and_below_a_twentieth(disk: DiskSpace | None, is_trouble: bool) -> None:
    assert found(disk=disk) == ([IncidentKind.DISK_SHORT] if is_trouble else [])


def test_a_queue_is_stuck_when_its_oldest_has_waited_too_long() -> None:
    old, fresh = NOW - timedelta(seconds=121), NOW - timedelta(seconds=120)
    queues = [Queue("grants", 3, old), Queue("screens", 9, fresh), Queue("empty", 0, None)]

    (finding,) = stuck(queues, NOW)

    assert (finding.name, finding.details) == ("queue_stuck:grants", {"length": 3, "seconds": 121})


def test_what_rests_until_later_has_not_waited_at_all() -> None:
    assert Queue("grants", 1, NOW + timedelta(hours=1)).age(NOW) == timedelta()
