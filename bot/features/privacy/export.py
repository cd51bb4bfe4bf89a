"""The journal of a period as files. It is read in pages, each in its own transaction, and written in a thread."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Literal

from bot.domain.journal import JournalRow
from bot.domain.statistics import Period
from storage.store import Store, Transactions

Format = Literal["csv", "json"]
Tell = Callable[[int], Awaitable[None]]

FORMATS: tuple[Format, ...] = ("csv", "json")
PAGE = 2000
"""Entries read in one transaction."""
COLUMNS = (
    "id",
    "at",
    "event",
    "user_id",
    "gate_id",
    "gate",
    "verification_id",
    "phone",
    "country",
    "code",
    "took_seconds",
    "actor_id",
)
"""The columns of an entry; docs/operations.md explains each."""
_SIGNS = r"=+@\-\uff1d\uff0b\uff0d\uff20"
"""Characters that begin a formula, also as East Asian systems write them."""
FIRST = re.compile(rf"\s*[{_SIGNS}]|[\t\r]")
BEHIND_SEPARATOR = re.compile(rf"""([,;|"'\t\r\n\v\f\x1c-\x1f\x85\u2028\u2029]\s*)(?=[{_SIGNS}])""")
"""Where spreadsheets recognise a formula: at the beginning of a cell, and so after anything that some program uses to
separate cells (a semicolon, where the comma is for decimals)."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SplitFile:
    """A file `NAME.csv`; or `NAME-1.csv`, `NAME-2.csv` and so on, if one would exceed `part` bytes."""

    def __init__(self, folder: Path, name: str, form: Format, part: int | None) -> None:
        self._folder = folder
        self._name = name
        self._form: Format = form
        self._part = part
        self._file: IO[str] | None = None
        self._size = 0
        self._is_first = True
        self.paths: list[Path] = []

    def write(self, rows: Sequence[JournalRow]) -> None:
        """Add these. Blocks: call it in a thread."""
        for row in rows:
            line = _csv_line(cells(row)) if self._form == "csv" else _json_line(cells(row))
            size = len(line.encode())
            if self._file is None or (self._part is not None and self._size + size > self._part):
                self._begin()
            self._put(line if self._form == "csv" or self._is_first else f",\n{line}")
            self._is_first = False

    def close(self) -> list[Path]:
        """End the last file; return all of them. Without any entry there is still one file."""
        if self._file is None:
            self._begin()
        self._end()
        if len(self.paths) == 1:
            only = self._folder / f"{self._name}.{self._form}"
            self.paths = [self.paths[0].rename(only)]
        return self.paths

    def _begin(self) -> None:
        self._end()
        path = self._folder / f"{self._name}-{len(self.paths) + 1}.{self._form}"
        self.paths.append(path)
        self._size, self._is_first = 0, True
        # Spreadsheets recognise UTF-8 only by its byte order mark.
        encoding = "utf-8-sig" if self._form == "csv" else "utf-8"
        # For this user only, whatever the umask is.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "w", encoding=encoding, newline="")
        self._put(_csv_line(COLUMNS) if self._form == "csv" else "[\n")

    def _end(self) -> None:
        if self._file is not None:
            if self._form == "json":
                self._file.write("\n]\n")
            self._file.close()
            self._file = None

    def _put(self, text: str) -> None:
        assert self._file is not None  # noqa: S101 - it was begun
        self._file.write(text)
        self._size += len(text.encode())


class JournalFiles:
    """Makes files in each of FORMATS from the database of the running bot."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def count(self, period: Period, most: int) -> int:
        """Count the entries, but not beyond `most`."""
        return await self._transactions.transact(lambda store: store.journal.count(period, most))

    async def __call__(
        self, period: Period, folder: Path, part: int, tell: Tell, stop: asyncio.Event
    ) -> list[Path] | None:
        """Files of at most `part` bytes each; None when `stop` was set before the end."""
        parts = [SplitFile(folder, name_of(period), form, part) for form in FORMATS]
        await export_journal(self._transactions, period, parts, tell, stop)
        paths = [path for written in parts for path in await asyncio.to_thread(written.close)]
        return None if stop.is_set() else paths


async def export_journal(
    transactions: Transactions,
    period: Period,
    parts: Sequence[SplitFile],
    tell: Tell,
    stop: asyncio.Event | None = None,
) -> int:
    """Write the entries of a period into all `parts`; return how many. Calls `tell` with how many there are so far.

    Stops unfinished once `stop` is set.
    """
    last: JournalRow | None = None
    count = 0

    def reading(after: JournalRow | None) -> Callable[[Store], Awaitable[list[JournalRow]]]:
        return lambda store: store.journal.page(period, after, PAGE)

    while stop is None or not stop.is_set():
        rows = await transactions.transact(reading(last))
        if rows:
            await asyncio.gather(*(asyncio.to_thread(part.write, rows) for part in parts))
            last, count = rows[-1], count + len(rows)
            await tell(count)
        if len(rows) < PAGE:
            break
    return count


def name_of(period: Period) -> str:
    """The name of a period's files."""
    return f"callgate-journal-{period.first or 'all'}--{period.last}"


def cells(row: JournalRow) -> tuple[str | int | float | None, ...]:
    """The values of an entry, in the order of COLUMNS."""
    return (
        row.id,
        (EPOCH + timedelta(microseconds=row.at)).isoformat(timespec="milliseconds"),
        row.event,
        row.user_id,
        row.gate_id,
        row.gate,
        row.verification_id,
        row.mask,
        row.region,
        row.code,
        None if row.took_ms is None else row.took_ms / 1000,
        row.actor_id,
    )


def harmless(cell: str | float | None) -> str | int | float | None:
    """A text that no spreadsheet takes for a formula, whatever separates its cells; numbers are ours, and stay."""
    if not isinstance(cell, str):
        return cell
    return ("'" if FIRST.match(cell) else "") + BEHIND_SEPARATOR.sub(r"\1'", cell)


def _csv_line(values: Sequence[str | int | float | None]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow([harmless(value) for value in values])
    return line.getvalue()


def _json_line(values: Sequence[str | int | float | None]) -> str:
    return json.dumps(dict(zip(COLUMNS, values, strict=True)), ensure_ascii=False)
