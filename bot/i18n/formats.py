"""Numbers, shares, dates, spans of time and countries in the reader's language."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton, format_timedelta
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from bot.i18n.texts import Words

SHORTEST_SPAN = 0.05
MEBIBYTE, GIBIBYTE = 2**20, 2**30
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def count(number: int | Decimal, language: str) -> str:
    """Format a number: 1,234 or 1 234."""
    return format_decimal(number, locale=language)


def share(part: float, language: str) -> str:
    """Format a share: 79%, or 79 %; small shares have one more decimal."""
    pattern = "#,##0.#%" if 0 < part < SHORTEST_SPAN else None
    return format_percent(part, format=pattern, locale=language)


def money(amount: Decimal, language: str) -> str:
    """Format an amount with two decimals."""
    rounded = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return format_decimal(rounded, format="#,##0.00", locale=language)


def day(moment: date, language: str) -> str:
    """Format a day: 4 Nov."""
    return format_skeleton("MMMd", moment, locale=language)


def month(moment: date, language: str) -> str:
    """Format a month: Nov 2025."""
    return format_date(moment, "LLL yyyy", locale=language)


def months(first: date, last: date, language: str) -> str:
    """Format a range of months, both included."""
    if (first.year, first.month) == (last.year, last.month):
        return format_skeleton("yMMM", first, locale=language)
    return format_interval(first, last, "yMMM", locale=language)


def days(first: date, last: date, language: str) -> str:
    """Format a range of days, both included."""
    if first == last:
        return format_skeleton("yMMMd", first, locale=language)
    return format_interval(first, last, "yMMMd", locale=language)


def country(region: str, language: str) -> str:
    """Return the name of a country by its two letters, or the letters."""
    return str(Locale.parse(language).territories.get(region, region))


def span(length: timedelta, language: str) -> str:
    """Format a span: 45 sec, 2 min, 3 days."""
    return format_timedelta(length, granularity="second", threshold=1.5, format="short", locale=language)


def took(seconds: float, language: str) -> str:
    """Format a duration: 2 ms, 1.2 sec."""
    if seconds < 1:
        return format_unit(1000 * seconds, "duration-millisecond", length="short", format="#,##0", locale=language)
    return format_unit(seconds, "duration-second", length="short", format="#,##0.0", locale=language)


def size(count: int, language: str) -> str:
    """Format a number of bytes: 900 MB, 34.2 GB."""
    unit, each = ("gigabyte", GIBIBYTE) if count >= GIBIBYTE else ("megabyte", MEBIBYTE)
    return format_unit(count / each, f"digital-{unit}", length="short", format="#,##0.#", locale=language)


def whole_span(length: timedelta, words: Words) -> str:
    """Format whole minutes in the largest unit that divides them: 90 minutes, 2 hours, 3 days."""
    minutes = length // MINUTE
    if minutes % (24 * 60) == 0:
        return day_count(minutes // (24 * 60), words)
    if minutes % 60 == 0:
        return words.many("{count} hour", "{count} hours", minutes // 60)
    return words.many("{count} minute", "{count} minutes", minutes)


def day_count(count: int, words: Words) -> str:
    """Format a number of days: 1 day, 3 days."""
    return words.many("{count} day", "{count} days", count)


def lasted(length: timedelta, words: Words) -> str:
    """Format a span in the largest unit that fits, shortened: 5 s, 59 min, 3 h, 12 d."""
    if length < MINUTE:
        return words("{count} s", count=max(int(length.total_seconds()), 0))
    if length < HOUR:
        return words("{count} min", count=length // MINUTE)
    if length < DAY:
        return words("{count} h", count=length // HOUR)
    return words("{count} d", count=length // DAY)


def rounded_span(length: timedelta, words: Words) -> str:
    """Format a span in the largest unit that fits twice: 119 seconds, 90 minutes, 50 hours."""
    if length < 2 * MINUTE:
        return words.many("{count} second", "{count} seconds", length // SECOND)
    if length < 2 * HOUR:
        return words.many("{count} minute", "{count} minutes", length // MINUTE)
    return words.many("{count} hour", "{count} hours", length // HOUR)


def exact_span(seconds: float, words: Words) -> str:
    """Format a span to the second: 45 s, 1 min 30 s."""
    if seconds < MINUTE.total_seconds():
        return words("{seconds} s", seconds=max(1, round(seconds)))
    minutes, rest = divmod(round(seconds), 60)
    return words("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
