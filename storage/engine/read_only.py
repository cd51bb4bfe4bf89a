"""Reading while the bot runs: does not lock the file, writes nothing, and blocks nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import URL, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.domain.gates import Gate
from storage.engine.address import DatabaseAddress
from storage.engine.checks import DatabaseError, address_of, refuse_foreign, refuse_newer
from storage.gates import Gates
from storage.sql.failures import unusable
from storage.sql.tables import gates
from storage.store import Store

T = TypeVar("T")


class ReadOnlyDatabase:
    """Transactions that only read. Each is short, so that the bot's own log does not grow meanwhile."""

    def __init__(self, engine: AsyncEngine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        self._is_known = False

    async def transact(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """Run `work` in a transaction that is rolled back. Raises DatabaseError."""
        try:
            async with self._engine.connect() as connection:
                if not self._is_known:
                    await refuse_newer(connection)
                    self._is_known = True
                return await work(Store(connection, self._now()))
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseError(f"DATABASE_URL: the database cannot be read: {unusable(error)}") from error


async def read_once(url: str, now: Callable[[], datetime], read: Callable[[Store], Awaitable[T]]) -> T:
    """Return what `read` finds. Raises DatabaseError, also when there is nothing to read yet."""
    async with open_read_only(url, now) as database:
        return await database.transact(read)


@asynccontextmanager
async def open_read_only(url: str, now: Callable[[], datetime]) -> AsyncIterator[ReadOnlyDatabase]:
    """Read for a while. Raises DatabaseError when there is nothing to read yet."""
    engine = _engine(url)
    try:
        yield ReadOnlyDatabase(engine, now)
    finally:
        await engine.dispose()


async def gates_on(url: str) -> list[Gate]:
    """The active gates; none in a database that is still empty. Raises DatabaseError."""
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            await refuse_newer(connection)
            if not await connection.run_sync(lambda bare: inspect(bare).has_table(gates.name)):
                return []
            return await Gates(connection).that_are_on()
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseError(f"DATABASE_URL: the gates cannot be read: {unusable(error)}") from error
    finally:
        await engine.dispose()


def _engine(url: str) -> AsyncEngine:
    address = address_of(url)
    # A failed attempt to open a file leaves a thread of the driver behind.
    if address.is_sqlite:
        _look_for_file(Path(address.url.database or ""))
    return create_async_engine(
        _read_only(address), poolclass=NullPool, hide_parameters=True, connect_args=address.connect_args
    )


def _read_only(address: DatabaseAddress) -> URL:
    """The address. For an SQLite file, one that can neither create nor write it, nor checkpoint its log at the end."""
    if not address.is_sqlite:
        return address.url
    return address.url.set(database=f"file:{quote(address.url.database or '')}", query={"mode": "ro", "uri": "true"})


def _look_for_file(path: Path) -> None:
    """Raises DatabaseError where there is nothing to read, or something other than a Callgate database."""
    try:
        refuse_foreign(path)
        if not path.exists():
            raise DatabaseError(f"DATABASE_URL: {path} is not there yet; `run` and `migrate` make it")
    except OSError as error:
        raise DatabaseError(f"DATABASE_URL: {path} cannot be read ({error.strerror}); look at its rights") from error
