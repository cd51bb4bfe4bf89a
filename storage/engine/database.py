"""The database: opening it, and running work in transactions.

SQLite: one connection, held by one process; BEGIN IMMEDIATE, because the driver's own late BEGIN loses updates silently
and a plain BEGIN ends in "database is locked"; WAL with synchronous=FULL, because acknowledged updates must survive a
power cut. All transactions that wait for the connection share one commit. PostgreSQL: a pool; a work that collides with
another, or finds its connection lost, runs again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from asyncpg import InterfaceError, PostgresError  # type: ignore[import-untyped] # it comes without types
from filelock import FileLock, Timeout
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.crypto import Pseudonymizer
from bot.domain.errors import StorageUnavailableError
from bot.domain.incidents import UnreadableRow
from bot.domain.journal import NewEntry
from storage.engine import sqlite_adapter
from storage.engine.checks import DatabaseError, address_of, refuse_foreign, refuse_newer
from storage.sql.failures import collided, may_pass, unusable, was_cut_off, was_not_sent
from storage.sql.unreadable import read_json
from storage.store import Store

T = TypeVar("T")
Work = Callable[[Store], Awaitable[Any]]
Publish = Callable[[Store, Sequence[NewEntry]], Awaitable[None]]
SetAsideRows = Callable[[Store, Sequence[UnreadableRow]], Awaitable[None]]

SHARED_COMMIT = 100
"""How many works share one commit at most."""
TRIES = 4
"""How often PostgreSQL work runs that collides with another or loses its connection."""
CUT_OFF = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)
"""What a client sees when the server ended the connection without being able to say so."""
SERVER_FAILURES = {
    "25006": "the server is read-only",
    "53100": "the disk of the server is full",
    "53200": "the server is out of memory",
    "53300": "the server has too many connections",
    "57P01": "the server is shutting down",
    "57P02": "the server crashed",
    "57P03": "the server is starting up",
}
"""Failures that an operator can fix (PostgreSQL manual, appendix A)."""
POOL = 10
LONGEST_SILENCE = 10.0
"""Seconds after which the server ends an idle transaction: its process hangs or is cut off, and others wait."""


class Database:
    """Runs works in transactions: `await database.transact(work)`."""

    def __init__(
        self,
        url: str,
        now: Callable[[], datetime],
        pseudonymizer: Pseudonymizer | None = None,
        *,
        publish: Publish | None = None,
        set_aside: SetAsideRows | None = None,
        noted: Sequence[Callable[[Sequence[NewEntry]], None]] = (),
        timed: Sequence[Callable[[float, bool], None]] = (),
    ) -> None:
        """`url` as in DATABASE_URL: sqlite:///path or postgresql://user:password@host/db. `now` is the clock that gives
        each work its moment. `pseudonymizer`: see `Store`.

        Within the transaction, `publish` adds what follows from its journal entries, and `set_aside` handles the rows
        that it could not read. After the commit, those of `noted` get the entries. Those of `timed` get the duration of
        each transaction and whether it was stored.
        """
        self._address = address_of(url)
        self._now = now
        self._pseudonymizer = pseudonymizer
        self._publish = publish
        self._set_aside = set_aside
        self._noted = noted
        self._timed = timed
        self._lock: FileLock | None = None
        self._engine: AsyncEngine | None = None
        self._only: AsyncConnection | None = None
        self._waiting: deque[tuple[Work, asyncio.Future[Any]]] = deque()
        self._turn = asyncio.Lock()

    @property
    def is_sqlite(self) -> bool:
        """Whether this process holds the whole database alone."""
        return self._address.is_sqlite

    @property
    def file(self) -> Path:
        """The file of an SQLite database."""
        return Path(str(self._address.url.database))

    @property
    def engine(self) -> AsyncEngine:
        """The engine, once open."""
        if self._engine is None:
            raise DatabaseError("the database is not open")
        return self._engine

    async def open(self) -> None:
        """Connect. Raises DatabaseError when another process holds the file, nothing answers, or a newer version of
        this program has used the database."""
        if self.is_sqlite:
            self._hold_file()
            self._engine = create_async_engine(self._address.url, hide_parameters=True, json_deserializer=read_json)
            event.listen(self._engine.sync_engine, "do_connect", sqlite_adapter.connect)
            event.listen(self._engine.sync_engine, "connect", sqlite_adapter.set_up)
            event.listen(self._engine.sync_engine, "begin", sqlite_adapter.begin_immediate)
        else:
            self._engine = create_async_engine(
                self._address.url,
                hide_parameters=True,
                pool_size=POOL,
                connect_args=self._address.connect_args,
            )
            event.listen(self._engine.sync_engine, "connect", _limit_silence)
        try:
            if self.is_sqlite:
                self._only = await self._engine.connect()
            async with self.begin() as connection:
                await refuse_newer(connection)
        except (SQLAlchemyError, PostgresError, InterfaceError, OSError) as error:
            await self.close()
            raise DatabaseError(f"DATABASE_URL: the database does not open: {unusable(error)}") from error
        except DatabaseError:
            await self.close()
            raise

    async def close(self) -> None:
        """Release the database and its file."""
        if self._only is not None:
            await self._only.close()
            self._only = None
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    async def transact(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """Run `work` and commit; all its writes are stored, or none. It may run more than once.

        Raises what `work` raises, and StorageUnavailableError when the database does not store it.
        """
        began = time.perf_counter()
        is_kept = True
        try:
            return await (self._transact_together(work) if self.is_sqlite else self._transact_alone(work))
        except StorageUnavailableError:
            is_kept = False
            raise
        finally:
            for tell in self._timed:
                tell(time.perf_counter() - began, is_kept)

    async def _transact_together(self, work: Callable[[Store], Awaitable[T]]) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        try:
            async with self._turn:
                # Whoever has the turn commits for everybody who waits.
                while not future.done():
                    await _to_its_end(self._commit_waiting())
            return await future
        except asyncio.CancelledError:
            # A work that has not begun must not begin now.
            future.cancel()
            raise

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction on a bare connection, for migrations and maintenance."""
        if self._only is None:
            async with self.engine.begin() as connection:
                yield connection
        else:
            async with self._turn, self._only.begin():
                yield self._only

    async def vacuum_into(self, target: Path) -> None:
        """Write a compact copy of an SQLite database to `target`. Other transactions wait meanwhile."""
        if self._only is None:
            raise DatabaseError("the database is not open")
        async with self._turn:
            raw = await self._only.get_raw_connection()
            # SQLAlchemy would begin a transaction, and VACUUM cannot run inside one.
            driver_connection: Any = raw.driver_connection
            try:
                await driver_connection.execute("VACUUM INTO ?", (str(target),))
            except sqlite3.Error as error:
                raise DatabaseError(f"the copy cannot be written: {error}") from error

    async def _commit_waiting(self) -> None:
        taken = [self._waiting.popleft() for _ in range(min(SHARED_COMMIT, len(self._waiting)))]
        batch = [(work, future) for work, future in taken if not future.done()]
        try:
            results = await self._run([work for work, _ in batch])
        except Exception:  # noqa: BLE001 - each work is run again by itself, and gets its own failure
            await self._run_each(batch)
        else:
            for (_, future), result in zip(batch, results, strict=True):
                _resolve(future, result)

    async def _run_each(self, batch: list[tuple[Work, asyncio.Future[Any]]]) -> None:
        for work, future in batch:
            try:
                (result,) = await self._run([work])
            except SQLAlchemyError as error:
                _fail(future, StorageUnavailableError(_why(error)) if may_pass(error) else error, error)
            except Exception as error:  # noqa: BLE001 - it is its owner's to handle
                _fail(future, error)
            else:
                _resolve(future, result)

    async def _run(self, works: list[Work]) -> list[Any]:
        if self._only is None:
            raise StorageUnavailableError("closed")
        store = Store(self._only, self._now(), self._pseudonymizer)
        results = []
        try:
            async with self._only.begin():
                for work in works:
                    store.now = self._now()
                    results.append(await work(store))
                await self._finish(store)
        except Exception:
            if len(works) == 1 and store.unreadable:
                with contextlib.suppress(SQLAlchemyError):
                    async with self._only.begin():
                        await self._set_aside_alone(
                            Store(self._only, self._now(), self._pseudonymizer), store.unreadable
                        )
            raise
        self._tell_noted(store)
        return results

    async def _finish(self, store: Store) -> None:
        if self._publish is not None:
            await self._publish(store, store.journal.noted)
        if self._set_aside is not None and store.unreadable:
            await self._set_aside(store, store.unreadable)
        await store.journal.write()

    async def _set_aside_alone(self, store: Store, rows: Sequence[UnreadableRow]) -> None:
        """Set aside what a failed transaction could not read: that may be why it failed, and it would fail again."""
        if self._set_aside is not None:
            await self._set_aside(store, rows)
            await store.journal.write()

    def _tell_noted(self, store: Store) -> None:
        if store.journal.noted:
            for tell in self._noted:
                tell(store.journal.noted)

    async def _transact_alone(self, work: Callable[[Store], Awaitable[T]]) -> T:
        for attempt in range(TRIES):
            unreadable: list[UnreadableRow] = []
            has_begun = is_committing = False
            try:
                async with self.engine.begin() as connection:
                    has_begun = True
                    store = Store(connection, self._now(), self._pseudonymizer)
                    unreadable = store.unreadable
                    result = await work(store)
                    await self._finish(store)
                    is_committing = True
            except OSError as error:
                if attempt + 1 < TRIES and isinstance(error, CUT_OFF) and not is_committing:
                    await _pause(attempt)
                    continue
                raise StorageUnavailableError(error.strerror or type(error).__name__) from error
            except SQLAlchemyError as error:
                # The server stored nothing of a connection that was lost before its commit, for example while
                # connecting. The pool then replaces all its connections, which costs less than testing each one before
                # every use.
                is_unmade = isinstance(error, DBAPIError) and not has_begun
                is_lost = was_cut_off(error) and not is_committing
                if attempt + 1 < TRIES and (collided(error) or is_unmade or is_lost or was_not_sent(error)):
                    await _pause(attempt)
                    continue
                if not may_pass(error):
                    await self._set_aside_apart(unreadable)
                    raise
                raise StorageUnavailableError(_why(error)) from error
            except StorageUnavailableError:
                raise
            except Exception:
                await self._set_aside_apart(unreadable)
                raise
            else:
                self._tell_noted(store)
                return result
        raise StorageUnavailableError("too many collisions")

    async def _set_aside_apart(self, rows: Sequence[UnreadableRow]) -> None:
        if rows:
            with contextlib.suppress(SQLAlchemyError, OSError):
                async with self.engine.begin() as connection:
                    await self._set_aside_alone(Store(connection, self._now(), self._pseudonymizer), rows)

    def _hold_file(self) -> None:
        path = self.file
        try:
            refuse_foreign(path)
            make_folder(path.parent)
            self._lock = FileLock(f"{path}.lock", blocking=False, mode=0o600)
            self._lock.acquire()
            # For this user only, whatever the umask is; SQLite gives its log and its index the mode of the file.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", ".lock"))):
                # It may be another user's, or on a file system without modes.
                with contextlib.suppress(OSError):
                    file.chmod(0o600)
        except Timeout:
            self._lock = None
            raise DatabaseError(
                f"DATABASE_URL: {path} is in use by another Callgate process; stop that one first"
            ) from None
        except OSError as error:
            if self._lock is not None:
                self._lock.release()
                self._lock = None
            raise DatabaseError(f"DATABASE_URL: {path} cannot be written ({error.strerror})") from error


def make_folder(folder: Path) -> None:
    """Create the folder and its parents for this user only; leave an existing one as it is. Raises OSError."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


async def _pause(attempt: int) -> None:
    """Wait before a work runs again, so that not all do at once."""
    await asyncio.sleep(random.uniform(0, 0.02 * (attempt + 1)))  # noqa: S311 - no secret


def _limit_silence(connection: Any, _record: object) -> None:  # noqa: ANN401 - SQLAlchemy's adapted connection
    # A statement, not a parameter of the address: poolers refuse to connect with settings that they do not know.
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {int(LONGEST_SILENCE * 1000)}")
    cursor.close()
    # Undoes what a transaction set.
    connection.commit()


async def _to_its_end(job: Coroutine[Any, Any, None]) -> None:
    """Wait for `job` to end, even when cancelled: nobody would know whether an interrupted commit was stored."""
    task = asyncio.get_running_loop().create_task(job)
    is_cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            is_cancelled = True
    task.result()
    if is_cancelled:
        raise asyncio.CancelledError


def _why(error: SQLAlchemyError) -> str:
    """Why it was not stored, without any value. SQLite's messages contain none; those of a server's driver may."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(cause, sqlite3.Error):
        return str(cause)
    return SERVER_FAILURES.get(str(getattr(cause, "sqlstate", None)), type(cause or error).__name__)


def _resolve(future: asyncio.Future[Any], result: Any) -> None:  # noqa: ANN401 - whatever the work returned
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception, cause: Exception | None = None) -> None:
    if cause is not None and cause is not error:
        error.__cause__ = cause
    if not future.done():
        future.set_exception(error)
