"""The pages of a gate's panel, and the rules of every setting: its page, and how a choice changes it. Names stand in
old buttons: never reuse one.

`bot/features/settings/words.py` holds what people read about each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from bot.domain.gate_settings import (
    LANDLINES,
    RENTED,
    AtDeadline,
    CountryRule,
    EntryMode,
    GateSettings,
    InvalidSettingError,
    RaidReaction,
)
from bot.domain.phone import NumberKind

REFUSABLE = RENTED | LANDLINES
"""Kinds of numbers that a gate can refuse; without mobile numbers nobody could get in."""
EVER = "ever"
NONE = "none"
OWN_LANGUAGE = "own"
YES, NO = "yes", "no"
CONFIRMED = "sure"
"""The `key` of a button that answers the question before a preset with yes."""
LONGEST_NUMBER = 9


class Page(StrEnum):
    """A page of a gate's panel. CARD is the first."""

    CARD = "card"
    SETTINGS = "settings"
    """All settings, a line each, and the way to the page of each."""
    PRESETS = "presets"
    """What each preset means, or the question before one that opens the gate."""
    WAY = "way"
    DEADLINE = "deadline"
    COUNTRIES = "countries"
    KINDS = "kinds"
    FRESH = "fresh"
    ACCOUNTS = "accounts"
    GRANTED = "granted"
    TAG = "tag"
    FURTHER = "further"
    LANGUAGE = "language"
    WELCOME = "welcome"
    LOG = "log"
    RAID = "raid"
    SERVICE_MESSAGES = "tidy"
    """Whether the bot deletes join and leave messages."""
    FILE = "file"
    """Export and import of the settings."""
    IMPORT = "import"
    """What an imported file would change."""
    PENDING = "pending"
    WHO = "who"
    """One person at this gate."""
    LINK_TEST = "link_test"
    """How to test the link by which people come."""


class Setting(StrEnum):
    """What a button, or a typed word, changes."""

    WAY = "way"
    DEADLINE = "deadline"
    AT_DEADLINE = "at_deadline"
    COUNTRY_RULE = "country_rule"
    COUNTRIES = "countries"
    """`+RU`, `-RU`, several with commas between, or none."""
    KIND = "kind"
    """`+voip` refuses it, `-voip` accepts it again."""
    FRESH = "fresh"
    ACCOUNTS = "accounts"
    TAG = "tag"
    FURTHER = "further"
    """`+` or `-`, and the id of a chat."""
    LANGUAGE = "language"
    WELCOME = "welcome"
    LOG = "log"
    """Here it can only be switched off: admins choose the chat in that chat."""
    RAID = "raid"
    RAID_SIZE = "raid_size"
    """Requests, a slash, minutes."""
    TIDIES = "tidies"
    PROMPTS = "prompts"
    """Whether the group gets a message about muted newcomers who did not react to theirs."""


def chosen(settings: GateSettings, setting: Setting, value: str) -> GateSettings:
    """`settings` with one of them changed.

    Raises InvalidSettingError for an invalid setting, and another ValueError for what no button of ours contains.
    """
    return SETTINGS[setting].apply(settings, value)


def is_chosen(settings: GateSettings, setting: Setting, value: str) -> bool:
    """Whether choosing this value would change nothing."""
    try:
        return chosen(settings, setting, value) == settings
    except InvalidSettingError:
        return False


def is_changed(setting: Setting, before: GateSettings, after: GateSettings) -> bool:
    """Whether a setting differs between the two."""
    return any(getattr(before, name) != getattr(after, name) for name in SETTINGS[setting].fields)


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """The rules of one setting.

    `page` shows it. `fields` of `GateSettings` hold it, and `apply` returns settings with a value chosen, or raises a
    ValueError. `is_typed`: text that an admin writes on the page becomes its value; at most one setting of a page has
    that. `affects_phones`: it decides whether a verified phone opens the gate, so people who wait are checked again.
    """

    page: Page
    fields: tuple[str, ...]
    apply: Callable[[GateSettings, str], GateSettings]
    is_typed: bool = False
    affects_phones: bool = False


def _countries(settings: GateSettings, value: str) -> GateSettings:
    if value == NONE:
        return replace(settings, countries=(), country_rule=CountryRule.ANY)
    countries = list(settings.countries)
    for part in value.split(","):
        is_wanted, code = _wanted(part)
        if is_wanted and code not in countries:
            countries.append(code)
        elif not is_wanted and code in countries:
            countries.remove(code)
    return replace(settings, countries=tuple(countries))


def _kind(settings: GateSettings, value: str) -> GateSettings:
    is_wanted, name = _wanted(value)
    kinds = REFUSABLE & {NumberKind(name)}
    if not kinds:
        raise ValueError(name)
    refused = settings.refused_kinds | kinds if is_wanted else settings.refused_kinds - kinds
    return replace(settings, refused_kinds=refused)


def _further(settings: GateSettings, value: str) -> GateSettings:
    is_wanted, name = _wanted(value)
    chat_id = int(name)
    # Anybody can send any data: values that no column can hold must not reach the database.
    if not -(2**63) < chat_id < 2**63:
        raise ValueError(value)
    others = tuple(other for other in settings.further if other != chat_id)
    return replace(settings, further=(*others, chat_id) if is_wanted else others)


def _log(settings: GateSettings, value: str) -> GateSettings:
    if value != NONE:
        raise ValueError(value)
    return replace(settings, log_chat=None, log_topic=None)


def _raid_size(settings: GateSettings, value: str) -> GateSettings:
    requests, _, minutes = value.partition("/")
    return replace(settings, raid_requests=_number(requests), raid_minutes=_number(minutes))


def _minutes(value: str) -> timedelta:
    return timedelta(minutes=_number(value))


def _days(value: str) -> timedelta | None:
    return None if value == EVER else timedelta(days=_number(value))


def _language(value: str) -> str:
    if value != OWN_LANGUAGE and not (value.isascii() and value.isalpha() and value.islower() and len(value) == 2):
        raise ValueError(value)
    return "" if value == OWN_LANGUAGE else value


def _is_yes(value: str) -> bool:
    if value not in (YES, NO):
        raise ValueError(value)
    return value == YES


def _wanted(value: str) -> tuple[bool, str]:
    sign, name = value[:1], value[1:]
    if sign not in ("+", "-"):
        raise ValueError(value)
    return sign == "+", name


def _number(value: str) -> int:
    if len(value) > LONGEST_NUMBER:
        raise ValueError(value)
    return int(value)


def _one_field(
    page: Page, field: str, parse: Callable[[str], object], *, is_typed: bool = False, affects_phones: bool = False
) -> SettingSpec:
    """Return the rules of a setting that one field holds. `parse` reads its value or raises a ValueError."""

    def apply(settings: GateSettings, value: str) -> GateSettings:
        values: dict[str, Any] = {field: parse(value)}
        return replace(settings, **values)

    return SettingSpec(page, (field,), apply, is_typed, affects_phones)


SETTINGS: dict[Setting, SettingSpec] = {
    Setting.WAY: _one_field(Page.WAY, "way", EntryMode),
    Setting.DEADLINE: _one_field(Page.DEADLINE, "deadline", _minutes, is_typed=True),
    Setting.AT_DEADLINE: _one_field(Page.DEADLINE, "at_deadline", AtDeadline),
    Setting.COUNTRY_RULE: _one_field(Page.COUNTRIES, "country_rule", CountryRule, affects_phones=True),
    Setting.COUNTRIES: SettingSpec(
        Page.COUNTRIES, ("country_rule", "countries"), _countries, is_typed=True, affects_phones=True
    ),
    Setting.KIND: SettingSpec(Page.KINDS, ("refused_kinds",), _kind, affects_phones=True),
    Setting.FRESH: _one_field(Page.FRESH, "fresh_for", _days, is_typed=True, affects_phones=True),
    Setting.ACCOUNTS: _one_field(Page.ACCOUNTS, "accounts", _number, is_typed=True, affects_phones=True),
    Setting.TAG: _one_field(Page.TAG, "tag", str, is_typed=True),
    Setting.FURTHER: SettingSpec(Page.FURTHER, ("further",), _further),
    Setting.LANGUAGE: _one_field(Page.LANGUAGE, "language", _language),
    Setting.WELCOME: _one_field(Page.WELCOME, "welcome", str, is_typed=True),
    Setting.LOG: SettingSpec(Page.LOG, ("log_chat", "log_topic"), _log),
    Setting.RAID: _one_field(Page.RAID, "raid", RaidReaction),
    Setting.RAID_SIZE: SettingSpec(Page.RAID, ("raid_requests", "raid_minutes"), _raid_size, is_typed=True),
    Setting.TIDIES: _one_field(Page.SERVICE_MESSAGES, "tidies_joins", _is_yes),
    Setting.PROMPTS: _one_field(Page.WAY, "prompts_group", _is_yes),
}
SETTING_PAGES = tuple(sorted({spec.page for spec in SETTINGS.values()} | {Page.GRANTED, Page.FILE}))
"""All pages about settings; GRANTED only leads to others, and FILE exports and imports all settings."""
TYPED = {spec.page: setting for setting, spec in SETTINGS.items() if spec.is_typed}
"""Pages that ask for text, and the setting that it changes: the next text that an admin writes in private."""
