"""The migrations produce the schema that the code uses, on both databases, upwards and downwards."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from bot.clock import REAL_TIME
from storage.engine.checks import DatabaseError
from storage.engine.database import Database
from storage.engine.migrate import migrate, newest_revision, require_newest
from storage.engine.schema import MIGRATIONS, revisions
from storage.sql.tables import EPOCH, metadata


@pytest.fixture
async def database(empty_database_url: str) -> AsyncIterator[Database]:
    """Migrated from nothing by each test."""
    database = Database(empty_database_url, REAL_TIME.now)
    await database.open()
    await migrate(database)
    yield database
    await database.close()


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def _indexes(connection: Connection) -> set[str]:
    inspector = inspect(connection)
    return {str(index["name"]) for table in metadata.tables for index in inspector.get_indexes(table)}


async def test_the_migrations_make_exactly_the_tables_the_code_names(database: Database) -> None:
    async with database.begin() as connection:
        assert await connection.run_sync(_differences) == []
        made = await connection.run_sync(_indexes)
    assert made >= {str(index.name) for table in metadata.tables.values() for index in table.indexes}


async def test_every_step_goes_down_and_up_again(database: Database) -> None:
    await migrate(database, "base")
    async with database.begin() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert set(tables) <= {"alembic_version"}

    await migrate(database)

    async with database.begin() as connection:
        assert await connection.run_sync(_differences) == []


async def test_migrating_again_changes_nothing_and_keeps_what_is_there(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(metadata.tables["seen_updates"].insert().values(update_id=7, seen_at=EPOCH))

    await migrate(database)

    async with database.begin() as connection:
        rows = await connection.execute(metadata.tables["seen_updates"].select())
        assert [row.update_id for row in rows] == [7]


async def test_replicas_that_start_together_migrate_one_after_the_other(empty_postgres_url: str) -> None:
    replicas = [Database(empty_postgres_url, REAL_TIME.now) for _ in range(4)]
    for replica in replicas:
        await replica.open()

    await asyncio.gather(*(migrate(replica) for replica in replicas))

    async with replicas[0].begin() as connection:
        assert await connection.run_sync(_differences) == []
    for replica in replicas:
        await replica.close()


async def test_who_waits_is_found_after_the_upgrade_as_before(empty_database_url: str) -> None:
    database = Database(empty_database_url, REAL_TIME.now)
    await database.open()
    await migrate(database, "0009")
    rows = {
        "gates (chat_id, title, is_channel, is_on, created_at, changed_at)": "(-1, 'Flat owners', FALSE, TRUE, 0, 0)",
        "join_requests (gate_id, user_id, state, reach, requested_at, deadline_at)": (
            "(-1, 7, 'waiting', 'reached', 1, 2), (-1, 8, 'waiting', 'reached', 1, 2)"
        ),
        "verified_phones (user_id, fingerprint, mask, region, kind, rank, verification_id, verified_at)": (
            "(7, 'f', '', 'RU', 'mobile', 1, 1, 1)"
        ),
        "verifications (id, token, user_id, fingerprint, mask, region, state, opened_at)": (
            "(1, 't', 8, 'g', '', 'RU', 'open', 1), (2, 'u', 9, 'h', '', 'RU', 'open', 1)"
        ),
        "numbers (verification_id, user_id, fingerprint, state, asked_at, window_ends_at)": (
            "(1, 8, 'g', 'given', 1, 5), (1, 8, 'g', 'given', 2, 6), (2, 9, 'h', 'asked', 1, NULL)"
        ),
    }
    async with database.begin() as connection:
        for into, values in rows.items():
            await connection.execute(text(f"INSERT INTO {into} VALUES {values}"))

    await migrate(database)

    async with database.begin() as connection:
        noted = await connection.execute(text("SELECT user_id, is_verified FROM join_requests ORDER BY user_id"))
        assert [(row.user_id, bool(row.is_verified)) for row in noted] == [(7, True), (8, False)]
        windows = await connection.execute(text("SELECT window_ends_at FROM verifications ORDER BY id"))
        assert [row.window_ends_at for row in windows] == [6, None]
    await database.close()


def steps_back_to(revision: str) -> str:
    """From the newest one, as Alembic counts them."""
    return str(revisions().index(revision) - len(revisions()) + 1)


async def test_renamed_tables_keep_what_is_in_them(empty_database_url: str) -> None:
    database = Database(empty_database_url, REAL_TIME.now)
    await database.open()
    await migrate(database, "0014")
    rows = {
        "gates (chat_id, title, is_channel, is_on, created_at, changed_at)": "(-1, 'Flat owners', FALSE, TRUE, 0, 0)",
        "errands (kind, rank, chat_id, details, unique_key, created_at, due_at)": (
            "('notify', 10, 7, '{}', 'k', 1, 2)"
        ),
        "alarms (name, trouble, subject, variant, details, since, seen_at, told_at)": (
            "('queue_stuck:errands_soon', 'queue_stuck', '', 'errands_soon', '{}', 1, 2, 3)"
        ),
        "standings (gate_id, user_id, standing, at, admin_id)": "(-1, 7, 'blocked', 1, 8)",
        "marks (name, at)": "('journal rolled', 1)",
        "forgotten_phones (owner_mark, phone_mark, rank)": "('o', 'p', 1)",
        "launches (digest, nonce, used_at)": "('d', 'n', 1)",
    }
    async with database.begin() as connection:
        for into, values in rows.items():
            await connection.execute(text(f"INSERT INTO {into} VALUES {values}".replace(":", "\\:")))
    old = ("errands", "alarms", "standings", "marks", "forgotten_phones", "launches")
    new = ("tasks", "incidents", "access_overrides", "cursors", "erased_phones", "used_init_data")

    async def kept(tables: Sequence[str]) -> list[list[tuple[object, ...]]]:
        async with database.begin() as connection:
            return [[tuple(row) for row in await connection.execute(text(f"SELECT * FROM {name}"))] for name in tables]

    before = await kept(old)
    assert all(len(found) == 1 for found in before)

    await migrate(database, "0015")
    after = await kept(new)
    assert after[1][0][0] == "queue_stuck:tasks_soon"
    assert [after[0], *after[2:]] == [before[0], *before[2:]]

    await migrate(database, steps_back_to("0014"))
    assert await kept(old) == before

    await migrate(database, "0015")
    assert await kept(new) == after
    await database.close()


async def test_renamed_columns_keep_what_is_in_them(empty_database_url: str) -> None:
    database = Database(empty_database_url, REAL_TIME.now)
    await database.open()
    await migrate(database, "0016")
    rows = {
        "gates (chat_id, title, is_channel, is_on, created_at, changed_at)": "(-1, 'Flat owners', FALSE, TRUE, 0, 0)",
        "join_requests (gate_id, user_id, state, reach, requested_at, deadline_at, way, hindrance)": (
            "(-1, 7, 'waiting', 'unknown', 1, 2, 'request', 'stale')"
        ),
        "grants (gate_id, user_id, kind, verification_id, state, is_told, owed_at, due_at)": (
            "(-1, 7, 'approve', 0, 'made', TRUE, 3, 4)"
        ),
        "gateway_events (source, kind, digest, mask, called, received_at, note, twin_id)": (
            "('callback', 'call', 'd', '', '', 5, '{}', 6)"
        ),
        "verifications (token, user_id, fingerprint, mask, region, state, opened_at, sealed)": (
            "('t', 7, 'f', '', 'RU', 'open', 8, NULL)"
        ),
    }
    async with database.begin() as connection:
        for into, values in rows.items():
            await connection.execute(text(f"INSERT INTO {into} VALUES {values}"))

    async def kept(columns: Mapping[str, str]) -> list[object]:
        async with database.begin() as connection:
            return [
                (await connection.execute(text(f"SELECT {column} FROM {table}"))).scalar_one()
                for table, column in columns.items()
            ]

    before = {"join_requests": "hindrance", "grants": "owed_at", "gateway_events": "twin_id", "verifications": "sealed"}
    after = {
        "join_requests": "ineligibility",
        "grants": "requested_at",
        "gateway_events": "duplicate_id",
        "verifications": "encrypted",
    }
    for columns, revision in 2 * ((before, "head"), (after, steps_back_to("0016"))):
        assert await kept(columns) == ["stale", 3, 6, None]
        await migrate(database, revision)
    await database.close()


def test_the_newest_revision_is_the_one_alembic_finds() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert newest_revision() == ScriptDirectory.from_config(config).get_current_head()


async def test_a_database_a_step_behind_is_not_the_newest_until_it_is_migrated(database: Database) -> None:
    await migrate(database, "-1")
    with pytest.raises(DatabaseError, match="run migrate first"):
        await require_newest(database)

    await migrate(database)

    await require_newest(database)


async def test_an_empty_database_is_not_the_newest(empty_database_url: str) -> None:
    database = Database(empty_database_url, REAL_TIME.now)
    await database.open()
    try:
        with pytest.raises(DatabaseError, match="run migrate first"):
            await require_newest(database)
    finally:
        await database.close()


START = """
import asyncio, sys
from datetime import UTC, datetime
from storage.engine.database import Database
from storage.engine.migrate import migrate

async def start():
    database = Database(sys.argv[1], lambda: datetime.now(UTC))
    await database.open()
    await migrate(database)
    await database.close()

asyncio.run(start())
sys.exit("alembic" in sys.modules)
"""


async def test_a_start_with_nothing_to_migrate_does_not_load_alembic(database_url: str) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", START, database_url)
    assert await process.wait() == 0


async def test_a_start_with_an_empty_database_does(empty_database_url: str) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", START, empty_database_url)
    assert await process.wait() == 1
