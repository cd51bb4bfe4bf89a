"""An unusable database: each command says why, and what to do, in one sentence."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot import VERSION
from tests.installation import CALLBACK_TOKEN, SECRET_KEY
from tests.process import run_command

COMMANDS = (
    ("migrate",),
    ("backup", "copy.db"),
    ("stats", "--json"),
    ("export", "--out", "o.csv"),
    ("erase", "5", "--yes"),
)


def _said(folder: Path, command: tuple[str, ...], url: str) -> tuple[int, str]:
    """The status and the one sentence; stdout is empty."""
    run = run_command(
        folder,
        *command,
        BOT_TOKEN="42:TEST-token-of-the-sandbox",
        SMSC_API_KEY="the key of the tests",
        SMSC_CALLBACK_TOKEN=CALLBACK_TOKEN,
        SECRET_KEY=SECRET_KEY,
        DATABASE_URL=url,
    )
    said = run.stderr.decode()
    assert run.stdout == b""
    assert said.count("\n") == 1, said
    return run.returncode, said


def _damaged(file: Path) -> None:
    kept = file.read_bytes()
    file.write_bytes(kept[:100] + os.urandom(8000) + kept[8100:])


def _cut_short(file: Path) -> None:
    os.truncate(file, 6000)


def _changed(*statements: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return change


def _replaced(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def replace(file: Path) -> None:
        file.unlink()
        make(file)

    return replace


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_damaged, "the file is damaged; put a back-up in its place"),
        (_cut_short, "the file is damaged; put a back-up in its place"),
        (_replaced(Path.mkdir), "is no file; name one"),
        (_replaced(os.mkfifo), "is no file; name one"),
        (_replaced(lambda file: file.write_text("words")), "is no SQLite database; name a file"),
        (_changed("DELETE FROM alembic_version"), "does not tell of which schema it is; put a back-up"),
        (_changed("UPDATE alembic_version SET version_num = '9999_future'"), "newer than this program (schema 9999_"),
        (
            _changed(
                "DROP TABLE alembic_version",
                "CREATE TABLE alembic_version (version_num)",
                "INSERT INTO alembic_version VALUES (9999)",
            ),
            "newer than this program (schema 9999)",
        ),
        (
            _changed(
                "DROP TABLE alembic_version",
                "CREATE TABLE alembic_version (version_num)",
                "INSERT INTO alembic_version VALUES (NULL)",
            ),
            "newer than this program (schema None)",
        ),
        (_changed("DROP TABLE alembic_version", "CREATE TABLE alembic_version (x)"), "its tables are not those"),
    ],
    ids=[
        "damaged",
        "cut short",
        "a folder",
        "a pipe",
        "words",
        "no revision",
        "newer",
        "a number",
        "nothing",
        "columns",
    ],
)
def test_each_command_says_what_is_wrong_with_a_file_and_what_to_do(
    sqlite_path: Path, spoil: Callable[[Path], None], says: str
) -> None:
    spoil(sqlite_path)

    for command in COMMANDS:
        status, said = _said(sqlite_path.parent, command, f"sqlite:///{sqlite_path}")

        assert status == 1
        assert said.startswith("DATABASE_URL: ")
        assert says in said


def test_a_file_that_another_program_has_locked_is_said_to_be(sqlite_path: Path) -> None:
    with closing(sqlite3.connect(sqlite_path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")

        status, said = _said(sqlite_path.parent, ("migrate",), f"sqlite:///{sqlite_path}")

    assert (status, "another program has locked the file" in said) == (1, True)


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    for name, expected in (("a%00b.db", 2), (f"{'a' * 300}.db", 1)):
        for command in COMMANDS:
            status, said = _said(tmp_path, command, f"sqlite:///{tmp_path}/{name}")

            assert (status, said.startswith("DATABASE_URL: ")) == (expected, True)


def test_a_copy_of_nothing_is_not_made(tmp_path: Path) -> None:
    status, said = _said(tmp_path, ("backup", "copy.db"), f"sqlite:///{tmp_path}/new.db")

    assert (status, "migrate` first" in said) == (1, True)
    assert not (tmp_path / "copy.db").exists()


def test_each_command_says_what_is_wrong_with_a_server_and_what_to_do(postgres_url: str, tmp_path: Path) -> None:
    there = make_url(postgres_url)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()[1]
    for url, says in (
        (f"postgresql://u:hidden@127.0.0.1:{nobody}/db", "nothing listens there"),
        ("postgresql://u:hidden@no.such.host.invalid/db", "the host is not known"),
        ("postgresql://u:hidden@/db?host=/no/such/folder", "there is no such socket"),
        (there.set(database="nope").render_as_string(hide_password=False), "there is no such database"),
        (there.set(username="ghost").render_as_string(hide_password=False), "the server refuses the user"),
    ):
        for command in (("migrate",), ("stats", "--json")):
            status, said = _said(tmp_path, command, url)

            assert (status, said.startswith("DATABASE_URL: ")) == (1, True)
            assert says in said
            assert "hidden" not in said


def test_the_version_is_told(tmp_path: Path) -> None:
    run = run_command(tmp_path, "--version")

    assert (run.returncode, run.stdout.decode(), run.stderr) == (0, f"{VERSION}\n", b"")
