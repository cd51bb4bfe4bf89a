"""What the bot says in a group, where the gate wants that: to one person alone, or to all who are new."""

from __future__ import annotations

from aiogram import Bot
from aiogram.types import EphemeralMessageParameters, InlineKeyboardMarkup

from bot.domain.delivery import ErrandDue, Receipt, Result
from bot.telegram import keyboards
from bot.telegram.deep_links import Start
from bot.telegram.methods import SendText
from bot.telegram.texts import Texts, Words

TIMEOUT = 15


class Prompts:
    """Each method carries one errand, and may raise what aiogram raises.

    An ephemeral message is seen by its receiver only (Bot API 10.2); that it arrives is not guaranteed.
    """

    def __init__(self, bot: Bot, texts: Texts) -> None:
        self._bot = bot
        self._texts = texts

    async def point(self, errand: ErrandDue) -> Receipt:
        """Show somebody the way to a place in the private chat: `start` is what the button says there, `topic` where
        they look. Without a `user_id` everybody sees it: an anonymous admin cannot be told from others."""
        words = self._words(errand)
        me = await self._bot.me()
        button = keyboards.link(
            words("⚙️ Open in private"), f"https://t.me/{me.username}?start={errand.details['start']}"
        )
        is_settings = str(errand.details["start"]).startswith(f"{Start.GATE}_")
        text = (
            words("⚙️ The settings of this group open in the private chat.")
            if is_settings
            else words("👤 What you asked for is shown to you in private.")
        )
        if errand.user_id is not None:
            text = " ".join([text, words("Only you see this.")])
        sent = await self._send(errand, text, keyboards.rows([button]))
        return Receipt(errand, Result.DONE, message_id=sent)

    async def prompt(self, errand: ErrandDue) -> Receipt:
        """Tell a muted newcomer how to verify."""
        words = self._words(errand)
        text = words("👋 Welcome! To write here, confirm your phone with one free call. Only you see this.")
        await self._send(errand, text, await self._verify(words))
        return Receipt(errand, Result.DONE)

    async def group_prompt(self, errand: ErrandDue) -> Receipt:
        """Tell all who are new, and name nobody."""
        words = self._words(errand)
        text = words("👋 New here? To write, confirm your phone with one free call.")
        sent = await self._send(errand, text, await self._verify(words))
        return Receipt(errand, Result.DONE, message_id=sent)

    async def _verify(self, words: Words) -> InlineKeyboardMarkup:
        me = await self._bot.me()
        return keyboards.rows([keyboards.link(words("✅ Verify"), f"https://t.me/{me.username}?start=verify")])

    async def _send(self, errand: ErrandDue, text: str, keyboard: InlineKeyboardMarkup) -> int:
        topic = errand.details.get("topic")
        alone = None
        if errand.user_id is not None:
            alone = EphemeralMessageParameters(receiver_user_id=errand.user_id)
        method = SendText(
            chat_id=errand.chat_id,
            text=text,
            reply_markup=keyboard,
            message_thread_id=int(topic) if topic is not None else None,
            ephemeral_message_parameters=alone,
        )
        return (await self._bot(method, request_timeout=TIMEOUT)).message_id

    def _words(self, errand: ErrandDue) -> Words:
        return self._texts.in_language(str(errand.details.get("language") or errand.language))
