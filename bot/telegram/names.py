"""Names of admins: looked up when shown, and never stored."""

from __future__ import annotations

from aiogram import Bot
from aiogram.exceptions import AiogramError

from bot.telegram.mentions import mention
from bot.telegram.texts import Words

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
