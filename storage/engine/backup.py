"""A complete, consistent copy of the database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from storage.engine.checks import DatabaseError
from storage.engine.database import Database

T = TypeVar("T")


async def back_up(database: Database, target: Path) -> str:
    """Write a copy of an open SQLite database to `target`, which must not exist, and check it. Return its schema.

    Other transactions wait meanwhile. Raises DatabaseError with what is wrong.
    """
    if not database.is_sqlite:
        raise DatabaseError("backup: PostgreSQL is backed up with its own tool: pg_dump --format=custom")
    await asyncio.to_thread(_make_target, target)
    try:
        await database.vacuum_into(target)
    except DatabaseError:
        await asyncio.to_thread(target.unlink)
        raise
    try:
        problem, schema = await asyncio.to_thread(_checked, target)
    except sqlite3.Error as error:
        raise DatabaseError(f"backup: the copy is damaged ({error})") from error
    if problem != "ok":
        raise DatabaseError(f"backup: the copy is damaged ({problem})")
    if not schema:
        await asyncio.to_thread(target.unlink)
        raise DatabaseError("backup: nothing is kept in this database yet; run `python -m bot migrate` first")
    return schema


async def copy_beside(source: Path, target: Path) -> None:
    """Do the same into an empty file while the bot works on: nobody waits. The copy must be of the same schema. Raises
    DatabaseError. When cancelled, it ends within moments.

    It reads through its own connection. The damage that SQLite before 3.51.3 can do when two connections are open needs
    both to write or to checkpoint the log; this one can do neither.
    """
    room = await asyncio.to_thread(_room_beside, source, target)
    if room < 0:
        raise DatabaseError(f"backup: {-room} bytes too few are free at {target.parent}")
    try:
        version = await _unless_cancelled(source, lambda database: _copy(database, target))
        problem, copied = await _unless_cancelled(target, _look_at)
    except sqlite3.Error as error:
        raise DatabaseError(f"backup: the copy cannot be written ({error})") from error
    if problem != "ok":
        raise DatabaseError(f"backup: the copy is damaged ({problem})")
    if copied != version:
        raise DatabaseError(f"backup: the copy is of another schema ({copied} instead of {version})")


async def _unless_cancelled(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run `work` on the file in a separate thread, and interrupt it when nobody waits for it."""
    database = await asyncio.to_thread(_read_only, path)

    def to_the_end() -> T:
        with closing(database):
            return work(database)

    try:
        return await asyncio.to_thread(to_the_end)
    except asyncio.CancelledError:
        with contextlib.suppress(sqlite3.ProgrammingError):
            database.interrupt()
        raise


def _copy(database: sqlite3.Connection, target: Path) -> str:
    database.execute("VACUUM INTO ?", (str(target),))
    return _version(database)


def _look_at(copy: sqlite3.Connection) -> tuple[str, str]:
    return str(copy.execute("PRAGMA integrity_check").fetchone()[0]), _version(copy)


def _version(database: sqlite3.Connection) -> str:
    """Empty for a database in which nothing was stored yet."""
    found = database.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = database.execute("SELECT version_num FROM alembic_version").fetchone() if found else None
    return str(row[0]) if row else ""


def _room_beside(source: Path, target: Path) -> int:
    """Bytes that will be free at the target; negative when the copy does not fit."""
    return shutil.disk_usage(target.parent).free - source.stat().st_size


def _make_target(target: Path) -> None:
    if target.exists():
        raise DatabaseError(f"backup: {target} exists already; name a new file")
    if not target.parent.is_dir():
        raise DatabaseError(f"backup: there is no folder {target.parent}")
    try:
        # Create it empty, and for this user only; SQLite writes into it.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise DatabaseError(f"backup: {target} cannot be written ({error.strerror})") from error


def _checked(path: Path) -> tuple[str, str]:
    with closing(_read_only(path)) as copy:
        return _look_at(copy)


def _read_only(path: Path) -> sqlite3.Connection:
    """A read-only connection, opened in one thread and used in another."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
