"""What an admin chooses for a gate, the presets, and what makes a value invalid."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from bot.domain.phone import NumberKind


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


SHORTEST_DEADLINE = timedelta(minutes=5)
LONGEST_DEADLINE = timedelta(days=30)
LONGEST_FRESH = timedelta(days=3650)
MOST_ACCOUNTS = 10
MOST_COUNTRIES = 60
MOST_FURTHER = 10
LONGEST_TAG = 16
"""Characters of a member's tag; emoji are not allowed (Bot API, `setChatMemberTag`)."""
LONGEST_WELCOME = 500
MOST_RAID_REQUESTS = 10_000
MOST_RAID_MINUTES = 60
RAID_REQUESTS, RAID_MINUTES = 30, 5
"""More requests than this in this many minutes count as a raid, unless the gate's settings say otherwise."""
STRICT_DEADLINE = timedelta(hours=1)


class EntryMode(StrEnum):
    """How people enter at a gate."""

    REQUEST = "request"
    """They ask to join, and are admitted once verified."""
    GUARD = "guard"
    """The same, inside the window of the request: the bot is the group's guard."""
    MUTE = "mute"
    """They join, and may not write until verified."""
    LINK = "link"
    """They ask the bot in private for an invite link, and get one once verified."""


class AtDeadline(StrEnum):
    """What happens to people who do not verify in time."""

    TURN_AWAY = "turn_away"
    """The bot declines the request; or, if they are in already and muted, removes them, and they may return."""
    LEAVE = "leave"
    """They wait until an admin decides."""


class CountryRule(StrEnum):
    """What the list of countries means."""

    ANY = "any"
    ONLY = "only"
    ALL_BUT = "all_but"


class RaidReaction(StrEnum):
    """What a gate does when a raid begins; its admins are notified unless it is OFF."""

    OFF = "off"
    TELL = "tell"
    STRICT = "strict"
    PAUSE = "pause"


class Preset(StrEnum):
    """Settings in one tap."""

    OPEN = "open"
    STANDARD = "standard"
    STRICT = "strict"


LANDLINES = frozenset({NumberKind.FIXED})
RENTED = frozenset(
    {
        NumberKind.VOIP,
        NumberKind.TOLL_FREE,
        NumberKind.PREMIUM,
        NumberKind.SHARED_COST,
        NumberKind.PERSONAL,
        NumberKind.PAGER,
        NumberKind.UAN,
        NumberKind.VOICEMAIL,
    }
)
"""Kinds of numbers that are rented rather than owned."""


def is_tag(text: str) -> bool:
    """Whether Telegram accepts it as a tag (or as none, when empty)."""
    # Emoji live beyond the basic plane, or among the symbols and dingbats below it.
    is_plain = all(char.isprintable() and ord(char) < 0x10000 and not 0x2190 <= ord(char) <= 0x2BFF for char in text)
    return len(text) <= LONGEST_TAG and is_plain and text == text.strip()


@dataclass(frozen=True, slots=True)
class GateSettings:
    """All settings. Raises InvalidSettingError, a ValueError, for invalid ones.

    `asks_call`: whether people have to call; otherwise everybody is admitted and only recorded. `fresh_for`: how old a
    verification may be; None: of any age. `accounts`: how many accounts one phone may bring in. `countries` are ISO
    3166 codes. `tag` and `welcome` are empty when there is none. `further`: extra chats to which admitted people get an
    invite link. `language` is empty for the installation's own. `log_chat` is where decisions are posted, `log_topic`
    the topic in it. `tidies_joins`: the bot deletes join and leave messages. `prompts_group`: the group gets a message,
    too, when a muted newcomer did not react to their private one.
    """

    asks_call: bool = True
    way: EntryMode = EntryMode.REQUEST
    deadline: timedelta = timedelta(hours=24)
    at_deadline: AtDeadline = AtDeadline.TURN_AWAY
    country_rule: CountryRule = CountryRule.ANY
    countries: tuple[str, ...] = ()
    refused_kinds: frozenset[NumberKind] = frozenset()
    fresh_for: timedelta | None = None
    accounts: int = 1
    tag: str = ""
    further: tuple[int, ...] = ()
    language: str = ""
    welcome: str = ""
    log_chat: int | None = None
    log_topic: int | None = None
    tidies_joins: bool = False
    prompts_group: bool = False
    raid: RaidReaction = RaidReaction.TELL
    raid_requests: int = RAID_REQUESTS
    raid_minutes: int = RAID_MINUTES

    def __post_init__(self) -> None:
        for is_right, problem in (
            (SHORTEST_DEADLINE <= self.deadline <= LONGEST_DEADLINE, SettingProblem.DEADLINE),
            (
                self.fresh_for is None or timedelta(days=1) <= self.fresh_for <= LONGEST_FRESH,
                SettingProblem.FRESH,
            ),
            (1 <= self.accounts <= MOST_ACCOUNTS, SettingProblem.ACCOUNTS),
            (len(self.countries) <= MOST_COUNTRIES, SettingProblem.MANY_COUNTRIES),
            (
                all(re.fullmatch("[A-Z]{2}", country) for country in self.countries),
                SettingProblem.COUNTRY_CODES,
            ),
            (
                self.country_rule is not CountryRule.ONLY or bool(self.countries),
                SettingProblem.NO_COUNTRIES,
            ),
            (is_tag(self.tag), SettingProblem.TAG),
            (len(self.welcome) <= LONGEST_WELCOME, SettingProblem.WELCOME),
            (len(self.further) <= MOST_FURTHER, SettingProblem.MANY_FURTHER),
            (
                1 <= self.raid_requests <= MOST_RAID_REQUESTS and 1 <= self.raid_minutes <= MOST_RAID_MINUTES,
                SettingProblem.RAID,
            ),
        ):
            if not is_right:
                raise InvalidSettingError(problem)


STANDARD = GateSettings()


def preset(which: Preset, settings: GateSettings) -> GateSettings:
    """`settings` with what the preset is about changed; entry mode, texts and the log stay."""
    fresh = replace(
        settings,
        asks_call=True,
        deadline=STANDARD.deadline,
        at_deadline=STANDARD.at_deadline,
        country_rule=STANDARD.country_rule,
        countries=STANDARD.countries,
        refused_kinds=STANDARD.refused_kinds,
        fresh_for=STANDARD.fresh_for,
        accounts=STANDARD.accounts,
    )
    match which:
        case Preset.OPEN:
            return replace(fresh, asks_call=False)
        case Preset.STANDARD:
            return fresh
        case Preset.STRICT:
            return stricter(replace(fresh, fresh_for=timedelta(days=30)))


def stricter(settings: GateSettings) -> GateSettings:
    """The settings of a strict gate: a call soon, from a number that is not rented."""
    return replace(
        settings,
        asks_call=True,
        deadline=min(settings.deadline, STRICT_DEADLINE),
        at_deadline=AtDeadline.TURN_AWAY,
        refused_kinds=settings.refused_kinds | RENTED | LANDLINES,
        accounts=1,
    )


def preset_of(settings: GateSettings) -> Preset | None:
    """Which preset these settings are; None when they were changed since."""
    return next((which for which in Preset if preset(which, settings) == settings), None)
