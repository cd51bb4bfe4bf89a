"""The log chat of a gate: one line a decision."""

from __future__ import annotations

from aiogram import Bot

from bot.domain.delivery import LogDue, Receipt, Result
from bot.telegram.methods import SendText
from bot.telegram.texts import Texts

TIMEOUT = 15


class LogTeller:
    """Tells a log chat what has gathered for it."""

    def __init__(self, bot: Bot, texts: Texts) -> None:
        self._bot = bot
        self._texts = texts

    async def tell(self, parcel: LogDue) -> Receipt:
        """One message for all of it. May raise what aiogram raises."""
        text = "\n".join(str(errand.details["event"]) for errand in parcel.errands)
        method = SendText(chat_id=parcel.chat_id, text=text, message_thread_id=parcel.topic)
        sent = await self._bot(method, request_timeout=TIMEOUT)
        return Receipt(parcel, Result.DONE, message_id=sent.message_id)
