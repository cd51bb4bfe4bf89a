"""The guarantees of a transaction, whatever others do at the same time."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import await_only

from bot.clock import REAL_TIME
from bot.domain.errors import StorageUnavailableError
from bot.domain.journal import Event
from bot.sandbox.clock import SandboxClock
from bot.sandbox.world import World
from storage.engine.checks import DatabaseError, driver_url
from storage.engine.database import Database
from storage.sql import tables
from storage.store import Store
from tests.process import BotProcess

ANNA = 7
NOW = tables.EPOCH


async def _meet(database: Database, language: str = "0") -> None:
    await database.transact(lambda store: store.people.meet(ANNA, ANNA, language, NOW, wrote=True))


async def _count_up(store: Store) -> int:
    """Read, think, write: this loses updates wherever two do it at once."""
    await store.people.lock(ANNA)
    found = await store.connection.execute(select(tables.people.c.language))
    count = int(found.scalar_one()) + 1
    await REAL_TIME.pause(0.001)
    await store.connection.execute(update(tables.people).values(language=str(count)))
    return count


async def _read_people(store: Store) -> None:
    await store.connection.execute(select(tables.people.c.user_id))


async def _codes(database: Database) -> list[str]:
    async def read(store: Store) -> list[str]:
        return list((await store.connection.execute(select(tables.journal.c.code))).scalars())

    return await database.transact(read)


async def test_no_update_is_lost_when_many_change_one_row_at_once(database: Database) -> None:
    await _meet(database)

    counts = await asyncio.gather(*(database.transact(_count_up) for _ in range(150)))

    assert sorted(counts) == list(range(1, 151))
    (person,) = (await database.transact(lambda store: store.people.get_many([ANNA]))).values()
    assert person.language == "150"


async def test_a_work_that_fails_takes_none_of_its_neighbours_with_it(database: Database) -> None:
    async def note(store: Store, code: int) -> None:
        store.journal.add(Event.STARTED, NOW, code=str(code))
        await store.seen.mark([code], NOW)
        if code % 10 == 3:
            raise LookupError(code)

    outcomes = await asyncio.gather(
        *(database.transact(functools.partial(note, code=code)) for code in range(40)),
        return_exceptions=True,
    )

    assert [str(outcome) for outcome in outcomes if outcome is not None] == ["3", "13", "23", "33"]
    assert all(isinstance(outcome, LookupError | None) for outcome in outcomes)
    assert sorted(map(int, await _codes(database))) == [code for code in range(40) if code % 10 != 3]


async def test_what_breaks_a_constraint_is_the_works_own_failure_and_not_the_storages(database: Database) -> None:
    async def add_twice(store: Store) -> None:
        for _ in range(2):
            await store.connection.execute(tables.seen_updates.insert().values(update_id=1, seen_at=NOW))

    with pytest.raises(IntegrityError):
        await database.transact(add_twice)
    assert await database.transact(lambda store: store.seen.mark([1], NOW)) == {1}


async def test_a_closed_database_keeps_nothing_and_says_so(database: Database) -> None:
    await database.close()

    with pytest.raises((StorageUnavailableError, DatabaseError)):
        await _meet(database)


async def test_a_task_cancelled_while_it_commits_leaves_nothing_open_and_its_neighbours_kept_once(
    database: Database,
) -> None:
    async def note(store: Store, code: str) -> None:
        store.journal.add(Event.STARTED, NOW, code=code)

    tasks: list[asyncio.Task[None]] = []

    def cut_off(_connection: object) -> None:
        asyncio.get_running_loop().call_soon(tasks[0].cancel)

    event.listen(database.engine.sync_engine, "commit", cut_off, once=True)
    async with asyncio.TaskGroup() as group:
        tasks += [
            group.create_task(database.transact(functools.partial(note, code=code)))
            for code in ("first", "second", "third")
        ]

    assert tasks[0].cancelled()
    kept = Counter(await _codes(database))
    assert kept["second"] == kept["third"] == 1
    assert kept["first"] <= 1


async def test_cancelled_at_any_moment_works_disturb_nobody(database: Database) -> None:
    async def note(store: Store, code: int) -> None:
        await store.connection.execute(select(tables.people.c.user_id))
        store.journal.add(Event.STARTED, NOW, code=str(code))

    async with asyncio.TaskGroup() as group:
        for code in range(300):
            task = group.create_task(database.transact(functools.partial(note, code=code)))
            if code % 3 == 0:
                # Each is cancelled at another moment: while it waits, while it works, while it commits.
                asyncio.get_running_loop().call_later(code / 6000, task.cancel)
            if code % 20 == 0:
                await REAL_TIME.pause(0.003)

    kept = Counter(await _codes(database))
    assert set(kept.values()) == {1}
    assert {str(code) for code in range(300) if code % 3} <= set(kept)


async def _cut_all_off(postgres_url: str) -> None:
    """Close every connection, as a restart of the server does."""
    engine = create_async_engine(driver_url(postgres_url), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


async def test_connections_that_the_server_ended_meanwhile_fail_no_work(postgres_url: str) -> None:
    database = Database(postgres_url, REAL_TIME.now)
    await database.open()
    await asyncio.gather(*(_meet(database) for _ in range(20)))
    await _cut_all_off(postgres_url)

    async def note(store: Store, code: int) -> None:
        store.journal.add(Event.STARTED, NOW, code=str(code))

    await asyncio.gather(*(database.transact(functools.partial(note, code=code)) for code in range(40)))

    assert sorted(map(int, await _codes(database))) == list(range(40))
    await database.close()


async def test_a_work_whose_connection_is_lost_while_it_is_made_is_run_all_the_same(postgres_url: str) -> None:
    database = Database(postgres_url, REAL_TIME.now)
    await database.open()
    await database.engine.dispose()
    made = list[object]()

    def lose(connection: Any, _record: object) -> None:
        made.append(connection)
        if len(made) <= 2:
            connection.cursor().execute("SELECT pg_terminate_backend(pg_backend_pid())")

    event.listen(database.engine.sync_engine, "connect", lose, insert=True)

    await _meet(database)

    assert len(made) == 3
    await database.close()


async def test_a_work_whose_connection_is_lost_half_way_is_run_again_from_the_start(postgres_url: str) -> None:
    database = Database(postgres_url, REAL_TIME.now)
    await database.open()
    runs = list[set[int]]()

    async def note(store: Store) -> None:
        runs.append(await store.seen.mark([len(runs)], NOW))
        if len(runs) == 1:
            await _cut_all_off(postgres_url)
        store.journal.add(Event.STARTED, NOW, code="kept")

    await database.transact(note)

    assert runs == [{0}, {1}]
    assert await _codes(database) == ["kept"]
    assert await database.transact(lambda store: store.seen.mark([0, 1], NOW)) == {0}
    await database.close()


async def test_each_of_the_works_that_share_a_commit_has_one_moment_of_its_own(sqlite_path: Path) -> None:
    clock = SandboxClock(rate=0, start=NOW)
    database = Database(f"sqlite:///{sqlite_path}", clock.now)
    await database.open()

    async def take_a_minute(store: Store) -> tuple[datetime, datetime]:
        began = store.now
        clock.advance(60)
        await _read_people(store)
        return began, store.now

    moments = await asyncio.gather(*(database.transact(take_a_minute) for _ in range(3)))

    assert all(began == ended for began, ended in moments)
    assert sorted(began for began, _ in moments) == [NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)]
    await database.close()


async def test_a_work_that_runs_again_has_a_new_moment(postgres_url: str) -> None:
    clock = SandboxClock(rate=0, start=NOW)
    database = Database(postgres_url, clock.now)
    await database.open()
    moments = list[datetime]()

    async def note(store: Store) -> None:
        moments.append(store.now)
        if len(moments) == 1:
            clock.advance(60)
            await _cut_all_off(postgres_url)
        await _read_people(store)

    await database.transact(note)

    assert moments == [NOW, NOW + timedelta(minutes=1)]
    await database.close()


async def test_a_work_whose_connection_is_lost_in_its_commit_is_not_run_again(postgres_url: str) -> None:
    """Nobody knows whether the server stored it."""
    database = Database(postgres_url, REAL_TIME.now)
    await database.open()
    async with database.begin() as connection:
        # A deferred trigger runs when the server executes the commit.
        await connection.execute(
            text(
                "CREATE FUNCTION cut_off() RETURNS trigger LANGUAGE plpgsql AS"
                " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'"
            )
        )
        await connection.execute(
            text(
                "CREATE CONSTRAINT TRIGGER cut_off AFTER INSERT ON seen_updates DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW EXECUTE FUNCTION cut_off()"
            )
        )
    runs = list[set[int]]()

    async def note(store: Store) -> None:
        runs.append(await store.seen.mark([1], NOW))

    with pytest.raises(StorageUnavailableError):
        await database.transact(note)

    assert runs == [{1}]
    await database.close()


async def test_a_work_whose_connection_is_lost_before_its_commit_is_sent_is_run_again(postgres_url: str) -> None:
    database = Database(postgres_url, REAL_TIME.now)
    await database.open()
    runs = list[set[int]]()

    def cut_off(_connection: object) -> None:
        if len(runs) == 1:
            await_only(_cut_all_off(postgres_url))

    async def note(store: Store) -> None:
        runs.append(await store.seen.mark([1], NOW))

    event.listen(database.engine.sync_engine, "commit", cut_off)
    await database.transact(note)

    assert runs == [{1}, {1}]
    assert await database.transact(lambda store: store.seen.mark([1], NOW)) == set()
    await database.close()


async def test_sqlite_is_set_up_to_survive_a_power_cut(sqlite: Database) -> None:
    async def pragmas(store: Store) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return {name: (await store.connection.execute(text(f"PRAGMA {name}"))).scalar_one() for name in names}

    full = 2
    assert await sqlite.transact(pragmas) == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }


async def test_a_transaction_of_sqlite_holds_the_file_from_its_first_statement(
    sqlite: Database, sqlite_path: Path
) -> None:
    async def look_from_outside(store: Store) -> None:
        with sqlite3.connect(sqlite_path, timeout=0, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await sqlite.transact(look_from_outside)


async def test_a_file_that_another_database_holds_is_refused_until_it_is_let_go(
    sqlite: Database, sqlite_path: Path
) -> None:
    second = Database(f"sqlite:///{sqlite_path}", REAL_TIME.now)

    with pytest.raises(DatabaseError, match="in use by another Callgate process"):
        await second.open()

    await sqlite.close()
    await second.open()
    await second.close()


async def test_a_second_bot_on_the_same_file_is_refused_in_one_sentence(
    sqlite: Database, sqlite_path: Path, world: World
) -> None:
    bot = BotProcess(world, f"sqlite:///{sqlite_path}", sqlite_path.parent)
    bot.launch()

    assert await bot.exit_status() == 1

    (line,) = bot.output().splitlines()
    assert line.startswith("DATABASE_URL: ")
    assert "in use by another Callgate process" in line


async def test_a_file_that_another_program_made_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    text_file, database_file = tmp_path / "passwd", tmp_path / "other.db"
    text_file.write_text("root:x:0:0:root:/root:/bin/bash\n", encoding="utf-8")
    with closing(sqlite3.connect(database_file)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    for file, says in ((text_file, "is no SQLite database"), (database_file, "is the database of another program")):
        file.chmod(0o644)
        before, content = file.stat(), file.read_bytes()

        with pytest.raises(DatabaseError, match=f"^DATABASE_URL: {file} {says}"):
            await Database(f"sqlite:///{file}", REAL_TIME.now).open()

        after = file.stat()
        assert (after.st_mode, after.st_uid, after.st_mtime_ns) == (before.st_mode, before.st_uid, before.st_mtime_ns)
        assert file.read_bytes() == content
    assert await asyncio.to_thread(lambda: {file.name for file in tmp_path.iterdir()}) == {"passwd", "other.db"}


async def test_a_folder_or_a_device_is_no_database(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/null")):
        with pytest.raises(DatabaseError, match=f"^DATABASE_URL: {path} is no file"):
            await Database(f"sqlite:///{path}", REAL_TIME.now).open()


async def test_a_server_that_does_not_answer_is_named_in_one_line() -> None:
    database = Database("postgresql://somebody:hidden-word@127.0.0.1:1/callgate", REAL_TIME.now)

    with pytest.raises(DatabaseError, match="DATABASE_URL") as told:
        await database.open()

    assert "hidden-word" not in str(told.value)
