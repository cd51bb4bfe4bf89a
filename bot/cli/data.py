"""Commands of the shell about stored data: export, erase."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.clock import REAL_TIME, SystemClock
from bot.crypto import Pseudonymizer
from bot.domain.errors import StorageUnavailableError
from bot.domain.statistics import Period, PeriodProblem, parse_period
from bot.features.operators.registry import Operators
from bot.features.privacy.erase import ErasePerson, not_in_yet
from bot.features.privacy.export import SplitFile, export_journal, name_of
from bot.settings import Settings
from storage.engine.database import Database
from storage.engine.migrate import require_newest
from storage.engine.read_only import open_read_only
from storage.store import Store

OK, FAILED, WRONG_USE = 0, 1, 2
BY_SHELL = 0
"""In place of the operator's id: whoever can run commands here."""
PROBLEMS = {
    PeriodProblem.UNKNOWN: "it is today, 7d, 30d, 90d, all, or two days such as 2026-01-01..2026-01-31",
    PeriodProblem.NO_DAY: "there is no such day",
    PeriodProblem.REVERSED: "it would end before it begins",
}


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser."""
    export_ = commands.add_parser("export", help="write the journal of a period to a file, also beside a running bot")
    export_.add_argument("--period", default="all", help="today, 7d, 30d, 90d, all (the default), or DAY..DAY")
    export_.add_argument("--format", choices=("csv", "json"), default="csv")
    export_.add_argument("--out", type=Path, metavar="FILE", help="the default is callgate-journal-… in this folder")
    export_.add_argument("--json", action="store_true", help="say what was done in JSON, and show no progress")
    erase_ = commands.add_parser("erase", help="delete a person's data")
    erase_.add_argument("user_id", type=_user_id, metavar="USER_ID", help="their Telegram id")
    erase_.add_argument("--yes", action="store_true", help="do not ask")
    erase_.add_argument("--json", action="store_true", help="say what was done in JSON; needs --yes")


async def export(config: Settings, given: argparse.Namespace) -> int:
    """Write the journal of a period as one file. The bot may run meanwhile."""
    period = parse_period(given.period, SystemClock().now())
    if isinstance(period, PeriodProblem):
        return _complain(f"export: --period {given.period}: {PROBLEMS[period]}", WRONG_USE)
    target: Path = given.out or Path(f"{name_of(period)}.{given.format}")
    if (problem := _problem_of(target)) is not None:
        return _complain(f"export: {problem}", FAILED)
    try:
        count = await _write(config, given, period, target)
    except OSError as error:
        return _complain(f"export: {target} cannot be written ({error.strerror})", FAILED)
    done = {"file": str(target), "entries": count, "first": period.first, "last": period.last, "format": given.format}
    said = json.dumps(done, default=str) if given.json else f"{count} entries in {target}"
    sys.stdout.write(said + "\n")
    return OK


def _problem_of(target: Path) -> str | None:
    if target.exists():
        return f"{target} exists already; name a new file with --out"
    return None if target.parent.is_dir() else f"there is no folder {target.parent}"


async def _write(config: Settings, given: argparse.Namespace, period: Period, target: Path) -> int:
    # Only an export needs it.
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    # Under a temporary name until it is complete.
    parts = SplitFile(target.parent, f".{target.name}", given.format, None)
    bar = Progress(
        TextColumn("{task.completed} of {task.total}"), BarColumn(), TimeRemainingColumn(), console=Console(stderr=True)
    )
    async with open_read_only(config.DATABASE_URL.get_secret_value(), REAL_TIME.now) as transactions:
        total = await transactions.transact(lambda store: store.journal.count(period, sys.maxsize))
        bar.disable = given.json
        with bar:
            task = bar.add_task("", total=total)

            async def tell(count: int) -> None:
                bar.update(task, completed=count)

            try:
                count = await export_journal(transactions, period, [parts], tell)
            finally:
                (written,) = await asyncio.to_thread(parts.close)
    written.rename(target)
    return count


async def erase(config: Settings, given: argparse.Namespace) -> int:
    """Delete everything about a person. With SQLite the bot has to be stopped."""
    if given.json and not given.yes:
        return _complain("erase: --json needs --yes", WRONG_USE)
    clock, user_id, operators = SystemClock(), given.user_id, Operators(config.OPERATORS)
    erase_person = ErasePerson(operators)

    async def erase_unless_operator(store: Store) -> None:
        if await operators.is_operator(store, user_id):
            raise _OperatorError
        await erase_person(store, user_id, operator_id=BY_SHELL)

    database = Database(
        config.DATABASE_URL.get_secret_value(), clock.now, Pseudonymizer(config.SECRET_KEY.get_secret_value())
    )
    await database.open()
    try:
        await require_newest(database)
        known = await database.transact(lambda store: _known(store, operators, user_id))
        if not known:
            return _said(given, "nothing is kept about them", FAILED, erased=False)
        if not given.yes and not await _confirmed(user_id, known):
            return _said(given, "nothing was erased", FAILED, erased=False)
        await database.transact(erase_unless_operator)
    except _OperatorError:
        return _complain(
            f"erase: {user_id} is an operator: remove them first, by /operators or from OPERATORS, or let them send "
            "/deleteme themselves",
            WRONG_USE,
        )
    except StorageUnavailableError as error:
        return _complain(f"erase: the database does not answer ({error}); nothing was erased", FAILED)
    finally:
        await database.close()
    text = "erased; what Telegram has yet to be told goes out when the bot runs, and their id goes with it"
    return _said(given, text, OK, erased=True)


class _OperatorError(Exception):
    """Others cannot erase operators."""


async def _known(store: Store, operators: Operators, user_id: int) -> dict[str, str]:
    """Describe what there is to erase; empty when there is nothing. Raises _OperatorError."""
    if await operators.is_operator(store, user_id):
        raise _OperatorError
    if not await store.erasures.knows(user_id):
        return {}
    gates = [gate.title for _, gate, _ in await not_in_yet(store, user_id)]
    return {
        "verified": "yes" if await store.phones.of(user_id) else "no",
        "in the middle of an attempt": "yes: it is cancelled" if await store.verifications.open_of(user_id) else "no",
        "requests that are withdrawn": ", ".join(gates) or "none",
    }


async def _confirmed(user_id: int, known: dict[str, str]) -> bool:
    table = Table(title=f"Everything about {user_id} is deleted")
    table.add_column("what")
    table.add_column("now")
    for what, now in known.items():
        table.add_row(what, now)
    Console(stderr=True).print(table)
    try:
        answer = await asyncio.to_thread(input, "It cannot be undone. Type yes: ")
    except EOFError:
        return False
    return answer.strip().lower() == "yes"


def _user_id(written: str) -> int:
    if not written.isascii() or not written.isdecimal() or not 0 < int(written[:20]) < 2**52:
        raise argparse.ArgumentTypeError("a Telegram id is a number, such as 123456789")
    return int(written)


def _said(given: argparse.Namespace, text: str, status: int, *, erased: bool) -> int:
    said = json.dumps({"user_id": given.user_id, "erased": erased}) if given.json else f"erase: {text}"
    sys.stdout.write(said + "\n")
    return status


def _complain(text: str, status: int) -> int:
    sys.stderr.write(text + "\n")
    return status
