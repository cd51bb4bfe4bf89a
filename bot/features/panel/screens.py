"""The panel's list of gates, a gate's card, its settings and presets: text and buttons."""

from __future__ import annotations

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.domain.admin_actions import AdminActionKind, GateCard, GateLine, GateList, NoAdmin, PresetsPage, SettingsPage
from bot.domain.gate_health import BY_REQUEST, LETS_NOBODY_IN, GateHealth, GateIssue, GateState
from bot.domain.gate_settings import EntryMode, Preset, preset_of
from bot.domain.gates import Gate, GateMode
from bot.domain.setting_choices import CONFIRMED, Page
from bot.features.settings.frame import back_to, marked
from bot.features.settings.states import SIGNS, guard_joins, issue, unconfirmed
from bot.features.settings.words import PAGE_WORDS
from bot.i18n.texts import Words, _, shown, visible
from bot.telegram import keyboards
from bot.telegram.deep_links import Start, payload
from bot.telegram.keyboards import Place, more_gates
from bot.telegram.rendered import RenderedMessage

BUTTON_LENGTH = 32


def render_gate_list(view: GateList, words: Words, app_url: str | None, chat_url: str) -> RenderedMessage:
    """Render the gates of an admin. `app_url`: of the Mini App, where the console is; None where there is none.
    `chat_url` opens the private chat with the bot."""
    if not view.gates:
        return RenderedMessage(
            words("You manage no group that I guard. Make me an administrator of one, and it appears here."),
            keyboards.rows(*keyboards.add_bot(words, chat_url)),
        )
    buttons = [[keyboards.panel(_named(line), AdminActionKind.OPEN, line.gate_id, Page.CARD)] for line in view.gates]
    if app_url is not None:
        buttons.append([keyboards.mini_app(words("🖥 Open the console"), app_url)])
    text = words("<b>Your groups</b>\n\nThe number after a name counts the people waiting there.")
    return RenderedMessage(text + more_gates(view.more, words), keyboards.rows(*buttons))


def render_no_admin(_view: NoAdmin, words: Words) -> RenderedMessage:
    """Render that the reader is no admin."""
    back = keyboards.place(words("‹ All my groups"), Place.GATES)
    return RenderedMessage(words("Only administrators of that group see this."), keyboards.rows([back]))


def _named(line: GateLine) -> str:
    waiting = f" · {line.waiting}" if line.waiting else ""
    return f"{SIGNS[line.state]} {visible(line.title, BUTTON_LENGTH)}{waiting}"


ABOUT_GUARDS = (GateIssue.NO_GUARD, GateIssue.NO_GUARD_HERE)


def render_card(view: GateCard, words: Words, chat_url: str) -> RenderedMessage:
    """Return the card. `chat_url` opens the private chat with the bot."""
    return RenderedMessage("\n\n".join(_paragraphs(view, words, chat_url)), _buttons(view, words, chat_url))


def _paragraphs(view: GateCard, words: Words, chat_url: str) -> list[str]:
    gate, health = view.gate, view.health
    told = [_state(view, words)]
    if gate.works:
        told.append(_what_happens(view, words))
    told += ["⚠️ " + issue(each, view.joined_unverified, words) for each in view.issues if each not in ABOUT_GUARDS]
    if health is not None and health.is_there and gate.username is None and gate.settings.way is not EntryMode.MUTE:
        told.append(
            words("🔎 I can't see links made by people. Anyone can enter through one without “Request admin approval”.")
        )
    if link := own_link(view, chat_url):
        told.append(words("🔗 Share this link: {link}", link=link))
    return told


def own_link(view: GateCard, chat_url: str) -> str:
    """Return the link through which people come to this gate; empty when there is none yet."""
    if view.gate.settings.way is EntryMode.LINK:
        return f"{chat_url}?start={payload(Start.IN, view.gate.chat_id)}"
    return view.link


def _state(view: GateCard, words: Words) -> str:
    gate = view.gate
    title = f"<b>{shown(gate.title)}</b>"
    if gate.is_on and gate.switch is GateMode.PAUSED:
        return words("⏸ {gate} is paused: I let in, decline and message nobody, and no deadline runs.", gate=title)
    match view.state:
        case GateState.UNGUARDED:
            return words(
                "⛔ {gate} is not guarded: I am not an administrator there, or lack the right “Invite users via link”.",
                gate=title,
            )
        case GateState.BYPASSED:
            return words("⚠️ {gate}: people can get in without verifying.", gate=title)
        case GateState.UNCONFIRMED:
            return unconfirmed(gate, words)
        case GateState.OPEN:
            return words("🔓 {gate} is open to everybody: no call needed.", gate=title)
        case GateState.HAS_ISSUES if LETS_NOBODY_IN.intersection(view.issues):
            return words("⚠️ {gate}: I cannot let anybody in.", gate=title)
        case GateState.HAS_ISSUES:
            return words("⚠️ {gate} is guarded now, but something is missing.", gate=title)
        case GateState.OFF:
            return words("⏹ {gate} is off: its administrators decide on requests.", gate=title)
        case GateState.STRICT:
            return words("🛡 {gate} is guarded now, strictly for a while.", gate=title)
        case _:
            return words("✅ {gate} is guarded now.", gate=title)


def _what_happens(view: GateCard, words: Words) -> str:
    settings = view.gate.settings
    if not settings.asks_call:
        return words("I let everyone in at once, without a call, and only record it.")
    match settings.way:
        case EntryMode.MUTE:
            return words("People join at once and can write after one free call.")
        case EntryMode.LINK:
            return words("After one free call each person gets their own invite link from me, in private.")
        case EntryMode.REQUEST | EntryMode.GUARD:
            told = words(
                "I message everyone who asks to join and let them in after one free call. I post nothing in the group."
            )
    if view.health is None:
        # Until Telegram has answered, this is the one thing to check.
        told += " " + words("Check that “Approve new members” is on for its invite link.")
    return told


def _guards(gate: Gate, health: GateHealth, words: Words) -> str:
    if gate.is_channel or not health.is_supergroup or gate.settings.way not in (EntryMode.REQUEST, EntryMode.GUARD):
        return ""
    return guard_joins(words, are_on=health.is_guarded, are_possible=health.guard_possible)


def _buttons(view: GateCard, words: Words, chat_url: str) -> InlineKeyboardMarkup:
    gate, link = view.gate, own_link(view, chat_url)
    buttons = [_page(words("⚙️ Settings"), gate, Page.SETTINGS)]
    if view.waiting:
        buttons.append(_page(words("👥 Waiting: {count}", count=view.waiting), gate, Page.PENDING))
    buttons.append(keyboards.panel(words("📊 Statistics"), AdminActionKind.STATS, gate.chat_id))
    if link:
        buttons.append(keyboards.copy(words("📋 Copy the link"), link))
    else:
        buttons.append(keyboards.panel(words("🔗 Make a link"), AdminActionKind.LINK, gate.chat_id))
    to = GateMode.PAUSED if gate.switch is GateMode.ON else GateMode.ON
    buttons += [
        *_test(view, words),
        keyboards.panel(words("🔄 Check again"), AdminActionKind.CHECK, gate.chat_id),
        keyboards.panel(words(SWITCHES[to]), AdminActionKind.SWITCH, gate.chat_id, value=to),
    ]
    return keyboards.rows(*keyboards.in_rows(buttons), [keyboards.place(words("‹ All my groups"), Place.GATES)])


def _test(view: GateCard, words: Words) -> list[InlineKeyboardButton]:
    """Where people have to ask before they are in, let the admin test that."""
    settings = view.gate.settings
    if not view.gate.is_on or not settings.asks_call or settings.way not in BY_REQUEST:
        return []
    return [_page(words("🧪 Test my link"), view.gate, Page.LINK_TEST)]


def render_settings(view: SettingsPage, words: Words) -> RenderedMessage:
    """Render all settings: a line for each, and the button of its page."""
    gate = view.gate
    call = words("needed") if gate.settings.asks_call else words("is not needed")
    lines = [words("📞 A call: <b>{value}</b>", value=call)] + [
        f"{words(page.label)}: <b>{page.value(gate.settings, words)}</b>"
        for page in PAGE_WORDS.values()
        if page.value is not None
    ]
    paragraphs = [_heading(words("⚙️ Settings"), gate), "\n".join(lines)]
    if view.health is not None and (guards := _guards(gate, view.health, words)):
        paragraphs.append(guards)
    pages = [_page(words(page.label), gate, which) for which, page in PAGE_WORDS.items() if page.label]
    keyboard = keyboards.rows(
        *keyboards.in_rows([_page(words("🎛 Presets"), gate, Page.PRESETS), *pages]),
        *keyboards.in_rows(_switches(gate, words), len(GateMode)),
        [back_to(gate, Page.CARD, words)],
    )
    return RenderedMessage("\n\n".join(paragraphs), keyboard)


SWITCHES = {GateMode.ON: _("▶️ On"), GateMode.PAUSED: _("⏸ Pause"), GateMode.OFF: _("⏹ Off")}


def _switches(gate: Gate, words: Words) -> list[InlineKeyboardButton]:
    return [
        keyboards.panel(
            marked(words(name), is_current=which is gate.switch), AdminActionKind.SWITCH, gate.chat_id, value=which
        )
        for which, name in SWITCHES.items()
    ]


def _heading(text: str, gate: Gate) -> str:
    return f"<b>{text}</b> · {shown(gate.title)}"


def _page(text: str, gate: Gate, page: Page) -> InlineKeyboardButton:
    return keyboards.panel(text, AdminActionKind.OPEN, gate.chat_id, page)


PRESETS = {Preset.OPEN: _("Open"), Preset.STANDARD: _("Standard"), Preset.STRICT: _("Strict")}
PRESETS_EXPLAINED = {
    Preset.OPEN: _("🔓 <b>Open</b>: everybody gets in at once. No call needed."),
    Preset.STANDARD: _("✅ <b>Standard</b>: one free call within a day, from any number."),
    Preset.STRICT: _(
        "🛡 <b>Strict</b>: a call within an hour and again after 30 days, one account per phone, no rented numbers or "
        "landlines."
    ),
}


def render_presets(view: PresetsPage, words: Words) -> RenderedMessage:
    """Render what each preset means; or the question before one that opens the gate, whose first answer is no."""
    gate, current = view.gate, preset_of(view.gate.settings)
    if view.asks_to_open:
        text = words(
            "🔓 Open {gate} to everybody? From then on anybody gets in at once, without a call.",
            gate=f"<b>{shown(gate.title)}</b>",
        )
        if view.waiting:
            text += "\n\n" + words.many(
                "👥 The {count} person waiting gets in, too.",
                "👥 The {count} people waiting get in, too.",
                view.waiting,
            )
        no = _page(words("No, keep the call"), gate, Page.PRESETS)
        yes = keyboards.panel(words("🔓 Yes, open it"), AdminActionKind.PRESET, gate.chat_id, CONFIRMED, Preset.OPEN)
        return RenderedMessage(text, keyboards.rows([no], [yes]))
    paragraphs = [
        _heading(words("🎛 Presets"), gate),
        *(words(text) for text in PRESETS_EXPLAINED.values()),
        words("A preset replaces the deadline and the rules for numbers. Way in, texts and log stay."),
    ]
    buttons = [
        keyboards.panel(
            marked(words(name), is_current=which is current), AdminActionKind.PRESET, gate.chat_id, value=which
        )
        for which, name in PRESETS.items()
    ]
    return RenderedMessage(
        "\n\n".join(paragraphs),
        keyboards.rows(*keyboards.in_rows(buttons), [back_to(gate, Page.SETTINGS, words)]),
    )
