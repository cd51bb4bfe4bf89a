"""Every command refuses a database that a newer version has used, in one line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.clock import REAL_TIME
from bot.sandbox.world import World
from storage.engine.database import Database
from tests.installation import Installation
from tests.process import run_command
from tests.test_settings import GOOD

COMMANDS = (
    ("run",),
    ("migrate",),
    ("stats",),
    ("stats", "--json"),
    ("backup", "copy.db"),
    ("export",),
    ("export", "--json"),
    ("erase", "7", "--yes"),
    ("erase", "7", "--yes", "--json"),
)


@pytest.fixture
def newer_url(database_url: str) -> str:
    """A database with a future schema."""

    async def outgrow() -> None:
        database = Database(database_url, REAL_TIME.now)
        await database.open()
        async with database.begin() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999_future'"))
        await database.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as loop:
        loop.run(outgrow())
    return database_url


@pytest.mark.long
def test_no_command_touches_it(tmp_path: Path, newer_url: str) -> None:
    for command in COMMANDS:
        ended = run_command(tmp_path, *command, **GOOD, DATABASE_URL=newer_url, OPERATORS="999")
        assert (ended.returncode, ended.stdout) == (1, b""), command
        (line,) = ended.stderr.decode().splitlines()
        assert line.startswith("DATABASE_URL: the database is newer than this program (schema 9999_future)"), command
    assert not (tmp_path / "copy.db").exists()


async def test_the_doctor_says_it_in_one_finding(world: World, newer_url: str, tmp_path: Path) -> None:
    ended = await asyncio.to_thread(run_command, tmp_path, "doctor", **Installation(world, newer_url).environment())

    told = ended.stdout.decode()
    wrong = [line for line in told.splitlines() if line.startswith("WRONG")]
    assert (ended.returncode, ended.stderr, len(wrong)) == (1, b"", 1)
    assert "the database is newer than this program (schema 9999_future)" in wrong[0]
    assert "update this program" in told
