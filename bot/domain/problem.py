"""What can be wrong with what an admin wrote, chose or sent."""

from __future__ import annotations

from enum import StrEnum


class SettingProblem(StrEnum):
    """Each in one sentence, for the log; the renderer chooses what an admin reads. Names are stored."""

    DEADLINE = "the deadline is 5 minutes to 30 days"
    FRESH = "verifications are good for 1 to 3650 days, or for ever"
    ACCOUNTS = "one phone brings in 1 to 10 accounts"
    MANY_COUNTRIES = "at most 60 countries can be listed"
    COUNTRY_CODES = "countries are codes of two letters, such as RU"
    NO_COUNTRIES = "the list of allowed countries is empty: nobody could come in"
    TAG = "a tag has at most 16 characters, in one line, and no emoji"
    WELCOME = "the welcome has at most 500 characters"
    MANY_FURTHER = "at most 10 further chats can be given"
    RAID = "a raid is 1 to 10000 requests in 1 to 60 minutes"
    SPAN = "this is no span of time"
    NUMBER = "this is no number"
    COUNTRY = "there is no such country"
    FILE_BIG = "the file is too big"
    FILE_UNREACHABLE = "the file could not be fetched"
    FILE_NO_JSON = "the file is no JSON"
    FILE_FOREIGN = "the file holds no settings of a gate"
    FILE_NEWER = "the file was made by another version"
    FILE_UNKNOWN = "the file names a setting that does not exist"
    FILE_VALUE = "the file gives a setting a value that it cannot have"


class InvalidSettingError(ValueError):
    """An invalid setting. `about`: which part of it, in the words it came in."""

    def __init__(self, problem: SettingProblem, about: str = "") -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.about = about
