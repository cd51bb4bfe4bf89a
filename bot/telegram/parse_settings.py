"""Reads what admins write on pages of the panel, in our languages: each function returns a value for `chosen`.

Raises InvalidSettingError.
"""

from __future__ import annotations

import re

from bot.domain.problem import InvalidSettingError, SettingProblem
from bot.telegram.countries import code_of

PART = re.compile(r"(\d{1,6})\s*([^\W\d_]+)\.?\s*")
DAY = 24 * 60
UNITS = (
    (re.compile(r"m|min(ute)?s?|м|мин(ут[аыу]?)?"), 1),
    (re.compile(r"h|hrs?|hours?|ч|час(а|ов)?"), 60),
    (re.compile(r"d|days?|д|дн(я|ей)?|день|сут(ки|ок)?"), DAY),
    (re.compile(r"w|weeks?|н|нед(ел[яиюь]|ель)?"), 7 * DAY),
)
"""How people write spans of time, and how many minutes each is."""
TOO_LONG = 10**8
"""Minutes; longer than any setting can be."""
LONGEST_ABOUT = 40


def minutes(text: str) -> str:
    """Read a span such as “1h 30m”; return its minutes."""
    rest, total = text.lower(), 0
    while rest:
        part = PART.match(rest)
        unit = next((size for name, size in UNITS if part and name.fullmatch(part[2])), None)
        if part is None or unit is None:
            raise InvalidSettingError(SettingProblem.SPAN)
        total += int(part[1]) * unit
        rest = rest[part.end() :]
    return str(min(total, TOO_LONG))


def days(text: str) -> str:
    """Read a number of days, or a span of whole days; return the days."""
    if re.fullmatch(r"\d{1,6}", text):
        return text
    whole, rest = divmod(int(minutes(text)), DAY)
    if rest:
        raise InvalidSettingError(SettingProblem.FRESH)
    return str(whole)


def number(text: str) -> str:
    """Read a whole number."""
    if not re.fullmatch(r"\d{1,6}", text):
        raise InvalidSettingError(SettingProblem.NUMBER)
    return text


def raid_size(text: str) -> str:
    """Read requests and minutes, such as “50 in 10”; return them with a slash between."""
    numbers = re.fullmatch(r"(\d{1,6})[^\d]+(\d{1,6})[^\d]*", text)
    if numbers is None:
        raise InvalidSettingError(SettingProblem.RAID)
    return f"{numbers[1]}/{numbers[2]}"


def countries(text: str) -> str:
    """Read listed countries; a minus before one removes it from the list."""
    found = []
    for name in filter(None, (part.strip() for part in re.split(r"[,;\n]", text))):
        sign = "-" if name[0] in "-−–" else "+"
        code = code_of(name.lstrip("+-−– "))
        if code is None:
            raise InvalidSettingError(SettingProblem.COUNTRY, name[:LONGEST_ABOUT])
        found.append(sign + code)
    if not found:
        raise InvalidSettingError(SettingProblem.COUNTRY)
    return ",".join(found)
