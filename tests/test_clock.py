"""The clock is compared with the dates of answers."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from bot.clock import DateCheck
from bot.domain.incidents import CLOCK_DIFFERS, IncidentKind, Measurements, noticed
from bot.features.monitoring.runtime_stats import COMPARED_WITHIN, RuntimeStats
from bot.sandbox.clock import SandboxClock
from tests.domain.makers import NOW


def date(seconds: float) -> str:
    """The header of an answer made this long after NOW."""
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("header", "took", "ahead"),
    [
        (date(0), 0, 0),
        # The header has whole seconds, so the answer may have been made at any moment between.
        (date(-1), 0, 0),
        (date(1), 0, 0),
        (date(40), 60, 0),
        (date(-121), 60, 120),
        (date(181), 60, -120),
        ("Thu, 01 Jan 1970 00:00:00 -0000", 0, (NOW.timestamp() - 1)),
    ],
)
def test_an_answer_tells_by_how_much_the_clock_is_wrong_at_the_least(header: str, took: float, ahead: float) -> None:
    clock, told = SandboxClock(rate=0, start=NOW), list[float]()
    check = DateCheck(clock, told.append)
    began = check.began()
    clock.advance(took)

    check.answered(began, header)

    assert told == [ahead]


@pytest.mark.parametrize("header", [None, "", "soon", "Mon, 99 Foo 2026", "\x00", "1"])
def test_an_answer_without_a_date_tells_nothing(header: str | None) -> None:
    told = list[float]()
    check = DateCheck(SandboxClock(rate=0, start=NOW), told.append)

    check.answered(check.began(), header)

    assert told == []


def test_one_odd_answer_means_nothing_and_old_ones_are_forgotten() -> None:
    clock = SandboxClock(rate=0, start=NOW)
    runtime_stats = RuntimeStats(clock)
    dates = runtime_stats.dates_of("telegram")
    for header in (date(0), date(-3600), date(0)):
        dates.answered(dates.began(), header)

    assert runtime_stats.readings().clock_ahead == {"telegram": 0.0}
    clock.advance(COMPARED_WITHIN.total_seconds() + 1)
    assert runtime_stats.readings().clock_ahead == {}


@pytest.mark.parametrize(
    ("ahead", "subjects"),
    [
        ({}, []),
        ({"telegram": CLOCK_DIFFERS, "gateway": -CLOCK_DIFFERS}, []),
        ({"telegram": CLOCK_DIFFERS + 1}, ["telegram"]),
        ({"telegram": -120.0, "gateway": -120.0}, ["telegram"]),
        ({"telegram": 0.0, "gateway": -120.0}, ["gateway"]),
        ({"gateway": 120.0}, ["gateway"]),
    ],
)
def test_a_difference_that_matters_is_a_trouble(ahead: dict[str, float], subjects: list[str]) -> None:
    found = [one.subject for one in noticed(Measurements(clock_ahead=ahead), NOW) if one.trouble is IncidentKind.CLOCK]

    assert found == subjects
