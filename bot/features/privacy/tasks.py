"""Files that the bot makes when it sends them: a person's data, and the journal for operators."""

from __future__ import annotations

import asyncio
import tempfile
import time
import zipfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramNetworkError,
    TelegramRetryAfter,
)
from aiogram.types import BufferedInputFile, FSInputFile

from bot.clock import REAL_TIME
from bot.domain.errors import StorageUnavailableError
from bot.domain.notifications import Notification, Notify
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask, Work
from bot.domain.people import FileKind
from bot.domain.statistics import Period
from bot.domain.tasks import SendExport, SendMyData
from bot.features.privacy.screens import DATA_NOTIFICATIONS, spaced
from bot.i18n.texts import Texts, Words
from bot.telegram.api_errors import UNREACHABLE, says
from bot.telegram.methods import EditText, SendText
from bot.telegram.rendered import TaskRunner

log = structlog.get_logger()

T = TypeVar("T")

TIMEOUT = 15
UPLOAD_TIMEOUT = 300
PROGRESS_EVERY = 3.0
BETWEEN_FILES = 1.1
"""Seconds; Telegram accepts about one message a second in a chat."""
PART = 45 * 10**6
"""The largest size of one file in bytes; bots may send 50 MB (Bot API, `sendDocument`)."""
PLAIN = 10**6
"""Larger files, in bytes, are zipped; smaller ones can be read directly on a phone."""
MOST_EXPORTED = 1_000_000
"""The most journal entries that one export through Telegram may hold; an export from a shell has no limit."""
TRIES = 5
PATIENCE = 60.0
FAILED = {FileKind.MY_DATA: Notification.MY_DATA_FAILED, FileKind.JOURNAL: Notification.EXPORT_FAILED}
TOO_LARGE = {FileKind.MY_DATA: Notification.MY_DATA_TOO_LARGE, FileKind.JOURNAL: Notification.EXPORT_FAILED}
"""The notification when a file cannot be sent."""

MyData = Callable[[int], Awaitable[bytes]]
Tell = Callable[[int], Awaitable[None]]
IsOperator = Callable[[int], Awaitable[bool]]


class JournalExporter(Protocol):
    """Writes the journal of a period into files."""

    async def count(self, period: Period, most: int) -> int:
        """Count the entries, up to `most`."""

    async def __call__(
        self, period: Period, folder: Path, part: int, tell: Tell, stop: asyncio.Event
    ) -> Sequence[Path] | None:
        """Write files of at most `part` bytes; `tell` gets the number of entries so far. None when stopped."""


class DataFiles:
    """Runs MAKE_FILE tasks. The row holds nothing of a file: the bot makes it when it sends it, and again after a
    crash.

    It retries a failed file a few times, then notifies the person who asked.
    """

    def __init__(
        self,
        bot: Bot,
        texts: Texts,
        my_data: MyData,
        journal: JournalExporter,
        stopping: asyncio.Event,
        is_operator: IsOperator,
    ) -> None:
        self._bot = bot
        self._texts = texts
        self._my_data = my_data
        self._journal = journal
        self._stopping = stopping
        self._is_operator = is_operator
        self.runners: Mapping[type[Work], TaskRunner] = {SendMyData: self.send, SendExport: self.send}
        """The methods that run each class of work."""

    async def send(self, task: PendingTask, work: SendMyData | SendExport) -> DeliveryResult:
        """Make the file and send it. May raise what aiogram raises."""
        kind = FileKind.MY_DATA if isinstance(work, SendMyData) else FileKind.JOURNAL
        if task.attempts >= TRIES:
            return await self._refuse(task, FAILED[kind], "tried too often")
        try:
            match work:
                case SendMyData():
                    return await self._send_my_data(task, work)
                case SendExport():
                    return await self._send_journal(task, work)
        except TelegramEntityTooLarge as error:
            return await self._refuse(task, TOO_LARGE[kind], error.message)
        except TelegramBadRequest as error:
            if says(error, UNREACHABLE):
                raise
            return await self._refuse(task, FAILED[kind], error.message)
        except AiogramError:
            raise
        except (StorageUnavailableError, OSError) as error:
            # The database is away or the disk is full: that may pass.
            return DeliveryResult(task, DeliveryStatus.RETRY, error=type(error).__name__)
        except Exception as error:
            log.exception("file_not_made", file=kind)
            return DeliveryResult(task, DeliveryStatus.RETRY, error=type(error).__name__)

    async def _send_my_data(self, task: PendingTask, work: SendMyData) -> DeliveryResult:
        data = await self._my_data(task.user_id or task.chat_id)
        if len(data) > PART:
            return await self._refuse(task, TOO_LARGE[FileKind.MY_DATA], "too large")
        document = BufferedInputFile(data, "callgate-my-data.json")
        caption = _my_data_caption(self._texts.in_language(work.language or task.language))
        await self._bot.send_document(task.chat_id, document, caption=caption, request_timeout=UPLOAD_TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def _send_journal(self, task: PendingTask, work: SendExport) -> DeliveryResult:
        words, period = self._texts.in_language(task.language), Period(work.first, work.last)
        entries = await self._journal.count(period, MOST_EXPORTED + 1)
        if entries == 0:
            await self._say(task, Notify(Notification.EXPORT_EMPTY))
            return DeliveryResult(task, DeliveryStatus.DONE)
        if entries > MOST_EXPORTED:
            await self._say(task, Notify(Notification.EXPORT_HUGE, most=MOST_EXPORTED, period=work.period))
            return DeliveryResult(task, DeliveryStatus.DONE)
        progress = Progress(self._bot, task.chat_id, words, entries)
        await progress.begin()
        try:
            with tempfile.TemporaryDirectory(prefix="callgate-export-") as folder:
                files = await self._journal(period, Path(folder), PART, progress.tell, self._stopping)
                if files is None:
                    return DeliveryResult(task, DeliveryStatus.RETRY, error="stopping")
                if not await self._is_operator(task.user_id or task.chat_id):
                    # They lost the role while the bot made the file.
                    return DeliveryResult(task, DeliveryStatus.REFUSED, error="an operator no more")
                await self._send_files(task.chat_id, files, words)
        finally:
            await progress.end()
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def _refuse(self, task: PendingTask, what: Notification, error: str) -> DeliveryResult:
        await self._say(task, Notify(what))
        return DeliveryResult(task, DeliveryStatus.REFUSED, error=error)

    async def _say(self, task: PendingTask, notice: Notify) -> None:
        language = task.work.language if isinstance(task.work, SendMyData) else ""
        text = DATA_NOTIFICATIONS[notice.notice](notice, self._texts.in_language(language or task.language))
        await self._bot(SendText(chat_id=task.chat_id, text=text), request_timeout=TIMEOUT)

    async def _send_files(self, chat_id: int, files: Sequence[Path], words: Words) -> None:
        for number, file in enumerate(files, 1):
            if number > 1:
                await REAL_TIME.pause(BETWEEN_FILES, self._stopping)
            packed = await asyncio.to_thread(_packed, file)
            caption = words("File {number} of {count}", number=number, count=len(files))
            document = FSInputFile(packed)
            await _patiently(
                lambda document=document, caption=caption: self._bot.send_document(  # type: ignore[misc] # of this turn
                    chat_id, document, caption=caption, request_timeout=UPLOAD_TIMEOUT
                )
            )


class Progress:
    """A message that shows the progress now and then and disappears at the end. Ignores errors of the message."""

    def __init__(self, bot: Bot, chat_id: int, words: Words, total: int) -> None:
        self._bot = bot
        self._chat_id = chat_id
        self._words = words
        self._total = total
        self._message_id: int | None = None
        self._told_at = 0.0

    async def begin(self) -> None:
        """Send the message."""
        sent = await self._bot(SendText(chat_id=self._chat_id, text=self._text(0)), request_timeout=TIMEOUT)
        self._message_id, self._told_at = sent.message_id, time.monotonic()

    async def tell(self, count: int) -> None:
        """Show how many entries are done, at most every few seconds."""
        if self._message_id is None or time.monotonic() - self._told_at < PROGRESS_EVERY:
            return
        self._told_at = time.monotonic()
        edit = EditText(chat_id=self._chat_id, message_id=self._message_id, text=self._text(count))
        await _anyhow(self._bot(edit, request_timeout=TIMEOUT))

    async def end(self) -> None:
        """Delete the message."""
        if self._message_id is not None:
            await _anyhow(self._bot.delete_message(self._chat_id, self._message_id, request_timeout=TIMEOUT))

    def _text(self, count: int) -> str:
        words = self._words
        return words("⏳ Exporting: {count} of {total}", count=spaced(count), total=spaced(self._total))


def _my_data_caption(words: Words) -> str:
    return words("Everything I keep about you; times are in UTC. I do not keep your phone number itself.")


def _packed(file: Path) -> Path:
    """Return the file, zipped if it is large. Blocks."""
    if file.stat().st_size <= PLAIN:
        return file
    packed = file.with_name(f"{file.name}.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(file, file.name)
    file.unlink()
    return packed


async def _anyhow(call: Awaitable[Any]) -> None:
    try:
        await call
    except (TelegramAPIError, TimeoutError):
        return


async def _patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Retry one file, rather than all of them, when Telegram asks to wait or the network fails."""
    for _ in range(TRIES - 1):
        try:
            return await call()
        except TelegramRetryAfter as error:
            if error.retry_after > PATIENCE:
                raise
            await REAL_TIME.pause(error.retry_after)
        except TelegramEntityTooLarge:
            raise
        except TelegramNetworkError:
            await REAL_TIME.pause(1.0)
    return await call()
