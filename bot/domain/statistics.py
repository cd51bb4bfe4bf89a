"""Statistics: what is counted of the journal, over which periods, and what a report shows."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.domain.journal import Event

NO_GATE = 0
"""In place of a gate: for events at no gate in particular, and for the sums over all gates."""
BOUNDS = tuple(round(1.1**step, 2) for step in range(76))
"""Upper bounds, in seconds, of the spans from number to call: each a tenth longer than the one before, up to 21
minutes. A median made of such spans is right within five per cent."""


class Granularity(StrEnum):
    """The length of the span of a sum."""

    DAY = "day"
    MONTH = "month"


class Dimension(StrEnum):
    """What a sum distinguishes."""

    TOTAL = "total"
    HOUR = "hour"
    """Hour of the day, in UTC."""
    REGION = "region"
    CODE = "code"
    """Why, or how."""
    TOOK = "took"
    """Span from number to call, as an index into BOUNDS."""


class FunnelStep(StrEnum):
    """A step of the funnel."""

    ASKED = "asked"
    CONTACT = "contact"
    NUMBER = "number"
    CALLED = "called"
    IN = "in"


class EntryReason(StrEnum):
    """How somebody entered, as in the code of the journal entry."""

    CALLED = "called"
    """After the call that they made for it."""
    KNOWN = "known"
    """Verified before."""
    OTHER = "other"
    """By an admin, or at a gate that needs no call."""


ASKING = (Event.JOIN_ASKED, Event.MUTED)
"""How somebody comes to a gate: they ask to join, or join and may not write until verified."""
ENTERED = frozenset(EntryReason)
BY_HOUR = frozenset({*ASKING, Event.CONFIRMED, Event.GRANT_DONE})
LINES = (ASKING, (Event.CONFIRMED,), (Event.GRANT_DONE,))
"""What is shown over time: who asked, called, entered."""
BY_REGION = frozenset({Event.CONTACT_TAKEN, Event.NUMBER_GIVEN, Event.CONFIRMED})
BY_CODE = frozenset(
    {
        Event.CONTACT_REFUSED,
        Event.NUMBER_REFUSED,
        Event.CONFIRMED,
        Event.GRANT_DONE,
        Event.GRANT_FAILED,
        Event.HINDERED,
        Event.CALL_UNMATCHED,
        Event.GATEWAY_PAUSED,
    }
)
LONGEST_KEY = 32


@dataclass(frozen=True, slots=True)
class EventCount:
    """Journal entries that are alike in all that is counted, and how many there are."""

    day: date
    hour: int
    event: Event
    gate_id: int
    region: str
    code: str
    took: float | None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Rollup:
    """The key of one sum: over which span, at which gate (NO_GATE: all), of what."""

    grain: Granularity
    span: int
    gate_id: int
    dimension: Dimension
    key: str
    event: Event


def day_number(day: date) -> int:
    """The span of a day."""
    return day.toordinal()


def month_number(day: date) -> int:
    """The span of a month."""
    return day.year * 12 + day.month - 1


def span_number(day: date, grain: Granularity) -> int:
    """The span of this grain that a day is in."""
    return day_number(day) if grain is Granularity.DAY else month_number(day)


def month_begins(span: int) -> date:
    """The first day of a month's span."""
    return date(span // 12, span % 12 + 1, 1)


def add_up(facts: Iterable[EventCount], grains: Collection[Granularity] = frozenset(Granularity)) -> dict[Rollup, int]:
    """All sums of these grains to which these events add, and by how much."""
    sums: dict[Rollup, int] = {}
    for fact in facts:
        spans = [(grain, span_number(fact.day, grain)) for grain in grains]
        gates = {NO_GATE, fact.gate_id}
        for dimension, key in _keys(fact):
            for grain, span in spans:
                for gate_id in gates:
                    total = Rollup(grain, span, gate_id, dimension, key, fact.event)
                    sums[total] = sums.get(total, 0) + fact.count
    return sums


def _keys(fact: EventCount) -> list[tuple[Dimension, str]]:
    if fact.event is Event.GRANT_DONE and fact.code not in ENTERED:
        # A tag, say, or an optional link: it admits nobody.
        return [(Dimension.CODE, fact.code[:LONGEST_KEY])]
    keys = [(Dimension.TOTAL, "")]
    if fact.event in BY_HOUR:
        keys.append((Dimension.HOUR, str(fact.hour)))
    if fact.event in BY_REGION:
        keys.append((Dimension.REGION, fact.region))
    if fact.event in BY_CODE:
        keys.append((Dimension.CODE, fact.code[:LONGEST_KEY]))
    if fact.took is not None:
        keys.append((Dimension.TOOK, str(took_index(fact.took))))
    return keys


def took_index(seconds: float) -> int:
    """Which span of BOUNDS it falls into; the last includes everything longer."""
    return min(bisect.bisect_left(BOUNDS, seconds), len(BOUNDS) - 1)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in UTC, both included. `first` is None for all time."""

    first: date | None
    last: date

    @classmethod
    def of_days(cls, count: int, now: datetime) -> Period:
        """Today and the days before it, `days` in all."""
        return cls(now.date() - timedelta(days=count - 1), now.date())

    @property
    def before(self) -> Period | None:
        """As many days just before it. None for all time, and for a single day: today is not over yet."""
        if self.first is None or self.first == self.last:
            return None
        return Period(self.first - (self.last - self.first) - timedelta(days=1), self.first - timedelta(days=1))


PERIODS: Mapping[str, int | None] = {"today": 1, "7d": 7, "30d": 30, "90d": 90, "all": None}
"""The periods on offer, by name, in days."""


def period(name: str, now: datetime) -> Period | None:
    """The period of this name; None when there is none of it."""
    if name not in PERIODS:
        return None
    days = PERIODS[name]
    return Period(None, now.date()) if days is None else Period.of_days(days, now)


@dataclass(frozen=True, slots=True)
class Statistics:
    """The report of a period. `by_gate` is empty when only one gate was asked for; spans are in seconds.

    `known` entered because they were verified before; the funnel excludes them. `series`: how many asked, called and
    entered on each day (or month, of a long time) on which anything happened, oldest first; `hours`: the same for each
    hour of the day, in UTC.
    """

    period: Period
    gate_id: int
    funnel: Mapping[FunnelStep, int]
    known: int
    other: int
    numbers: int
    median: float | None
    ninetieth: float | None
    refusals: Mapping[str, int] = field(default_factory=dict)
    by_gate: Mapping[int, Mapping[FunnelStep, int]] = field(default_factory=dict)
    by_region: Mapping[str, int] = field(default_factory=dict)
    hours: tuple[tuple[int, int, int], ...] = ()
    series: tuple[tuple[date, int, int, int], ...] = ()
    grain: Granularity = Granularity.DAY

    @property
    def entered(self) -> int:
        """How many came in: by a call, because they were verified before, or without a call."""
        return self.funnel[FunnelStep.IN] + self.known + self.other

    @property
    def by_hour(self) -> tuple[int, ...]:
        """How many asked at each hour of the day."""
        return tuple(asked for asked, _, _ in self.hours)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to report."""
        return not (any(self.funnel.values()) or self.known or self.other or self.numbers or self.refusals)

    def share(self, step: FunnelStep) -> float | None:
        """The share of those who asked that came this far, or None; above one if people verified unasked."""
        asked = self.funnel[FunnelStep.ASKED]
        return self.funnel[step] / asked if asked > 0 else None


def statistics(asked: Period, gate_id: int, sums: Mapping[Rollup, int], grain: Granularity) -> Statistics:
    """The report of a period's sums, of one grain. It separates other gates than `gate_id` only for NO_GATE."""
    mine = {key: count for key, count in sums.items() if key.gate_id == gate_id}

    def total(*events: Event) -> int:
        return sum(n for key, n in mine.items() if key.dimension is Dimension.TOTAL and key.event in events)

    def keyed(dimension: Dimension, *events: Event) -> dict[str, int]:
        found: dict[str, int] = {}
        for key, n in mine.items():
            if key.dimension is dimension and key.event in events:
                found[key.key] = found.get(key.key, 0) + n
        return found

    hours = [keyed(Dimension.HOUR, *events) for events in LINES]
    took = keyed(Dimension.TOOK, Event.CONFIRMED)
    ways = keyed(Dimension.CODE, Event.GRANT_DONE)
    refusals = keyed(Dimension.CODE, Event.NUMBER_REFUSED, Event.CONTACT_REFUSED, Event.GRANT_FAILED, Event.HINDERED)
    return Statistics(
        period=asked,
        gate_id=gate_id,
        funnel=_funnel(mine),
        known=ways.get(EntryReason.KNOWN, 0),
        other=ways.get(EntryReason.OTHER, 0),
        numbers=total(Event.NUMBER_GIVEN, Event.ANOTHER_GIVEN),
        median=_quantile(took, 0.5),
        ninetieth=_quantile(took, 0.9),
        refusals=refusals,
        by_gate=_by_gate(sums) if gate_id == NO_GATE else {},
        by_region=keyed(Dimension.REGION, Event.CONFIRMED),
        hours=tuple(_three(line.get(str(hour), 0) for line in hours) for hour in range(24)),
        series=_series(mine, grain),
        grain=grain,
    )


def _funnel(sums: Mapping[Rollup, int]) -> dict[FunnelStep, int]:
    totals: dict[tuple[Event, Dimension, str], int] = {}
    for key, n in sums.items():
        which = (key.event, key.dimension, key.key)
        totals[which] = totals.get(which, 0) + n

    def all_of(event: Event) -> int:
        return totals.get((event, Dimension.TOTAL, ""), 0)

    return {
        FunnelStep.ASKED: sum(map(all_of, ASKING)) - all_of(Event.AT_ONCE),
        FunnelStep.CONTACT: all_of(Event.CONTACT_TAKEN),
        FunnelStep.NUMBER: all_of(Event.NUMBER_GIVEN),
        FunnelStep.CALLED: all_of(Event.CONFIRMED),
        FunnelStep.IN: totals.get((Event.GRANT_DONE, Dimension.CODE, EntryReason.CALLED), 0),
    }


def _by_gate(sums: Mapping[Rollup, int]) -> dict[int, dict[FunnelStep, int]]:
    gates: dict[int, dict[Rollup, int]] = {}
    for key, n in sums.items():
        if key.gate_id != NO_GATE:
            gates.setdefault(key.gate_id, {})[key] = n
    return {gate_id: _funnel(mine) for gate_id, mine in gates.items()}


def _series(sums: Mapping[Rollup, int], grain: Granularity) -> tuple[tuple[date, int, int, int], ...]:
    spans: dict[int, list[int]] = {}
    for key, n in sums.items():
        for line, events in enumerate(LINES):
            if key.dimension is Dimension.TOTAL and key.event in events:
                spans.setdefault(key.span, [0, 0, 0])[line] += n
    begins = date.fromordinal if grain is Granularity.DAY else month_begins
    return tuple((begins(span), *_three(counts)) for span, counts in sorted(spans.items()))


def _three(counts: Iterable[int]) -> tuple[int, int, int]:
    asked, called, came = counts
    return asked, called, came


def _quantile(took: Mapping[str, int], share: float) -> float | None:
    """The bound below which this share of the spans lies; None without spans."""
    counts = sorted((int(index), n) for index, n in took.items())
    wanted, seen = share * sum(n for _, n in counts), 0
    for index, n in counts:
        seen += n
        if seen >= wanted:
            return BOUNDS[index]
    return None


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


DEFAULT_PERIOD = "7d"
FEWEST_COMPARED = 20
"""People who came in during a period that is compared with another: among fewer, chance changes much."""


class StatsReply(StrEnum):
    """The answer to a request for statistics. Names are stored in tasks."""

    CHART = "chart"
    GATES = "gates"
    """The buttons of a chart become those of its gates, page by page."""
    CHOOSE = "choose"
    """Several gates are meant: which?"""
    UNKNOWN = "unknown"
    """There is no such period or gate."""


@dataclass(frozen=True, slots=True)
class StatisticsReport:
    """The report of a period, by its name, with titles of gates. `title`: of the requested gate; None: all gates.

    `entered_before`: how many came in during the period before; None where there is none to compare with.
    """

    period_name: str
    title: str | None
    statistics: Statistics
    titles: Mapping[int, str] = field(default_factory=dict)
    entered_before: int | None = None

    @property
    def change(self) -> float | None:
        """By which share more people came in than in the period before, or fewer; None if too few did to say so."""
        now, before = self.statistics.entered, self.entered_before
        return now / before - 1 if before is not None and min(now, before) >= FEWEST_COMPARED else None

    def packed(self) -> str:
        """As JSON, to be stored until it is shown."""
        return json.dumps(asdict(self), default=str, ensure_ascii=False)
