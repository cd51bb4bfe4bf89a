"""Statistics of made-up gates, to draw and to describe."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta

from bot.domain.statistics import NO_GATE, PERIODS, FunnelStep, Granularity, Period, Statistics, StatisticsReport

LAST = date(2026, 3, 1)
GATES = {
    -1002000000001: "Flat owners, 12 River Street",
    -1002000000002: "ЖК «Речной», дом 5: собственники, жильцы и арендаторы",
    -1002000000003: "חברי הקיבוץ (קבוצה 2)",
    -1002000000004: "مجموعة الحي الجديد",
    -1002000000005: "🏠🏡",
    -1002000000006: "$100 club — $200 club",
}
REGIONS = {"RU": 0.6, "KZ": 0.15, "UZ": 0.1, "GB": 0.05, "BY": 0.04, "BA": 0.03, "GS": 0.02, "IO": 0.01}
LONG_AGO = 26
"""Months, in "all"."""


def summary(
    period_name: str = "7d",
    *,
    a_day: int = 117,
    gate: tuple[int, str] | None = None,
    gates: Mapping[int, str] | None = None,
    regions: int = 8,
    months: int = LONG_AGO,
    peak: int = 0,
) -> StatisticsReport:
    """A busy time, of one gate or of all. `peak`: how many asked on its last day, if that was not typical."""
    gates = GATES if gates is None else gates
    days = PERIODS[period_name]
    period = Period(None, LAST) if days is None else Period(LAST - timedelta(days=days - 1), LAST)
    begins = _months(months) if days is None else [LAST - timedelta(days=back) for back in reversed(range(days))]
    scale = a_day * (30 if days is None else 1)
    series = tuple((begin, *_moment(place, scale)) for place, begin in enumerate(begins))
    if peak:
        series = (*series[:-1], (begins[-1], peak, peak * 4 // 5, peak * 4 // 5))
    asked = sum(moment[1] for moment in series)
    funnel = _funnel(asked)
    hours = [round(asked / 30 * (1.1 + math.sin((hour - 9) / 24 * 2 * math.pi))) for hour in range(24)]
    shares = [2.0**-place for place in range(1, len(gates) + 1)]
    told = Statistics(
        period=period,
        gate_id=NO_GATE if gate is None else gate[0],
        funnel=funnel,
        known=asked // 20,
        other=3,
        numbers=asked,
        median=21.1,
        ninetieth=84.3,
        refusals={"unavailable:9": 12, "not_own": 7, "country": 4},
        by_gate={} if gate else {one: _funnel(int(asked * share)) for one, share in zip(gates, shares, strict=True)},
        by_region={region: int(funnel[FunnelStep.CALLED] * REGIONS[region]) + 1 for region in list(REGIONS)[:regions]},
        hours=tuple((count, count * 4 // 5, count * 4 // 5) for count in hours),
        series=series,
        grain=Granularity.MONTH if days is None else Granularity.DAY,
    )
    return StatisticsReport(period_name, None if gate is None else gate[1], told, dict(gates))


def empty(period_name: str = "7d", title: str | None = None) -> StatisticsReport:
    """A time without any event."""
    days = PERIODS[period_name]
    period = Period(None if days is None else LAST - timedelta(days=days - 1), LAST)
    nothing = Statistics(period, NO_GATE, dict.fromkeys(FunnelStep, 0), 0, 0, 0, None, None, hours=((0, 0, 0),) * 24)
    return StatisticsReport(period_name, title, nothing)


def _months(count: int) -> list[date]:
    numbers = [LAST.year * 12 + LAST.month - 1 - back for back in reversed(range(count))]
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def _moment(place: int, scale: int) -> tuple[int, int, int]:
    """Busier at the end of each week, and never twice the same."""
    asked = round(scale * (1 + 0.35 * math.sin(place * 0.9) + 0.2 * math.sin(place * 2.3 + 1)))
    return asked, round(asked * 0.81), round(asked * 0.84)


def _funnel(asked: int) -> dict[FunnelStep, int]:
    shares = (1.0, 0.91, 0.88, 0.79, 0.78)
    return {step: int(asked * share) for step, share in zip(FunnelStep, shares, strict=True)}
