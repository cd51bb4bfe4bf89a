"""Check that every query and every use case ran on both databases: `python -m tests.both_databases`.

It reads what coverage measured in a whole run of the tests, where each line is noted with the database it ran on (see
tests/conftest.py). Functions that ran on SQLite and not on PostgreSQL are printed, and the exit status is then 1.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import coverage

PROJECT = Path(__file__).parent.parent
CHECKED = ("storage", "bot/usecases")

FOR_SQLITE = frozenset(
    {
        # The file itself: its folder, its lock, its copies, and what is read from it while a bot holds it.
        "storage/address.py",
        "storage/backup.py",
        "storage/peek.py",
        "storage/sqlite_adapter.py",
        # Work that shares one connection, and so one commit.
        "storage/database.py",
        # How its text becomes JSON, which PostgreSQL does by itself, and how SQL takes a value out of it there.
        "storage/unreadable.py read_json",
        "storage/json_text.py _in_sqlite",
        # The lock on the file leaves one process.
        "storage/leadership.py SoleLeadership.acquire",
        "storage/leadership.py SoleLeadership.still_held",
    }
)
"""Files and functions that PostgreSQL does not need."""


def functions(file: Path) -> Iterator[tuple[str, set[int]]]:
    """Yield the dotted name of each function of a file, with the lines of its body."""

    def walk(node: ast.AST, within: str) -> Iterator[tuple[str, set[int]]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                yield from walk(child, f"{within}{child.name}.")
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{within}{child.name}", set(range(child.body[0].lineno, (child.end_lineno or 0) + 1))
                yield from walk(child, f"{within}{child.name}.")

    yield from walk(ast.parse(file.read_text(encoding="utf-8")), "")


def lines_by_database(data: coverage.CoverageData, database: str) -> dict[Path, set[int]]:
    """Return the lines of each file that ran on this database."""
    data.set_query_contexts([f"^{database}$"])
    return {Path(file).resolve(): set(data.lines(file) or ()) for file in data.measured_files()}


def missing(data: coverage.CoverageData) -> list[str]:
    """Return the functions that ran on SQLite only, as `file name`."""
    on_sqlite, on_postgresql = lines_by_database(data, "sqlite"), lines_by_database(data, "postgresql")
    found = []
    for folder in CHECKED:
        for file in sorted((PROJECT / folder).rglob("*.py")):
            place = file.relative_to(PROJECT).as_posix()
            if place in FOR_SQLITE:
                continue
            for name, body in functions(file):
                needed = body & on_sqlite.get(file, set()) and not body & on_postgresql.get(file, set())
                if needed and f"{place} {name}" not in FOR_SQLITE:
                    found.append(f"{place} {name}")
    return found


def main() -> int:
    """Print what is missing; the exit status."""
    data = coverage.CoverageData(str(PROJECT / ".coverage"))
    data.read()
    if not any(lines_by_database(data, "postgresql").values()):
        sys.stderr.write("No test with coverage ran on PostgreSQL.\n")
        return 1
    found = missing(data)
    for function in found:
        sys.stderr.write(f"{function} ran on SQLite and not on PostgreSQL\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
