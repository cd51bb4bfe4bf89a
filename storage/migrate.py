"""Bringing a database to the newest schema. Safe to run at every start, also by several replicas at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from storage.database import Database, DatabaseError

MIGRATIONS = Path(__file__).parent / "migrations"
ADVISORY_KEY = 0x63616C6C
"""Which PostgreSQL advisory lock keeps two replicas from migrating at once."""


async def migrate(database: Database, revision: str = "head") -> None:
    """Apply what is missing, in one transaction. Raises DatabaseError."""
    try:
        async with database.begin() as connection:
            if not database.is_sqlite:
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_KEY})"))
            await connection.run_sync(_run, revision)
    except SQLAlchemyError as error:
        raise DatabaseError(f"DATABASE_URL: the schema cannot be brought up to date ({error})") from error


async def require_newest(database: Database) -> None:
    """Raises DatabaseError when migrations are missing, for commands that must not apply them under a running bot."""
    async with database.begin() as connection:
        there, newest = await connection.run_sync(_revisions)
    if there != newest:
        raise DatabaseError("DATABASE_URL: the schema is not the newest; run migrate first")


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for migrations over an open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _revisions(connection: Connection) -> tuple[str | None, str | None]:
    newest = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision(), newest


def _run(connection: Connection, revision: str) -> None:
    config = alembic_config(connection)
    if revision == "base" or revision.startswith("-"):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)
