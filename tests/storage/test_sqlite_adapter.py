"""A statement on SQLite takes one trip to the driver's thread; everything else works as in SQLAlchemy."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.database import Database
from storage.sql import tables

SEEN = tables.seen_updates
HUNDRED_THOUSAND = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000)"


def _updates(*ids: int) -> list[dict[str, object]]:
    return [{"update_id": update_id, "seen_at": tables.EPOCH} for update_id in ids]


async def _sql_function(connection: AsyncConnection, name: str, function: Callable[[int], int]) -> None:
    driver_connection: Any = (await connection.get_raw_connection()).driver_connection
    await driver_connection.create_function(name, 1, function)


@pytest.mark.parametrize(
    "statement",
    [
        select(SEEN),
        insert(SEEN).values(_updates(4)),
        insert(SEEN).values(_updates(4)).returning(SEEN.c.update_id),
        update(SEEN).values(seen_at=tables.EPOCH),
        text("PRAGMA foreign_keys"),
    ],
    ids=["select", "insert", "returning", "update", "pragma"],
)
async def test_each_statement_is_one_trip(sqlite: Database, caplog: pytest.LogCaptureFixture, statement: Any) -> None:
    async with sqlite.begin() as connection:
        await connection.execute(insert(SEEN), _updates(1, 2, 3))
        with caplog.at_level(logging.DEBUG, logger="aiosqlite"):
            await connection.execute(statement)

    # aiosqlite logs each function that it runs in its thread.
    assert [record.msg for record in caplog.records].count("executing %s") == 1


async def test_so_is_a_statement_for_many_rows(sqlite: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with sqlite.begin() as connection:
        with caplog.at_level(logging.DEBUG, logger="aiosqlite"):
            added = await connection.execute(insert(SEEN), _updates(1, 2, 3))
        kept = (await connection.execute(select(SEEN.c.update_id))).scalars().all()

    assert [record.msg for record in caplog.records].count("executing %s") == 1
    assert (added.rowcount, kept) == (3, [1, 2, 3])


async def test_a_statement_says_what_it_did(sqlite: Database) -> None:
    async with sqlite.begin() as connection:
        one = await connection.execute(insert(tables.journal).values(at=tables.EPOCH, event="started", code="a"))
        other = await connection.execute(insert(tables.journal).values(at=tables.EPOCH, event="started", code="a"))
        changed = await connection.execute(update(tables.journal).values(code="x"))
        told = await connection.execute(update(tables.journal).values(code="y").returning(tables.journal.c.code))
        raw = await connection.exec_driver_sql("INSERT INTO seen_updates (update_id, seen_at) VALUES (77, 0)")

    assert one.inserted_primary_key is not None
    assert other.inserted_primary_key is not None
    assert other.inserted_primary_key[0] == one.inserted_primary_key[0] + 1
    assert changed.rowcount == 2
    assert (list(told.keys()), told.scalars().all()) == (["code"], ["y", "y"])
    assert (raw.rowcount, raw.lastrowid) == (1, 1)


async def test_rows_are_read_in_each_of_the_ways(sqlite: Database) -> None:
    query = text("SELECT 1 AS a, 'x' AS b UNION SELECT 2, 'y' UNION SELECT 3, 'z'")
    async with sqlite.begin() as connection:
        rows = await connection.execute(query)
        assert list(rows.keys()) == ["a", "b"]
        assert rows.fetchone() == (1, "x")
        assert rows.fetchmany(1) == [(2, "y")]
        assert rows.fetchmany() == [(3, "z")]
        assert rows.fetchmany(5) == []
        assert rows.fetchone() is None
        assert [row.b for row in await connection.execute(query)] == ["x", "y", "z"]


async def test_a_stream_is_still_read_bit_by_bit(sqlite: Database) -> None:
    computed: list[int] = []

    def note(number: int) -> int:
        computed.append(number)
        return number

    async with sqlite.begin() as connection:
        await _sql_function(connection, "seen", note)
        rows = await connection.stream(text(f"{HUNDRED_THOUSAND} SELECT seen(i) FROM n"))
        first = [(await rows.fetchone()), (await rows.fetchone())]
        await rows.close()

    assert first == [(1,), (2,)]
    assert len(computed) < 100_000


async def test_failures_are_those_of_sqlalchemy(sqlite: Database) -> None:
    async with sqlite.begin() as connection:
        await connection.execute(insert(SEEN), _updates(1))
        with pytest.raises(IntegrityError, match="UNIQUE"):
            await connection.execute(insert(SEEN).values(_updates(1)))
        with pytest.raises(IntegrityError, match="UNIQUE"):
            await connection.execute(insert(SEEN), _updates(5, 1))
        with pytest.raises(OperationalError, match="no such table"):
            await connection.execute(text("SELECT 1 FROM somewhere"))


async def test_a_row_that_cannot_be_read_leaves_no_statement_open(sqlite: Database) -> None:
    async with sqlite.begin() as connection:
        await connection.execute(text("CREATE TEMPORARY TABLE words AS SELECT 'fine' AS word"))
        await connection.execute(text("INSERT INTO words VALUES (CAST(x'ff' AS TEXT)), ('fine')"))
        with pytest.raises(OperationalError, match="UTF-8") as failed:
            await connection.execute(text("SELECT word FROM words"))
        # SQLite refuses it while a statement still reads the table; `failed` keeps everything in flight alive.
        await connection.execute(text("DROP TABLE words"))

    assert failed.value.orig is not None


async def test_a_connection_the_driver_closed_is_said_to_be_closed(sqlite: Database) -> None:
    with pytest.raises(DBAPIError) as failed:  # noqa: PT012 - a transaction
        async with sqlite.begin() as connection:
            driver_connection: Any = (await connection.get_raw_connection()).driver_connection
            await driver_connection.close()
            await connection.execute(select(SEEN))

    assert failed.value.connection_invalidated


async def test_a_statement_cut_off_leaves_the_connection_to_the_next(sqlite: Database) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def begin(number: int) -> int:
        loop.call_soon_threadsafe(begun.set)
        return number

    async def count_slowly() -> None:
        async with sqlite.begin() as connection:
            await _sql_function(connection, "begin", begin)
            await connection.execute(insert(SEEN), _updates(1))
            await connection.execute(text(f"{HUNDRED_THOUSAND} SELECT begin(i) FROM n"))

    task = loop.create_task(count_slowly())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with sqlite.begin() as connection:
        await connection.execute(insert(SEEN), _updates(2))
        assert (await connection.execute(select(SEEN.c.update_id))).scalars().all() == [2]
