"""Statistics go out: a picture with words and buttons below it, or a sentence."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, InlineKeyboardMarkup, InputMediaPhoto
from pydantic import TypeAdapter

from bot.domain.delivery import ErrandDue, Receipt, Result
from bot.domain.summary import Answer, Summary
from bot.telegram import stats_buttons
from bot.telegram.keyboards import rows
from bot.telegram.methods import EditButtons, EditPhoto, SendPhoto, SendText
from bot.telegram.refusals import NOTHING_CHANGED, UNREACHABLE, says
from bot.telegram.stats_words import caption, unknown, which_gate
from bot.telegram.texts import Texts, Words

TIMEOUT = 30
"""Seconds for a call that brings a picture."""
MOST_WAITING = 4
"""Charts that wait to be drawn. More come again later, lest they take all the courier's hands."""
SUMMARY = TypeAdapter(Summary)


class StatsTeller:
    """Carries what somebody gets who asked for statistics. Charts are drawn one at a time, in a thread."""

    def __init__(self, bot: Bot, texts: Texts, price: Decimal | None) -> None:
        """`price`: of one call number."""
        self._bot = bot
        self._texts = texts
        self._price = price
        self._drawing = asyncio.Lock()
        self._waiting = 0

    async def tell(self, errand: ErrandDue) -> Receipt:
        """Show it in place of what the message showed before; as a new message where there is none. May raise what
        aiogram raises."""
        words = self._texts.in_language(errand.language)
        match Answer(str(errand.details["answer"])):
            case Answer.CHART:
                return await self._chart(errand, words)
            case Answer.GATES:
                return await self._gates(errand, words)
            case Answer.CHOOSE:
                gates = _gates_of(errand)
                keyboard = rows(*stats_buttons.choice(str(errand.details["period"]), gates))
                return await self._say(errand, which_gate(int(errand.details["more"]), words), keyboard)
            case Answer.UNKNOWN:
                titles = [title for _, title in _gates_of(errand)]
                asked, more = str(errand.details["asked"]), int(errand.details["more"])
                return await self._say(errand, unknown(asked, titles, more, words))

    async def _chart(self, errand: ErrandDue, words: Words) -> Receipt:
        if self._waiting >= MOST_WAITING:
            return Receipt(errand, Result.RETRY, error="too many charts at once")
        summary = SUMMARY.validate_json(str(errand.details["summary"]))
        png = await self._draw(summary, words)
        details = errand.details
        keyboard = stats_buttons.of_chart(
            words,
            summary.period_name,
            summary.statistics.gate_id,
            others=bool(details["others"]),
            together=bool(details["together"]),
        )
        text, photo = caption(summary, words, self._price), BufferedInputFile(png, "statistics.png")
        if "message_id" in details:
            media = InputMediaPhoto(media=photo, caption=text, parse_mode="HTML")
            message_id = int(details["message_id"])
            edit = EditPhoto(chat_id=errand.chat_id, message_id=message_id, media=media, reply_markup=keyboard)
            if await self._edited(edit):
                return Receipt(errand, Result.DONE, message_id=message_id)
        new = SendPhoto(chat_id=errand.chat_id, photo=photo, caption=text, reply_markup=keyboard)
        sent = await self._bot(new, request_timeout=TIMEOUT)
        return Receipt(errand, Result.DONE, message_id=sent.message_id)

    async def _draw(self, summary: Summary, words: Words) -> bytes:
        self._waiting += 1
        try:
            async with self._drawing:
                return await asyncio.to_thread(_chart, summary, words)
        finally:
            self._waiting -= 1

    async def _gates(self, errand: ErrandDue, words: Words) -> Receipt:
        details = errand.details
        keyboard = stats_buttons.of_gates(
            words,
            str(details["period"]),
            int(details["gate"]),
            _gates_of(errand),
            int(details["page"]),
            int(details["pages"]),
            together=bool(details["together"]),
        )
        if "message_id" in details:
            message_id = int(details["message_id"])
            edit = EditButtons(chat_id=errand.chat_id, message_id=message_id, reply_markup=keyboard)
            if await self._edited(edit):
                return Receipt(errand, Result.DONE, message_id=message_id)
        return await self._say(errand, which_gate(0, words), keyboard)

    async def _say(self, errand: ErrandDue, text: str, keyboard: InlineKeyboardMarkup | None = None) -> Receipt:
        sent = await self._bot(
            SendText(chat_id=errand.chat_id, text=text, reply_markup=keyboard), request_timeout=TIMEOUT
        )
        return Receipt(errand, Result.DONE, message_id=sent.message_id)

    async def _edited(self, edit: EditPhoto | EditButtons) -> bool:
        """Whether the message now shows it. Why it cannot is all one: it is gone, or too old."""
        try:
            await self._bot(edit, request_timeout=TIMEOUT)
        except TelegramBadRequest as error:
            if says(error, UNREACHABLE):
                raise
            return says(error, NOTHING_CHANGED)
        return True


def _chart(summary: Summary, words: Words) -> bytes:
    # What draws takes half a second to load and much memory: only who asks for a chart pays for it.
    from bot.telegram.charts import chart  # noqa: PLC0415

    return chart(summary, words)


def _gates_of(errand: ErrandDue) -> list[tuple[int, str]]:
    return [(int(gate_id), str(title)) for gate_id, title in json.loads(str(errand.details["gates"]))]
