"""Periods as people write them."""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum

from bot.domain.statistics import Period, period

DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", re.ASCII)


class PeriodProblem(StrEnum):
    """Why the text is not a period."""

    UNKNOWN = "unknown"
    NO_DAY = "no_day"
    """A day that no calendar has."""
    REVERSED = "reversed"
    """It would end before it begins."""


def parse_period(written: str, now: datetime) -> Period | PeriodProblem:
    """`today`, `7d` and so on, or `2026-01-01..2026-01-31`, both days included."""
    named = period(written.lower(), now)
    if named is not None:
        return named
    found = DAYS.fullmatch(written)
    if found is None:
        return PeriodProblem.UNKNOWN
    try:
        first, last = (date.fromisoformat(day) for day in found.groups())
    except ValueError:
        return PeriodProblem.NO_DAY
    if last == date.max:
        # The period ends at the day after it, which no calendar has.
        return PeriodProblem.NO_DAY
    return Period(first, last) if first <= last else PeriodProblem.REVERSED
