"""Files between the bot and admins."""

from __future__ import annotations

import io
import re

import aiohttp
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramNotFound
from aiogram.types import BufferedInputFile

from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask
from bot.domain.tasks import FetchFile, SendFile
from bot.features.settings.files import LARGEST_FILE
from bot.i18n.texts import Texts
from bot.telegram.api_errors import UNREACHABLE, says
from bot.telegram.methods import SendText

TIMEOUT = 15
LONGEST_NAME = 40


class Files:
    """Each method runs one task, and may raise what aiogram raises."""

    def __init__(self, bot: Bot, texts: Texts) -> None:
        self._bot = bot
        self._texts = texts

    async def send(self, task: PendingTask, work: SendFile) -> DeliveryResult:
        """Send a text as a file. If Telegram rejects the file, send a message that says so."""
        name = re.sub(r"[^\w-]+", "-", work.title)[:LONGEST_NAME].strip("-_") or "gate"
        file = BufferedInputFile(work.text.encode(), f"callgate-{name}.json")
        try:
            await self._bot.send_document(task.chat_id, file, request_timeout=TIMEOUT)
        except (TelegramBadRequest, TelegramNotFound) as refused:
            if says(refused, UNREACHABLE):
                raise
            words = self._texts.in_language(task.language)
            text = words("⚠️ Telegram refused the file with the settings. Please ask for it again.")
            await self._bot(SendText(chat_id=task.chat_id, text=text), request_timeout=TIMEOUT)
            return DeliveryResult(task, DeliveryStatus.REFUSED, error=refused.message)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def fetch(self, task: PendingTask, work: FetchFile) -> DeliveryResult:
        """Return the content of a file that somebody sent, as `text`; empty when it is no text."""
        file = await self._bot.get_file(work.file_id, request_timeout=TIMEOUT)
        if file.file_path is None or (file.file_size or 0) > LARGEST_FILE:
            return DeliveryResult(task, DeliveryStatus.REFUSED, error="the file is too big")
        content = io.BytesIO()
        try:
            await self._bot.download_file(file.file_path, content, timeout=TIMEOUT)
        except aiohttp.ClientResponseError as error:
            return DeliveryResult(task, DeliveryStatus.REFUSED, error=f"the file answers {error.status}")
        except aiohttp.ClientError as error:
            return DeliveryResult(task, DeliveryStatus.RETRY, error=type(error).__name__)
        if len(content.getvalue()) > LARGEST_FILE:
            return DeliveryResult(task, DeliveryStatus.REFUSED, error="the file is bigger than it said")
        try:
            text = content.getvalue().decode("utf-8-sig")
        except UnicodeDecodeError:
            text = ""
        return DeliveryResult(task, DeliveryStatus.DONE, answer={"text": text})
