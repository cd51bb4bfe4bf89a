"""The pages of settings: whom a gate lets in, how and when.

Each shows the current choice, and what it means for people waiting now.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from aiogram.types import InlineKeyboardButton

from bot.domain.choices import EVER, NO, NONE, REFUSABLE, YES, Setting
from bot.domain.panel import Page, SettingPage
from bot.domain.settings import AtDeadline, CountryRule, EntryMode
from bot.telegram import describe_settings
from bot.telegram.countries import COMMON, country, flag
from bot.telegram.panel_file import render_file
from bot.telegram.panel_frame import choice, framed, in_rows, toggle
from bot.telegram.panel_given import render_further, render_granted, render_language, render_tag, render_welcome
from bot.telegram.panel_watch import render_log, render_raid, render_service_messages
from bot.telegram.rendered import RenderedMessage
from bot.telegram.texts import Words

DEADLINES = (15, 60, 6 * 60, 24 * 60, 3 * 24 * 60, 7 * 24 * 60)
"""Minutes."""
FRESH_DAYS = (7, 30, 90, 180, 365)
ACCOUNTS = (1, 2, 3, 5)
MINUTE = timedelta(minutes=1)


def render_page(view: SettingPage, words: Words, chat_url: str) -> RenderedMessage:
    """Return the page in these words. `chat_url` opens the private chat with the bot."""
    if view.page is Page.LOG:
        return render_log(view, words, chat_url)
    return PAGES[view.page](view, words)


def _way(view: SettingPage, words: Words) -> RenderedMessage:
    gate, current = view.gate, view.gate.settings.way
    names = {
        EntryMode.REQUEST: words("They ask to join"),
        EntryMode.GUARD: words("In the window of the request"),
        EntryMode.MUTE: words("They join, muted until verified"),
        EntryMode.LINK: words("By a link from me"),
    }
    possible = (EntryMode.REQUEST, EntryMode.LINK) if gate.is_channel else tuple(EntryMode)
    return framed(
        view,
        words,
        words("🚪 Way in"),
        _way_means(current, words),
        words("👥 Those who wait now ({count}) go on in the way they came.", count=view.waiting),
        _group_message(view, words),
        buttons=[
            *[[choice(names[way], gate, Setting.WAY, way, is_current=way is current)] for way in possible],
            _group_message_choices(view, words),
        ],
    )


def _group_message(view: SettingPage, words: Words) -> str:
    if view.gate.settings.way is not EntryMode.MUTE:
        return ""
    when = describe_settings.prompts(words, is_on=view.gate.settings.prompts_group)
    return words(
        "Newcomers get a message that they alone see. A message in the group, for all to see: <b>{when}</b>.", when=when
    )


def _group_message_choices(view: SettingPage, words: Words) -> list[InlineKeyboardButton]:
    gate, is_on = view.gate, view.gate.settings.prompts_group
    if gate.settings.way is not EntryMode.MUTE:
        return []
    return [
        choice(words("📣 After 2 min"), gate, Setting.PROMPTS, YES, is_current=is_on),
        choice(words("🤫 If need be"), gate, Setting.PROMPTS, NO, is_current=not is_on),
    ]


def _way_means(way: EntryMode, words: Words) -> str:
    match way:
        case EntryMode.REQUEST:
            return words("People ask to join, I write to them in private, and they are in once they have called.")
        case EntryMode.GUARD:
            return words(
                "The same, in the very window in which they ask to join. For that the group's owner chooses me under "
                "“Process join requests”."
            )
        case EntryMode.MUTE:
            return words(
                "People join at once and may not write until they have called. I need the right “Ban users”, and "
                "“Approve new members” can be off."
            )
        case EntryMode.LINK:
            return words(
                "People ask me in private, and who has called gets an invite link that works once, within an hour."
            )


def _deadline(view: SettingPage, words: Words) -> RenderedMessage:
    gate, settings = view.gate, view.gate.settings
    ends = {
        AtDeadline.TURN_AWAY: words("Turn them away"),
        AtDeadline.LEAVE: words("Leave them to the administrators"),
    }
    return framed(
        view,
        words,
        words("⏱ Deadline"),
        words(
            "Who has not called within <b>{span}</b> is {end}.",
            span=describe_settings.span(settings.deadline, words),
            end=describe_settings.at_deadline(settings.at_deadline, words),
        ),
        words(
            "👥 Those who wait now ({count}) keep the time they were given; what comes at its end holds for them too.",
            count=view.waiting,
        ),
        words("Choose, or write another time, such as 90 minutes."),
        buttons=[
            *in_rows(
                [
                    choice(
                        describe_settings.span(minutes * MINUTE, words),
                        gate,
                        Setting.DEADLINE,
                        str(minutes),
                        is_current=settings.deadline == minutes * MINUTE,
                    )
                    for minutes in DEADLINES
                ],
                3,
            ),
            *[
                [choice(name, gate, Setting.AT_DEADLINE, end, is_current=end is settings.at_deadline)]
                for end, name in ends.items()
            ],
        ],
    )


def _countries(view: SettingPage, words: Words) -> RenderedMessage:
    gate, settings = view.gate, view.gate.settings
    offered = [*settings.countries, *(code for code in COMMON if code not in settings.countries)]
    rules = [
        choice(
            describe_settings.country_rule(rule, words),
            gate,
            Setting.COUNTRY_RULE,
            rule,
            is_current=rule is settings.country_rule,
        )
        for rule in CountryRule
    ]
    toggles = [
        toggle(
            f"{flag(code)} {country(code, words.language)}",
            gate,
            Setting.COUNTRIES,
            code,
            is_on=code in settings.countries,
        )
        for code in offered
    ]
    clear = []
    if settings.countries:
        clear = [choice(words("Empty the list"), gate, Setting.COUNTRIES, NONE)]
    return framed(
        view,
        words,
        words("🌍 Countries"),
        words(
            "Phones of these countries are accepted: <b>{countries}</b>.",
            countries=describe_settings.listed_countries(settings, words),
        ),
        _looked_at(view, words),
        words(
            "Mark countries and choose what the list means. Others you can write, such as France, PL; with a minus "
            "they go."
        ),
        buttons=[rules, *in_rows(toggles), clear],
    )


def _kinds(view: SettingPage, words: Words) -> RenderedMessage:
    gate, refused = view.gate, view.gate.settings.refused_kinds
    names = ", ".join(describe_settings.kind(kind, words) for kind in sorted(refused)) or words("none")
    toggles = [
        toggle(describe_settings.kind(kind, words), gate, Setting.KIND, kind, is_on=kind in refused)
        for kind in sorted(REFUSABLE)
    ]
    return framed(
        view,
        words,
        words("☎️ Kinds of numbers"),
        words(
            "Refused: <b>{kinds}</b>. Marked kinds are not accepted; most of them are rented rather than owned.",
            kinds=names,
        ),
        _looked_at(view, words),
        buttons=in_rows(toggles),
    )


def _fresh(view: SettingPage, words: Words) -> RenderedMessage:
    gate, current = view.gate, view.gate.settings.fresh_for
    choices = [
        choice(
            describe_settings.days(days, words),
            gate,
            Setting.FRESH,
            str(days),
            is_current=current == timedelta(days=days),
        )
        for days in FRESH_DAYS
    ]
    choices.append(choice(words("Never"), gate, Setting.FRESH, EVER, is_current=current is None))
    return framed(
        view,
        words,
        words("♻️ Verify again"),
        words(
            "Whoever is verified already has to call again: <b>{when}</b>. Who is in stays in.",
            when=describe_settings.fresh(current, words),
        ),
        _looked_at(view, words),
        words("Choose, or write a number of days."),
        buttons=in_rows(choices, 3),
    )


def _accounts(view: SettingPage, words: Words) -> RenderedMessage:
    gate, current = view.gate, view.gate.settings.accounts
    choices = [
        choice(str(count), gate, Setting.ACCOUNTS, str(count), is_current=count == current) for count in ACCOUNTS
    ]
    return framed(
        view,
        words,
        words("👤 Accounts per phone"),
        words("One phone can bring in so many accounts: <b>{count}</b>.", count=current),
        _looked_at(view, words),
        words("Choose, or write a number up to 10."),
        buttons=[choices],
    )


def _looked_at(view: SettingPage, words: Words) -> str:
    return words("👥 Those who wait now ({count}) are held against this at once.", count=view.waiting)


PAGES: dict[Page, Callable[[SettingPage, Words], RenderedMessage]] = {
    Page.WAY: _way,
    Page.DEADLINE: _deadline,
    Page.COUNTRIES: _countries,
    Page.KINDS: _kinds,
    Page.FRESH: _fresh,
    Page.ACCOUNTS: _accounts,
    Page.GRANTED: render_granted,
    Page.TAG: render_tag,
    Page.FURTHER: render_further,
    Page.LANGUAGE: render_language,
    Page.WELCOME: render_welcome,
    Page.RAID: render_raid,
    Page.SERVICE_MESSAGES: render_service_messages,
    Page.FILE: render_file,
}
