"""A screen in words and buttons, ready to be sent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from aiogram.types import InlineKeyboardMarkup, ReplyKeyboardMarkup


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """A screen in words: HTML and buttons. `rich`: the same as HTML of a rich message, to be sent instead."""

    text: str
    keyboard: InlineKeyboardMarkup | ReplyKeyboardMarkup | None
    rich: str | None = None

    @property
    def is_editable(self) -> bool:
        """Telegram does not let a message be edited that brought a reply keyboard."""
        return not isinstance(self.keyboard, ReplyKeyboardMarkup)

    @property
    def digest(self) -> str:
        """Equal for drawings that look the same."""
        keyboard = self.keyboard.model_dump_json(exclude_none=True) if self.keyboard else ""
        return hashlib.sha256(f"{self.rich or self.text}\0{keyboard}".encode()).hexdigest()
