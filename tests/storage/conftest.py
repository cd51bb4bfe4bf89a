"""A database of each kind, open, with the newest schema."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.clock import REAL_TIME
from bot.crypto import Pseudonymizer
from storage.engine.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, REAL_TIME.now, Pseudonymizer("the key of these tests"))
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def sqlite(sqlite_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{sqlite_path}", REAL_TIME.now)
    await database.open()
    yield database
    await database.close()
