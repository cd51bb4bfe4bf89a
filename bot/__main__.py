"""The command line: `python -m bot COMMAND`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot import logs, settings
from bot.app import App, TokenRefusedError
from bot.settings import ConfigurationError, Settings
from storage.database import Database, DatabaseError
from storage.migrate import migrate

OK, FAILED, WRONG_USE = 0, 1, 2


async def run(config: Settings) -> int:
    """The bot, until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    try:
        await App(config).run(stop)
    except TokenRefusedError as error:
        return _complain(str(error), WRONG_USE)
    except DatabaseError as error:
        return _complain(str(error), FAILED)
    except OSError as error:
        return _complain(f"HTTP_PORT: {config.HTTP_HOST}:{config.HTTP_PORT} cannot be used ({error.strerror})", FAILED)
    return OK


async def migrate_only(config: Settings) -> int:
    """Bring the database to the newest schema."""
    database = Database(config.DATABASE_URL.get_secret_value())
    try:
        await database.open()
        await migrate(database)
    except DatabaseError as error:
        return _complain(str(error), FAILED)
    finally:
        await database.close()
    return OK


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="Callgate: groups that are entered by a call.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("run", help="run the bot (the default)")
    commands.add_parser("migrate", help="bring the database to the newest schema")
    chosen = parser.parse_args(arguments)
    commands_by_name: dict[str, Callable[[Settings], Awaitable[int]]] = {"run": run, "migrate": migrate_only}
    try:
        config = settings.load(env_file=Path(".env"))
    except ConfigurationError as error:
        return _complain(str(error), WRONG_USE)
    logs.configure(config.LOG_FORMAT)
    return asyncio.run(_returning(commands_by_name[chosen.command or "run"](config)))


async def _returning(work: Awaitable[int]) -> int:
    return await work


def _complain(text: str, status: int) -> int:
    sys.stderr.write(text + os.linesep)
    return status


if __name__ == "__main__":
    sys.exit(main())
