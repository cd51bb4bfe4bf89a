"""Brings a database to the newest schema. Safe to run at every start, and by several replicas at once."""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from storage.engine.checks import DatabaseError
from storage.engine.database import Database
from storage.engine.schema import MIGRATIONS, applied, revisions
from storage.sql.failures import unusable

ADVISORY_KEY = 0x63616C6C
"""The PostgreSQL advisory lock that keeps two replicas from migrating at once."""


async def migrate(database: Database, revision: str = "head") -> None:
    """Apply missing migrations in one transaction. Raises DatabaseError."""
    try:
        async with database.begin() as connection:
            if not database.is_sqlite:
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_KEY})"))
            if revision != "head" or not await connection.run_sync(_is_newest):
                await connection.run_sync(_run, revision)
    except SQLAlchemyError as error:
        raise DatabaseError(f"DATABASE_URL: the schema cannot be brought up to date: {unusable(error)}") from error


async def require_newest(database: Database) -> None:
    """Raises DatabaseError when migrations are missing; for commands that must not apply them under a running bot."""
    async with database.begin() as connection:
        if not await connection.run_sync(_is_newest):
            raise DatabaseError("DATABASE_URL: the schema is not the newest; run migrate first")


def newest_revision() -> str:
    """The newest migration."""
    return revisions()[-1]


def _is_newest(connection: Connection) -> bool:
    return applied(connection) == [newest_revision()]


def _run(connection: Connection, revision: str) -> None:
    # Most starts have nothing to migrate, and importing Alembic takes a tenth of a second.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    if revision == "base" or revision.startswith("-"):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)
