"""A copy of the database, whole and consistent."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from storage.database import Database, DatabaseError


async def back_up(database: Database, target: Path) -> None:
    """Write a copy of an open SQLite database to `target`, which must not exist, and check it.

    Raises DatabaseError with what is wrong.
    """
    if not database.is_sqlite:
        raise DatabaseError("backup: PostgreSQL is backed up with its own tool: pg_dump --format=custom")
    await asyncio.to_thread(_check_target, target)
    await database.vacuum_into(target)
    problem = await asyncio.to_thread(_problem_of, target)
    if problem != "ok":
        raise DatabaseError(f"backup: the copy is damaged ({problem})")


def _check_target(target: Path) -> None:
    if target.exists():
        raise DatabaseError(f"backup: {target} exists already; name a new file")
    if not target.parent.is_dir():
        raise DatabaseError(f"backup: there is no folder {target.parent}")


def _problem_of(path: Path) -> str:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as copy:
        return str(copy.execute("PRAGMA integrity_check").fetchone()[0])
