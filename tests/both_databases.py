"""A pytest plugin: every query and every rule has to run on both databases.

Each function of the storage and of the rules (tests/layers.py) records that it ran, and on which database.

At the end of a run it prints the functions that ran on SQLite and not on PostgreSQL, and fails the run if there are
any.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

import pytest

from tests.instrumented import STEPS, Step
from tests.layers import holds_rules
from tests.needs import DATABASES, database_of

NOTE = "__both_databases_ran__"
"""The name of the set of executed functions in a checked module."""

FOR_SQLITE = frozenset(
    {
        # The file itself: its folder, its lock, its copies, and reading it while a bot holds it.
        "storage/engine/address.py",
        "storage/engine/backup.py",
        "storage/engine/checks.py refuse_foreign",
        "storage/engine/read_only.py",
        "storage/engine/sqlite_adapter.py",
        # Works that share one connection, and so one commit.
        "storage/engine/database.py",
        # JSON: PostgreSQL decodes it itself, and reads values out of it with other SQL.
        "storage/sql/unreadable.py read_json",
        "storage/sql/statements.py _in_sqlite",
        # The lock on the file leaves one process.
        *(
            f"storage/engine/leadership.py SoleLeadership.{name}"
            for name in ("__init__", "acquire", "is_certain", "still_held", "release")
        ),
    }
)
"""Files and functions that PostgreSQL does not need."""

_running: set[str] = set()
"""The functions that ran in the present test."""
_ran: dict[str, set[str]] = {database: set() for database in DATABASES}
FOUND = pytest.StashKey[list[str]]()


def noting(module: ast.Module, place: str) -> ast.Module:
    """Return the module with one more statement in each function: it records `place` and the function's dotted name."""
    if not (place.startswith("storage/") or holds_rules(place)):
        return module
    for name, function in _functions(module, ""):
        # After the docstring, and on the line of what follows it: neither coverage nor a traceback sees it.
        at = 1 if ast.get_docstring(function, clean=False) is not None and len(function.body) > 1 else 0
        note = ast.parse(f"{NOTE}.add({f'{place} {name}'!r})").body[0]
        for node in ast.walk(note):
            ast.copy_location(node, function.body[at])
        function.body.insert(at, note)
    return module


def _functions(node: ast.AST, within: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if not isinstance(child, ast.ClassDef):
                yield f"{within}{child.name}", child
            yield from _functions(child, f"{within}{child.name}.")


def missing(on_sqlite: Collection[str], on_postgresql: Collection[str]) -> list[str]:
    """Return the functions that ran on SQLite only, as `file name`."""
    return sorted(
        function
        for function in set(on_sqlite).difference(on_postgresql, FOR_SQLITE)
        if function.split(" ")[0] not in FOR_SQLITE
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    _running.clear()
    try:
        return (yield)
    finally:
        if database := database_of(item):
            _ran[database] |= _running


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Add what ran in a process of pytest-xdist."""
    for database, ran in getattr(node, "workeroutput", {}).get(NOTE, {}).items():
        _ran[database] |= set(ran)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[NOTE] = {database: sorted(ran) for database, ran in _ran.items()}
        return
    found = [
        f"{function} ran on SQLite and not on PostgreSQL" for function in missing(_ran["sqlite"], _ran["postgresql"])
    ]
    # Packages imported before this plugin would record nothing, and the check would find nothing wrong.
    session.config.stash[FOUND] = found if _ran["sqlite"] else ["No function of the packages checked ran on SQLite"]
    if session.config.stash[FOUND] and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(FOUND, []):
        terminalreporter.write_line(line, red=True)


STEPS.append(Step(tree=noting, module=lambda module: setattr(module, NOTE, _running)))
