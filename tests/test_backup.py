"""`backup FILE` copies the database, or says in one sentence why not."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.clock import REAL_TIME
from storage.engine.database import Database
from storage.engine.migrate import migrate
from tests.domain.makers import NOW
from tests.test_settings import GOOD

ANNA = 7


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command's folder, with a database in which Anna is known."""
    monkeypatch.chdir(tmp_path)
    for name, value in {**GOOD, "DATABASE_URL": "sqlite:///callgate.db"}.items():
        monkeypatch.setenv(name, value)
    asyncio.run(_fill(Database("sqlite:///callgate.db", REAL_TIME.now)))
    return tmp_path


async def _fill(database: Database) -> None:
    await database.open()
    await migrate(database)
    await database.transact(lambda store: store.people.meet(ANNA, ANNA, "en", NOW, wrote=True))
    await database.close()


def people_in(path: Path) -> list[tuple[int]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT user_id FROM people").fetchall()


def refused(capsys: pytest.CaptureFixture[str], target: str) -> str:
    """Why no copy was made."""
    assert main(["backup", target]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_copy_holds_what_was_kept_and_opens_as_a_database(folder: Path) -> None:
    assert main(["backup", "copy.db"]) == 0

    assert people_in(folder / "copy.db") == [(ANNA,)]
    asyncio.run(_fill(Database("sqlite:///copy.db", REAL_TIME.now)))
    assert people_in(folder / "callgate.db") == [(ANNA,)]


def test_what_was_copied_is_said_to_people_in_a_sentence_and_to_programs_in_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(folder / "callgate.db")) as connection:
        (schema,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()

    assert main(["backup", "copy.db"]) == 0
    size = (folder / "copy.db").stat().st_size
    assert capsys.readouterr().out == f"copy.db is written and checked: {size} bytes of schema {schema}\n"

    assert main(["backup", "other.db", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"file": "other.db", "size": (folder / "other.db").stat().st_size, "schema": schema}


def test_a_file_that_is_there_already_is_left_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "copy.db").write_text("precious")

    assert refused(capsys, "copy.db") == "backup: copy.db exists already; name a new file"
    assert (folder / "copy.db").read_text() == "precious"


def test_a_folder_that_is_not_there_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "nowhere/copy.db") == "backup: there is no folder nowhere"
    assert not (folder / "nowhere").exists()


def test_while_the_bot_runs_nothing_is_copied(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = Database("sqlite:///callgate.db", REAL_TIME.now)
    asyncio.run(_hold_and(database, capsys))

    assert not (folder / "copy.db").exists()


async def _hold_and(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    await database.open()
    said = await asyncio.to_thread(refused, capsys, "copy.db")
    await database.close()
    assert said == "DATABASE_URL: callgate.db is in use by another Callgate process; stop that one first"


def test_postgresql_has_a_tool_of_its_own(
    folder: Path, postgres_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)

    assert "pg_dump" in refused(capsys, "copy.db")
    assert not (folder / "copy.db").exists()


def test_the_schema_is_made_by_migrate_alone(folder: Path) -> None:
    (folder / "callgate.db").unlink()

    assert main(["migrate"]) == 0

    assert people_in(folder / "callgate.db") == []
