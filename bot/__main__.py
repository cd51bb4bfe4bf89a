"""The command line: `python -m bot COMMAND`."""

from __future__ import annotations

import argparse
import asyncio
import errno
import io
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
import uvloop
from rich.console import Console

from bot import VERSION, logs, settings
from bot.app import App, TokenRefusedError
from bot.cli.data import add_commands, erase, export
from bot.cli.doctor import examine
from bot.cli.statistics import findings_json, statistics_json, statistics_tables
from bot.clock import REAL_TIME, SystemClock
from bot.domain.statistics import PERIODS, period
from bot.features.statistics.actions import read_statistics
from bot.settings import ConfigurationError, Settings
from storage.engine.backup import back_up
from storage.engine.checks import DatabaseError
from storage.engine.database import Database
from storage.engine.migrate import migrate
from storage.engine.read_only import read_once

log = structlog.get_logger()

OK, FAILED, WRONG_USE = 0, 1, 2
LAST_PORT = 65535


async def run(config: Settings, _given: argparse.Namespace) -> int:
    """Run the bot until SIGTERM or SIGINT."""
    try:
        await App(config).run(_stop_on_signals())
    except TokenRefusedError as error:
        return _complain(str(error), WRONG_USE)
    except OSError as error:
        return _complain(f"HTTP_PORT: {config.listens_at} cannot be listened on ({error.strerror})", FAILED)
    return OK


async def doctor(config: Settings, given: argparse.Namespace) -> int:
    """Check the configuration, and print how to fix each fault."""
    findings = []
    async for finding in examine(config):
        findings.append(finding)
        if not given.json:
            sys.stdout.write(f"{finding}\n")
            sys.stdout.flush()
    if given.json:
        sys.stdout.write(findings_json(findings) + "\n")
    return OK if all(finding.is_well for finding in findings) else FAILED


async def stats(config: Settings, given: argparse.Namespace) -> int:
    """Print statistics, read while the bot runs."""
    asked = period(given.period, SystemClock().now())
    if asked is None:
        return _complain(f"--period: one of {', '.join(PERIODS)}", WRONG_USE)
    url = config.DATABASE_URL.get_secret_value()
    titles = await read_once(url, REAL_TIME.now, lambda store: store.gates.titles())
    if given.gate is not None and given.gate not in titles:
        return _complain(f"--gate: there is no gate with the id {given.gate}", WRONG_USE)
    told = await read_once(url, REAL_TIME.now, lambda store: read_statistics(store, asked, given.gate))
    if given.json:
        sys.stdout.write(statistics_json(told, titles) + "\n")
    else:
        statistics_tables(told, titles, Console())
    return OK


async def migrate_only(config: Settings, _given: argparse.Namespace) -> int:
    """Bring the database to the newest schema."""
    database = Database(config.DATABASE_URL.get_secret_value(), REAL_TIME.now)
    await database.open()
    try:
        await migrate(database)
    finally:
        await database.close()
    return OK


async def backup(config: Settings, given: argparse.Namespace) -> int:
    """Write a copy of the database, while the bot is stopped."""
    database = Database(config.DATABASE_URL.get_secret_value(), REAL_TIME.now)
    await database.open()
    try:
        schema = await back_up(database, given.file)
    finally:
        await database.close()
    size = given.file.stat().st_size
    done = {"file": str(given.file), "size": size, "schema": schema}
    said = json.dumps(done) if given.json else f"{given.file} is written and checked: {size} bytes of schema {schema}"
    sys.stdout.write(said + "\n")
    return OK


async def demo(given: argparse.Namespace) -> int:
    """Run the bot in the sandbox."""
    # A real installation never loads the sandbox.
    from bot.cli.demo import demo as run_demo  # noqa: PLC0415

    try:
        await run_demo(_stop_on_signals(), given.port)
    except OSError as error:
        if given.port is None or error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        return _complain(
            f"--port: {given.port} cannot be listened on ({error.strerror}); choose another: make demo PORT=8100",
            FAILED,
        )
    return OK


# By name; `_parser` says which arguments each takes.
CONFIGURED: dict[str, Callable[[Settings, argparse.Namespace], Awaitable[int]]] = {
    "run": run,
    "doctor": doctor,
    "migrate": migrate_only,
    "backup": backup,
    "stats": stats,
    "export": export,
    "erase": erase,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    # The files made here contain secrets and who verified: nobody else may read them.
    os.umask(0o077)
    given = _parser().parse_args(arguments)
    _fit_terminal(as_json=getattr(given, "json", False))
    command = given.command or "run"
    if command == "demo":
        return uvloop.run(_result(demo(given)))
    try:
        config = settings.load(env_file=Path(".env"))
    except ConfigurationError as error:
        return _complain(str(error), WRONG_USE)
    logs.configure(config.LOG_FORMAT, quiet=command != "run")
    if command != "doctor":
        for advice in settings.misnamed():
            log.warning("variable_without_effect", advice=advice)
    try:
        return uvloop.run(_result(CONFIGURED[command](config, given)))
    except DatabaseError as error:
        return _complain(str(error), FAILED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Callgate: groups are entered after one free call."
    )
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("run", help="run the bot, configured by the environment and .env (the default)")
    shown = commands.add_parser("demo", help="run the bot in a world of its own and print the address to open")
    shown.add_argument("--port", type=_port, metavar="PORT", help="of that address (8090, or another if that is taken)")
    checks = commands.add_parser("doctor", help="check the configuration against the live services")
    checks.add_argument("--json", action="store_true", help="for machines: a list of findings")
    commands.add_parser("migrate", help="bring the database to the newest schema")
    copy = commands.add_parser("backup", help="copy the SQLite database to a new file, while the bot is stopped")
    copy.add_argument("file", type=Path, metavar="FILE")
    copy.add_argument("--json", action="store_true", help="for machines: one object")
    told = commands.add_parser("stats", help="tell how many came how far, also while the bot runs")
    told.add_argument("--period", default="7d", metavar="PERIOD", help=f"one of {', '.join(PERIODS)} (7d)")
    told.add_argument("--gate", type=int, metavar="ID", help="of this gate only")
    told.add_argument("--json", action="store_true", help="for machines: one object")
    add_commands(commands)
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"a number from 1 to {LAST_PORT}")
    return int(text)


def _fit_terminal(*, as_json: bool) -> None:
    """Replace characters that the terminal cannot show by ?; JSON is UTF-8 in any case (RFC 8259, 8.1)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if as_json and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    return stop


async def _result(work: Awaitable[int]) -> int:
    return await work


def _complain(text: str, status: int) -> int:
    sys.stderr.write(text + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
