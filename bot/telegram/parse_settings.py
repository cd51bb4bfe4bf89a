"""Reads what admins write on pages of the panel, in our languages."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.domain.choices import Setting
from bot.domain.panel import Page
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


class Typed:
    """See `bot.usecases.ports.TypedWords`."""

    def read(self, page: Page, text: str) -> tuple[Setting, str]:
        """Return the setting and its new value."""
        setting, understand = READERS[page]
        return setting, understand(text.strip())


def _minutes(text: str) -> str:
    rest, total = text.lower(), 0
    while rest:
        part = PART.match(rest)
        unit = next((size for name, size in UNITS if part and name.fullmatch(part[2])), None)
        if part is None or unit is None:
            raise InvalidSettingError(SettingProblem.SPAN)
        total += int(part[1]) * unit
        rest = rest[part.end() :]
    return str(min(total, TOO_LONG))


def _days(text: str) -> str:
    if re.fullmatch(r"\d{1,6}", text):
        return text
    days, rest = divmod(int(_minutes(text)), DAY)
    if rest:
        raise InvalidSettingError(SettingProblem.FRESH)
    return str(days)


def _number(text: str) -> str:
    if not re.fullmatch(r"\d{1,6}", text):
        raise InvalidSettingError(SettingProblem.NUMBER)
    return text


def _raid_size(text: str) -> str:
    numbers = re.fullmatch(r"(\d{1,6})[^\d]+(\d{1,6})[^\d]*", text)
    if numbers is None:
        raise InvalidSettingError(SettingProblem.RAID)
    return f"{numbers[1]}/{numbers[2]}"


def _countries(text: str) -> str:
    """Return the listed countries; a minus before one removes it from the list."""
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


READERS: dict[Page, tuple[Setting, Callable[[str], str]]] = {
    Page.DEADLINE: (Setting.DEADLINE, _minutes),
    Page.COUNTRIES: (Setting.COUNTRIES, _countries),
    Page.FRESH: (Setting.FRESH, _days),
    Page.ACCOUNTS: (Setting.ACCOUNTS, _number),
    Page.TAG: (Setting.TAG, str),
    Page.WELCOME: (Setting.WELCOME, str),
    Page.RAID: (Setting.RAID_SIZE, _raid_size),
}
