"""What keeps Callgate from using a database: the errors, and the checks before it is used."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import address
from storage.engine.schema import has_lost_revision, unknown_revision

SQLITE_BEGINS = b"SQLite format 3\0"
"""The first bytes of every SQLite file (https://sqlite.org/fileformat.html)."""


class DatabaseError(Exception):
    """The database cannot be used; the text says why and what to do."""


class NewerDatabaseError(DatabaseError):
    """A newer version of this program has used the database."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"DATABASE_URL: the database is newer than this program (schema {revision}); start the version "
            "that made it, or a newer one"
        )


def address_of(url: str) -> address.DatabaseAddress:
    """Read DATABASE_URL. Raises DatabaseError."""
    try:
        return address.parse(url)
    except ValueError as error:
        raise DatabaseError(f"DATABASE_URL: {error}") from None


def driver_url(url: str) -> URL:
    """DATABASE_URL with the driver Callgate uses."""
    return address_of(url).url


def refuse_foreign(path: Path) -> None:
    """Leave another program's file alone: neither change its mode nor write beside it.

    Raises DatabaseError for such a file, and OSError where it cannot be read.
    """
    if not path.exists():
        return
    if not path.is_file():
        raise DatabaseError(f"DATABASE_URL: {path} is no file; name one that Callgate may make")
    with path.open("rb") as file:
        begins = file.read(len(SQLITE_BEGINS))
    if begins and begins != SQLITE_BEGINS:
        raise DatabaseError(f"DATABASE_URL: {path} is no SQLite database; name a file that Callgate may make")
    if begins:
        with (
            contextlib.suppress(sqlite3.Error),
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection,
        ):
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if tables and "alembic_version" not in tables:
                raise DatabaseError(
                    f"DATABASE_URL: {path} is the database of another program; name a file that Callgate may make"
                )


async def refuse_newer(connection: AsyncConnection) -> None:
    """Raises NewerDatabaseError, and DatabaseError for a database without a revision."""
    if await connection.run_sync(has_lost_revision):
        raise DatabaseError(
            "DATABASE_URL: the database does not tell of which schema it is; put a back-up in its place"
        )
    if (revision := await unknown_revision(connection)) is not None:
        raise NewerDatabaseError(revision)
