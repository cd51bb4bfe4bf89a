"""Of which schema a database is."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, String, column, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

MIGRATIONS = Path(__file__).parent / "migrations"
APPLIED = select(column("version_num", String)).select_from(table("alembic_version"))


def revisions() -> list[str]:
    """All there are, oldest first: the numbers that the files of the migrations begin with."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def applied(connection: Connection) -> list[str]:
    """The revision of a database; nothing of an empty one."""
    return list(connection.scalars(APPLIED)) if inspect(connection).has_table("alembic_version") else []


async def unknown_revision(connection: AsyncConnection) -> str | None:
    """The revision of this database when no migration of this program leads to it; else None, as of an empty one."""
    known = revisions()
    for revision in await connection.run_sync(applied):
        if revision not in known:
            return "".join(filter(str.isprintable, revision))[:60]
    return None
