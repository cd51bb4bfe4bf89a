"""Periods as people write them."""

from __future__ import annotations

from datetime import date

import pytest

from bot.domain.statistics import PERIODS, Period, PeriodProblem, parse_period, period
from tests.domain.makers import NOW


@pytest.mark.parametrize("name", PERIODS)
def test_a_period_may_be_named(name: str) -> None:
    assert parse_period(name, NOW) == parse_period(name.upper(), NOW) == period(name, NOW)


def test_a_period_may_be_two_days() -> None:
    assert parse_period("2026-01-01..2026-01-31", NOW) == Period(date(2026, 1, 1), date(2026, 1, 31))
    assert parse_period("2026-01-01..2026-01-01", NOW) == Period(date(2026, 1, 1), date(2026, 1, 1))


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("yesterday", PeriodProblem.UNKNOWN),
        ("2026-01-01", PeriodProblem.UNKNOWN),
        ("2026-1-1..2026-1-2", PeriodProblem.UNKNOWN),
        ("2026-01-01...2026-01-31", PeriodProblem.UNKNOWN),
        ("٢٠٢٦-٠١-٠١..٢٠٢٦-٠١-٠٢", PeriodProblem.UNKNOWN),
        ("7d 30d", PeriodProblem.UNKNOWN),
        ("2026-02-30..2026-03-01", PeriodProblem.NO_DAY),
        ("0000-01-01..2026-03-01", PeriodProblem.NO_DAY),
        ("2026-01-01..9999-12-31", PeriodProblem.NO_DAY),
        ("2026-01-02..2026-01-01", PeriodProblem.REVERSED),
    ],
)
def test_anything_else_is_said_to_be_wrong_and_why(written: str, problem: PeriodProblem) -> None:
    assert parse_period(written, NOW) is problem
