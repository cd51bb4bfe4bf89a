"""How the panel looks: its pages in words and buttons."""

from __future__ import annotations

from datetime import datetime

from bot.domain.gate import Gate
from bot.domain.panel import ActKind, GateCard, GateList, NoAdmin, Page, PanelView
from bot.telegram import keyboards
from bot.telegram.drawing import Drawing
from bot.telegram.keyboards import Place
from bot.telegram.texts import Words, shown, visible

BUTTON_LENGTH = 32


def draw_panel(view: PanelView, words: Words, now: datetime) -> Drawing:  # noqa: ARG001 - pages that tell times need it
    """The page in these words."""
    match view:
        case GateList():
            return _gates(view, words)
        case GateCard():
            return _card(view, words)
        case NoAdmin():
            back = keyboards.place(words("‹ All my groups"), Place.GATES)
            return Drawing(words("Only administrators of that group can see this."), keyboards.rows([back]))


def _gates(view: GateList, words: Words) -> Drawing:
    if not view.gates:
        return Drawing(
            words("You run no group that I guard. Make me an administrator of one, and it appears here."), None
        )
    buttons = [
        [keyboards.panel(visible(line.title, BUTTON_LENGTH), ActKind.OPEN, line.gate_id, Page.CARD)]
        for line in view.gates
    ]
    return Drawing(words("<b>Your groups</b>"), keyboards.rows(*buttons))


def _card(view: GateCard, words: Words) -> Drawing:
    return Drawing(words("✅ {gate} is guarded now.", gate=_title(view.gate)), None)


def _title(gate: Gate) -> str:
    return f"<b>{shown(gate.title)}</b>"
