"""The bot backs itself up while it works, and reports when it cannot."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.backups import NAME, Backups
from bot.clock import REAL_TIME
from bot.sandbox.clock import SandboxClock
from bot.sandbox.people import Person
from bot.sandbox.world import World
from storage.engine.backup import copy_beside
from storage.engine.checks import DatabaseError
from storage.engine.database import Database
from tests.domain.makers import NOW
from tests.installation import Installation, verify
from tests.process import PATIENCE

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def there(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*"))


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def holding(folder: Path, *names: str) -> None:
    folder.mkdir()
    for name in names:
        (folder / name).touch()


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


async def backing_up(world: World, path: Path, operator: Person, **environment: str) -> Installation:
    """Start a bot on SQLite that makes back-ups."""
    installation = Installation(world, f"sqlite:///{path}", OPERATORS=str(operator.id))
    await installation.start(**{"BACKUP_EVERY_HOURS": "24", **environment})
    return installation


async def test_a_back_up_is_made_at_once_and_holds_what_was_kept(
    world: World, sqlite_path: Path, operator: Person, folder: Path
) -> None:
    anna = world.person("Anna", language="en")
    callgate = await backing_up(world, sqlite_path, operator)
    await verify(anna)
    await until(lambda: len(there(folder)) == 1)
    world.clock.advance(DAY.total_seconds())
    await until(lambda: len(there(folder)) == 2)
    await operator.says("/health")
    await operator.sees("Last back-up: ")
    await callgate.stop()

    newest = folder / there(folder)[-1]
    assert (mode_of(newest), mode_of(folder)) == (0o600, 0o700)
    with closing(sqlite3.connect(newest)) as copy:
        assert copy.execute("SELECT user_id FROM verified_phones").fetchall() == [(anna.id,)]
    # It is an ordinary database: the bot starts from it.
    restored = await backing_up(world, newest, operator, BACKUP_EVERY_HOURS="0")
    await anna.says("/start")
    await anna.sees("✅")
    await restored.stop()


async def test_a_restart_makes_none_before_its_time(
    world: World, sqlite_path: Path, operator: Person, folder: Path
) -> None:
    callgate = await backing_up(world, sqlite_path, operator)
    await until(lambda: len(there(folder)) == 1)

    for _ in range(2):
        await callgate.restart()
        await operator.says("/start")
        await operator.sees("👋")

    assert len(there(folder)) == 1
    await callgate.stop()


async def test_a_back_up_that_fails_is_told_to_the_operators_and_tried_again(
    world: World, sqlite_path: Path, operator: Person, tmp_path: Path
) -> None:
    (tmp_path / "a file").write_text("in the way")
    callgate = await backing_up(world, sqlite_path, operator, BACKUP_DIR=str(tmp_path / "a file"))
    await operator.says("/start")

    await operator.sees("Something failed")
    await operator.says("/health")
    await operator.sees("No back-up yet")
    (tmp_path / "a file").unlink()
    world.clock.advance(HOUR.total_seconds() + 1)

    await until(lambda: (tmp_path / "a file").is_dir() and len(there(tmp_path / "a file")) == 1)
    await callgate.stop()


async def test_with_zero_hours_none_is_made(world: World, sqlite_path: Path, operator: Person, folder: Path) -> None:
    callgate = await backing_up(world, sqlite_path, operator, BACKUP_EVERY_HOURS="0")
    await operator.says("/health")
    assert "ack-up" not in ((await operator.sees("All is well")).text or "")
    await callgate.stop()

    assert there(folder) == []


async def test_with_postgresql_none_is_made(world: World, postgres_url: str, operator: Person, tmp_path: Path) -> None:
    callgate = Installation(world, postgres_url, OPERATORS=str(operator.id))
    await callgate.start(BACKUP_EVERY_HOURS="24", BACKUP_DIR=str(tmp_path / "backups"))
    await operator.says("/start")
    await operator.sees("👋")
    await callgate.stop()

    assert there(tmp_path / "backups") == []


class Keeper:
    """Back-ups with fake copies."""

    def __init__(self, folder: Path, copy: Callable[[Path], Awaitable[None]] | None = None) -> None:
        self.clock = SandboxClock(rate=0, start=NOW)
        self.folder = folder
        self.failures: list[Exception] = []
        self.stop = asyncio.Event()
        self.backups = Backups(copy or self._copy, folder, DAY, 3 * DAY, self.clock, self._report)

    async def _copy(self, target: Path) -> None:
        assert mode_of(target) == 0o600

    async def _report(self, error: Exception) -> None:
        self.failures.append(error)
        self.stop.set()

    async def makes_one(self) -> None:
        """Run until there is a current one, or it failed."""
        self.stop.clear()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.backups.run(self.stop))
            await until(lambda: f"{self.clock.now():{NAME}}" in there(self.folder) or self.stop.is_set())
            self.stop.set()


async def test_old_ones_go_but_not_what_is_not_ours(folder: Path) -> None:
    holding(folder, "callgate-notes.db", "other.db")
    keeper = Keeper(folder)

    for _ in range(6):
        await keeper.makes_one()
        keeper.clock.advance(DAY.total_seconds())

    made = [f"{NOW + day * DAY:{NAME}}" for day in (2, 3, 4, 5)]
    assert there(folder) == [*made, "callgate-notes.db", "other.db"]


async def test_the_newest_stays_however_old_it_is(folder: Path) -> None:
    keeper = Keeper(folder)
    await keeper.makes_one()
    keeper.clock.advance(30 * DAY.total_seconds())
    await keeper.makes_one()

    assert there(folder) == [f"{NOW + 30 * DAY:{NAME}}"]


async def test_what_a_crash_left_is_taken_away_and_one_that_failed_is_none(folder: Path) -> None:
    holding(folder, f"{NOW:{NAME}}.part", f"{NOW:{NAME}}.part-journal")

    async def fails(_target: Path) -> None:
        raise DatabaseError("backup: no room")

    keeper = Keeper(folder, fails)
    await keeper.makes_one()
    assert [str(failure) for failure in keeper.failures] == ["backup: no room"]
    assert not [name for name in there(folder) if name.endswith(".db")]

    again = Keeper(folder)
    await again.makes_one()
    assert there(folder) == [f"{NOW:{NAME}}"]


async def test_who_stops_does_not_wait_for_a_copy(folder: Path) -> None:
    begun = asyncio.Event()

    async def takes_for_ever(_target: Path) -> None:
        begun.set()
        await asyncio.Event().wait()

    keeper = Keeper(folder, takes_for_ever)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(keeper.backups.run(keeper.stop))
        await begun.wait()
        keeper.stop.set()
        await running

    assert keeper.failures == []


async def test_a_copy_is_made_beside_a_writer_who_does_not_wait(sqlite_path: Path, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{sqlite_path}", REAL_TIME.now)
    await database.open()
    await database.transact(lambda store: store.people.meet(7, 7, "en", NOW, wrote=True))
    target = tmp_path / "copy.db"
    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))

    # The copy includes what is only in the log, and does not wait for the open transaction.
    async with database.begin():
        await copy_beside(sqlite_path, target)
    await database.close()

    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT user_id FROM people").fetchall() == [(7,)]


async def test_what_is_no_database_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / "callgate.db").write_bytes(b"no database" * 1000)
    (tmp_path / "copy.db").touch()

    with pytest.raises(DatabaseError, match="cannot be written"):
        await copy_beside(tmp_path / "callgate.db", tmp_path / "copy.db")


async def test_where_there_is_no_room_nothing_is_begun(
    sqlite_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.backup._room_beside", lambda _source, _target: -5)

    with pytest.raises(DatabaseError, match="5 bytes too few"):
        await copy_beside(sqlite_path, tmp_path / "copy.db")
