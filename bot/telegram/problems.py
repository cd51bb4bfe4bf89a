"""What is wrong with an admin's input, and how to correct it."""

from __future__ import annotations

from bot.domain.problem import SettingProblem
from bot.telegram.texts import Words, shown


def problem(what: SettingProblem, about: str, words: Words) -> str:  # noqa: C901 - one line a problem
    """Return one sentence in HTML. `about`: the part that is wrong, as entered."""
    part = f"<b>{shown(about)}</b>"
    match what:
        case SettingProblem.DEADLINE:
            return words("The deadline can be 5 minutes to 30 days: write it once more, such as 2 hours.")
        case SettingProblem.FRESH:
            return words("It can be 1 to 3650 whole days: write it once more, such as 90.")
        case SettingProblem.ACCOUNTS:
            return words("One phone can bring in 1 to 10 accounts: write a number of these.")
        case SettingProblem.MANY_COUNTRIES:
            return words("At most 60 countries can be listed: take some off the list first.")
        case SettingProblem.COUNTRY_CODES:
            return words("Countries are named, or written as codes of two letters such as RU: write them once more.")
        case SettingProblem.NO_COUNTRIES:
            return words("With an empty list nobody could come in: mark a country first.")
        case SettingProblem.TAG:
            return words("A tag has at most 16 characters, in one line, and no emoji: write a shorter or plainer one.")
        case SettingProblem.WELCOME:
            return words("The welcome can have at most 500 characters: shorten what you wrote, and send it once more.")
        case SettingProblem.MANY_FURTHER:
            return words("At most 10 further chats can be given: take one off first.")
        case SettingProblem.RAID:
            return words("Write how many requests in how many minutes, such as 30 in 5; up to 10000 in 60.")
        case SettingProblem.SPAN:
            return words("I do not understand this time: write it such as 90 minutes, 2 hours or 3 days.")
        case SettingProblem.NUMBER:
            return words("Write a whole number, in digits.")
        case SettingProblem.COUNTRY:
            return words("I do not know the country {part}: write its name, or its code such as RU.", part=part)
        case SettingProblem.FILE_BIG:
            return words("This file is too big to hold settings: send one that “Export” made.")
        case SettingProblem.FILE_UNREACHABLE:
            return words("I could not fetch this file from Telegram: send it once more.")
        case SettingProblem.FILE_NO_JSON:
            return words("This file is no JSON text: send one that “Export” made.")
        case SettingProblem.FILE_FOREIGN:
            return words("This file holds no settings of a group: send one that “Export” made.")
        case SettingProblem.FILE_NEWER:
            return words(
                "This file was made by another version of me: export the settings there once more, or set them here by "
                "hand."
            )
        case SettingProblem.FILE_UNKNOWN:
            return words(
                "This file names a setting {part} that I do not have: take it out, and send the file once more.",
                part=part,
            )
        case SettingProblem.FILE_VALUE:
            return words(
                "This file gives {part} a value that it cannot have: mend it, and send the file once more.", part=part
            )
