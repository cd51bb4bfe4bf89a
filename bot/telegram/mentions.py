"""People's names as admins see them, and admins' names, which Telegram is asked for."""

from __future__ import annotations

import re
import unicodedata

from aiogram import Bot
from aiogram.exceptions import AiogramError

from bot.i18n.texts import Words, apart, drawn, shown, visible

LONGEST = 16
MOST_DIGITS = 3
"""More could be a phone, or a price."""
JOINTS = "-'’"


PHONE = re.compile(r"\+?\d(?:[\s().+-]*\d){6,}")
"""Streets and years have fewer digits in a row."""
LINKING = re.compile(
    r"""
    [@#$]               # mentions, and what is searched for
    | :(?=//)           # a scheme
    | (?<!\d)/|/(?!\d)  # paths and commands; 12/3 is a house
    | (?<=\w)[.\u3002\uff0e\uff61](?=[^\W\d])  # a dot before letters, as in addresses
    """,
    re.VERBOSE,
)
"""What turns part of a title into a link in a client."""


def harmless(name: str, user_id: int) -> str:
    """Return a name without anything that could be a link, a mention, markup, a phone or a picture; the id if nothing
    is left."""
    # A sign between two letters becomes a space, so that “join.chat” is two words and not an address.
    plain = "".join(char if char in JOINTS or unicodedata.category(char)[0] in "LMN" else " " for char in drawn(name))
    if sum(char.isnumeric() for char in plain) > MOST_DIGITS:
        plain = "".join(" " if char.isnumeric() else char for char in plain)
    words = [word for word in plain.split() if any(unicodedata.category(char)[0] in "LN" for char in word)]
    return visible(" ".join(words), LONGEST) if words else f"id {user_id}"


def harmless_title(title: str) -> str:
    """Return a chat's title as HTML, without anything that could be a link, a mention or a phone: its admins chose it,
    and others read it."""
    return apart(shown(PHONE.sub(" ", LINKING.sub(" ", visible(title)))))


def mention(name: str, user_id: int) -> str:
    """Return the harmless name as HTML that opens the profile where Telegram allows it. Nothing in it needs
    escaping."""
    return f'<a href="tg://user?id={user_id}">{apart(harmless(name, user_id))}</a>'


TIMEOUT = 5
MOST = 500


class AdminNames:
    """Caches some in memory, so that a busy log asks Telegram once."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._known: dict[tuple[int, int], str] = {}

    async def admin(self, gate_id: int, user_id: int, words: Words) -> str:
        """Return the admin as HTML; by their role if Telegram does not name them."""
        if not user_id:
            # They were erased meanwhile.
            return words("administrator")
        key = (gate_id, user_id)
        if key not in self._known:
            try:
                member = await self._bot.get_chat_member(gate_id, user_id, request_timeout=TIMEOUT)
            except (AiogramError, TimeoutError):
                return mention(words("administrator"), user_id)
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[key] = member.user.full_name
        return mention(self._known[key], user_id)
