"""A requested file arrives, or a message says that it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramEntityTooLarge
from aiogram.methods import SendDocument, TelegramMethod

from bot.delivery.execute import TelegramExecutor
from bot.delivery.screens import ScreenRenderer
from bot.domain.errors import StorageUnavailableError
from bot.domain.outgoing import DeliveryStatus, PendingTask, TaskKind
from bot.domain.people import FileKind
from bot.domain.statistics import Period
from bot.domain.tasks import SendExport, SendMyData
from bot.features.privacy import tasks
from bot.features.privacy.tasks import TRIES, DataFiles, Tell
from bot.i18n.texts import Texts
from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.tasks import work

DETAILS: dict[FileKind, dict[str, str | int]] = {
    FileKind.MY_DATA: {"language": "en"},
    FileKind.JOURNAL: {"first": "", "last": "2026-01-31", "period": "all"},
}
BOTH = pytest.mark.parametrize("kind", list(FileKind))


class Source:
    """The data that files are made from."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.data = b"{}"
        self.entries = 3

    async def my_data(self, _user_id: int) -> bytes:
        if self.trouble is not None:
            raise self.trouble
        return self.data

    async def count(self, period: Period, most: int) -> int:
        return min(self.entries, most)

    async def __call__(
        self, period: Period, folder: Path, part: int, tell: Tell, stop: asyncio.Event
    ) -> Sequence[Path]:
        file = folder / "journal.csv"
        file.write_bytes(await self.my_data(0))
        return [file]


@pytest.fixture
def source() -> Source:
    return Source()


async def is_operator(user_id: int) -> bool:
    """Everybody may get the journal."""
    return True


@pytest.fixture
def deliverer(world: World, bot: Bot, source: Source) -> TelegramExecutor:
    files = DataFiles(bot, Texts("en"), source.my_data, source, asyncio.Event(), is_operator)
    return TelegramExecutor(bot, world.clock, Texts("en"), ScreenRenderer(None), None, others=files.runners)


@pytest.fixture
async def anna(world: World) -> Person:
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    return anna


def test_every_file_is_made_by_them(bot: Bot, source: Source) -> None:
    files = DataFiles(bot, Texts("en"), source.my_data, source, asyncio.Event(), is_operator)

    assert set(files.runners) == {SendMyData, SendExport}


def wanted(anna: Person, kind: FileKind, attempts: int = 0) -> PendingTask:
    return PendingTask(1, work(TaskKind.MAKE_FILE, file=kind, **DETAILS[kind]), anna.id, "en", attempts)


def said(anna: Person) -> list[str]:
    """Return the texts of the bot's messages."""
    return [message.text or "" for message in anna.chat.messages if message.sender.is_bot]


@BOTH
@pytest.mark.parametrize(
    "trouble", [StorageUnavailableError(), OSError(28, "No space left on device"), KeyError("bug")]
)
async def test_what_cannot_be_made_now_is_made_later(
    deliverer: TelegramExecutor, source: Source, anna: Person, kind: FileKind, trouble: Exception
) -> None:
    source.trouble = trouble
    assert (await deliverer.deliver(wanted(anna, kind))).result is DeliveryStatus.RETRY

    source.trouble = None
    assert (await deliverer.deliver(wanted(anna, kind, TRIES - 1))).result is DeliveryStatus.DONE
    assert any(message.document is not None for message in anna.chat.messages)


@BOTH
async def test_what_failed_too_often_is_given_up_and_said(
    deliverer: TelegramExecutor, anna: Person, kind: FileKind
) -> None:
    receipt = await deliverer.deliver(wanted(anna, kind, TRIES))

    assert receipt.result is DeliveryStatus.REFUSED
    assert "could not send" in said(anna)[-1]


@BOTH
@pytest.mark.parametrize("refusal", [TelegramEntityTooLarge, TelegramBadRequest])
async def test_what_telegram_never_takes_is_said_at_once(
    deliverer: TelegramExecutor,
    anna: Person,
    kind: FileKind,
    refusal: type[TelegramEntityTooLarge | TelegramBadRequest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    async def refuses(_self: Bot, chat_id: int, document: object, **_: object) -> None:
        asked.append(document)
        method: TelegramMethod[Any] = SendDocument(chat_id=chat_id, document="file")
        raise refusal(method, "Request Entity Too Large")

    monkeypatch.setattr(Bot, "send_document", refuses)

    receipt = await deliverer.deliver(wanted(anna, kind))

    assert receipt.result is DeliveryStatus.REFUSED
    assert len(asked) == 1
    is_size = kind is FileKind.MY_DATA and refusal is TelegramEntityTooLarge
    assert ("too large for a chat" if is_size else "could not send") in said(anna)[-1]


async def test_data_of_more_than_bots_may_send_is_not_tried(
    deliverer: TelegramExecutor, source: Source, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "PART", 10)
    source.data = b"x" * 11

    assert (await deliverer.deliver(wanted(anna, FileKind.MY_DATA))).result is DeliveryStatus.REFUSED

    assert "too large for a chat" in said(anna)[-1]


@pytest.mark.parametrize(
    ("entries", "answer"), [(0, "Nothing happened"), (11, "python -m bot export --period all")], ids=["none", "many"]
)
async def test_how_many_entries_there_are_is_counted_when_the_journal_is_made(
    deliverer: TelegramExecutor,
    source: Source,
    anna: Person,
    entries: int,
    answer: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "MOST_EXPORTED", 10)
    source.entries = entries

    assert (await deliverer.deliver(wanted(anna, FileKind.JOURNAL))).result is DeliveryStatus.DONE

    assert answer in said(anna)[-1]
