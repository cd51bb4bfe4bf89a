"""How long `/stats` takes over ten million verifications at fifty gates in three years, on either database.

Run it as `python -m benchmarks.statistics`. It makes the data by itself, in a temporary folder: all sums of that time,
ten million attempts, a part of the journal of the last ninety days, and what was not added up yet. That takes some
minutes and some gigabytes; the databases are deleted at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import sqlite3
import statistics as numbers
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import asyncpg

from bot.clock import REAL_TIME
from bot.domain.journal import Event
from bot.domain.statistics import (
    NO_GATE,
    Dimension,
    EntryReason,
    FunnelStep,
    Granularity,
    Statistics,
    StatisticsReport,
    day_number,
    month_number,
    period,
)
from bot.features.statistics.actions import read_statistics
from bot.features.statistics.chart import chart
from bot.i18n.texts import Texts
from storage.engine.database import Database
from tests.databases import Postgres, migrate_now

Run = Callable[[str], Awaitable[None]]
Kind = Literal["SQLite", "PostgreSQL"]
KINDS: tuple[Kind, ...] = ("SQLite", "PostgreSQL")

RUNS = 5
FIRST_GATE = -1002000000000
REGIONS = ("RU", "KZ", "UZ", "BY", "GB", "DE", "AM", "GE")
SPANS_TOOK = range(20, 65)
UNROLLED = timedelta(minutes=14)
"""The journal's end that no sum has yet: the sweeper adds up what is ten minutes old, every five."""
ENTRIES_A_SECOND = 5
"""At the journal's end: ten times as many as on average."""
MICROSECONDS = 1_000_000
DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Amount:
    """How much there is to be."""

    verifications: int
    gates: int
    days: int
    journal: int


def kinds() -> list[tuple[str, str, str, float]]:
    """Every sum of a day at a gate: dimension, key, event, and how many there are of a verification."""
    steps = {
        Event.JOIN_ASKED: 1.3,
        Event.AT_ONCE: 0.05,
        Event.CONTACT_TAKEN: 1.0,
        Event.NUMBER_GIVEN: 0.97,
        Event.CONFIRMED: 0.9,
        Event.GRANT_DONE: 0.94,
    }
    lines = (Event.JOIN_ASKED, Event.CONFIRMED, Event.GRANT_DONE)
    by_region = (Event.CONTACT_TAKEN, Event.NUMBER_GIVEN, Event.CONFIRMED)
    found = [(Dimension.TOTAL, "", event, share) for event, share in steps.items()]
    found += [(Dimension.HOUR, str(hour), event, steps[event] / 24) for hour in range(24) for event in lines]
    found += [(Dimension.REGION, region, event, steps[event] / 8) for region in REGIONS for event in by_region]
    found += [(Dimension.CODE, "", Event.CONFIRMED, 0.9), (Dimension.CODE, EntryReason.CALLED, Event.GRANT_DONE, 0.88)]
    found += [(Dimension.CODE, how, Event.GRANT_DONE, 0.03) for how in (EntryReason.KNOWN, EntryReason.OTHER)]
    found += [
        (Dimension.CODE, code, Event.NUMBER_REFUSED, 0.01)
        for code in ("unavailable:9", "unavailable:", "blacklisted:5")
    ]
    found += [(Dimension.CODE, code, Event.CONTACT_REFUSED, 0.02) for code in ("not_own", "forwarded", "not_mobile")]
    found += [(Dimension.TOOK, str(index), Event.CONFIRMED, 0.9 / len(SPANS_TOOK)) for index in SPANS_TOOK]
    return sorted(found)


def series(kind: Kind, first: int, last: int) -> str:
    """A subquery of the whole numbers `i` from first to last."""
    if kind == "PostgreSQL":
        return f"(SELECT i FROM generate_series({first}::bigint, {last}) AS i)"
    return (
        f"(WITH RECURSIVE counted(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM counted WHERE i < {last}) "
        "SELECT i FROM counted)"
    )


async def fill(run: Run, kind: Kind, amount: Amount, now: datetime) -> None:
    """Put it all in."""
    await fill_sums(run, kind, amount, now)
    await fill_rows(run, kind, amount, now)
    await run(f"INSERT INTO cursors (name, at) VALUES ('journal rolled', {_microseconds(now - UNROLLED)})")
    await run("ANALYZE")


async def fill_sums(run: Run, kind: Kind, amount: Amount, now: datetime) -> None:
    """Of every day and month, at every gate and over all."""
    await run("CREATE TEMPORARY TABLE kinds (dimension TEXT, key TEXT, event TEXT, share REAL)")
    values = ", ".join(f"('{dimension}', '{key}', '{event}', {share})" for dimension, key, event, share in kinds())
    await run(f"INSERT INTO kinds VALUES {values}")
    a_day = amount.verifications / amount.gates / amount.days
    today = now.date()
    first = today - timedelta(days=amount.days - 1)
    spans = (
        (Granularity.DAY, day_number(first), day_number(today), a_day),
        (Granularity.MONTH, month_number(first), month_number(today), a_day * 365 / 12),
    )
    gates = series(kind, FIRST_GATE - amount.gates + 1, FIRST_GATE)
    for whose, weight in ((gates, 1), (f"(SELECT {NO_GATE} AS i)", amount.gates)):
        for grain, begin, end, count in spans:
            # A little more or less from day to day and from gate to gate.
            varied = "(0.5 + ((gates.i * 7919 + spans.i * 104729) % 1000 + 1000) % 1000 / 1000.0)"
            await run(
                "INSERT INTO sums (gate_id, grain, span, dimension, key, event, count) "
                f"SELECT gates.i, '{grain}', spans.i, dimension, key, event, "
                f"CAST({count * weight} * share * {varied} + 1 AS INTEGER) "
                f"FROM {whose} AS gates CROSS JOIN {series(kind, begin, end)} AS spans CROSS JOIN kinds"
            )


async def fill_rows(run: Run, kind: Kind, amount: Amount, now: datetime) -> None:
    """Gates, attempts, and entries of the journal."""
    then, end = _microseconds(now - timedelta(days=amount.days)), _microseconds(now)
    gate = f"{FIRST_GATE} - i % {amount.gates}"
    await run(
        "INSERT INTO gates (chat_id, title, is_channel, is_on, created_at, changed_at) "
        f"SELECT {FIRST_GATE} - i, 'Gate ' || i, {_false(kind)}, NOT {_false(kind)}, {then}, {then} "
        f"FROM {series(kind, 0, amount.gates - 1)} AS numbered"
    )
    await run(
        "INSERT INTO verifications (token, user_id, fingerprint, mask, region, state, opened_at, ended_at, gate_id) "
        "SELECT 'token-' || i, 7000000000 + i, 'fingerprint-' || i, '+7 ••• ••• 12-34', 'RU', 'confirmed', "
        f"{then} + i * {(end - then) // amount.verifications}, {then} + i, {gate} "
        f"FROM {series(kind, 0, amount.verifications - 1)} AS numbered"
    )
    events = ("join_asked", "contact_taken", "number_given", "confirmed", "grant_done")
    named = " ".join(f"WHEN {place} THEN '{event}'" for place, event in enumerate(events))
    took = "CASE WHEN i % 5 = 3 THEN 5000 + i % 90000 END"
    for since, count in (
        (90 * DAY, amount.journal),
        (int(UNROLLED.total_seconds()), UNROLLED.seconds * ENTRIES_A_SECOND),
    ):
        await run(
            "INSERT INTO journal (at, event, user_id, gate_id, code, region, took_ms) "
            f"SELECT {end} - {since * MICROSECONDS} + i * {since * MICROSECONDS // count}, "
            f"CASE i % 5 {named} END, i, {gate}, CASE WHEN i % 5 = 4 THEN 'called' ELSE '' END, 'RU', {took} "
            f"FROM {series(kind, 0, count - 1)} AS numbered"
        )


@contextlib.contextmanager
def place(kind: Kind) -> Iterator[str]:
    """An empty database for a while: its address."""
    if kind == "PostgreSQL":
        server = Postgres()
        try:
            with server.database(migrated=True) as url:
                yield url
        finally:
            server.stop()
        return
    folder = Path(tempfile.mkdtemp(prefix="callgate-statistics-"))
    try:
        migrate_now(f"sqlite:///{folder}/callgate.db")
        yield f"sqlite:///{folder}/callgate.db"
    finally:
        shutil.rmtree(folder)


async def fill_sqlite(url: str, amount: Amount, now: datetime) -> int:
    """All of it, in one transaction; how many bytes that makes."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as raw:
        for pragma in ("synchronous = OFF", "journal_mode = OFF", "cache_size = -1000000"):
            raw.execute(f"PRAGMA {pragma}")

        async def run(statement: str) -> None:
            raw.execute(statement)

        raw.execute("BEGIN")
        await fill(run, "SQLite", amount, now)
        raw.execute("COMMIT")
        raw.execute("PRAGMA journal_mode = WAL")
        (size,) = raw.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()
    return int(size)


async def fill_postgres(url: str, amount: Amount, now: datetime) -> int:
    """All of it; how many bytes that makes."""
    raw = await asyncpg.connect(url)

    async def run(statement: str) -> None:
        await raw.execute(statement)

    await fill(run, "PostgreSQL", amount, now)
    size = int(await raw.fetchval("SELECT pg_database_size(current_database())"))
    await raw.close()
    return size


async def fill_and_measure(kind: Kind, url: str, amount: Amount, now: datetime) -> None:
    """One database."""
    begin = time.perf_counter()
    size = await (fill_postgres if kind == "PostgreSQL" else fill_sqlite)(url, amount, now)
    say(f"  made in {time.perf_counter() - begin:.0f} s: {size / 2**30:.1f} GiB")
    database = Database(url, REAL_TIME.now)
    await database.open()
    await measure(database, now)
    await database.close()


async def measure(database: Database, now: datetime) -> None:
    """Ask as people do, and say how long it took."""
    words = Texts("en").in_language("en")
    say("  period  gates    reading: median, longest   loop held up    drawing     asked")
    for name in ("all", "90d", "today"):
        for gate_id in (None, FIRST_GATE):
            told, took, held = await read(database, name, gate_id, now)
            summary = StatisticsReport(name, None if gate_id is None else "Gate 0", told)
            begin = time.perf_counter()
            await asyncio.to_thread(chart, summary, words)
            drawing = time.perf_counter() - begin
            say(
                f"  {name:7} {'all' if gate_id is None else 'one':5}"
                f"   {numbers.median(took) * 1000:8.0f} ms {max(took) * 1000:8.0f} ms"
                f"   {held * 1000:9.0f} ms   {drawing * 1000:7.0f} ms {told.funnel[FunnelStep.ASKED]:13,}"
            )


async def read(
    database: Database, name: str, gate_id: int | None, now: datetime
) -> tuple[Statistics, Sequence[float], float]:
    """What is told, the seconds each reading took, and for how long nothing else could be done at the most."""
    asked = period(name, now)
    if asked is None:
        raise ValueError(name)
    took, over = [], asyncio.Event()
    async with asyncio.TaskGroup() as group:
        ticking = group.create_task(longest_hold(over))
        for _ in range(RUNS):
            begin = time.perf_counter()
            told = await database.transact(lambda store: read_statistics(store, asked, gate_id))
            took.append(time.perf_counter() - begin)
        over.set()
    return told, took, ticking.result()


async def longest_hold(over: asyncio.Event) -> float:
    """By how much a short pause was exceeded, at the most."""
    longest, pause = 0.0, 0.001
    while not over.is_set():
        begin = time.perf_counter()
        await asyncio.sleep(pause)
        longest = max(longest, time.perf_counter() - begin - pause)
    return longest


def main() -> None:
    """Measure both and say it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics", description=__doc__.splitlines()[0])
    parser.add_argument("--verifications", type=int, default=10_000_000)
    parser.add_argument("--gates", type=int, default=50)
    parser.add_argument("--days", type=int, default=3 * 365)
    parser.add_argument("--journal", type=int, default=1_000_000, help="entries of the last 90 days")
    parser.add_argument("--on", choices=KINDS, action="append", help="by default both")
    chosen = parser.parse_args()
    amount, now = Amount(chosen.verifications, chosen.gates, chosen.days, chosen.journal), REAL_TIME.now()
    for kind in chosen.on or KINDS:
        say(f"{kind}: {amount.verifications:,} verifications, {amount.gates} gates, {amount.days} days")
        with place(kind) as url:
            asyncio.run(fill_and_measure(kind, url, amount, now))


def say(line: str) -> None:
    """At once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * MICROSECONDS)


def _false(kind: Kind) -> str:
    return "FALSE" if kind == "PostgreSQL" else "0"


if __name__ == "__main__":
    main()
