"""Export files: their contents, how they are split, and that no spreadsheet runs text from users."""

from __future__ import annotations

import asyncio
import csv
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.journal import Event, JournalRow
from bot.domain.statistics import Period
from bot.features.privacy import export
from bot.features.privacy.export import COLUMNS, JournalFiles, SplitFile, export_journal, harmless
from storage.engine.database import Database
from storage.store import Store
from tests.domain.makers import NOW
from tests.features.rules import ANNA, GATE, PHONE, Rules, frozen_clock
from tests.papers import ROOT

ALL = Period(None, NOW.date())
ROW = JournalRow(1, 1_700_000_000_123_456, "started", ANNA, GATE.chat_id, "Flats", 5, "+7 •••", "RU", "", 1500, None)


@pytest.fixture
async def rules(database_url: str) -> Any:
    clock = frozen_clock()
    database = Database(database_url, clock.now)
    await database.open()
    yield Rules(database, clock)
    await database.close()


def read_csv(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def nobody(_count: int) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("text", ["=1+1", "+7 ••• 12-34", "-1", "@SUM(A1)", "  =1", "\tx", "＝1+1"])
def test_what_a_spreadsheet_would_run_is_a_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


TITLES = ("x;=1+1", "x\t=1+1", "x|@SUM(1)", "x; -1", "\t=1", "\r=1", 'x";=1', "x,\n+1", "a;b;=c;+d", "x;\t=1", "x'=1")


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_NONE])
def test_no_reader_of_the_file_finds_a_formula_in_it(tmp_path: Path, title: str, separator: str, quoting: Any) -> None:
    parts = SplitFile(tmp_path, "j", "csv", None)
    parts.write([replace(ROW, gate=title, mask=title, code=title)])
    (written,) = parts.close()

    for line in written.read_text(encoding="utf-8-sig").splitlines():
        for cell in next(csv.reader([line], delimiter=separator, quoting=quoting), []):
            stripped = cell.strip().lstrip('"')
            # The id of a group is a number.
            assert not stripped.startswith(("=", "+", "-", "@")) or stripped.lstrip("-").isdecimal(), line


@pytest.mark.parametrize("cell", ["plain", "a=b", "", None, -1001234567890, 1.5])
def test_everything_else_stays_as_it_is(cell: str | float | None) -> None:
    assert harmless(cell) == cell


def test_a_row_is_told_by_its_columns_in_both_formats(tmp_path: Path) -> None:
    row = replace(ROW, gate='=HYPERLINK("x"),\n"Квартиры"')
    written = {}
    for form in export.FORMATS:
        parts = SplitFile(tmp_path, "j", form, None)
        parts.write([row, ROW])
        (written[form],) = parts.close()

    rows = read_csv(written["csv"])
    assert list(rows[0]) == list(COLUMNS)
    assert rows[0]["gate"] == "'" + row.gate
    assert rows[0]["gate_id"] == str(GATE.chat_id)
    assert rows[0]["at"] == "2023-11-14T22:13:20.123+00:00"
    assert rows[0]["took_seconds"] == "1.5"
    assert rows[0]["phone"] == "'+7 •••"
    told = json.loads(written["json"].read_text(encoding="utf-8"))
    assert len(told) == 2
    assert told[0]["gate"] == row.gate
    assert told[0]["actor_id"] is None


@pytest.mark.parametrize("form", export.FORMATS)
def test_where_one_file_would_be_too_large_there_are_several_each_whole_by_itself(tmp_path: Path, form: Any) -> None:
    parts = SplitFile(tmp_path, "j", form, 1000)
    for number in range(20):
        parts.write([replace(ROW, id=number)])
    paths = parts.close()

    assert [path.name for path in paths] == [f"j-{number}.{form}" for number in range(1, len(paths) + 1)]
    assert len(paths) > 1
    ids: list[int] = []
    for path in paths:
        assert path.stat().st_size <= 1100
        found = read_csv(path) if form == "csv" else json.loads(path.read_text(encoding="utf-8"))
        ids += [int(row["id"]) for row in found]
    assert ids == list(range(20))


def test_without_any_entry_the_file_says_so_by_being_empty(tmp_path: Path) -> None:
    assert [json.loads(path.read_text()) for path in SplitFile(tmp_path, "j", "json", 10).close()] == [[]]
    assert [read_csv(path) for path in SplitFile(tmp_path, "j", "csv", 10).close()] == [[]]


async def test_an_export_has_every_entry_of_its_period_once_in_order(
    rules: Rules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 3)

    async def add(store: Store) -> None:
        for number in range(20):
            # Many at the same moment, and some written later than entries after them.
            at = NOW - timedelta(days=number % 4, seconds=number % 2)
            store.journal.add(Event.STARTED, at, user_id=number)

    await rules.database.transact(add)
    told: list[int] = []

    async def tell(count: int) -> None:
        told.append(count)

    parts = SplitFile(tmp_path, "j", "json", None)
    period = Period(NOW.date() - timedelta(days=2), NOW.date() - timedelta(days=1))
    count = await export_journal(rules.database, period, [parts], tell)

    rows = json.loads(parts.close()[0].read_text())
    assert count == len(rows) == 10
    assert {row["user_id"] for row in rows} == {number for number in range(20) if number % 4 in (1, 2)}
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert told[-1] == 10
    assert len(told) > 2
    assert await rules.database.transact(lambda store: store.journal.count(period, 100)) == 10
    assert await rules.database.transact(lambda store: store.journal.count(period, 4)) == 4


async def test_an_export_names_gates_and_masks_and_no_phone(rules: Rules, tmp_path: Path) -> None:
    await rules.asks_to_join()
    await rules.verifies()
    files = await JournalFiles(rules.database)(Period(None, rules.now.date()), tmp_path, 10**6, nobody, asyncio.Event())

    assert files is not None
    assert [path.suffix for path in files] == [".csv", ".json"]
    confirmed = next(row for row in json.loads(files[1].read_text()) if row["event"] == "confirmed")
    assert confirmed["gate"] == GATE.title
    assert confirmed["phone"] == "+7 ••• ••• 12-34"
    assert confirmed["country"] == "RU"
    for path in files:
        assert PHONE[2:] not in path.read_text(encoding="utf-8")


async def test_an_export_is_left_unfinished_when_the_bot_stops(rules: Rules, tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()

    assert await JournalFiles(rules.database)(ALL, tmp_path, 10**6, nobody, stop) is None


def test_every_column_is_explained() -> None:
    told = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8").partition("## Exporting")[2]

    assert [column for column in COLUMNS if f"| `{column}` |" not in told] == []


def test_a_file_is_called_by_its_period() -> None:
    assert export.name_of(Period(None, date(2026, 3, 1))) == "callgate-journal-all--2026-03-01"
    assert export.name_of(Period(date(2026, 2, 1), date(2026, 3, 1))) == "callgate-journal-2026-02-01--2026-03-01"
