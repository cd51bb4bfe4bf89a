"""The buttons of pages that only operators see, and the keyboard by which they pick another operator."""

from __future__ import annotations

from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, KeyboardButton, KeyboardButtonRequestUsers, ReplyKeyboardMarkup
from pydantic import Field

from bot.domain.installation import OperatorAction
from bot.telegram.texts import Words

PICKING = 1
"""By which Telegram tells that somebody was picked with this keyboard."""


class InstallationButton(CallbackData, prefix="i"):
    """What is to be done, about whom or what: an operator, a gate or an announcement. `number`: a page."""

    want: OperatorAction
    # Anybody can send any data: what no column holds must not reach the database.
    about: Annotated[int, Field(gt=-(2**63), lt=2**63)] = 0
    number: Annotated[int, Field(ge=0, le=9999)] = 0


def button(text: str, want: OperatorAction, about: int = 0, number: int = 0) -> InlineKeyboardButton:
    """A button of an operator."""
    data = InstallationButton(want=want, about=about, number=min(number, 9999)).pack()
    return InlineKeyboardButton(text=text, callback_data=data)


def pick_operator(words: Words) -> ReplyKeyboardMarkup:
    """The keyboard that opens Telegram's own list of people; bots are not in it."""
    asked = KeyboardButtonRequestUsers(
        request_id=PICKING, user_is_bot=False, max_quantity=1, request_name=True, request_username=True
    )
    pick = KeyboardButton(text=words("👤 Choose a person"), request_users=asked)
    return ReplyKeyboardMarkup(keyboard=[[pick]], resize_keyboard=True, one_time_keyboard=True)
