"""Statistics in words: names of periods, steps and moments, numbers below the chart, why people got no further."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from bot.domain.gateway import GatewayReason
from bot.domain.statistics import PERIODS, FunnelStep, Granularity, Statistics, StatisticsReport
from bot.i18n import formats
from bot.i18n.reasons import REASONS
from bot.i18n.texts import Words, shown

MOST_REFUSALS = 5
Moments = Sequence[tuple[str, tuple[int, int, int]]]
"""A label, and how many asked, called and came in."""


def all_gates(words: Words) -> str:
    """Return the text that replaces the title of a single gate."""
    return words("All gates")


def period_name(name: str, words: Words) -> str:
    """Return the length of a period."""
    match name:
        case "today":
            return words("Today")
        case "7d":
            return words("7 days")
        case "30d":
            return words("30 days")
        case "90d":
            return words("90 days")
        case _:
            return words("All time")


def span(told: Statistics, words: Words) -> str:
    """Return the first and last day; for all time the months since the first record."""
    first, last = told.period.first, told.period.last
    if first is not None:
        return f"{formats.days(first, last, words.language)} (UTC)"
    return formats.months(told.series[0][0] if told.series else last, last, words.language)


def step_name(step: FunnelStep, words: Words) -> str:
    """Return one word for a step of the funnel."""
    match step:
        case FunnelStep.ASKED:
            return words("Asked")
        case FunnelStep.CONTACT:
            return words("Contact")
        case FunnelStep.NUMBER:
            return words("Number")
        case FunnelStep.CALLED:
            return words("Called")
        case FunnelStep.IN:
            return words("In")


def funnel_name(step: FunnelStep, words: Words) -> str:
    """Return the name of a step beside its share: the funnel's end is not all who came in."""
    return words("In by call") if step is FunnelStep.IN else step_name(step, words)


def caption(summary: StatisticsReport, words: Words, price: Decimal | None) -> str:
    """Return the text below the chart: at most 1024 characters as shown. `price`: of one call number."""
    told, language = summary.statistics, words.language
    title = shown(summary.title) if summary.title is not None else all_gates(words)
    lines = [f"<b>{title}</b> · {period_name(summary.period_name, words)}"]
    if told.is_empty:
        return "\n".join([*lines, words("Nobody asked to join in this period.")])
    lines.append(
        words("Came in: {count}", count=f"<b>{formats.count(told.entered, language)}</b>") + _change(summary, words)
    )
    for step in FunnelStep:
        part = told.share(step) if step is not FunnelStep.ASKED else None
        of_all = f" · {formats.share(part, language)}" if part is not None else ""
        lines.append(f"{funnel_name(step, words)}: <b>{formats.count(told.funnel[step], language)}</b>{of_all}")
    more = details(told, words)
    if told.refusals:
        more.append(words("Stopped: {reasons}", reasons=refusals(told, words)))
    if price is not None:
        more.append(
            words(
                "Spent on numbers: {count} × {price} = {money}",
                count=formats.count(told.numbers, language),
                price=formats.count(price, language),
                money=formats.money(price * told.numbers, language),
            )
        )
    return "\n".join([*lines, *([""] if more else []), *more])


def _change(summary: StatisticsReport, words: Words) -> str:
    """Return by how much more or fewer people came in than before, as the end of a line."""
    change = summary.change
    if change is None:
        return ""
    part = formats.share(abs(change), words.language)
    if not round(change, 2):
        return " · " + words("as many as before")
    return " · " + (
        words("↑ {share} on the period before", share=part)
        if change > 0
        else words("↓ {share} on the period before", share=part)
    )


def details(told: Statistics, words: Words) -> list[str]:
    """Return who came in outside the funnel, and how long a call took."""
    language, more = words.language, list[str]()
    if told.known:
        more.append(words("Let in at once, verified before: {count}", count=formats.count(told.known, language)))
    if told.other:
        more.append(words("Let in without a call: {count}", count=formats.count(told.other, language)))
    if told.median is not None and told.ninetieth is not None:
        more.append(
            words(
                "From number to call: half within {median}, nine of ten within {ninetieth}",
                median=formats.exact_span(told.median, words),
                ninetieth=formats.exact_span(told.ninetieth, words),
            )
        )
    return more


def which_gate(more: int, words: Words) -> str:
    """Return the question above the buttons of several gates. `more`: how many have no button."""
    if not more:
        return words("Of which gate?")
    return words("Of which gate? There are {count} more: name it more exactly.", count=more)


def unknown(asked: str, titles: Sequence[str], more: int, words: Words) -> str:
    """Say that there is no such period or gate, and list the possible ones. `asked` is empty if it was not stored."""
    names = [f"<b>{shown(title)}</b>" for title in titles]
    if more:
        names.append(words("{count} more", count=more))
    if not asked:
        return words(
            "That is neither a period ({periods}) nor one of the gates: {gates}.",
            periods=", ".join(PERIODS),
            gates=", ".join(names) or "—",
        )
    return words(
        "“{asked}” is neither a period ({periods}) nor one of the gates: {gates}.",
        asked=shown(asked),
        periods=", ".join(PERIODS),
        gates=", ".join(names) or "—",
    )


def refusals(told: Statistics, words: Words, as_text: Callable[[str], str] = shown) -> str:
    """Return why people got no further, most often first. `as_text`: how to show Telegram's own words, by default in
    its HTML."""
    named: dict[str, int] = {}
    for code, count in told.refusals.items():
        why = _why(code, words, as_text)
        named[why] = named.get(why, 0) + count
    most = sorted(named.items(), key=lambda item: -item[1])[:MOST_REFUSALS]
    return "; ".join(f"{why} {formats.count(count, words.language)}" for why, count in most)


def _why(code: str, words: Words, as_text: Callable[[str], str]) -> str:
    """Return what a code of the journal means; Telegram's own words stay as they are."""
    reason, _, number = code.partition(":")
    if reason not in REASONS:
        return as_text(code)
    why = words(REASONS[reason].label)
    is_numbered = reason in frozenset(GatewayReason) and number.isdigit()
    return words("{why} (code {code})", why=why, code=number) if is_numbered else why


def heading_of(told: Statistics, words: Words) -> str:
    """Return what the moments of a period are."""
    if told.period.first == told.period.last:
        return words("By hour, UTC")
    return words("By day") if told.grain is Granularity.DAY else words("By month")


def days_or_months(told: Statistics, language: str) -> Moments:
    """Return every day or month of the period, including those on which nothing happened."""
    counted = {begin: counts for begin, *counts in told.series}
    first = told.period.first or min(counted, default=told.period.last.replace(day=1))
    moments: list[tuple[str, tuple[int, int, int]]] = []
    if told.grain is Granularity.DAY:
        for number in range((told.period.last - first).days + 1):
            begin = first + timedelta(days=number)
            moments.append((formats.day(begin, language), _three(counted.get(begin))))
        return moments
    begin, last = first.replace(day=1), told.period.last
    while begin <= last:
        moments.append((formats.month(begin, language), _three(counted.get(begin))))
        begin = date(begin.year + begin.month // 12, begin.month % 12 + 1, 1)
    return moments


def hours_of_day(told: Statistics) -> Moments:
    """Return every hour of the day, in UTC."""
    return [(f"{hour:02}", counts) for hour, counts in enumerate(told.hours)]


def _three(counts: Sequence[int] | None) -> tuple[int, int, int]:
    asked, called, came = counts or (0, 0, 0)
    return asked, called, came
