"""Reading beside a running bot: its file is not held, nothing is written, and nothing waits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import URL, inspect, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.domain.gate import Gate
from storage.database import DatabaseError, driver_url
from storage.gates import SqlGates
from storage.store import SqlStore
from storage.tables import gates

T = TypeVar("T")


class Beside:
    """Transactions that only read. Each is short, so that the bot's own log does not grow meanwhile."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def transact(self, work: Callable[[SqlStore], Awaitable[T]]) -> T:
        """See `bot.usecases.ports.Transactions`. Raises DatabaseError."""
        try:
            async with self._engine.connect() as connection:
                return await work(SqlStore(connection))
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseError(
                f"DATABASE_URL: the database cannot be read ({type(error).__name__}); if it was not used by this "
                "version yet, run `python -m bot migrate`"
            ) from error


async def peek(url: str, read: Callable[[SqlStore], Awaitable[T]]) -> T:
    """What `read` finds. Raises DatabaseError, also when there is nothing to read in yet."""
    async with beside(url) as database:
        return await database.transact(read)


@asynccontextmanager
async def beside(url: str) -> AsyncIterator[Beside]:
    """Read for a while. Raises DatabaseError when there is nothing to read in yet."""
    _check_is_there(make_url(url))
    engine = create_async_engine(_read_only(url), poolclass=NullPool, hide_parameters=True)
    try:
        yield Beside(engine)
    finally:
        await engine.dispose()


async def gates_on(url: str) -> list[Gate]:
    """The gates that are on; none in a database that is still empty. Raises DatabaseError."""
    _check_is_there(make_url(url))
    engine = create_async_engine(_read_only(url), poolclass=NullPool, hide_parameters=True)
    try:
        async with engine.connect() as connection:
            if not await connection.run_sync(lambda bare: inspect(bare).has_table(gates.name)):
                return []
            return await SqlGates(connection).that_are_on()
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseError(f"DATABASE_URL: the gates cannot be read ({type(error).__name__})") from error
    finally:
        await engine.dispose()


def _check_is_there(url: URL) -> None:
    """Failing to open a file leaves the driver a thread that outlives the attempt."""
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise DatabaseError(f"DATABASE_URL: {url.database} is not there yet; `run` and `migrate` make it")


def _read_only(url: str) -> URL:
    """The address; of an SQLite file one by which it cannot be made or written, nor its log be folded in at the end."""
    address = driver_url(url)
    if address.get_backend_name() != "sqlite":
        return address
    return address.set(database=f"file:{quote(address.database or '')}", query={"mode": "ro", "uri": "true"})
