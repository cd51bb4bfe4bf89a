"""One choice of an admin: which setting becomes what. Names stand in old buttons: never reuse one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from bot.domain.phone import NumberKind
from bot.domain.settings import LANDLINES, RENTED, AtDeadline, CountryRule, EntryMode, GateSettings, RaidReaction

REFUSABLE = RENTED | LANDLINES
"""Kinds of numbers that a gate can refuse; without mobile numbers nobody could get in."""
EVER = "ever"
NONE = "none"
OWN_LANGUAGE = "own"
YES, NO = "yes", "no"
LONGEST_NUMBER = 9


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
    return _CHANGES[setting](settings, value)


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


def _fresh(settings: GateSettings, value: str) -> GateSettings:
    return replace(settings, fresh_for=None if value == EVER else timedelta(days=_number(value)))


def _further(settings: GateSettings, value: str) -> GateSettings:
    is_wanted, chat = _wanted(value)
    others = tuple(chat_id for chat_id in settings.further if chat_id != int(chat))
    return replace(settings, further=(*others, int(chat)) if is_wanted else others)


def _language(settings: GateSettings, value: str) -> GateSettings:
    if value != OWN_LANGUAGE and not (value.isascii() and value.isalpha() and value.islower() and len(value) == 2):
        raise ValueError(value)
    return replace(settings, language="" if value == OWN_LANGUAGE else value)


def _log(settings: GateSettings, value: str) -> GateSettings:
    if value != NONE:
        raise ValueError(value)
    return replace(settings, log_chat=None, log_topic=None)


def _raid_size(settings: GateSettings, value: str) -> GateSettings:
    requests, _, minutes = value.partition("/")
    return replace(settings, raid_requests=_number(requests), raid_minutes=_number(minutes))


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


_CHANGES: dict[Setting, Callable[[GateSettings, str], GateSettings]] = {
    Setting.WAY: lambda settings, value: replace(settings, way=EntryMode(value)),
    Setting.DEADLINE: lambda settings, value: replace(settings, deadline=timedelta(minutes=_number(value))),
    Setting.AT_DEADLINE: lambda settings, value: replace(settings, at_deadline=AtDeadline(value)),
    Setting.COUNTRY_RULE: lambda settings, value: replace(settings, country_rule=CountryRule(value)),
    Setting.COUNTRIES: _countries,
    Setting.KIND: _kind,
    Setting.FRESH: _fresh,
    Setting.ACCOUNTS: lambda settings, value: replace(settings, accounts=_number(value)),
    Setting.TAG: lambda settings, value: replace(settings, tag=value),
    Setting.FURTHER: _further,
    Setting.LANGUAGE: _language,
    Setting.WELCOME: lambda settings, value: replace(settings, welcome=value),
    Setting.LOG: _log,
    Setting.RAID: lambda settings, value: replace(settings, raid=RaidReaction(value)),
    Setting.RAID_SIZE: _raid_size,
    Setting.TIDIES: lambda settings, value: replace(settings, tidies_joins=_is_yes(value)),
    Setting.PROMPTS: lambda settings, value: replace(settings, prompts_group=_is_yes(value)),
}
