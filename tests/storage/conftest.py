"""A database of each kind, open and migrated."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.migrate import migrate
from tests.conftest import new_postgres_database


@pytest.fixture
async def postgres_url(postgres: str) -> str:
    return await new_postgres_database(postgres)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.open()
    await migrate(database)
    yield database
    await database.close()


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    return tmp_path / "only.db"


@pytest.fixture
async def sqlite(sqlite_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{sqlite_path}")
    await database.open()
    await migrate(database)
    yield database
    await database.close()
