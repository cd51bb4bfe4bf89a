"""Listeners of the database get what was committed, after the commit, and nothing else."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy.exc import OperationalError

from bot.clock import REAL_TIME
from bot.domain.errors import StorageUnavailableError
from bot.domain.journal import Event, NewEntry
from bot.domain.webhooks import Destination
from storage.engine.database import Database
from storage.store import Store
from tests.domain.makers import NOW


class Heard:
    """What the listener got, in order."""

    def __init__(self) -> None:
        self.noted: list[NewEntry] = []
        self.timed: list[tuple[float, bool]] = []
        self.fails = False

    async def publish(self, store: Store, noted: Sequence[NewEntry]) -> None:
        for entry in noted:
            await store.outbox.add(Destination.EVENTS, f"{entry.event}-{entry.user_id}", entry.event, b"", entry.at)
        if self.fails:
            raise LookupError

    def note(self, noted: Sequence[NewEntry]) -> None:
        self.noted += noted

    def time(self, seconds: float, is_kept: bool) -> None:
        self.timed.append((seconds, is_kept))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def database(database_url: str, heard: Heard) -> AsyncIterator[Database]:
    database = Database(database_url, REAL_TIME.now, publish=heard.publish, noted=(heard.note,), timed=(heard.time,))
    await database.open()
    yield database
    await database.close()


async def _letters(database: Database) -> list[str]:
    due = await database.transact(lambda store: store.outbox.due(Destination.EVENTS, NOW, 100, ()))
    return sorted(letter.message_id for letter in due)


async def _starts(store: Store, user_id: int) -> None:
    store.journal.add(Event.STARTED, NOW, user_id=user_id)


async def test_what_follows_from_an_entry_is_kept_with_it_and_heard_of_once(database: Database, heard: Heard) -> None:
    await asyncio.gather(*(database.transact(functools.partial(_starts, user_id=who)) for who in range(1, 6)))

    assert await _letters(database) == [f"started-{who}" for who in range(1, 6)]
    assert sorted(entry.user_id or 0 for entry in heard.noted) == [1, 2, 3, 4, 5]
    assert [is_kept for _, is_kept in heard.timed] == [True] * 6


async def test_of_what_was_not_kept_nothing_is_heard(database: Database, heard: Heard) -> None:
    async def starts_and_fails(store: Store) -> None:
        await _starts(store, 7)
        raise LookupError

    with pytest.raises(LookupError):
        await database.transact(starts_and_fails)
    heard.fails = True
    with pytest.raises(LookupError):
        await database.transact(lambda store: _starts(store, 8))
    heard.fails = False

    assert heard.noted == []
    assert await _letters(database) == []
    async with database.begin() as connection:
        assert await Store(connection, NOW).journal.newest() == 0


async def test_a_transaction_that_storage_does_not_keep_is_told_apart(database: Database, heard: Heard) -> None:
    async def breaks(_store: Store) -> None:
        raise OperationalError("", None, OSError())

    with pytest.raises(StorageUnavailableError):
        await database.transact(breaks)
    await database.transact(lambda store: _starts(store, 7))

    assert [is_kept for _, is_kept in heard.timed] == [False, True]
    assert all(0 < seconds < 60 for seconds, _ in heard.timed)
