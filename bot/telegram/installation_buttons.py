"""The buttons of pages that only operators see, and the keyboard for choosing another operator."""

from __future__ import annotations

from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, KeyboardButton, KeyboardButtonRequestUsers, ReplyKeyboardMarkup
from pydantic import Field

from bot.domain.installation import OperatorAction
from bot.telegram.texts import Words

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
