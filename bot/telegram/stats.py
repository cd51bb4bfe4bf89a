"""Sends statistics: a picture with text and buttons below it, or a sentence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramEntityTooLarge, TelegramNotFound
from aiogram.types import BufferedInputFile, InlineKeyboardMarkup, InputMediaPhoto
from pydantic import TypeAdapter

from bot.domain.delivery import DeliveryResult, DeliveryStatus, PendingTask
from bot.domain.summary import StatisticsReport, StatsReply
from bot.telegram import stats_buttons
from bot.telegram.api_errors import NOTHING_CHANGED, UNREACHABLE, says
from bot.telegram.charts import chart
from bot.telegram.fallback import without_quotes
from bot.telegram.keyboards import rows
from bot.telegram.methods import EditButtons, EditPhoto, SendPhoto, SendText
from bot.telegram.stats_words import caption, unknown, which_gate
from bot.telegram.texts import Texts, Words

log = structlog.get_logger()

TIMEOUT = 30
"""Seconds for a call that uploads a picture."""
MOST_WAITING = 4
"""The most charts that wait to be drawn. The others are retried later, so that they do not fill the delivery worker."""
SUMMARY = TypeAdapter(StatisticsReport)

Draw = Callable[[StatisticsReport, Words], bytes]
"""Draws the picture of a report."""


class StatsSender:
    """Answers requests for statistics. A thread draws the charts, one at a time. If one cannot be drawn, or Telegram
    rejects it, the text goes out alone, and operators get an error id."""

    def __init__(
        self,
        bot: Bot,
        texts: Texts,
        price: Decimal | None,
        new_error_id: Callable[[], str],
        draw: Draw = chart,
    ) -> None:
        """`price`: of one call number. `new_error_id`: makes an id for a chart that could not be drawn."""
        self._draw = draw
        self._new_error_id = new_error_id
        self._bot = bot
        self._texts = texts
        self._price = price
        self._drawing = asyncio.Lock()
        self._waiting = 0

    async def tell(self, task: PendingTask) -> DeliveryResult:
        """Edit the message, or send a new one if there is none. May raise what aiogram raises."""
        words = self._texts.in_language(task.language)
        match StatsReply(str(task.details["answer"])):
            case StatsReply.CHART:
                return await self._chart(task, words)
            case StatsReply.GATES:
                return await self._gates(task, words)
            case StatsReply.CHOOSE:
                gates = _gates_of(task)
                keyboard = rows(*stats_buttons.choice(str(task.details["period"]), gates))
                return await self._say(task, which_gate(int(task.details["more"]), words), keyboard)
            case StatsReply.UNKNOWN:
                titles = [title for _, title in _gates_of(task)]
                asked, more = str(task.details["asked"]), int(task.details["more"])
                return await self._say(task, unknown(asked, titles, more, words))

    async def _chart(self, task: PendingTask, words: Words) -> DeliveryResult:
        if self._waiting >= MOST_WAITING:
            return DeliveryResult(task, DeliveryStatus.RETRY, error="too many charts at once")
        summary = SUMMARY.validate_json(str(task.details["summary"]))
        error, error_id = "", ""
        try:
            png = await self._drawn(summary, words)
        except Exception as failure:
            png, error, error_id = None, type(failure).__name__, self._new_error_id()
            log.exception("chart_not_drawn", error_id=error_id)
        receipt = await self._show(task, summary, words, png)
        return replace(receipt, error=error, error_id=error_id, is_our_fault=True) if error_id else receipt

    async def _show(
        self, task: PendingTask, summary: StatisticsReport, words: Words, png: bytes | None
    ) -> DeliveryResult:
        """Show the picture with its text, or the text alone."""
        details = task.details
        keyboard = stats_buttons.of_chart(
            words,
            summary.period_name,
            summary.statistics.gate_id,
            others=bool(details["others"]),
            together=bool(details["together"]),
        )
        text = caption(summary, words, self._price)
        if png is None:
            return await self._say(task, text, keyboard)
        photo = BufferedInputFile(png, "statistics.png")
        if "message_id" in details:
            media = InputMediaPhoto(media=photo, caption=text, parse_mode="HTML")
            message_id = int(details["message_id"])
            edit = EditPhoto(chat_id=task.chat_id, message_id=message_id, media=media, reply_markup=keyboard)
            if await self._edited(edit):
                return DeliveryResult(task, DeliveryStatus.DONE, message_id=message_id)
        new = SendPhoto(chat_id=task.chat_id, photo=photo, caption=text, reply_markup=keyboard)
        try:
            sent = await self._bot(new, request_timeout=TIMEOUT)
        except (TelegramBadRequest, TelegramNotFound, TelegramEntityTooLarge) as refused:
            if says(refused, UNREACHABLE):
                raise
            error_id = self._new_error_id()
            log.warning("chart_refused", error_id=error_id, error=without_quotes(refused.message))
            receipt = await self._say(task, text, keyboard)
            return replace(receipt, error=refused.message, error_id=error_id)
        return DeliveryResult(task, DeliveryStatus.DONE, message_id=sent.message_id)

    async def _drawn(self, summary: StatisticsReport, words: Words) -> bytes:
        self._waiting += 1
        try:
            async with self._drawing:
                return await asyncio.to_thread(self._draw, summary, words)
        finally:
            self._waiting -= 1

    async def _gates(self, task: PendingTask, words: Words) -> DeliveryResult:
        details = task.details
        keyboard = stats_buttons.of_gates(
            words,
            str(details["period"]),
            int(details["gate"]),
            _gates_of(task),
            int(details["page"]),
            int(details["pages"]),
            together=bool(details["together"]),
        )
        if "message_id" in details:
            message_id = int(details["message_id"])
            edit = EditButtons(chat_id=task.chat_id, message_id=message_id, reply_markup=keyboard)
            if await self._edited(edit):
                return DeliveryResult(task, DeliveryStatus.DONE, message_id=message_id)
        return await self._say(task, which_gate(0, words), keyboard)

    async def _say(self, task: PendingTask, text: str, keyboard: InlineKeyboardMarkup | None = None) -> DeliveryResult:
        sent = await self._bot(
            SendText(chat_id=task.chat_id, text=text, reply_markup=keyboard), request_timeout=TIMEOUT
        )
        return DeliveryResult(task, DeliveryStatus.DONE, message_id=sent.message_id)

    async def _edited(self, edit: EditPhoto | EditButtons) -> bool:
        """Return whether the edit worked. The reason does not matter: the message is gone, or too old."""
        try:
            await self._bot(edit, request_timeout=TIMEOUT)
        except TelegramBadRequest as error:
            if says(error, UNREACHABLE):
                raise
            return says(error, NOTHING_CHANGED)
        return True


def _gates_of(task: PendingTask) -> list[tuple[int, str]]:
    return [(int(gate_id), str(title)) for gate_id, title in json.loads(str(task.details["gates"]))]
