"""Leadership: which process runs the poller, the delivery worker and the sweeper.

On PostgreSQL leadership is a lease. The leader has its own connection, which holds an advisory lock and is used every
second. If it is silent for LEASE seconds, because the process hangs, the machine is gone or the network is cut, the
server ends it, which frees the lock, and another process leads. Each term has a number, higher than those before. The
database stores what a leader writes only while its number is the highest: a leader that wakes up after another took
over changes nothing (https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import LeadershipLostError
from storage.engine.database import Database
from storage.sql import tables
from storage.sql.statements import upsert
from storage.store import Store, Transactions

T = TypeVar("T")

ADVISORY_KEY = 0x67617465
"""The PostgreSQL advisory lock that the leader holds on its own connection."""
LEASE = 8.0
"""Seconds of silence after which the server takes the lock from a leader."""
HANDOVER = 1.5
"""Seconds that a standby waits once it has the lock. By then a leader that lost only its connection sends nothing, and
it could still record what it had sent, so that nothing is sent twice."""
ANSWERS_WITHIN = 5.0
"""Seconds that a server may take to answer before its leader counts as cut off."""
THE_LEASE = 1
L = tables.leadership.c
TERM = select(L.term).where(L.id == THE_LEASE)
# Held until the transaction ends, so that no other term begins before that.
HELD_TERM = TERM.with_for_update(read=True)


class Leadership(Protocol):
    """Held by one process at a time."""

    transactions: Transactions
    """Runs the leader's work: the database stores it while this process leads, else LeadershipLostError is raised."""

    async def acquire(self) -> bool: ...

    async def still_held(self) -> bool: ...

    def is_certain(self) -> bool:
        """Whether no other process can lead yet: nobody else sends what this one sends."""

    async def release(self) -> None: ...


class SoleLeadership:
    """SQLite: the process that holds the file leads."""

    def __init__(self, database: Database) -> None:
        self.transactions: Transactions = database

    async def acquire(self) -> bool:
        """At once."""
        return True

    async def still_held(self) -> bool:
        """Always."""
        return True

    def is_certain(self) -> bool:
        """Always."""
        return True

    async def release(self) -> None:
        """Nothing to do."""


class Lease:
    """PostgreSQL: a lease, as above."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: AsyncConnection | None = None
        self._term: int | None = None
        self._confirmed_at = float("-inf")
        """When the server last answered, on the clock that goes on while a process is stopped."""
        self._stood_by = False
        self.transactions: Transactions = _Fenced(database, self._check)

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
                await self._limit_silence(connection)
                if self._stood_by:
                    await asyncio.sleep(min(HANDOVER, LEASE / 4))
                asked_at = time.monotonic()
                self._term = await self._begin_term(connection)
                self._connection, self._confirmed_at = connection, asked_at
                return True
            self._stood_by = True
        except (SQLAlchemyError, OSError):
            await connection.invalidate()
        await connection.close()
        return False

    async def still_held(self) -> bool:
        """Whether the server still answers on the connection that holds the lock, and no other term began."""
        if self._connection is None:
            return False
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                is_held = (await self._connection.execute(TERM)).scalar_one_or_none() == self._term
        except (SQLAlchemyError, OSError, TimeoutError):
            return False
        if is_held:
            self._confirmed_at = asked_at
        return is_held

    def is_certain(self) -> bool:
        """Whether the server answered less than LEASE seconds ago; a process that slept for longer cannot know yet."""
        return time.monotonic() - self._confirmed_at < LEASE

    async def release(self) -> None:
        """Let another process lead. Ends the connection, which certainly frees the lock."""
        self._term, self._confirmed_at, self._stood_by = None, float("-inf"), False
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.invalidate()
            await connection.close()

    @staticmethod
    async def _limit_silence(connection: AsyncConnection) -> None:
        # Servers before PostgreSQL 14 have no such limit; there only the end of the connection frees the lock.
        with contextlib.suppress(SQLAlchemyError):
            await connection.execute(text(f"SET idle_session_timeout = {int(LEASE * 1000)}"))

    @staticmethod
    async def _begin_term(connection: AsyncConnection) -> int:
        """Wait for transactions of the term before, which the server ends when they are silent for LEASE seconds."""
        begin = upsert(connection, tables.leadership, computed={"term": L.term + 1}, returned=(L.term,))
        term: int = (await connection.execute(begin, {"id": THE_LEASE, "term": 1})).scalar_one()
        return term

    async def _check(self, store: Store) -> None:
        term = (await store.connection.execute(HELD_TERM)).scalar_one_or_none()
        if term is None or term != self._term:
            raise LeadershipLostError("another process leads")


class _Fenced:
    """Transactions of the leader."""

    def __init__(self, database: Database, check: Callable[[Store], Awaitable[None]]) -> None:
        self._database = database
        self._check = check

    async def transact(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """See `Transactions`. When this process no longer leads, raises LeadershipLostError and stores nothing."""

        async def fenced(store: Store) -> T:
            result = await work(store)
            await self._check(store)
            return result

        return await self._database.transact(fenced)


def leadership(database: Database) -> Leadership:
    """Return the kind of leadership that fits the database."""
    return SoleLeadership(database) if database.is_sqlite else Lease(database)
