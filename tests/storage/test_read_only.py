"""Reading while the bot runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clock import REAL_TIME
from bot.domain.gates import Gate
from storage.engine.checks import DatabaseError
from storage.engine.database import Database
from storage.engine.migrate import migrate
from storage.engine.read_only import gates_on
from storage.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ON = Gate(-1001, "Flat owners", None, is_channel=False, is_on=True)
OFF = Gate(-1002, "Garage", None, is_channel=False, is_on=False)


async def kept(database: Database) -> None:
    """Two gates, one of them on."""
    await database.open()
    await migrate(database)

    async def keep(store: Store) -> None:
        for gate in (ON, OFF):
            await store.gates.save(gate, NOW)

    await database.transact(keep)


@pytest.mark.parametrize("name", ["callgate.db", "a b%20c#d.db"])
async def test_the_gates_that_are_on_are_read_while_the_bot_holds_its_file(tmp_path: Path, name: str) -> None:
    url = f"sqlite:///{tmp_path / name}"
    database = Database(url, REAL_TIME.now)
    await kept(database)

    assert await gates_on(url) == [ON]

    await database.close()
    assert await gates_on(url) == [ON]


async def test_the_gates_that_are_on_are_read_from_a_server(postgres_url: str) -> None:
    database = Database(postgres_url, REAL_TIME.now)
    await kept(database)

    assert await gates_on(postgres_url) == [ON]
    await database.close()


async def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    file = tmp_path / "callgate.db"

    with pytest.raises(DatabaseError):
        await gates_on(f"sqlite:///{file}")

    assert not file.exists()
