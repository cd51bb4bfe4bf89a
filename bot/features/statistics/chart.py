"""Statistics as one picture for a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bot.domain.statistics import FunnelStep, Granularity, Statistics, StatisticsReport
from bot.features.statistics.chart_sheet import (
    ASKED,
    CALLED,
    CAME,
    DAY_STEPS,
    HOUR_STEPS,
    INK,
    MONTH_STEPS,
    QUIET,
    TRACK,
    Canvas,
    drawable,
    label_step,
    ticks,
)
from bot.features.statistics.words import (
    Moments,
    all_gates,
    days_or_months,
    heading_of,
    hours_of_day,
    period_name,
    span,
    step_name,
)
from bot.i18n import formats
from bot.i18n.texts import LONGEST_NAME, Words, visible

WIDTH, HEIGHT, EMPTY_HEIGHT = 1080, 1440, 600
EDGE, PAD, GAP = 40, 36, 20
HEAD, HOURS_HEIGHT, ROW, MOST_ROWS = 166, 184, 52, 5
INNER = WIDTH - 2 * EDGE
TITLE, HEADING, LABEL, SMALL = 46, 30, 28, 24
MOST_COLUMNS = 31
"""Above so many moments the chart has areas and lines instead of columns."""
COLOURS = {
    FunnelStep.ASKED: ASKED,
    FunnelStep.CONTACT: ASKED,
    FunnelStep.NUMBER: ASKED,
    FunnelStep.CALLED: CALLED,
    FunnelStep.IN: CAME,
}
HOURS = 24
STROKE, LINE, DASHED = 6, 5, 4
"""Thickness in pixels: of the stroke over a column for those who called, of the line of those who came in, and of the
dashed line of those who called."""

Ranked = Sequence[tuple[str, int, int]]
"""A name, how many there were, and how many of those in the brighter colour (0: not shown)."""


def chart(summary: StatisticsReport, words: Words) -> bytes:
    """Return the PNG."""
    return draw(summary, words).png()


def draw(summary: StatisticsReport, words: Words) -> Canvas:
    """Return the picture as a canvas."""
    told = summary.statistics
    sheet = Canvas(WIDTH, EMPTY_HEIGHT if told.is_empty else HEIGHT)
    _head(sheet, summary, words)
    if told.is_empty:
        _nothing(sheet, words)
        return sheet
    is_one_day = told.period.first == told.period.last
    rows = _rows(told)
    lists = 2 * PAD + 28 + rows * ROW
    y = _funnel(sheet, HEAD, told, words) + GAP
    hours = 0 if is_one_day else HOURS_HEIGHT + GAP
    y = _over_time(sheet, y, HEIGHT - EDGE - lists - GAP - hours - y, told, words, hours=is_one_day) + GAP
    if not is_one_day:
        y = _hours(sheet, y, told, words) + GAP
    _lists(sheet, y, lists, summary, words, rows)
    return sheet


def _rows(told: Statistics) -> int:
    """Return how many lines the lists have."""
    countries = len(told.by_region)
    needed = max(countries, len(told.by_gate)) if told.by_gate else -(-countries // 2)
    return max(1, min(needed, MOST_ROWS))


def _head(sheet: Canvas, summary: StatisticsReport, words: Words) -> None:
    title = all_gates(words) if summary.title is None else _gate_name(summary.title, summary.statistics.gate_id, 80)
    sheet.text(EDGE + 4, 84, title, TITLE, bold=True, within=INNER - 8)
    under = f"{period_name(summary.period_name, words)} · {span(summary.statistics, words)}"
    sheet.text(EDGE + 4, 132, under, LABEL, colour=QUIET, within=INNER - 8)


def _nothing(sheet: Canvas, words: Words) -> None:
    top, height = HEAD, EMPTY_HEIGHT - HEAD - EDGE
    sheet.surface(EDGE, top, INNER, height)
    middle = WIDTH / 2
    for left, tall in ((-66, 34), (-22, 58), (22, 44)):
        sheet.surface(middle + left, top + 146 - tall, 44 - 12, tall, TRACK, 6)
    sheet.text(middle, top + 226, words("No data yet"), 40, bold=True, align="center", within=INNER - 2 * PAD)
    hint = words("Nobody asked to join in this period.")
    sheet.text(middle, top + 282, hint, LABEL, colour=QUIET, align="center", within=INNER - 2 * PAD)


def _funnel(sheet: Canvas, top: float, told: Statistics, words: Words) -> float:
    rows, pitch, thick = list(FunnelStep), 56, 42
    height = 2 * PAD + pitch * (len(rows) - 1) + thick
    sheet.surface(EDGE, top, INNER, height)
    left, right = EDGE + PAD, WIDTH - EDGE - PAD
    language = words.language
    names = {step: step_name(step, words) for step in rows}
    counts = {step: formats.count(told.funnel[step], language) for step in rows}
    parts = {step: told.share(step) for step in rows}
    shares = {step: "" if part is None else formats.share(part, language) for step, part in parts.items()}
    name_width = min(250.0, _widest(sheet, names.values(), HEADING))
    share_width = _widest(sheet, shares.values(), HEADING)
    count_width = _widest(sheet, counts.values(), HEADING, bold=True)
    begin = left + name_width + 28
    end = right - share_width - 24 * bool(share_width) - count_width - 28
    largest = max(1, *told.funnel.values())
    for row, step in enumerate(rows):
        y = top + PAD + row * pitch
        is_last = step is FunnelStep.IN
        sheet.text(left, y + 32, names[step], HEADING, bold=is_last, within=name_width + 14)
        sheet.surface(begin, y, end - begin, thick, TRACK, 10)
        filled = (end - begin) * max(0, told.funnel[step]) / largest
        if filled > 0:
            sheet.surface(begin, y, max(filled, 10), thick, COLOURS[step], 10)
        sheet.text(end + 28 + count_width, y + 32, counts[step], HEADING, bold=True, align="right")
        if shares[step]:
            colour = CAME if is_last else QUIET
            sheet.text(right, y + 32, shares[step], HEADING, colour=colour, bold=is_last, align="right")
    return top + height


def _over_time(sheet: Canvas, top: float, height: float, told: Statistics, words: Words, *, hours: bool) -> float:
    sheet.surface(EDGE, top, INNER, height)
    left, right = EDGE + PAD, WIDTH - EDGE - PAD
    by_day = told.grain is Granularity.DAY
    heading = heading_of(told, words)
    used = sheet.text(left, top + 52, heading, HEADING, bold=True)
    moments = hours_of_day(told) if hours else days_or_months(told, words.language)
    has_columns = len(moments) <= MOST_COLUMNS
    _legend(sheet, right, top, (right - left - used) / 3 - 50, words, has_columns=has_columns)
    axis = ticks(max((max(counts) for _, counts in moments), default=1))
    upper, lower, largest = top + 88, top + height - 62, axis[-1]
    labels = {tick: formats.count(tick, words.language) for tick in axis}
    begin = left + _widest(sheet, labels.values(), SMALL) + 18
    for tick in axis:
        y = lower - (lower - upper) * tick / largest
        sheet.line([(begin, y), (right, y)], TRACK, 2)
        sheet.text(begin - 18, y + 9, labels[tick], SMALL, colour=QUIET, align="right")
    slot = (right - begin) / len(moments)
    xs = [begin + slot * (place + 0.5) for place in range(len(moments))]

    def height_of(count: int) -> float:
        return (lower - upper) * min(max(0, count), largest) / largest

    if has_columns:
        _columns(sheet, xs, slot, moments, height_of, lower)
    else:
        _lines(sheet, xs, moments, height_of, lower)
    steps = HOUR_STEPS if hours else DAY_STEPS if by_day else MONTH_STEPS
    _under(sheet, xs, [label for label, _ in moments], lower + 40, left, right, steps)
    return top + height


def _legend(sheet: Canvas, right: float, top: float, within: float, words: Words, *, has_columns: bool) -> None:
    """Draw the symbol of a step as the chart draws it: a column, a stroke over it, an area or a line. It ends at
    `right`."""
    x = right
    for step in (FunnelStep.IN, FunnelStep.CALLED, FunnelStep.ASKED):
        name = step_name(step, words).lower()
        x -= sheet.text(x, top + 51, name, SMALL, colour=QUIET, align="right", within=within) + 30
        y, colour = top + 43, COLOURS[step]
        if step is FunnelStep.CALLED:
            thick = STROKE if has_columns else DASHED
            sheet.line([(x - 2, y), (x + 20, y)], colour, thick, dashed=not has_columns)
        elif step is FunnelStep.IN and not has_columns:
            sheet.line([(x, y), (x + 18, y)], colour, LINE)
        else:
            sheet.surface(x - 2, y - 11, 22, 22, colour, 6)
        x -= 28


def _columns(
    sheet: Canvas,
    xs: Sequence[float],
    slot: float,
    moments: Moments,
    height_of: Callable[[int], float],
    lower: float,
) -> None:
    """Draw those who asked behind those who came in, and a stroke at the height of those who called."""
    wide = min(slot * 0.78, 96)
    narrow = wide * 0.56
    for x, (_, (asked, called, came)) in zip(xs, moments, strict=True):
        for count, width, colour in ((asked, wide, ASKED), (came, narrow, CAME)):
            if count > 0:
                tall = max(height_of(count), 3)
                sheet.column(x - width / 2, lower - tall, width, tall, colour)
        if called > 0:
            # Use a thinner stroke over a low column: a thick one would hide it.
            tall = height_of(called)
            thick = min(STROKE, max(2, 2 * round(tall / 2)))
            y = lower - max(tall, thick / 2)
            sheet.line([(x - wide / 2 + 3, y), (x + wide / 2 - 3, y)], CALLED, thick)


def _lines(
    sheet: Canvas, xs: Sequence[float], moments: Moments, height_of: Callable[[int], float], lower: float
) -> None:
    asked, called, came = (
        [(x, lower - height_of(counts[which])) for x, (_, counts) in zip(xs, moments, strict=True)]
        for which in range(3)
    )
    sheet.area(asked, lower, ASKED)
    sheet.line(came, CAME, LINE)
    sheet.line(called, CALLED, DASHED, dashed=True)


def _under(
    sheet: Canvas,
    xs: Sequence[float],
    labels: Sequence[str],
    y: float,
    left: float,
    right: float,
    steps: Sequence[int],
) -> None:
    """Draw as many evenly spaced labels under the moments as fit."""
    room = _widest(sheet, labels, SMALL) + 14
    every = label_step(room / (xs[1] - xs[0]), steps) if len(xs) > 1 else 1
    free = left
    for place in range(0, len(xs), every):
        half = sheet.width_of(labels[place], SMALL) / 2
        x = min(max(xs[place], left + half), right - half)
        if x - half < free:
            continue
        free = x + half + 14
        sheet.text(x, y, labels[place], SMALL, colour=QUIET, align="center")


def _hours(sheet: Canvas, top: float, told: Statistics, words: Words) -> float:
    """Draw at which hours of the day people ask."""
    height = HOURS_HEIGHT
    sheet.surface(EDGE, top, INNER, height)
    left, right = EDGE + PAD, WIDTH - EDGE - PAD
    used = sheet.text(left, top + 52, words("Asked, by hour of the day, UTC"), HEADING, bold=True, within=640)
    counts = told.by_hour
    largest = max(counts, default=0)
    peak = counts.index(largest) if largest > 0 else None
    if peak is not None:
        busiest = words("most at {hour}", hour=f"{peak:02}:00")
        sheet.text(right, top + 51, busiest, SMALL, colour=QUIET, align="right", within=right - left - used - 24)
    slot, upper, lower = (right - left) / HOURS, top + 76, top + height - 56
    for hour in range(HOURS):
        x, count = left + slot * (hour + 0.5), counts[hour]
        sheet.column(x - slot * 0.38, lower - 4, slot * 0.76, 4, TRACK)
        if count > 0:
            tall = max((lower - upper) * count / largest, 4)
            sheet.column(x - slot * 0.38, lower - tall, slot * 0.76, tall, INK if hour == peak else ASKED)
        if hour % 3 == 0:
            sheet.text(x, lower + 34, f"{hour:02}", SMALL, colour=QUIET, align="center")
    return top + height


def _lists(sheet: Canvas, top: float, height: float, summary: StatisticsReport, words: Words, rows: int) -> None:
    """Draw the lists by country, and by gate where there are several."""
    told = summary.statistics
    countries = sorted(told.by_region.items(), key=lambda item: (-item[1], item[0]))
    named = [(formats.country(region, words.language) or "?", count, 0) for region, count in countries]
    by_country, calls_none = words("Calls by country"), words("No calls yet")
    if not told.by_gate:
        half = (INNER - 2 * PAD - 48) / 2
        sheet.surface(EDGE, top, INNER, height)
        sheet.text(EDGE + PAD, top + 52, by_country, HEADING, bold=True)
        _ranked(sheet, EDGE + PAD, top + 72, half, named[:rows], words, calls_none, largest=_top(named))
        if len(named) > rows:
            rest = named[rows : 2 * rows]
            _ranked(sheet, EDGE + PAD + half + 48, top + 72, half, rest, words, "", largest=_top(named))
        return
    gates = [
        (
            _gate_name(summary.titles.get(gate_id, ""), gate_id),
            max(0, funnel[FunnelStep.ASKED]),
            max(0, funnel[FunnelStep.IN]),
        )
        for gate_id, funnel in told.by_gate.items()
    ]
    half = (INNER - GAP) / 2
    for x, heading, ranked, none in (
        (EDGE, words("Asked and in, by gate"), gates, ""),
        (EDGE + half + GAP, by_country, named, calls_none),
    ):
        sheet.surface(x, top, half, height)
        sheet.text(x + PAD, top + 52, heading, HEADING, bold=True, within=half - 2 * PAD)
        _ranked(sheet, x + PAD, top + 72, half - 2 * PAD, ranked[:rows], words, none, largest=_top(ranked))


def _ranked(
    sheet: Canvas, left: float, top: float, width: float, ranked: Ranked, words: Words, none: str, *, largest: int
) -> None:
    if not ranked:
        sheet.text(left, top + 30, none, LABEL, colour=QUIET, within=width)
    for row, (name, count, bright) in enumerate(ranked):
        y = top + row * ROW
        number = formats.count(count, words.language)
        number_width = sheet.text(left + width, y + 26, number, SMALL + 2, bold=True, align="right")
        sheet.text(left, y + 26, name, SMALL + 2, within=width - number_width - 20)
        sheet.surface(left, y + 36, width, 8, TRACK, 4)
        for part, colour in ((count, ASKED), (min(bright, count), CAME)):
            if part > 0:
                sheet.surface(left, y + 36, max(8, width * part / largest), 8, colour, 4)


def _gate_name(title: str, gate_id: int, longest: int = LONGEST_NAME) -> str:
    """Return the title, or the gate's id when no letter of the title can be drawn."""
    title = visible(title, longest)
    return title if any(char.isalnum() for char in drawable(title)) else str(gate_id)


def _top(ranked: Ranked) -> int:
    return max((count for _, count, _ in ranked), default=1) or 1


def _widest(sheet: Canvas, texts: Iterable[str], size: float, *, bold: bool = False) -> float:
    return max((sheet.width_of(text, size, bold=bold) for text in set(texts) if text), default=0.0)
