"""Each journal entry is counted once, even when two processes believe that they lead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.clock import REAL_TIME
from bot.domain.journal import Event
from storage.engine.database import Database
from storage.store import Store
from tests.domain.makers import NOW

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
COUNTED = "SELECT max(count) FROM sums WHERE event = 'started' AND dimension = 'total' AND grain = 'day'"


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """On SQLite there is never a second one."""
    database = Database(postgres_url, REAL_TIME.now)
    await database.open()
    yield database
    await database.close()


async def note(database: Database, hours: int) -> None:
    async def add(store: Store) -> None:
        store.journal.add(Event.STARTED, NOW + timedelta(hours=hours))

    await database.transact(add)


async def read(database: Database, query: str) -> int:
    async with database.begin() as connection:
        return int((await connection.execute(text(query))).scalar_one())


async def roll_both(database: Database, until_hours: int) -> list[int]:
    """Two leaders, the first of which delays its commit."""
    rolled, ends = asyncio.Event(), asyncio.Event()
    until = NOW + timedelta(hours=until_hours)

    async def first(store: Store) -> int:
        count = await store.sums.roll(until)
        rolled.set()
        await ends.wait()
        return count

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        one = group.create_task(database.transact(first))
        await rolled.wait()
        other = group.create_task(database.transact(lambda store: store.sums.roll(until)))
        while not other.done() and not await read(database, WAITING):
            await REAL_TIME.pause(0.01)
        ends.set()
    return [one.result(), other.result()]


async def test_of_two_who_add_up_the_same_span_the_one_who_comes_later_adds_nothing(database: Database) -> None:
    await note(database, hours=0)
    assert await roll_both(database, until_hours=1) == [1, 0]

    await note(database, hours=2)
    assert await roll_both(database, until_hours=3) == [1, 0]

    assert await read(database, COUNTED) == 2
