"""The database that the tests of rules use in turn holds nothing that an earlier test left."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from storage.engine.checks import driver_url
from storage.sql.tables import metadata
from tests.databases import Postgres

VERIFICATION = """
    INSERT INTO verifications (token, user_id, fingerprint, mask, region, state, opened_at)
    VALUES ('token', 1, 'f', '+7', 'RU', 'open', 1) RETURNING id
"""
NUMBER = """
    INSERT INTO numbers (verification_id, user_id, fingerprint, state, asked_at)
    VALUES (:verification, 1, 'f', 'asked', 1)
"""


async def _connect(url: str) -> AsyncConnection:
    return await create_async_engine(driver_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT").connect()


async def _rows(connection: AsyncConnection) -> dict[str, int]:
    """The number of rows of each table that has any."""
    counts = {
        table.name: (await connection.execute(text(f"SELECT count(*) FROM {table.name}"))).scalar_one()
        for table in metadata.sorted_tables
    }
    return {name: count for name, count in counts.items() if count}


async def _add(connection: AsyncConnection) -> int:
    """Add two rows, one of which refers to the other; return the id of that one."""
    added = (await connection.execute(text(VERIFICATION))).scalar_one()
    await connection.execute(text(NUMBER), {"verification": added})
    return int(added)


def test_the_next_test_finds_no_row_no_counter_and_no_connection_of_the_one_before(postgres: Postgres) -> None:
    with asyncio.Runner() as loop:
        with postgres.shared_database() as url:
            left_open = loop.run(_connect(url))
            first = loop.run(_add(left_open))
            assert loop.run(_rows(left_open)) == {"verifications": 1, "numbers": 1}

        with postgres.shared_database() as url:
            connection = loop.run(_connect(url))
            assert loop.run(_rows(connection)) == {}
            assert loop.run(_add(connection)) == first
            with pytest.raises(DBAPIError):
                loop.run(left_open.execute(text("SELECT 1")))
            loop.run(connection.close())
        loop.run(left_open.invalidate())
        loop.run(left_open.close())
