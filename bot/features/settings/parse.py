"""Reads what admins write on pages of settings, and settings files; says what is wrong with them."""

from __future__ import annotations

import re

from bot.domain.gate_settings import InvalidSettingError, SettingProblem
from bot.i18n.countries import code_of
from bot.i18n.texts import Words, _, shown

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


def problem(what: SettingProblem, about: str, words: Words) -> str:
    """Return one sentence in HTML. `about`: the part that is wrong, as entered."""
    return words(PROBLEMS[what], part=f"<b>{shown(about)}</b>")


PROBLEMS = {
    SettingProblem.DEADLINE: _("Deadlines run from 5 minutes to 30 days. Write it again, such as 2 hours."),
    SettingProblem.FRESH: _("Write 1 to 3650 whole days, such as 90."),
    SettingProblem.ACCOUNTS: _("One phone can bring in 1 to 10 accounts. Write a number from 1 to 10."),
    SettingProblem.MANY_COUNTRIES: _("The list holds up to 60 countries. Take some off first."),
    SettingProblem.COUNTRY_CODES: _("Write countries by name, or as two-letter codes such as RU."),
    SettingProblem.NO_COUNTRIES: _("With an empty list nobody could join. Mark a country first."),
    SettingProblem.TAG: _(
        "A tag holds up to 16 characters, in one line, without emoji. Write a shorter or plainer one."
    ),
    SettingProblem.WELCOME: _("A welcome holds up to 500 characters. Shorten it, and send it again."),
    SettingProblem.MANY_FURTHER: _("At most 10 further chats can be given: take one off first."),
    SettingProblem.RAID: _("Write how many requests in how many minutes, such as 30 in 5; up to 10000 in 60."),
    SettingProblem.SPAN: _("I do not understand this time: write it such as 90 minutes, 2 hours or 3 days."),
    SettingProblem.NUMBER: _("Write a whole number, in digits."),
    SettingProblem.COUNTRY: _("I do not know the country {part}: write its name, or its code such as RU."),
    SettingProblem.FILE_BIG: _("This file is too big to hold settings: send one that “Export” made."),
    SettingProblem.FILE_UNREACHABLE: _("I could not fetch this file from Telegram: send it once more."),
    SettingProblem.FILE_NO_JSON: _("This file is not JSON: send one that “Export” made."),
    SettingProblem.FILE_FOREIGN: _("This file holds no settings of a group: send one that “Export” made."),
    SettingProblem.FILE_NEWER: _(
        "Another version of me made this file: export the settings there again, or set them here by hand."
    ),
    SettingProblem.FILE_UNKNOWN: _(
        "I do not know the setting {part} in this file: take it out, and send the file again."
    ),
    SettingProblem.FILE_VALUE: _("The value of {part} in this file is not valid: correct it, and send the file again."),
}
