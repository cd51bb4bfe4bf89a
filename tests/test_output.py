"""Commands print only their answer to stdout, and log to stderr. Their files are for the user only."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import REAL_TIME
from bot.sandbox.world import World
from storage.engine.database import Database
from tests.databases import migrate_now
from tests.installation import Installation, verify
from tests.process import BotProcess, free_port, run_command


@pytest.mark.long
@pytest.mark.parametrize("log_format", ["console", "json"])
async def test_the_doctors_answer_is_json_and_nothing_else_while_nobody_answers(
    world: World, sqlite_path: Path, log_format: str
) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    environment = Installation(
        world, f"sqlite:///{sqlite_path}", SMSC_URL=dead, TELEGRAM_API_URL=dead, LOG_FORMAT=log_format
    ).environment()

    ended = await asyncio.to_thread(run_command, sqlite_path.parent, "doctor", "--json", **environment)

    assert ended.returncode == 1
    assert [found["is_right"] for found in json.loads(ended.stdout)].count(False) >= 2


@pytest.mark.parametrize(
    "command",
    [
        ("stats", "--json"),
        ("backup", "copy.db", "--json"),
        ("export", "--json"),
        ("erase", "7", "--yes", "--json"),
    ],
)
def test_the_answer_of_a_command_is_one_json_document(
    world: World, sqlite_path: Path, command: tuple[str, ...]
) -> None:
    environment = Installation(world, f"sqlite:///{sqlite_path}").environment()

    ended = run_command(sqlite_path.parent, *command, **environment)

    assert isinstance(json.loads(ended.stdout), dict)


@pytest.mark.long
async def test_the_log_of_the_running_bot_goes_to_stderr(world: World, sqlite_path: Path) -> None:
    bot = BotProcess(world, f"sqlite:///{sqlite_path}", sqlite_path.parent)
    environment = bot.environment()
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "run",
        env=environment,
        cwd=sqlite_path.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    while await bot.status("/readyz") != 200:
        assert running.returncode is None
    running.terminate()
    out, err = await running.communicate()

    assert (running.returncode, out) == (0, b"")
    assert b"listening" in err
    assert b"is @callgate_bot; write /start to it" in err


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def careless_umask() -> Iterator[None]:
    """Use a umask with which everybody may read and write new files, unless the program prevents it."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("careless_umask")
async def test_the_database_is_for_its_user_only(world: World, tmp_path: Path) -> None:
    file = tmp_path / "new" / "deeper" / "callgate.db"
    installation = Installation(world, f"sqlite:///{file}")
    await installation.start()
    await verify(world.person("Anna", language="en"))

    made = {path.name: mode(path) for path in file.parent.iterdir()}
    assert {"callgate.db", "callgate.db-wal", "callgate.db-shm"} <= made.keys()
    assert set(made.values()) == {0o600}
    assert (mode(file.parent), mode(file.parent.parent)) == (0o700, 0o700)
    await installation.stop()


@pytest.mark.usefixtures("careless_umask")
async def test_a_database_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "callgate.db"
    await asyncio.to_thread(migrate_now, f"sqlite:///{file}")
    file.chmod(0o644)
    folder_before = mode(tmp_path)
    database = Database(f"sqlite:///{file}", REAL_TIME.now)
    await database.open()

    assert mode(file) == 0o600
    assert mode(tmp_path) == folder_before
    await database.close()


@pytest.mark.usefixtures("careless_umask")
def test_what_commands_write_is_for_their_user_only(world: World, sqlite_path: Path) -> None:
    environment = Installation(world, f"sqlite:///{sqlite_path}").environment()
    for command, name in (
        (("backup", "copy.db"), "copy.db"),
        (("export", "--out", "journal.csv"), "journal.csv"),
        (("export", "--format", "json", "--out", "journal.json"), "journal.json"),
    ):
        ended = run_command(sqlite_path.parent, *command, **environment)
        assert ended.returncode == 0, ended.stderr
        assert mode(sqlite_path.parent / name) == 0o600, name


@pytest.mark.parametrize("encoding", ["cp1251", "ascii", "latin-1", "koi8-r"])
@pytest.mark.parametrize("options", [(), ("--json",)])
async def test_a_terminal_of_few_letters_shows_what_it_can(
    world: World, sqlite_path: Path, encoding: str, options: tuple[str, ...]
) -> None:
    environment = Installation(world, f"sqlite:///{sqlite_path}").environment()

    for command in (["doctor", *options], ["stats", *options]):
        ended = await asyncio.to_thread(run_command, sqlite_path.parent, *command, encoding=encoding, **environment)
        assert b"Traceback" not in ended.stderr
        if options:
            json.loads(ended.stdout.decode("utf-8"))
        else:
            assert ended.stdout.decode(encoding)
