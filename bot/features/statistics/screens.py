"""Sends statistics: a picture with text and buttons below it, or a sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Annotated

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramEntityTooLarge, TelegramNotFound
from aiogram.filters.callback_data import CallbackData
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto
from pydantic import Field, TypeAdapter

from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask
from bot.domain.statistics import NO_GATE, PERIODS, StatisticsReport
from bot.domain.tasks import AskWhichGate, SayUnknownGate, SendChart, SendGateButtons
from bot.features.statistics.chart import chart
from bot.features.statistics.words import all_gates, caption, period_name, unknown, which_gate
from bot.i18n.texts import Texts, Words, visible
from bot.telegram.api_errors import NOTHING_CHANGED, UNREACHABLE, says
from bot.telegram.fallback import without_quotes
from bot.telegram.keyboards import rows
from bot.telegram.methods import EditButtons, EditPhoto, SendPhoto, SendText

NO_PAGE = -1
IN_A_LINE = 3
TITLE_LENGTH = 40


class StatsButton(CallbackData, prefix="s"):
    """Statistics of this period and gate (0: all); or a page of gates, if `page` is not negative."""

    period: Annotated[str, Field(max_length=8)]
    # Anybody can send any data: values that no column can hold must not reach the database.
    gate: Annotated[int, Field(gt=-(2**63), lt=2**63)]
    page: Annotated[int, Field(ge=NO_PAGE, le=9999)] = NO_PAGE


def of_chart(words: Words, period: str, gate_id: int, *, others: bool, together: bool) -> InlineKeyboardMarkup:
    """Return the periods, and the way to other gates and to all of them `together`, if there are any."""
    names = {name: period_name(name, words) for name in PERIODS}
    periods = [_button(f"· {text} ·" if name == period else text, name, gate_id) for name, text in names.items()]
    elsewhere = []
    if others:
        elsewhere.append(_button(words("Another gate…"), period, gate_id, 0))
    if together and gate_id != NO_GATE:
        elsewhere.append(_button(all_gates(words), period, NO_GATE))
    # A phone would cut off all of them in one line.
    return rows(periods[:IN_A_LINE], periods[IN_A_LINE:], elsewhere)


def of_gates(
    words: Words,
    period: str,
    gate_id: int,
    gates: Sequence[tuple[int, str]],
    page: int,
    pages: int,
    *,
    together: bool,
) -> InlineKeyboardMarkup:
    """Return a page of gates, and the way back to the chart of `gate_id`."""
    lines = [[_button(all_gates(words), period, NO_GATE)]] if together and page == 0 else []
    turns = []
    if page > 0:
        turns.append(_button("‹", period, gate_id, page - 1))
    turns.append(_button(words("Back"), period, gate_id))
    if page < pages - 1:
        turns.append(_button("›", period, gate_id, page + 1))
    return rows(*lines, *choice(period, gates), turns)


def choice(period: str, gates: Sequence[tuple[int, str]]) -> list[list[InlineKeyboardButton]]:
    """Return one gate a line."""
    return [[_button(visible(title, TITLE_LENGTH), period, gate_id)] for gate_id, title in gates]


def _button(text: str, period: str, gate_id: int, page: int = NO_PAGE) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=StatsButton(period=period, gate=gate_id, page=page).pack())


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

    async def choose(self, task: PendingTask, work: AskWhichGate) -> DeliveryResult:
        """Ask which gate is meant. May raise what aiogram raises, as the others may."""
        words = self._texts.in_language(task.language)
        keyboard = rows(*choice(work.period, work.gates))
        return await self._say(task, which_gate(work.more, words), keyboard)

    async def unknown(self, task: PendingTask, work: SayUnknownGate) -> DeliveryResult:
        """Say that there is no such gate."""
        words = self._texts.in_language(task.language)
        titles = [title for _, title in work.gates]
        return await self._say(task, unknown(work.asked, titles, work.more, words))

    async def chart(self, task: PendingTask, work: SendChart) -> DeliveryResult:
        """Edit the message, or send a new one if there is none."""
        words = self._texts.in_language(task.language)
        if self._waiting >= MOST_WAITING:
            return DeliveryResult(task, DeliveryStatus.RETRY, error="too many charts at once")
        summary = SUMMARY.validate_json(work.summary)
        error, error_id = "", ""
        try:
            png = await self._drawn(summary, words)
        except Exception as failure:
            png, error, error_id = None, type(failure).__name__, self._new_error_id()
            log.exception("chart_not_drawn", error_id=error_id)
        receipt = await self._show(task, work, summary, words, png)
        return replace(receipt, error=error, error_id=error_id, is_our_fault=True) if error_id else receipt

    async def _show(
        self, task: PendingTask, work: SendChart, summary: StatisticsReport, words: Words, png: bytes | None
    ) -> DeliveryResult:
        """Show the picture with its text, or the text alone."""
        keyboard = of_chart(
            words,
            summary.period_name,
            summary.statistics.gate_id,
            others=work.others,
            together=work.together,
        )
        text = caption(summary, words, self._price)
        if png is None:
            return await self._say(task, text, keyboard)
        photo = BufferedInputFile(png, "statistics.png")
        if (message_id := work.message_id) is not None:
            media = InputMediaPhoto(media=photo, caption=text, parse_mode="HTML")
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

    async def gates(self, task: PendingTask, work: SendGateButtons) -> DeliveryResult:
        """Replace the buttons of the chart, or send a new message with these."""
        words = self._texts.in_language(task.language)
        keyboard = of_gates(words, work.period, work.gate_id, work.gates, work.page, work.pages, together=work.together)
        if (message_id := work.message_id) is not None:
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
