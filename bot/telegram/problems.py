"""What is wrong with an admin's input, and how to correct it."""

from __future__ import annotations

from bot.domain.problem import SettingProblem
from bot.telegram.texts import Words, _, shown


def problem(what: SettingProblem, about: str, words: Words) -> str:
    """Return one sentence in HTML. `about`: the part that is wrong, as entered."""
    return words(PROBLEMS[what], part=f"<b>{shown(about)}</b>")


PROBLEMS = {
    SettingProblem.DEADLINE: _("The deadline can be 5 minutes to 30 days: write it once more, such as 2 hours."),
    SettingProblem.FRESH: _("It can be 1 to 3650 whole days: write it once more, such as 90."),
    SettingProblem.ACCOUNTS: _("One phone can bring in 1 to 10 accounts: write a number of these."),
    SettingProblem.MANY_COUNTRIES: _("At most 60 countries can be listed: take some off the list first."),
    SettingProblem.COUNTRY_CODES: _(
        "Countries are named, or written as codes of two letters such as RU: write them once more."
    ),
    SettingProblem.NO_COUNTRIES: _("With an empty list nobody could come in: mark a country first."),
    SettingProblem.TAG: _(
        "A tag has at most 16 characters, in one line, and no emoji: write a shorter or plainer one."
    ),
    SettingProblem.WELCOME: _(
        "The welcome can have at most 500 characters: shorten what you wrote, and send it once more."
    ),
    SettingProblem.MANY_FURTHER: _("At most 10 further chats can be given: take one off first."),
    SettingProblem.RAID: _("Write how many requests in how many minutes, such as 30 in 5; up to 10000 in 60."),
    SettingProblem.SPAN: _("I do not understand this time: write it such as 90 minutes, 2 hours or 3 days."),
    SettingProblem.NUMBER: _("Write a whole number, in digits."),
    SettingProblem.COUNTRY: _("I do not know the country {part}: write its name, or its code such as RU."),
    SettingProblem.FILE_BIG: _("This file is too big to hold settings: send one that “Export” made."),
    SettingProblem.FILE_UNREACHABLE: _("I could not fetch this file from Telegram: send it once more."),
    SettingProblem.FILE_NO_JSON: _("This file is no JSON text: send one that “Export” made."),
    SettingProblem.FILE_FOREIGN: _("This file holds no settings of a group: send one that “Export” made."),
    SettingProblem.FILE_NEWER: _(
        "This file was made by another version of me: export the settings there once more, or set them here by hand."
    ),
    SettingProblem.FILE_UNKNOWN: _(
        "This file names a setting {part} that I do not have: take it out, and send the file once more."
    ),
    SettingProblem.FILE_VALUE: _(
        "This file gives {part} a value that it cannot have: mend it, and send the file once more."
    ),
}
