"""A screen as text and buttons, ready to send."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiogram.types import InlineKeyboardMarkup, ReplyKeyboardMarkup

from bot.domain.outgoing import DeliveryResult, PendingTask

TaskRunner = Callable[[PendingTask, Any], Awaitable[DeliveryResult]]
"""Runs a task; the second argument is its work."""


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """A screen as HTML and buttons. `rich`: the same as HTML of a rich message, to send instead."""

    text: str
    keyboard: InlineKeyboardMarkup | ReplyKeyboardMarkup | None
    rich: str | None = None

    @property
    def is_editable(self) -> bool:
        """Return False for a message with a reply keyboard: Telegram does not let it be edited."""
        return not isinstance(self.keyboard, ReplyKeyboardMarkup)

    @property
    def digest(self) -> str:
        """Return a digest that is equal for messages that look the same."""
        keyboard = self.keyboard.model_dump_json(exclude_none=True) if self.keyboard else ""
        return hashlib.sha256(f"{self.rich or self.text}\0{keyboard}".encode()).hexdigest()
