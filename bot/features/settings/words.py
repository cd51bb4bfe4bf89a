"""The words of each setting, and of its page: label, value, choices, explanation, and how to read what is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import NamedTuple

from bot.domain.admin_actions import AdminActionKind, SettingPage
from bot.domain.gate_settings import AtDeadline, CountryRule, EntryMode, GateSettings, RaidReaction
from bot.domain.setting_choices import EVER, NO, NONE, OWN_LANGUAGE, REFUSABLE, TYPED, YES, Page, Setting, is_changed
from bot.features.settings import parse
from bot.features.settings.frame import about_waiting, framed, options, toggle
from bot.i18n import formats
from bot.i18n.countries import COMMON, country, flag
from bot.i18n.reasons import NUMBER_KINDS
from bot.i18n.texts import LANGUAGES, Words, _, shown, visible
from bot.telegram import keyboards
from bot.telegram.deep_links import Start, payload
from bot.telegram.rendered import RenderedMessage

DEADLINES = (15, 60, 6 * 60, 24 * 60, 3 * 24 * 60, 7 * 24 * 60)
"""Minutes."""
FRESH_DAYS = (7, 30, 90, 180, 365)
ACCOUNTS = (1, 2, 3, 5)
RAIDS = ((10, 5), (30, 5), (100, 10))
"""Requests, minutes."""
LANGUAGE_NAMES = {"en": "English", "ru": "Русский"}
NAMED_COUNTRIES = 3
SHOWN_OF_WELCOME = 32
"""Letters of the welcome that the list of all settings shows."""
BUTTON_LENGTH = 32

Titles = Mapping[int, str]
"""The titles of extra chats."""


@dataclass(frozen=True, slots=True)
class SettingWords:
    """`label` names a setting in a list, and `describe` says its value, in HTML. Without a label it has no line of its
    own. `read` turns what an admin wrote into a value for `chosen`, or raises InvalidSettingError."""

    label: str
    describe: Callable[[GateSettings, Words, Titles], str]
    read: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class PageWords:
    """`render` draws a page; its last argument is the address of the private chat with the bot. `label` names it in the
    list of all settings and on the button there; empty when another page leads to it. `value` says in HTML, briefly,
    what is set."""

    render: Callable[[SettingPage, Words, str], RenderedMessage]
    label: str = ""
    value: Callable[[GateSettings, Words], str] | None = None


def render_page(view: SettingPage, words: Words, chat_url: str) -> RenderedMessage:
    """Return the page in these words. `chat_url` opens the private chat with the bot."""
    return PAGE_WORDS[view.page].render(view, words, chat_url)


def read_typed(page: Page, text: str) -> tuple[Setting, str]:
    """Return the setting that text written on this page changes, and its new value. Raises InvalidSettingError."""
    setting = TYPED[page]
    return setting, SETTING_WORDS[setting].read(text.strip())


def describe(setting: Setting, settings: GateSettings, words: Words) -> str:
    """Return the value of a setting in HTML; extra chats without their titles."""
    return SETTING_WORDS[setting].describe(settings, words, {})


def changed_lines(before: GateSettings, after: GateSettings, words: Words, titles: Titles) -> list[str]:
    """Return a line in HTML for each setting that differs: the old value and the new one."""
    changed = [
        (words(text.label), text.describe(before, words, titles), text.describe(after, words, titles))
        for setting, text in SETTING_WORDS.items()
        if text.label and is_changed(setting, before, after)
    ]
    if before.asks_call is not after.asks_call:
        calls = [words("needed") if settings.asks_call else words("is not needed") for settings in (before, after)]
        changed.insert(0, (words("A call"), calls[0], calls[1]))
    return [f"• {label}: {old} → <b>{new}</b>" for label, old, new in changed]


class Choice(NamedTuple):
    """One value of a setting: within a sentence, and on its button."""

    value: str
    button: str


WAYS = {
    EntryMode.REQUEST: Choice(_("they ask to join"), _("They ask to join")),
    EntryMode.GUARD: Choice(_("in the window of the request"), _("In the window of the request")),
    EntryMode.MUTE: Choice(_("muted until verified"), _("They join, muted until verified")),
    EntryMode.LINK: Choice(_("by a link from me"), _("By a link from me")),
}
WAYS_EXPLAINED = {
    EntryMode.REQUEST: _("People ask to join, I message them in private, and let them in after the call."),
    EntryMode.GUARD: _(
        "People verify in the window where they ask to join. The group's owner chooses me under “Process join "
        "requests”."
    ),
    EntryMode.MUTE: _(
        "People join at once and can write after the call. I need the right “Ban users”, and "
        "“Approve new members” can be off."
    ),
    EntryMode.LINK: _(
        "People message me in private, and after the call get an invite link that works once, for an hour."
    ),
}
AT_DEADLINE = {
    AtDeadline.TURN_AWAY: Choice(_("declined"), _("Decline them")),
    AtDeadline.LEAVE: Choice(_("left to the administrators"), _("Leave them to the administrators")),
}
COUNTRY_RULES = {
    CountryRule.ANY: _("any"),
    CountryRule.ONLY: _("only these"),
    CountryRule.ALL_BUT: _("all but these"),
}
RAID_REACTIONS = {
    RaidReaction.OFF: Choice(_("nothing"), _("Nothing")),
    RaidReaction.TELL: Choice(_("tell the administrators"), _("Tell the administrators")),
    RaidReaction.STRICT: Choice(_("strict for an hour"), _("Tell, and be strict for an hour")),
    RaidReaction.PAUSE: Choice(_("pause"), _("Tell, and pause the gate")),
}


def _countries(settings: GateSettings, words: Words, _titles: Titles) -> str:
    """Return the rule and its countries."""
    rule = words(COUNTRY_RULES[settings.country_rule])
    if not settings.countries:
        return rule
    names = ", ".join(country(code, words.language) for code in settings.countries)
    return f"{rule} ({names})" if settings.country_rule is CountryRule.ANY else f"{rule}: {names}"


def _few_countries(settings: GateSettings, words: Words) -> str:
    """Return the same with a few flags."""
    if settings.country_rule is CountryRule.ANY:
        return words(COUNTRY_RULES[CountryRule.ANY])
    flags = "".join(flag(code) for code in settings.countries[:NAMED_COUNTRIES])
    more = "…" if len(settings.countries) > NAMED_COUNTRIES else ""
    return f"{'−' if settings.country_rule is CountryRule.ALL_BUT else ''}{flags}{more}"


def _fresh(settings: GateSettings, words: Words, _titles: Titles) -> str:
    if settings.fresh_for is None:
        return words("never")
    return words("after {span}", span=formats.day_count(settings.fresh_for.days, words))


def _language(code: str, words: Words) -> str:
    """Return the name of a language in that language."""
    return LANGUAGE_NAMES.get(code, code) if code else words("bot default")


def _raid_size(settings: GateSettings, words: Words, _titles: Titles) -> str:
    return words(
        "more than {requests} requests in {span}",
        requests=settings.raid_requests,
        span=words.many("{count} minute", "{count} minutes", settings.raid_minutes),
    )


SETTING_WORDS: dict[Setting, SettingWords] = {
    Setting.WAY: SettingWords(_("Way in"), lambda settings, words, _titles: words(WAYS[settings.way].value)),
    Setting.DEADLINE: SettingWords(
        _("Deadline"),
        lambda settings, words, _titles: formats.whole_span(settings.deadline, words),
        parse.minutes,
    ),
    Setting.AT_DEADLINE: SettingWords(
        _("At the deadline"), lambda settings, words, _titles: words(AT_DEADLINE[settings.at_deadline].value)
    ),
    # It stands in the line of the countries.
    Setting.COUNTRY_RULE: SettingWords(
        "", lambda settings, words, _titles: words(COUNTRY_RULES[settings.country_rule])
    ),
    Setting.COUNTRIES: SettingWords(_("Countries"), _countries, parse.countries),
    Setting.KIND: SettingWords(
        _("Numbers"),
        lambda settings, words, _titles: (
            ", ".join(words(NUMBER_KINDS[kind].short) for kind in sorted(settings.refused_kinds)) or words("none")
        ),
    ),
    Setting.FRESH: SettingWords(_("Verify again"), _fresh, parse.days),
    Setting.ACCOUNTS: SettingWords(
        _("Accounts per phone"), lambda settings, _words, _titles: str(settings.accounts), parse.number
    ),
    Setting.TAG: SettingWords(
        _("Tag"), lambda settings, words, _titles: shown(settings.tag) if settings.tag else words("none")
    ),
    Setting.FURTHER: SettingWords(
        _("Further chats"),
        lambda settings, words, titles: (
            ", ".join(shown(titles.get(chat, "")) for chat in settings.further) or words("none")
        ),
    ),
    Setting.LANGUAGE: SettingWords(_("Language"), lambda settings, words, _titles: _language(settings.language, words)),
    Setting.WELCOME: SettingWords(
        _("Welcome"),
        lambda settings, words, _titles: shown(settings.welcome) if settings.welcome else words("none"),
    ),
    Setting.LOG: SettingWords(
        _("Log"),
        lambda settings, words, _titles: words("is off") if settings.log_chat is None else words("posted in a chat"),
    ),
    Setting.RAID: SettingWords(
        _("At a raid"), lambda settings, words, _titles: words(RAID_REACTIONS[settings.raid].value)
    ),
    Setting.RAID_SIZE: SettingWords(_("A raid is"), _raid_size, parse.raid_size),
    Setting.TIDIES: SettingWords(
        _("“Joined the group” lines"),
        lambda settings, words, _titles: words("are deleted") if settings.tidies_joins else words("stay"),
    ),
    Setting.PROMPTS: SettingWords(
        _("Message to newcomers in the group"),
        lambda settings, words, _titles: (
            words("after two minutes") if settings.prompts_group else words("only if I cannot reach them alone")
        ),
    ),
}


def _way_line(way: EntryMode, words: Words, *, is_current: bool) -> str:
    """Return the name of a way in and what it means; the current one has a tick."""
    return f"{'✓ ' if is_current else ''}<b>{words(WAYS[way].button)}</b>. {words(WAYS_EXPLAINED[way])}"


def _way_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    gate, settings = view.gate, view.gate.settings
    possible = (EntryMode.REQUEST, EntryMode.LINK) if gate.is_channel else tuple(EntryMode)
    note, group_message = "", []
    if settings.way is EntryMode.MUTE:
        note = words(
            "Newcomers get a message that only they see. A message for all in the group: <b>{when}</b>.",
            when=describe(Setting.PROMPTS, settings, words),
        )
        group_message = options(gate, Setting.PROMPTS, {YES: words("📣 After 2 min"), NO: words("🤫 If need be")})
    return framed(
        view,
        words,
        words("🚪 Way in"),
        "\n\n".join(_way_line(way, words, is_current=way is settings.way) for way in possible),
        about_waiting(view, words("👥 The people waiting ({count}) go on in the way they came.", count=view.waiting)),
        note,
        buttons=[
            *keyboards.in_rows(options(gate, Setting.WAY, {way: words(WAYS[way].button) for way in possible}), 1),
            group_message,
        ],
    )


def _deadline_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    gate, settings = view.gate, view.gate.settings
    spans = {str(minutes): formats.whole_span(timedelta(minutes=minutes), words) for minutes in DEADLINES}
    ends: dict[str, str] = {end: words(choice.button) for end, choice in AT_DEADLINE.items()}
    return framed(
        view,
        words,
        words("⏱ Deadline"),
        words(
            "No call within <b>{span}</b>: {end}.",
            span=describe(Setting.DEADLINE, settings, words),
            end=describe(Setting.AT_DEADLINE, settings, words),
        ),
        about_waiting(
            view,
            words(
                "👥 The people waiting ({count}) keep their deadline; what happens then follows this setting.",
                count=view.waiting,
            ),
        ),
        words("Choose, or write another time, such as 90 minutes."),
        buttons=[
            *keyboards.in_rows(options(gate, Setting.DEADLINE, spans), 3),
            *keyboards.in_rows(options(gate, Setting.AT_DEADLINE, ends), 1),
        ],
    )


def _countries_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    gate, listed = view.gate, view.gate.settings.countries
    toggles = [
        toggle(f"{flag(code)} {country(code, words.language)}", gate, Setting.COUNTRIES, code, is_on=code in listed)
        for code in [*listed, *(code for code in COMMON if code not in listed)]
    ]
    return framed(
        view,
        words,
        words("🌍 Countries"),
        words(
            "I accept phones of these countries: <b>{countries}</b>.",
            countries=describe(Setting.COUNTRIES, gate.settings, words),
        ),
        _applies_at_once(view, words),
        words(
            "Mark countries and choose what the list means. Write others, such as France, PL; a minus takes one off."
        ),
        buttons=[
            options(gate, Setting.COUNTRY_RULE, {rule: words(text) for rule, text in COUNTRY_RULES.items()}),
            *keyboards.in_rows(toggles),
            options(gate, Setting.COUNTRIES, {NONE: words("Empty the list")} if listed else {}),
        ],
    )


def _kinds_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    gate, refused = view.gate, view.gate.settings.refused_kinds
    toggles = [
        toggle(words(NUMBER_KINDS[kind].short), gate, Setting.KIND, kind, is_on=kind in refused)
        for kind in sorted(REFUSABLE)
    ]
    return framed(
        view,
        words,
        words("☎️ Kinds of numbers"),
        words(
            "Not accepted: <b>{kinds}</b>. People rent most numbers of these kinds rather than own them.",
            kinds=describe(Setting.KIND, gate.settings, words),
        ),
        _applies_at_once(view, words),
        buttons=keyboards.in_rows(toggles),
    )


def _fresh_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    spans = {str(days): formats.day_count(days, words) for days in FRESH_DAYS}
    return framed(
        view,
        words,
        words("♻️ Verify again"),
        words(
            "A verified person calls again: <b>{when}</b>. Members stay in.",
            when=describe(Setting.FRESH, view.gate.settings, words),
        ),
        _applies_at_once(view, words),
        words("Choose, or write a number of days."),
        buttons=keyboards.in_rows(options(view.gate, Setting.FRESH, spans | {EVER: words("Never")}), 3),
    )


def _accounts_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    return framed(
        view,
        words,
        words("👤 Accounts per phone"),
        words("Accounts allowed per phone: <b>{count}</b>", count=view.gate.settings.accounts),
        _applies_at_once(view, words),
        words("Choose, or write a number up to 10."),
        buttons=[options(view.gate, Setting.ACCOUNTS, {str(count): str(count) for count in ACCOUNTS})],
    )


def _granted_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    """Show what people get when they come in."""
    gate, titles = view.gate, dict(view.chats)
    further = ", ".join(f"<b>{shown(titles.get(chat, ''))}</b>" for chat in gate.settings.further)
    lines = [
        words("• entry"),
        words("• the tag: {tag}", tag=_bold_tag(gate.settings, words)),
        words("• a link into: {chats}", chats=further or words("none")),
    ]
    return framed(
        view,
        words,
        words("🎁 Tag and chats"),
        words("Everyone I let in gets:") + "\n" + "\n".join(lines),
        _applies_on_entry(view, words),
        buttons=[
            [
                keyboards.panel(words("🏷 Tag"), AdminActionKind.OPEN, gate.chat_id, Page.TAG),
                keyboards.panel(words("🔗 Further chats"), AdminActionKind.OPEN, gate.chat_id, Page.FURTHER),
            ]
        ],
    )


def _tag_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    settings = view.gate.settings
    return framed(
        view,
        words,
        words("🏷 Tag"),
        words("Tag beside the name of everyone I let in: {tag}.", tag=_bold_tag(settings, words)),
        words("I need the right “Manage tags” for it, and members should not edit their own."),
        _applies_on_entry(view, words),
        words("Write the tag: up to 16 characters, no emoji."),
        buttons=[options(view.gate, Setting.TAG, {"": words("No tag")} if settings.tag else {})],
        back=Page.GRANTED,
    )


def _further_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    """Show links to extra chats."""
    gate, chosen_chats = view.gate, view.gate.settings.further
    toggles = [
        [toggle(visible(title, BUTTON_LENGTH), gate, Setting.FURTHER, str(chat), is_on=chat in chosen_chats)]
        for chat, title in view.chats
    ]
    offer = (
        words("Everyone I let in gets their own invite link to each marked chat.")
        if toggles
        else words("You manage no other group that I guard. Make me an administrator of one, and it appears here.")
    )
    return framed(
        view,
        words,
        words("🔗 Further chats"),
        offer,
        _applies_on_entry(view, words),
        buttons=toggles,
        back=Page.GRANTED,
    )


def _language_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    """Show the language that the bot uses when it cannot know the reader's."""
    gate = view.gate
    return framed(
        view,
        words,
        words("💬 Language"),
        words(
            "In the group and in the log I write <b>{language}</b>. In private I write to each "
            "person in their own language.",
            language=describe(Setting.LANGUAGE, gate.settings, words),
        ),
        about_waiting(
            view, words("👥 Nothing changes in private for the people waiting: {count}.", count=view.waiting)
        ),
        buttons=[
            options(gate, Setting.LANGUAGE, {code: _language(code, words) for code in LANGUAGES}),
            options(gate, Setting.LANGUAGE, {OWN_LANGUAGE: _language("", words)}),
        ],
    )


def _welcome_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    """Show the welcome message as verified people will see it."""
    welcome = view.gate.settings.welcome
    preview = (
        words("Everyone I let in reads this in private:") + f"\n<blockquote>{escape(welcome, quote=False)}</blockquote>"
        if welcome
        else words("No welcome: I only say that they are in.")
    )
    return framed(
        view,
        words,
        words("👋 Welcome"),
        preview,
        about_waiting(
            view, words("👥 The people waiting ({count}) read it too, once they are in.", count=view.waiting)
        ),
        words("Write another text, up to 500 characters; it is shown as plain text."),
        buttons=[options(view.gate, Setting.WELCOME, {"": words("No welcome")} if welcome else {})],
    )


def _log_page(view: SettingPage, words: Words, chat_url: str) -> RenderedMessage:
    """Show where the bot posts decisions."""
    gate, settings = view.gate, view.gate.settings
    link = f"{chat_url}?startgroup={payload(Start.LOG, gate.chat_id)}"
    if settings.log_chat is None:
        state = words("I post decisions nowhere, but keep them for you.")
    elif settings.log_topic is None:
        state = words("In the group you chose I post whom I let in, whom I decline, and why.")
    else:
        state = words("In the topic you chose I post whom I let in, whom I decline, and why.")
    return framed(
        view,
        words,
        words("📒 Log"),
        state,
        words(
            "Choose a group with the button. For a topic, or a group where I already am, send /log "
            "there as yourself while this page is open."
        ),
        about_waiting(
            view, words("👥 I post what happens to the people waiting ({count}) there too.", count=view.waiting)
        ),
        buttons=[
            [keyboards.link(words("📒 Choose a group"), link)],
            options(gate, Setting.LOG, {NONE: words("Post nowhere")} if settings.log_chat is not None else {}),
        ],
    )


def _raid_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    """Show what counts as a raid, and what the gate does then."""
    gate, settings = view.gate, view.gate.settings
    reactions: dict[str, str] = {reaction: words(choice.button) for reaction, choice in RAID_REACTIONS.items()}
    sizes = {
        f"{requests}/{minutes}": words("{requests} in {minutes} min", requests=requests, minutes=minutes)
        for requests, minutes in RAIDS
    }
    return framed(
        view,
        words,
        words("🌊 Raids"),
        words(
            "A raid is <b>{raid}</b>. Then: <b>{reaction}</b>.",
            raid=describe(Setting.RAID_SIZE, settings, words),
            reaction=describe(Setting.RAID, settings, words),
        ),
        about_waiting(
            view, words("👥 Nothing changes for the people waiting ({count}) until the next raid.", count=view.waiting)
        ),
        words("Choose, or write other numbers, such as 50 in 10."),
        buttons=[
            *keyboards.in_rows(options(gate, Setting.RAID, reactions), 1),
            options(gate, Setting.RAID_SIZE, sizes),
        ],
    )


def _service_messages_page(view: SettingPage, words: Words, _chat_url: str) -> RenderedMessage:
    return framed(
        view,
        words,
        words("🧹 “Joined” lines"),
        words(
            "Telegram's “Joined the group” lines <b>{tidies}</b>. To delete them I need the right “Delete messages”.",
            tidies=describe(Setting.TIDIES, view.gate.settings, words),
        ),
        about_waiting(view, words("👥 Nothing changes for the people waiting: {count}.", count=view.waiting)),
        buttons=[options(view.gate, Setting.TIDIES, {YES: words("Delete them"), NO: words("Leave them")})],
    )


def render_file(view: SettingPage, words: Words, _chat_url: str = "") -> RenderedMessage:
    """Show the export, and how to import."""
    return framed(
        view,
        words,
        words("💾 Export and import"),
        words(
            "“Export” sends you the settings as a file, to keep or to use in another group. Send me "
            "such a file here, and I show what it would change first."
        ),
        about_waiting(
            view,
            words("👥 Nothing changes for the people waiting ({count}) until you apply a file.", count=view.waiting),
        ),
        buttons=[[keyboards.panel(words("💾 Export"), AdminActionKind.EXPORT, view.gate.chat_id)]],
    )


def _bold_tag(settings: GateSettings, words: Words) -> str:
    return f"<b>{shown(settings.tag)}</b>" if settings.tag else words("none")


def _applies_at_once(view: SettingPage, words: Words) -> str:
    return about_waiting(view, words("👥 Applies at once to the people waiting: {count}.", count=view.waiting))


def _applies_on_entry(view: SettingPage, words: Words) -> str:
    return about_waiting(
        view, words("👥 The people waiting ({count}) get it once they are in; members do not.", count=view.waiting)
    )


def _deadline_line(settings: GateSettings, words: Words) -> str:
    end = describe(Setting.AT_DEADLINE, settings, words)
    return f"{describe(Setting.DEADLINE, settings, words)} · {end}"


def _kinds_line(settings: GateSettings, words: Words) -> str:
    refused = len(settings.refused_kinds)
    if not refused:
        return words("all accepted")
    return words.many("{count} kind not accepted", "{count} kinds not accepted", refused)


def _granted_line(settings: GateSettings, words: Words) -> str:
    chats = [words.many("{count} chat", "{count} chats", len(settings.further))] if settings.further else []
    tag = [shown(settings.tag)] if settings.tag else []
    return " · ".join([*tag, *chats]) or words("none")


def _welcome_line(settings: GateSettings, words: Words) -> str:
    return shown(settings.welcome, SHOWN_OF_WELCOME) if settings.welcome else words("none")


def _described(setting: Setting) -> Callable[[GateSettings, Words], str]:
    return lambda settings, words: describe(setting, settings, words)


PAGE_WORDS: dict[Page, PageWords] = {
    Page.WAY: PageWords(_way_page, _("🚪 Way in"), _described(Setting.WAY)),
    Page.DEADLINE: PageWords(_deadline_page, _("⏱ Deadline"), _deadline_line),
    Page.COUNTRIES: PageWords(_countries_page, _("🌍 Countries"), _few_countries),
    Page.KINDS: PageWords(_kinds_page, _("☎️ Kinds of numbers"), _kinds_line),
    Page.FRESH: PageWords(_fresh_page, _("♻️ Verify again"), _described(Setting.FRESH)),
    Page.ACCOUNTS: PageWords(_accounts_page, _("👤 Accounts per phone"), _described(Setting.ACCOUNTS)),
    Page.GRANTED: PageWords(_granted_page, _("🎁 Tag and chats"), _granted_line),
    Page.TAG: PageWords(_tag_page),
    Page.FURTHER: PageWords(_further_page),
    Page.WELCOME: PageWords(_welcome_page, _("👋 Welcome"), _welcome_line),
    Page.LANGUAGE: PageWords(_language_page, _("💬 Language"), _described(Setting.LANGUAGE)),
    Page.LOG: PageWords(_log_page, _("📒 Log"), _described(Setting.LOG)),
    Page.RAID: PageWords(_raid_page, _("🌊 Raids"), _described(Setting.RAID)),
    Page.SERVICE_MESSAGES: PageWords(_service_messages_page, _("🧹 “Joined” lines"), _described(Setting.TIDIES)),
    Page.FILE: PageWords(render_file, _("💾 Export and import")),
}
"""In the order of the lines and buttons of the page of all settings."""
