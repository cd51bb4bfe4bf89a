"""One trip to the driver's thread for each statement on SQLite.

aiosqlite runs sqlite3 in a separate thread. SQLAlchemy's adapter goes there four times for each statement: to open a
cursor, to run it, to fetch, to close; each trip takes longer than the work. This adapter needs one trip. It uses only
documented hooks: SQLAlchemy's event `do_connect`, `AdaptedConnection.run_async`, aiosqlite's `execute_fetchall`, and
the `factory` of sqlite3.connect.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection

T = TypeVar("T")
Parameters = Sequence[Any]
Row = tuple[Any, ...]


def connect(dialect: Any, _record: object, arguments: Sequence[Any], options: dict[str, Any]) -> AdaptedConnection:  # noqa: ANN401 - SQLAlchemy's event signature
    """Handle the event "do_connect" of an engine on sqlite+aiosqlite: open the connection as SQLAlchemy does."""
    adapted = dialect.dbapi.connect(*arguments, **options, factory=Connection)
    return AdaptedConnection(dialect.dbapi, adapted.driver_connection)


class Fetched(list[Row]):
    """All rows of a statement, with the cursor's other attributes (PEP 249)."""

    description: tuple[Row, ...] | None
    rowcount: int
    lastrowid: int | None


class Cursor(sqlite3.Cursor):
    """Lives in the driver's thread, and there only for one `execute_fetchall`."""

    def fetchall(self) -> Fetched:
        """The rows. Leaves nothing open, even when one of them cannot be read."""
        try:
            fetched = Fetched(super().fetchall())
            # With RETURNING the count is known only after the last row.
            fetched.description, fetched.rowcount, fetched.lastrowid = self.description, self.rowcount, self.lastrowid
            return fetched
        finally:
            self.close()


class Connection(sqlite3.Connection):
    """The connection in the driver's thread."""

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:  # noqa: ANN401 - as in sqlite3
        """A cursor that has run the statement."""
        return self.cursor(Cursor).execute(sql, parameters)


class AdaptedConnection(AsyncAdapt_aiosqlite_connection):
    """SQLAlchemy's connection with other cursors."""

    __slots__ = ()

    def cursor(self, server_side: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - SQLAlchemy's signature; its own class has no base that fits both
        """A cursor that has all rows at once, or the driver's own, which reads them step by step."""
        return super().cursor(server_side=True) if server_side else AdaptedCursor(self)

    def in_thread(self, work: Callable[[aiosqlite.Connection], Awaitable[T]]) -> T:
        """The result of the driver's work. Raises the errors of sqlite3."""
        try:
            return self.run_async(work)
        except Exception as error:  # noqa: BLE001 - it is raised again, as an error of sqlite3 where it was another
            self._handle_exception(error)


class AdaptedCursor:
    """The cursor of PEP 249 that SQLAlchemy uses; it has its rows once it has run."""

    __slots__ = ("_connection", "_rows", "arraysize", "description", "lastrowid", "rowcount")

    def __init__(self, connection: AdaptedConnection) -> None:
        self._connection = connection
        self._rows: Iterator[Row] = iter(())
        self.arraysize = 1
        self.description: tuple[Row, ...] | None = None
        self.lastrowid: int | None = None
        self.rowcount = -1

    def execute(self, operation: str, parameters: Parameters | None = None) -> None:
        """Run it and fetch what it returns."""
        fetched: Any = self._connection.in_thread(lambda driver: driver.execute_fetchall(operation, parameters))
        self._rows = iter(fetched)
        self._note(fetched)

    def executemany(self, operation: str, parameters: Iterable[Parameters]) -> None:
        """Run it for each of the parameters."""
        self._note(self._connection.in_thread(lambda driver: driver.executemany(operation, parameters)))

    def fetchone(self) -> Row | None:
        """The next row."""
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next few rows."""
        return list(islice(self._rows, self.arraysize if size is None else size))

    def fetchall(self) -> list[Row]:
        """The other rows."""
        return list(self._rows)

    def close(self) -> None:
        """Nothing is open in the thread."""
        self._rows = iter(())

    async def _async_soft_close(self) -> None:
        """SQLAlchemy asks for it when it hands out an unread result. Nothing is open in the thread."""

    def _note(self, ran: Any) -> None:  # noqa: ANN401 - a Fetched, or the driver's cursor: both have the three
        self.description, self.rowcount, self.lastrowid = ran.description, ran.rowcount, ran.lastrowid


def set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - SQLAlchemy's adapted connection
    """Prepare a new connection: write-ahead log, and commits that survive a power cut."""
    # The driver must not begin transactions itself: it would do so only at the first write.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=5000",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin_immediate(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event signature
    """Begin a transaction with the lock for writing."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
