"""The schema revision of a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, column, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

MIGRATIONS = Path(__file__).parent.parent / "migrations"
APPLIED: Select[tuple[Any]] = select(column("version_num")).select_from(table("alembic_version"))


def revisions() -> list[str]:
    """All revisions, oldest first: the numbers at the beginning of the migrations' file names."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def applied(connection: Connection) -> list[str]:
    """The revision of a database; nothing for an empty one."""
    return list(connection.scalars(APPLIED)) if inspect(connection).has_table("alembic_version") else []


def has_lost_revision(connection: Connection) -> bool:
    """Whether there are tables but no recorded revision."""
    tables = inspect(connection).get_table_names()
    return len(tables) > 1 and "alembic_version" in tables and not applied(connection)


async def unknown_revision(connection: AsyncConnection) -> str | None:
    """The revision of this database when no migration of this program leads to it; else None, as for an empty one."""
    known = revisions()
    for revision in await connection.run_sync(applied):
        if revision not in known:
            # Any text: another program may have written it.
            return "".join(filter(str.isprintable, str(revision)))[:60]
    return None
