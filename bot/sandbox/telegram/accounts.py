"""Accounts of Telegram: of people, and of bots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
Device = Literal["phone", "desktop"]


@dataclass(slots=True, eq=False)
class Account:
    """A user of Telegram, or the bot."""

    id: int
    first_name: str
    is_bot: bool = False
    username: str | None = None
    language_code: str | None = None
    phone: str | None = None
    wrote_to_bot: bool = False
    blocked_bot: bool = False
    too_many_chats: bool = False
    device: Device = "phone"
    # Whether ephemeral messages can be sent to this account at all, and whether its app then drops them.
    ephemeral: bool = True
    loses_ephemeral: bool = False

    def as_json(self) -> Json:
        """A Bot API `User`."""
        user: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            user["username"] = self.username
        if self.language_code:
            user["language_code"] = self.language_code
        return user
