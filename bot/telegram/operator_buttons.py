"""The buttons under operators' pages. Their data stay readable for ever: old buttons stay clickable."""

from __future__ import annotations

from typing import Annotated, Literal

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton
from pydantic import Field

from bot.domain.operator_pages import OperatorPage
from bot.domain.panel import AdminActionKind

SURE = "sure"


class OperatorButton(CallbackData, prefix="o"):
    """The page to see, about whom; `act`: what is to be done at which gate. `how`: that it is meant, or which way a
    list goes from `at`."""

    page: OperatorPage
    # Anybody can send any data: what no column holds must not reach the database.
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
    """A button of an operator."""
    data = OperatorButton(page=page, user=user_id, act=act, gate=gate_id, at=at, how=how)
    return InlineKeyboardButton(text=text, callback_data=data.pack())
