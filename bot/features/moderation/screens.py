"""The panel's pages about people: text and buttons."""

from __future__ import annotations

from datetime import datetime

from aiogram.types import InlineKeyboardButton

from bot.domain.admin_actions import AdminActionKind
from bot.domain.notifications import Toast
from bot.domain.people_pages import (
    DeclineChoice,
    GateChoice,
    MemberCard,
    OlderThan,
    PendingApplicant,
    PendingList,
    TargetError,
    UnknownTarget,
)
from bot.domain.setting_choices import Page
from bot.features.moderation.words import decision, happened, override, stage
from bot.features.verification.words import toast
from bot.i18n.formats import lasted
from bot.i18n.texts import Words, shown, unbroken, visible
from bot.telegram import keyboards
from bot.telegram.keyboards import more_gates
from bot.telegram.mentions import harmless, mention
from bot.telegram.rendered import RenderedMessage

BUTTON_LENGTH = 32
FROM_PENDING, FROM_WHO = "pending", "who"
"""The `key` of buttons on these pages; the page is then rendered again."""


def act_text(kind: AdminActionKind, words: Words) -> str:
    """Return the label of the button that does it."""
    match kind:
        case AdminActionKind.LET_IN:
            return words("✅ Let in")
        case AdminActionKind.DECLINE:
            return words("✖️ Decline")
        case AdminActionKind.BLOCK:
            return words("⛔ Block")
        case AdminActionKind.UNBLOCK:
            return words("🔓 Unblock")
        case AdminActionKind.REVOKE:
            return words("♻️ Verify again")
        case _:
            return words("↩️ Restore")


def render_pending_list(view: PendingList, words: Words, now: datetime) -> RenderedMessage:
    """Render who waits at a gate."""
    gate_id = view.gate.chat_id
    lines = [words("⏳ <b>Waiting</b> at {gate}: {count}", gate=f"<b>{shown(view.gate.title)}</b>", count=view.total)]
    if view.done is not None and view.of is not None:
        lines += ["", words("🧹 Declined: {done} of {total}", done=view.done, total=view.of)]
    if not view.applicants:
        lines += ["", words("Nobody is waiting.")]
    buttons: list[list[InlineKeyboardButton]] = []
    for number, applicant in enumerate(view.applicants, view.first):
        lines += ["", f"{number}. {_applicant(applicant, words, now)}"]
        name, value = harmless(applicant.name, applicant.user_id), str(applicant.user_id)
        buttons.append(
            [
                keyboards.panel(f"👤 {name}", AdminActionKind.OPEN, gate_id, Page.WHO, value),
                keyboards.panel("✅", AdminActionKind.LET_IN, gate_id, FROM_PENDING, value),
                keyboards.panel("✖️", AdminActionKind.DECLINE, gate_id, FROM_PENDING, value),
            ]
        )
    turning = []
    if view.page > 0:
        turning.append(keyboards.panel("‹", AdminActionKind.OPEN, gate_id, Page.PENDING, str(view.page - 1)))
    if view.page + 1 < view.pages:
        turning.append(keyboards.panel("›", AdminActionKind.OPEN, gate_id, Page.PENDING, str(view.page + 1)))
    many = [keyboards.panel(words("🧹 Decline many…"), AdminActionKind.OPEN, gate_id, Page.PENDING, "many")]
    again = keyboards.panel(words("🔄 Refresh"), AdminActionKind.OPEN, gate_id, Page.PENDING, str(view.page))
    return RenderedMessage(
        "\n".join(lines),
        keyboards.rows(*buttons, turning, many if view.applicants else [], [again, _to_card(gate_id, words)]),
    )


def _applicant(applicant: PendingApplicant, words: Words, now: datetime) -> str:
    since = lasted(now - applicant.since, words)
    line = f"{mention(applicant.name, applicant.user_id)} · {since} · "
    line += stage(applicant.stage, applicant.why, applicant.until, words, now)
    return line + (" · 🙋" if applicant.has_appealed else "")


def render_decline_choice(view: DeclineChoice, words: Words) -> RenderedMessage:
    """Render the choice whose requests to decline."""
    gate_id = view.gate.chat_id
    texts = {
        OlderThan.HOUR: words("Older than 1 hour"),
        OlderThan.SIX_HOURS: words("Older than 6 hours"),
        OlderThan.DAY: words("Older than 1 day"),
        OlderThan.ALL: words("All"),
    }
    buttons = [
        [keyboards.panel(f"{texts[age]} ({count})", AdminActionKind.DECLINE_MANY, gate_id, Page.PENDING, age)]
        for age, count in view.counts
        if count
    ]
    text = words(
        "🧹 <b>Decline many</b>\n\n"
        "Whose requests? I keep everyone who is verified or in the middle of a call. The others can "
        "ask again at any time."
    )
    if not buttons:
        text += "\n\n" + words("There is nobody to decline.")
    back = keyboards.panel(words("‹ Back"), AdminActionKind.OPEN, gate_id, Page.PENDING)
    return RenderedMessage(text, keyboards.rows(*buttons, [back]))


def render_member(view: MemberCard, words: Words, now: datetime) -> RenderedMessage:
    """Render one person at a gate."""
    gate_id, value = view.gate.chat_id, str(view.user_id)
    lines = []
    if view.said:
        lines += [f"<b>{toast(Toast(view.said), words)}</b>", ""]
    lines += [f"👤 {mention(view.name, view.user_id)} · id {view.user_id}"]
    lines += [words("At {gate}: {state}", gate=f"<b>{shown(view.gate.title)}</b>", state=override(view, words, now))]
    if view.mask and view.verified_at is not None:
        age = lasted(now - view.verified_at, words)
        lines.append(words("Verified: {mask}, {age} ago", mask=unbroken(view.mask), age=age))
    elif view.is_known:
        lines.append(words("Not verified."))
    if view.decision is not None:
        lines.append(decision(view.decision, words, now))
    if view.tag:
        lines.append(words("Tag: {tag}", tag=shown(view.tag)))
    if view.history:
        lines += ["", words("<b>What happened</b>")]
        lines += [f"{words.clock(what.at, now)} · {happened(what, words)}" for what in view.history]
    buttons = {kind: keyboards.panel(act_text(kind, words), kind, gate_id, FROM_WHO, value) for kind in view.possible}
    # What undoes the last action comes first, by its name.
    undo = [buttons.pop(view.undo)] if view.undo is not None else []
    acts = list(buttons.values())
    # A phone would cut off more than two in a row.
    pairs = [acts[at : at + 2] for at in range(0, len(acts), 2)]
    return RenderedMessage(
        "\n".join(lines), keyboards.rows(undo, *pairs, [_to_pending(gate_id, words), _to_card(gate_id, words)])
    )


def render_unknown_target(view: UnknownTarget, words: Words) -> RenderedMessage:
    """Render why the command is about nobody."""
    return RenderedMessage(_missing(view.missing, words), keyboards.rows([_to_card(view.gate.chat_id, words)]))


def _missing(missing: TargetError, words: Words) -> str:
    match missing:
        case TargetError.NOBODY_NAMED:
            return words("Reply to their message, or send the command with their @name or id.")
        case TargetError.SEVERAL:
            return words("One person at a time, please: their @name or id.")
        case TargetError.UNKNOWN:
            return words("I know nobody with this name. Reply to their message, or send their id.")
        case TargetError.BOT:
            return words("That is a bot, or somebody writing as a chat: I decide about people only.")


def render_gate_choice(view: GateChoice, words: Words) -> RenderedMessage:
    """Render the question at which gate to run a command."""
    if not view.gates:
        return RenderedMessage(
            words("You manage no group that I guard. Make me an administrator of one, and it appears here."), None
        )
    buttons = [
        [
            keyboards.panel(
                visible(line.title, BUTTON_LENGTH) + (f" · {line.waiting}" if line.waiting else ""),
                AdminActionKind.COMMAND,
                line.gate_id,
                view.command,
                view.value,
            )
        ]
        for line in view.gates
    ]
    return RenderedMessage(words("<b>In which group?</b>") + more_gates(view.more, words), keyboards.rows(*buttons))


def _to_pending(gate_id: int, words: Words) -> InlineKeyboardButton:
    return keyboards.panel(words("⏳ Waiting"), AdminActionKind.OPEN, gate_id, Page.PENDING)


def _to_card(gate_id: int, words: Words) -> InlineKeyboardButton:
    return keyboards.panel(words("‹ Group"), AdminActionKind.OPEN, gate_id, Page.CARD)
