"""The operators' pages about the installation (operators, gates, announcements): text and buttons."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, KeyboardButton, KeyboardButtonRequestUsers, ReplyKeyboardMarkup
from pydantic import Field

from bot.domain.admin_actions import AdminActionKind
from bot.domain.operators import (
    LONGEST_ANNOUNCEMENT,
    AddingOperator,
    AllGates,
    Announcement,
    AnnouncementAsked,
    AnnouncementDropped,
    AnnouncementPreview,
    AnnouncementProgress,
    Audience,
    CannotAppoint,
    CannotSend,
    GateForOperators,
    GateOverview,
    OperatorAction,
    OperatorLine,
    OperatorList,
    RemovingOperator,
)
from bot.domain.setting_choices import Page, Setting
from bot.features.announcements.screens import announced
from bot.features.settings.states import SIGNS, issue, state_name
from bot.features.settings.words import describe
from bot.i18n.formats import lasted
from bot.i18n.texts import Words, shown, visible
from bot.telegram import keyboards
from bot.telegram.keyboards import Place
from bot.telegram.mentions import harmless, mention
from bot.telegram.rendered import RenderedMessage

PICKING = 1
"""Identifies a choice made with this keyboard."""


class InstallationButton(CallbackData, prefix="i"):
    """What to do, and about which operator, gate or announcement. `number`: a page."""

    want: OperatorAction
    # Anybody can send any data: values that no column can hold must not reach the database.
    about: Annotated[int, Field(gt=-(2**63), lt=2**63)] = 0
    number: Annotated[int, Field(ge=0, le=9999)] = 0


def button(text: str, want: OperatorAction, about: int = 0, number: int = 0) -> InlineKeyboardButton:
    """Return a button for operators."""
    data = InstallationButton(want=want, about=about, number=min(number, 9999)).pack()
    return InlineKeyboardButton(text=text, callback_data=data)


def pick_operator(words: Words) -> ReplyKeyboardMarkup:
    """Return the keyboard that opens Telegram's own list of people; bots are not in it."""
    asked = KeyboardButtonRequestUsers(
        request_id=PICKING, user_is_bot=False, max_quantity=1, request_name=True, request_username=True
    )
    pick = KeyboardButton(text=words("👤 Choose a person"), request_users=asked)
    return ReplyKeyboardMarkup(keyboard=[[pick]], resize_keyboard=True, one_time_keyboard=True)


BUTTON_LENGTH = 32


def announcement_result(total: int, sent: int, missed: int, words: Words) -> str:
    """Return the result of an announcement."""
    text = words("📣 <b>The announcement is out:</b> it reached {sent} of {total}.", sent=sent, total=total)
    return f"{text}\n{_unreachable(missed, words)}" if missed else text


# Operators


def render_operators(view: OperatorList, words: Words, now: datetime) -> RenderedMessage:
    """Render the list of operators."""
    lines = [words("🛠 <b>Operators</b> of this bot: {count}", count=view.total)]
    if view.unfit is not None:
        lines = [f"⚠️ {_unfit(view.unfit, words)}", "", *lines]
    buttons = []
    for line in view.operators:
        lines += ["", _operator(line, words, now)]
        if line.added is not None:
            name = harmless(line.name, line.user_id)
            buttons.append([button(words("✖️ Remove {name}", name=name), OperatorAction.ASK, line.user_id, view.page)])
    turning = _turning(OperatorAction.OPERATORS, view.page, view.pages)
    add = [button(words("➕ Add an operator"), OperatorAction.ADD)]
    return RenderedMessage("\n".join(lines), keyboards.rows(*buttons, turning, add))


def _turning(want: OperatorAction, page: int, pages: int) -> list[InlineKeyboardButton]:
    """Return the buttons to the previous and the next page, as far as there are any."""
    before = [button("‹", want, number=page - 1)] if page > 0 else []
    after = [button("›", want, number=page + 1)] if page + 1 < pages else []
    return [*before, *after]


def _operator(line: OperatorLine, words: Words, now: datetime) -> str:
    text = f"• {mention(line.name, line.user_id)}"
    if line.name:
        text += f" · id {line.user_id}"
    if line.added is None:
        text += "\n" + words("listed in OPERATORS, cannot be removed here")
    else:
        if line.is_named:
            text += "\n" + words("listed in OPERATORS, and also:")
        text += "\n" + words(
            "added {moment} by {operator}",
            moment=words.clock(line.added.added_at, now),
            operator=mention("", line.added.added_by),
        )
    if not line.is_reached:
        text += "\n" + words("⚠️ I cannot message them until they send me /start.")
    return text


def _unfit(unfit: CannotAppoint, words: Words) -> str:
    match unfit:
        case CannotAppoint.ONESELF:
            return words("That is you: you are already an operator.")
        case CannotAppoint.ALREADY:
            return words("They are already an operator.")
        case CannotAppoint.BOT:
            return words("A bot cannot be an operator: choose a person.")
        case CannotAppoint.SEVERAL:
            return words("One person at a time, please.")


def render_adding_operator(_: AddingOperator, words: Words) -> RenderedMessage:
    """Render the request to pick somebody."""
    return RenderedMessage(
        words(
            "➕ <b>Add an operator</b>\n\n"
            "Choose a person with the button below. They will see all that you see here, and can add "
            "others. To go back, send /operators."
        ),
        pick_operator(words),
    )


def render_removing_operator(view: RemovingOperator, words: Words) -> RenderedMessage:
    """Render the question whether to remove an operator."""
    line = view.operator
    who = mention(line.name, line.user_id)
    if line.is_named:
        text = words(
            "{operator} is also listed in OPERATORS, so they stay an operator for now. Remove them here anyway?",
            operator=who,
        )
    elif view.is_reader:
        text = words("Stop being an operator? Only another operator can add you again.")
    else:
        text = words("Remove {operator} from the operators?", operator=who)
    yes = button(words("✖️ Yes, remove"), OperatorAction.REMOVE, line.user_id, view.page)
    back = button(words("‹ Back"), OperatorAction.OPERATORS, number=view.page)
    return RenderedMessage(text, keyboards.rows([yes, back]))


# Gates


def render_all_gates(view: AllGates, words: Words, now: datetime) -> RenderedMessage:
    """Render the list of all gates."""
    lines = [words("🚪 <b>All groups</b>: {count}", count=view.total)]
    if not view.gates:
        lines += ["", words("None yet: a group appears once somebody makes me its administrator.")]
    buttons = []
    for number, monitoring in enumerate(view.gates, view.first):
        lines += ["", f"{number}. {_line(monitoring, words, now)}"]
        text = f"{SIGNS[monitoring.state(now)]} {visible(monitoring.gate.title, BUTTON_LENGTH)}"
        buttons.append([button(text, OperatorAction.GATE, monitoring.gate.chat_id, view.page)])
    turning = _turning(OperatorAction.GATES, view.page, view.pages)
    own = [keyboards.place(words("⚙️ My groups: {count}", count=view.own), Place.GATES)] if view.own else []
    again = [button(words("🔄 Refresh"), OperatorAction.GATES, number=view.page)]
    return RenderedMessage("\n".join(lines), keyboards.rows(*buttons, turning, own, again))


def _line(monitoring: GateOverview, words: Words, now: datetime) -> str:
    state = monitoring.state(now)
    facts = [
        f"{SIGNS[state]} <b>{shown(monitoring.gate.title)}</b> · {state_name(state, words)}",
        *([words.many("{count} waits", "{count} wait", monitoring.waiting)] if monitoring.waiting else []),
        words.many("{count} administrator", "{count} administrators", monitoring.admins),
        _alive(monitoring, words, now),
    ]
    return " · ".join(facts)


def _alive(monitoring: GateOverview, words: Words, now: datetime) -> str:
    return words("last active {age} ago", age=lasted(now - monitoring.alive_at, words))


def render_gate(view: GateForOperators, words: Words, now: datetime) -> RenderedMessage:
    """Render a gate as operators see it."""
    monitoring = view.monitoring
    gate, state = monitoring.gate, monitoring.state(now)
    name = f" · @{shown(gate.username)}" if gate.username else ""
    facts = [
        f"<code>{gate.chat_id}</code>{name}",
        f"{SIGNS[state]} {state_name(state, words)}",
        words("Way in: {value}", value=describe(Setting.WAY, gate.settings, words)),
        *([words.many("{count} waits", "{count} wait", monitoring.waiting)] if monitoring.waiting else []),
        words.many("{count} administrator", "{count} administrators", monitoring.admins),
    ]
    if monitoring.added_by is not None:
        facts.append(words("Added by {who}", who=mention("", monitoring.added_by)))
    facts.append(_alive(monitoring, words, now))
    lines = [f"<b>{shown(gate.title)}</b>", "", *facts, "", *_health(monitoring, words, now)]
    gate_id = gate.chat_id
    panel = [keyboards.panel(words("⚙️ Settings"), AdminActionKind.OPEN, gate_id, Page.CARD)] if view.is_own else []
    checks: list[InlineKeyboardButton] = [
        button(words("🔄 Check again"), OperatorAction.CHECK, gate_id, view.page),
        button(words("📊 Statistics"), OperatorAction.STATS, gate_id),
    ]
    back = [button(words("‹ All groups"), OperatorAction.GATES, number=view.page)]
    return RenderedMessage("\n".join(lines), keyboards.rows(checks, panel, back))


def _health(monitoring: GateOverview, words: Words, now: datetime) -> list[str]:
    if monitoring.health is None:
        return [words("Telegram has not yet told me my rights there.")]
    checked = words("Checked {age} ago", age=lasted(now - monitoring.health.checked_at, words))
    found = monitoring.issues
    if not found:
        return [f"{checked}: " + words("nothing is missing.")]
    return [f"{checked}:", *("⚠️ " + issue(each, monitoring.joined_unverified, words) for each in found)]


# Announcements


def render_announcement_asked(view: AnnouncementAsked, words: Words) -> RenderedMessage:
    """Render the request for the text of an announcement."""
    text = words(
        "📣 <b>Announcement</b>\n\n"
        "Send the text as your next message. I first show you how it looks, and how many "
        "administrators get it."
    )
    if view.problem is not None:
        text = f"⚠️ {_unsendable(view.problem, words)}\n\n{text}"
    return RenderedMessage(text, keyboards.rows([button(words("✖️ Cancel"), OperatorAction.DROP)]))


def _unsendable(problem: CannotSend, words: Words) -> str:
    match problem:
        case CannotSend.EMPTY:
            return words("That message has no text.")
        case CannotSend.TOO_LONG:
            return words(
                "That is too long: an announcement has at most {count} characters.", count=LONGEST_ANNOUNCEMENT
            )
        case CannotSend.NO_TEXT:
            return words("I can announce text only, no pictures or files.")
        case CannotSend.PHONE:
            return words("That is only a phone number, so I did not keep it. To look somebody up, send /find.")


def render_announcement_preview(view: AnnouncementPreview, words: Words) -> RenderedMessage:
    """Render an announcement that is not sent yet."""
    message, audience = view.announcement, view.audience
    drop = button(words("✖️ Cancel"), OperatorAction.DROP, message.id)
    send = [button(words("📣 Send"), OperatorAction.SEND, message.id)] if audience.admins else []
    text = f"{_audience(audience, words)}\n\n{announced(message.text, words)}"
    return RenderedMessage(text, keyboards.rows([*send, drop]))


def _audience(audience: Audience, words: Words) -> str:
    if not audience.admins:
        return words("⚠️ I can reach nobody with it.")
    text = words(
        "👀 <b>This is how it will look.</b> Administrators who get it: {admins}. Their groups: {gates}.",
        admins=len(audience.admins),
        gates=audience.gates,
    )
    if audience.unreached:
        text += "\n" + words("Administrators I cannot write to: {count}.", count=audience.unreached)
    return text


def render_announcement_progress(view: AnnouncementProgress, words: Words) -> RenderedMessage:
    """Render how far an announcement got."""
    return RenderedMessage(_progress(view.announcement, words), None)


def render_announcement_dropped(_: AnnouncementDropped, words: Words) -> RenderedMessage:
    """Render that an announcement was discarded."""
    return RenderedMessage(words("✖️ I sent nothing."), None)


def _progress(message: Announcement, words: Words) -> str:
    if message.over_at is not None:
        return announcement_result(message.total, message.sent, message.missed, words)
    text = words("📣 <b>Sending:</b> {sent} of {total}", sent=message.sent, total=message.total)
    return f"{text}\n{_unreachable(message.missed, words)}" if message.missed else text


def _unreachable(count: int, words: Words) -> str:
    return words("I could not message: {count}", count=count)
