"""`export` and `erase` from a shell: for people, and with --json for programs."""

from __future__ import annotations

import asyncio
import builtins
import csv
import json
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.clock import REAL_TIME
from bot.crypto import Pseudonymizer
from bot.domain.journal import Event
from bot.domain.operators import AddedOperator
from storage.engine.database import Database
from storage.store import Store
from tests.domain.makers import NOW
from tests.test_settings import GOOD

ANNA, OPERATOR = 7_000_000_123, 999


@pytest.fixture
def folder(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The commands' folder, with a database in which Anna has begun."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    variables = {**GOOD, "DATABASE_URL": database_url, "OPERATORS": str(OPERATOR)}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    asyncio.run(_fill(Database(database_url, REAL_TIME.now)))
    return place


async def _fill(database: Database) -> None:
    await database.open()

    async def begin(store: Store) -> None:
        await store.people.meet(ANNA, ANNA, "en", NOW, wrote=True)
        store.journal.add(Event.STARTED, NOW, user_id=ANNA, code="=1+1")

    await database.transact(begin)
    await database.close()


def status_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(list(arguments))
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_journal_is_exported_to_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = status_of(capsys, "export", "--out", "journal.csv")

    assert (status, out) == (0, "1 entries in journal.csv\n")
    with (folder / "journal.csv").open(encoding="utf-8-sig", newline="") as file:
        (entry,) = csv.DictReader(file)
    assert (entry["event"], entry["user_id"], entry["code"]) == ("started", str(ANNA), "'=1+1")
    assert [path.name for path in folder.iterdir()] == ["journal.csv"]


def test_what_was_exported_is_told_in_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    period = f"{NOW:%Y-%m-%d}..{NOW:%Y-%m-%d}"

    status, out, err = status_of(capsys, "export", "--period", period, "--format", "json", "--json")

    told = json.loads(out)
    assert (status, err) == (0, "")
    assert told == {
        "file": f"callgate-journal-{NOW:%Y-%m-%d}--{NOW:%Y-%m-%d}.json",
        "entries": 1,
        "first": f"{NOW:%Y-%m-%d}",
        "last": f"{NOW:%Y-%m-%d}",
        "format": "json",
    }
    (entry,) = json.loads((folder / told["file"]).read_text(encoding="utf-8"))
    assert entry["code"] == "=1+1"


@pytest.mark.parametrize(
    ("period", "says"),
    [("yesterday", "it is today"), ("2026-02-30..2026-03-01", "no such day"), ("2026-03-02..2026-03-01", "before it")],
)
def test_what_is_no_period_is_wrong_use(
    folder: Path, capsys: pytest.CaptureFixture[str], period: str, says: str
) -> None:
    status, _, err = status_of(capsys, "export", "--period", period)

    assert status == 2
    assert says in err
    assert len(err.splitlines()) == 1
    assert list(folder.iterdir()) == []


def test_a_file_that_is_there_is_left_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "journal.csv").write_text("precious")

    status, _, err = status_of(capsys, "export", "--out", "journal.csv")

    assert status == 1
    assert "exists already" in err
    assert (folder / "journal.csv").read_text() == "precious"
    assert status_of(capsys, "export", "--out", "nowhere/journal.csv")[0] == 1


def test_an_export_goes_on_beside_a_process_that_holds_the_database(
    folder: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def hold() -> tuple[int, str, str]:
        database = Database(database_url, REAL_TIME.now)
        await database.open()
        said = await asyncio.to_thread(status_of, capsys, "export", "--out", "journal.csv")
        await database.close()
        return said

    assert asyncio.run(hold())[0] == 0


def test_a_database_without_tables_is_one_sentence(
    tmp_path: Path, empty_database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {**GOOD, "DATABASE_URL": empty_database_url}.items():
        monkeypatch.setenv(name, value)

    for command in (["export"], ["erase", str(ANNA), "--yes"]):
        status, _, err = status_of(capsys, *command)
        assert status == 1
        assert "migrate" in err
        assert len(err.splitlines()) == 1


def test_a_person_is_erased_without_asking_when_that_is_said(
    folder: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = status_of(capsys, "erase", str(ANNA), "--yes", "--json")

    assert (status, json.loads(out)) == (0, {"user_id": ANNA, "erased": True})
    assert asyncio.run(knows_anna(database_url)) is False
    assert status_of(capsys, "erase", str(ANNA), "--yes")[:2] == (1, "erase: nothing is kept about them\n")


async def knows_anna(database_url: str) -> bool:
    database = Database(database_url, REAL_TIME.now, Pseudonymizer("any key"))
    await database.open()
    knows = await database.transact(lambda store: store.erasures.knows(ANNA))
    await database.close()
    return knows


@pytest.mark.parametrize(
    ("answer", "erased"), [("yes", True), ("YES ", True), ("y", False), ("", False), (None, False)]
)
def test_it_is_asked_before_a_person_is_erased(
    folder: Path,
    database_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: str | None,
    erased: bool,
) -> None:
    def type_it(_prompt: str) -> str:
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr(builtins, "input", type_it)

    status, out, err = status_of(capsys, "erase", str(ANNA))

    assert str(ANNA) in err
    assert status == (0 if erased else 1)
    assert ("nothing was erased" in out) is not erased
    assert asyncio.run(knows_anna(database_url)) is not erased


def test_an_operator_is_not_erased_nor_asked_about_in_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(capsys, "erase", str(OPERATOR), "--yes")[0] == 2
    assert status_of(capsys, "erase", str(ANNA), "--json")[0] == 2


def test_nor_is_one_who_was_added_while_the_bot_ran(
    folder: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def add() -> None:
        database = Database(database_url, REAL_TIME.now)
        await database.open()
        added = AddedOperator(ANNA, "Anna", OPERATOR, NOW)
        await database.transact(lambda store: store.operators.add(added))
        await database.close()

    asyncio.run(add())

    status, _, err = status_of(capsys, "erase", str(ANNA), "--yes")

    assert status == 2
    assert f"{ANNA} is an operator" in err
    assert len(err.splitlines()) == 1
    assert asyncio.run(knows_anna(database_url))


@pytest.mark.parametrize("written", ["anna", "-1", "0", "9" * 30, "٣"])
def test_what_is_no_id_is_wrong_use(folder: Path, capsys: pytest.CaptureFixture[str], written: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["erase", "--", written])

    assert ended.value.code == 2
    assert "123456789" in capsys.readouterr().err


def test_with_sqlite_nobody_is_erased_while_the_bot_runs(
    folder: Path, sqlite_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{sqlite_path}")

    async def hold() -> tuple[int, str, str]:
        database = Database(f"sqlite:///{sqlite_path}", REAL_TIME.now)
        await database.open()
        said = await asyncio.to_thread(status_of, capsys, "erase", str(ANNA), "--yes")
        await database.close()
        return said

    status, _, err = asyncio.run(hold())
    assert status == 1
    assert "in use by another Callgate process" in err
