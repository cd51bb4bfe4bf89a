"""Messages to operators about the health of the installation and the balance of the gateway account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest

from bot.domain.condition import BalanceReport, HealthReport
from bot.domain.delivery import DeliveryResult, DeliveryStatus, PendingTask, Work
from bot.domain.tasks import SendBalance, SendHealth
from bot.telegram.api_errors import NOTHING_CHANGED, UNREACHABLE, says
from bot.telegram.balance_words import balance_text
from bot.telegram.deliver import TaskRunner
from bot.telegram.health_words import health_text
from bot.telegram.keyboards import Subject, refresh
from bot.telegram.methods import EditText, SendText
from bot.telegram.texts import Texts, Words

TIMEOUT = 15


class HealthSender:
    """Collects the answer when the task runs, so it is current however long the task waited."""

    def __init__(
        self,
        bot: Bot,
        texts: Texts,
        condition: Callable[[], Awaitable[HealthReport]],
        account: Callable[[], Awaitable[BalanceReport]],
    ) -> None:
        self._bot = bot
        self._texts = texts
        self._condition = condition
        self._account = account
        self.runners: Mapping[type[Work], TaskRunner] = {SendHealth: self.health, SendBalance: self.balance}
        """The methods that run each class of work."""

    async def health(self, task: PendingTask, work: SendHealth) -> DeliveryResult:
        """Edit the message, or send a new one if there is none. May raise what aiogram raises."""
        words = self._words(task)
        return await self._show(task, work, health_text(await self._condition(), words), Subject.HEALTH, words)

    async def balance(self, task: PendingTask, work: SendBalance) -> DeliveryResult:
        """Do the same for the balance of the gateway account."""
        words = self._words(task)
        return await self._show(task, work, balance_text(await self._account(), words), Subject.BALANCE, words)

    def _words(self, task: PendingTask) -> Words:
        return self._texts.in_language(task.language)

    async def _show(
        self, task: PendingTask, work: SendHealth | SendBalance, text: str, what: Subject, words: Words
    ) -> DeliveryResult:
        chat_id, keyboard = task.chat_id, refresh(what, words)
        if (message_id := work.message_id) is not None:
            edit = EditText(chat_id=chat_id, message_id=message_id, text=text, reply_markup=keyboard)
            if await self._edited(edit):
                return DeliveryResult(task, DeliveryStatus.DONE, message_id=message_id)
        new = SendText(chat_id=chat_id, text=text, reply_markup=keyboard)
        sent = await self._bot(new, request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE, message_id=sent.message_id)

    async def _edited(self, edit: EditText) -> bool:
        """Return whether the edit worked. The reason does not matter: the message is gone, or too old."""
        try:
            await self._bot(edit, request_timeout=TIMEOUT)
        except TelegramBadRequest as error:
            if says(error, UNREACHABLE):
                raise
            return says(error, NOTHING_CHANGED)
        return True
