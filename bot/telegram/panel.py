"""The list of an admin's gates: text and buttons."""

from __future__ import annotations

from bot.domain.choices import Page
from bot.domain.panel import (
    AdminActionKind,
    GateLine,
    GateList,
    NoAdmin,
)
from bot.telegram import keyboards
from bot.telegram.gate_states import SIGNS
from bot.telegram.keyboards import Place
from bot.telegram.rendered import RenderedMessage
from bot.telegram.texts import Words, visible

BUTTON_LENGTH = 32


def render_gate_list(view: GateList, words: Words) -> RenderedMessage:
    """Render the gates of an admin."""
    if not view.gates:
        return RenderedMessage(
            words("You run no group that I guard. Make me an administrator of one, and it appears here."), None
        )
    buttons = [[keyboards.panel(_named(line), AdminActionKind.OPEN, line.gate_id, Page.CARD)] for line in view.gates]
    text = words("<b>Your groups</b>\n\nBehind each stands how many wait there.")
    return RenderedMessage(text + more_gates(view.more, words), keyboards.rows(*buttons))


def render_no_admin(_: NoAdmin, words: Words) -> RenderedMessage:
    """Render that the reader is no admin."""
    back = keyboards.place(words("‹ All my groups"), Place.GATES)
    return RenderedMessage(words("Only administrators of that group can see this."), keyboards.rows([back]))


def more_gates(more: int, words: Words) -> str:
    """Say how many gates the list leaves out, and how to open one of them; empty if there are none."""
    if not more:
        return ""
    return "\n\n" + words.many(
        "{count} more group is not shown: to open it, send /gate there.",
        "{count} more groups are not shown: to open one, send /gate there.",
        more,
    )


def _named(line: GateLine) -> str:
    waiting = f" · {line.waiting}" if line.waiting else ""
    return f"{SIGNS[line.state]} {visible(line.title, BUTTON_LENGTH)}{waiting}"
