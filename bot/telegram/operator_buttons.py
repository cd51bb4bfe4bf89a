"""The buttons of operators' pages. Their data must stay readable for ever: old buttons stay clickable."""

from __future__ import annotations

from typing import Annotated, Literal

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton
from pydantic import Field

from bot.domain.operator_pages import OperatorPage
from bot.domain.panel import AdminActionKind

SURE = "sure"


class OperatorButton(CallbackData, prefix="o"):
    """The page to show, and about whom; `act`: what to do at which gate. `how`: that it is confirmed, or the direction
    in which a list continues from `at`."""

    page: OperatorPage
    # Anybody can send any data: values that no column can hold must not reach the database.
    user: Annotated[int, Field(ge=0, lt=2**53)] = 0
    act: AdminActionKind | None = None
    gate: Annotated[int, Field(gt=-(2**63), lt=2**63)] = 0
    at: Annotated[int, Field(ge=0, lt=2**63)] = 0
    how: Literal["", "before", "after", "sure"] = ""


def button(
    text: str,
    page: OperatorPage,
    user_id: int = 0,
    act: AdminActionKind | None = None,
    gate_id: int = 0,
    *,
    at: int = 0,
    how: Literal["", "before", "after", "sure"] = "",
) -> InlineKeyboardButton:
    """Return a button for operators."""
    data = OperatorButton(page=page, user=user_id, act=act, gate=gate_id, at=at, how=how)
    return InlineKeyboardButton(text=text, callback_data=data.pack())
