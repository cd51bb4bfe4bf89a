"""Settings in words, for buttons, pages and comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.phone import NumberKind
from bot.domain.settings import AtDeadline, CountryRule, EntryMode, GateSettings, Preset, RaidReaction
from bot.telegram.countries import country, flag
from bot.telegram.texts import Words, shown

LANGUAGE_NAMES = {"en": "English", "ru": "Русский"}
NAMED_COUNTRIES = 3


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting: its name, its value, and the value as HTML."""

    label: str
    raw: object
    value: str


def facts(settings: GateSettings, words: Words, chats: Mapping[int, str]) -> list[SettingLine]:
    """Return all settings. `chats`: the titles of extra chats."""
    kinds, further = sorted(settings.refused_kinds), settings.further
    countries = (settings.country_rule, settings.countries)
    log, raid_size = (settings.log_chat, settings.log_topic), (settings.raid_requests, settings.raid_minutes)
    return [
        SettingLine(
            words("A call"), settings.asks_call, words("is asked for") if settings.asks_call else words("is not needed")
        ),
        SettingLine(words("Way in"), settings.way, way(settings.way, words)),
        SettingLine(words("Deadline"), settings.deadline, span(settings.deadline, words)),
        SettingLine(words("At the deadline"), settings.at_deadline, at_deadline(settings.at_deadline, words)),
        SettingLine(words("Countries"), countries, listed_countries(settings, words)),
        SettingLine(words("Numbers refused"), kinds, ", ".join(kind(each, words) for each in kinds) or words("none")),
        SettingLine(words("Verify again"), settings.fresh_for, fresh(settings.fresh_for, words)),
        SettingLine(words("Accounts per phone"), settings.accounts, str(settings.accounts)),
        SettingLine(words("Tag"), settings.tag, shown(settings.tag) if settings.tag else words("none")),
        SettingLine(
            words("Further chats"), further, ", ".join(shown(chats.get(chat, "")) for chat in further) or words("none")
        ),
        SettingLine(words("Language"), settings.language, language(settings.language, words)),
        SettingLine(words("Welcome"), settings.welcome, shown(settings.welcome) if settings.welcome else words("none")),
        SettingLine(words("Log"), log, words("is off") if settings.log_chat is None else words("is told in a chat")),
        SettingLine(words("At a raid"), settings.raid, raid(settings.raid, words)),
        SettingLine(words("A raid is"), raid_size, raid_is(settings, words)),
        SettingLine(words("Lines about who joined"), settings.tidies_joins, tidies(words, is_on=settings.tidies_joins)),
        SettingLine(
            words("Message to newcomers in the group"),
            settings.prompts_group,
            prompts(words, is_on=settings.prompts_group),
        ),
    ]


def span(length: timedelta, words: Words) -> str:
    """Return a span of time in the largest unit that divides it."""
    minutes = int(length.total_seconds()) // 60
    if minutes % (24 * 60) == 0:
        return days(minutes // (24 * 60), words)
    if minutes % 60 == 0:
        return words.many("{count} hour", "{count} hours", minutes // 60)
    return words.many("{count} minute", "{count} minutes", minutes)


def days(count: int, words: Words) -> str:
    """Return a number of days."""
    return words.many("{count} day", "{count} days", count)


def way(which: EntryMode, words: Words) -> str:
    """Return how people come in."""
    match which:
        case EntryMode.REQUEST:
            return words("they ask to join")
        case EntryMode.GUARD:
            return words("in the window of the request")
        case EntryMode.MUTE:
            return words("muted until verified")
        case EntryMode.LINK:
            return words("by a link from me")


def at_deadline(which: AtDeadline, words: Words) -> str:
    """Return what happens to people who have not verified in time."""
    match which:
        case AtDeadline.TURN_AWAY:
            return words("turned away")
        case AtDeadline.LEAVE:
            return words("left to the administrators")


def country_rule(which: CountryRule, words: Words) -> str:
    """Return what the list of countries means."""
    match which:
        case CountryRule.ANY:
            return words("any")
        case CountryRule.ONLY:
            return words("only these")
        case CountryRule.ALL_BUT:
            return words("all but these")


def listed_countries(settings: GateSettings, words: Words) -> str:
    """Return the rule and its countries."""
    rule = country_rule(settings.country_rule, words)
    if not settings.countries:
        return rule
    names = ", ".join(country(code, words.language) for code in settings.countries)
    return f"{rule} ({names})" if settings.country_rule is CountryRule.ANY else f"{rule}: {names}"


def few_countries(settings: GateSettings, words: Words) -> str:
    """Return the same, for a button."""
    if settings.country_rule is CountryRule.ANY:
        return country_rule(CountryRule.ANY, words)
    flags = "".join(flag(code) for code in settings.countries[:NAMED_COUNTRIES])
    more = "…" if len(settings.countries) > NAMED_COUNTRIES else ""
    return f"{'−' if settings.country_rule is CountryRule.ALL_BUT else ''}{flags}{more}"


def kind(which: NumberKind, words: Words) -> str:  # noqa: C901 - one line a kind
    """Return a kind of number."""
    match which:
        case NumberKind.MOBILE:
            return words("mobile")
        case NumberKind.FIXED_OR_MOBILE:
            return words("landline or mobile")
        case NumberKind.FIXED:
            return words("landline")
        case NumberKind.VOIP:
            return words("internet (VoIP)")
        case NumberKind.TOLL_FREE:
            return words("toll-free")
        case NumberKind.PREMIUM:
            return words("premium-rate")
        case NumberKind.SHARED_COST:
            return words("shared cost")
        case NumberKind.PERSONAL:
            return words("personal number")
        case NumberKind.PAGER:
            return words("pager")
        case NumberKind.UAN:
            return words("company number")
        case NumberKind.VOICEMAIL:
            return words("voicemail")
        case NumberKind.UNKNOWN:
            return words("unknown")


def fresh(length: timedelta | None, words: Words) -> str:
    """Return after how long people have to verify again."""
    if length is None:
        return words("never")
    return words("after {span}", span=days(length.days, words))


def language(code: str, words: Words) -> str:
    """Return the name of a language in that language."""
    return LANGUAGE_NAMES.get(code, code) if code else words("as everywhere here")


def raid(which: RaidReaction, words: Words) -> str:
    """Return what the gate does when a raid begins."""
    match which:
        case RaidReaction.OFF:
            return words("nothing")
        case RaidReaction.TELL:
            return words("tell the administrators")
        case RaidReaction.STRICT:
            return words("strict for an hour")
        case RaidReaction.PAUSE:
            return words("pause")


def raid_is(settings: GateSettings, words: Words) -> str:
    """Return how many requests in how many minutes are a raid."""
    return words(
        "more than {requests} requests in {span}",
        requests=settings.raid_requests,
        span=words.many("{count} minute", "{count} minutes", settings.raid_minutes),
    )


def tidies(words: Words, *, is_on: bool) -> str:
    """Return whether the bot deletes join and leave messages."""
    return words("are deleted") if is_on else words("stay")


def prompts(words: Words, *, is_on: bool) -> str:
    """Return when the group gets a message about muted newcomers."""
    return words("after two minutes") if is_on else words("only if I cannot reach them alone")


def preset_name(which: Preset, words: Words) -> str:
    """Return the name of a preset."""
    match which:
        case Preset.OPEN:
            return words("Open")
        case Preset.STANDARD:
            return words("Standard")
        case Preset.STRICT:
            return words("Strict")
