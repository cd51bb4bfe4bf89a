"""The messages of appeals, and a gate that moves to a new chat meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.clock import REAL_TIME
from bot.domain.gates import Gate
from bot.domain.notifications import Toast
from storage.engine.database import Database
from storage.store import Store
from tests.domain.makers import NOW

OLD, NEW, ANNA, ADMIN = -5, -1005, 7, 8
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """On SQLite there is never a second transaction."""
    database = Database(postgres_url, REAL_TIME.now)
    await database.open()
    yield database
    await database.close()


async def appeals(store: Store) -> None:
    await store.gates.save(Gate(OLD, "Yard", username=None, is_channel=False, is_on=True), NOW)
    await store.appeals.open(OLD, ANNA, NOW, timedelta(days=1))


async def test_a_message_recorded_while_its_gate_moves_belongs_to_the_moved_appeal(database: Database) -> None:
    await database.transact(appeals)
    has_moved, ends = asyncio.Event(), asyncio.Event()

    async def moves(store: Store) -> None:
        await store.gates.move(OLD, NEW)
        has_moved.set()
        await ends.wait()

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(database.transact(moves))
        await has_moved.wait()
        told = group.create_task(database.transact(lambda store: store.appeals.told(OLD, ANNA, ADMIN, 3)))
        while True:
            async with database.begin() as connection:
                if told.done() or (await connection.execute(text(WAITING))).scalar_one():
                    break
            await REAL_TIME.pause(0.01)
        assert not told.done()
        ends.set()

    assert told.result() is None
    closed = await database.transact(lambda store: store.appeals.close(NEW, ANNA, Toast.LET_IN, NOW, ADMIN))
    assert closed == [(ADMIN, 3)]
