"""Messages in a group, if the gate wants them: to one person alone, or to all newcomers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import EphemeralMessageParameters, InlineKeyboardMarkup

from bot.clock import Clock
from bot.domain.delivery import DeliveryResult, DeliveryStatus, PendingTask
from bot.domain.tasks import GroupPrompt, Prompt, SendPrivateLink
from bot.telegram import keyboards
from bot.telegram.deep_links import Start
from bot.telegram.methods import SendText, Sent
from bot.telegram.texts import Texts, Words

log = structlog.get_logger()

TIMEOUT = 15
RETRIED_AFTER = timedelta(days=1)
"""The pause before the bot tries ephemeral messages again on a server that showed one to everybody."""
SHOWN_TO_ALL = "the Bot API server does not know ephemeral messages"


class Prompts:
    """Each method runs one task, and may raise what aiogram raises.

    Only its receiver sees an ephemeral message (Bot API 10.2); delivery is not guaranteed. A Bot API server that does
    not know them yet ignores the parameter and shows the message to everybody. Its answer shows that: the bot then
    deletes the message and tries no other for a day. Until a server has proved itself, the bot sends one at a time.
    """

    def __init__(self, bot: Bot, clock: Clock, texts: Texts, has_ephemeral: Callable[[bool], None]) -> None:
        """`has_ephemeral` is called with whether the server knows ephemeral messages, each time that becomes known."""
        self._bot = bot
        self._clock = clock
        self._texts = texts
        self._has_ephemeral = has_ephemeral
        self._is_known_to_work = False
        self._failed_at: datetime | None = None
        self._trial = asyncio.Lock()

    async def point(self, task: PendingTask, work: SendPrivateLink) -> DeliveryResult:
        """Send a link to a page in the private chat: `start` is the payload, `topic` the topic to post in. Without a
        `user_id` everybody sees it: the bot cannot tell which admin an anonymous one is."""
        words = self._texts.in_language(work.language or task.language)
        me = await self._bot.me()
        button = keyboards.link(words("⚙️ Open in private"), f"https://t.me/{me.username}?start={work.start}")
        is_settings = work.start.startswith(f"{Start.GATE}_")
        text = (
            words("⚙️ The settings of this group open in the private chat.")
            if is_settings
            else words("👤 What you asked for is shown to you in private.")
        )
        if task.user_id is not None:
            text = " ".join([text, words("Only you see this.")])
        return await self._send(task, text, keyboards.rows([button]), work.topic)

    async def prompt(self, task: PendingTask, work: Prompt) -> DeliveryResult:
        """Show a muted newcomer how to verify."""
        words = self._texts.in_language(work.language or task.language)
        text = words("👋 Welcome! To write here, confirm your phone with one free call. Only you see this.")
        return await self._send(task, text, await self._verify(words))

    async def group_prompt(self, task: PendingTask, work: GroupPrompt) -> DeliveryResult:
        """Show all newcomers how to verify, and name nobody."""
        words = self._texts.in_language(work.language or task.language)
        text = words("👋 New here? To write, confirm your phone with one free call.")
        return await self._send(task, text, await self._verify(words))

    async def _verify(self, words: Words) -> InlineKeyboardMarkup:
        me = await self._bot.me()
        return keyboards.rows([keyboards.link(words("✅ Verify"), f"https://t.me/{me.username}?start=verify")])

    async def _send(
        self, task: PendingTask, text: str, keyboard: InlineKeyboardMarkup, topic: int | None = None
    ) -> DeliveryResult:
        if task.user_id is None:
            sent = await self._post(task, text, keyboard, topic)
            return DeliveryResult(task, DeliveryStatus.DONE, message_id=sent.message_id)
        async with nullcontext() if self._is_known_to_work else self._trial:
            if self._failed_lately():
                return DeliveryResult(task, DeliveryStatus.REFUSED, error=SHOWN_TO_ALL)
            alone = EphemeralMessageParameters(receiver_user_id=task.user_id)
            sent = await self._post(task, text, keyboard, topic, alone)
            self._note(works=not sent.is_for_all)
        return await self._take_back(task, sent) if sent.is_for_all else DeliveryResult(task, DeliveryStatus.DONE)

    def _failed_lately(self) -> bool:
        at = self._failed_at
        # The clock may have been set back since.
        return at is not None and at <= self._clock.now() < at + RETRIED_AFTER

    def _note(self, *, works: bool) -> None:
        if not works:
            log.error("ephemeral_messages_not_known", advice="update the Bot API server to 10.2 or newer")
        self._is_known_to_work = works
        self._failed_at = None if works else self._clock.now()
        self._has_ephemeral(works)

    async def _take_back(self, task: PendingTask, sent: Sent) -> DeliveryResult:
        """Delete a message that everybody sees; if that fails, the result says so, to delete it later."""
        posted = None
        try:
            await self._bot.delete_message(task.chat_id, sent.message_id, request_timeout=TIMEOUT)
        except (AiogramError, OSError) as error:
            log.warning("message_for_all_not_deleted", error=type(error).__name__)
            posted = sent.message_id
        return DeliveryResult(task, DeliveryStatus.REFUSED, error=SHOWN_TO_ALL, posted_to_all=posted)

    async def _post(
        self,
        task: PendingTask,
        text: str,
        keyboard: InlineKeyboardMarkup,
        topic: int | None,
        alone: EphemeralMessageParameters | None = None,
    ) -> Sent:
        method = SendText(
            chat_id=task.chat_id,
            text=text,
            reply_markup=keyboard,
            message_thread_id=topic,
            ephemeral_message_parameters=alone,
        )
        return await self._bot(method, request_timeout=TIMEOUT)
