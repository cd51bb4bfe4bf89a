"""The statistics of one gate in the console: the numbers that its chart in the chat shows."""

from __future__ import annotations

from typing import TypedDict

from bot.domain.statistics import PERIODS, FunnelStep, Statistics
from bot.features.statistics.chart_sheet import ticks
from bot.features.statistics.words import (
    days_or_months,
    details,
    funnel_name,
    heading_of,
    hours_of_day,
    period_name,
    refusals,
    span,
    step_name,
)
from bot.i18n import formats
from bot.i18n.texts import Words, visible

OVER_TIME = (FunnelStep.ASKED, FunnelStep.CALLED, FunnelStep.IN)


class ChoiceJson(TypedDict):
    """A period on offer."""

    key: str
    name: str


class MomentJson(TypedDict):
    """An hour, day or month: how many asked, called and came in, as numbers and in words."""

    label: str
    counts: tuple[int, int, int]
    written: tuple[str, str, str]


class BarJson(TypedDict):
    """A step of the funnel, or a country. `part`: of the longest bar; `share`: of those who asked, empty if unknown."""

    name: str
    count: str
    share: str
    part: float


class StatisticsJson(TypedDict):
    """The statistics of one gate; `empty` says that there are none."""

    periods: list[ChoiceJson]
    period: str
    span: str
    empty: str
    heading: str
    steps: tuple[str, str, str]
    moments: list[MomentJson]
    top: int
    top_written: str
    funnel: list[BarJson]
    countries: list[BarJson]
    details: list[str]


def render_statistics(told: Statistics, name: str, words: Words) -> StatisticsJson:
    """Render the statistics of this period."""
    language = words.language
    is_one_day = told.period.first == told.period.last
    moments = [] if told.is_empty else hours_of_day(told) if is_one_day else days_or_months(told, language)
    top = ticks(max((max(counts) for _, counts in moments), default=1))[-1]
    asked, called, came = (step_name(step, words) for step in OVER_TIME)
    return {
        "periods": [{"key": key, "name": period_name(key, words)} for key in PERIODS],
        "period": name,
        "span": span(told, words),
        "empty": words("Nobody asked to join in this period.") if told.is_empty else "",
        "heading": heading_of(told, words),
        "steps": (asked, called, came),
        "moments": [
            {
                "label": f"{label}:00" if is_one_day else label,
                "counts": counts,
                "written": _three(counts, language),
            }
            for label, counts in moments
        ],
        "top": top,
        "top_written": formats.count(top, language),
        "funnel": _funnel(told, words),
        "countries": _countries(told, words),
        "details": _details(told, words),
    }


def _three(counts: tuple[int, int, int], language: str) -> tuple[str, str, str]:
    asked, called, came = (formats.count(count, language) for count in counts)
    return asked, called, came


def _funnel(told: Statistics, words: Words) -> list[BarJson]:
    largest = max(1, *told.funnel.values())
    bars: list[BarJson] = []
    for step in FunnelStep:
        share, count = told.share(step), told.funnel[step]
        bars.append(
            {
                "name": funnel_name(step, words),
                "count": formats.count(count, words.language),
                "share": "" if share is None else formats.share(share, words.language),
                "part": max(0, count) / largest,
            }
        )
    return bars


def _countries(told: Statistics, words: Words) -> list[BarJson]:
    countries = sorted(told.by_region.items(), key=lambda item: (-item[1], item[0]))
    return [
        {
            "name": formats.country(region, words.language) or "?",
            "count": formats.count(count, words.language),
            "share": "",
            "part": count / max(1, countries[0][1]),
        }
        for region, count in countries
    ]


def _details(told: Statistics, words: Words) -> list[str]:
    lines = details(told, words)
    if told.refusals:
        lines.append(words("Stopped: {reasons}", reasons=refusals(told, words, visible)))
    return lines
