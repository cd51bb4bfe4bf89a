"""Which process runs what must run once: the poller, the courier, the sweeper."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database

ADVISORY_KEY = 0x67617465
"""Which PostgreSQL advisory lock the leader holds, on a connection of its own."""


class Leadership(Protocol):
    """Held by one process at a time."""

    async def acquire(self) -> bool: ...

    async def still_held(self) -> bool: ...

    async def release(self) -> None: ...


class SoleLeadership:
    """SQLite: the process that holds the file leads."""

    async def acquire(self) -> bool:
        """At once."""
        return True

    async def still_held(self) -> bool:
        """Always."""
        return True

    async def release(self) -> None:
        """Nothing to do."""


class AdvisoryLeadership:
    """PostgreSQL: who holds the advisory lock leads; the server frees it when the connection ends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: AsyncConnection | None = None

    async def acquire(self) -> bool:
        """Try to become the leader."""
        try:
            connection = await self._database.engine.connect()
        except (SQLAlchemyError, OSError):
            return False
        try:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            locked = await connection.execute(text(f"SELECT pg_try_advisory_lock({ADVISORY_KEY})"))
            if locked.scalar_one():
                self._connection = connection
                return True
        except (SQLAlchemyError, OSError):
            await connection.invalidate()
        await connection.close()
        return False

    async def still_held(self) -> bool:
        """Whether the connection that holds the lock still lives."""
        if self._connection is None:
            return False
        try:
            await self._connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True

    async def release(self) -> None:
        """Let another process lead. The connection is ended, which frees the lock for certain."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.invalidate()
            await connection.close()


def leadership(database: Database) -> Leadership:
    """The kind that fits the database."""
    return SoleLeadership() if database.is_sqlite else AdvisoryLeadership(database)
