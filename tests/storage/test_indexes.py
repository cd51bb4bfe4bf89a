"""Frequent queries use an index, however many rows there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bot.clock import REAL_TIME
from bot.crypto import Pseudonymizer
from bot.domain.operator_pages import HISTORY
from bot.domain.outgoing import Priority, TaskKind
from bot.domain.phone import Fingerprint
from bot.domain.statistics import Granularity, Period
from bot.domain.webhooks import Destination
from storage.engine.database import Database
from storage.sql.tables import metadata
from storage.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SMALL = {"gates", "mass_declines", "announcements", "operators", "erasures"}
"""Tables with few rows (gates, or decisions of the last days), which a query may scan."""


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.verifications.overdue(NOW, 100),
        lambda store: store.verifications.nearest_window_end(NOW),
        lambda store: store.requests.overdue(NOW, 100),
        lambda store: store.due_times(),
        lambda store: store.grants.due(NOW, 100, ()),
        lambda store: store.screens.due(NOW, 100, ()),
        lambda store: store.screens.due(NOW, 100, (1,), (2,), also_patient=True),
        lambda store: store.tasks.due(NOW, 100, (1,), Priority.PRESSING, (2,)),
        lambda store: store.requests.recent(1, NOW, 30),
        lambda store: store.requests.tally(1, NOW, NOW),
        lambda store: store.overrides.known(1, 2),
        lambda store: store.journal.of_person(1, HISTORY, 10, 10),
        lambda store: store.journal.has_come(1, "joined", NOW),
        lambda store: store.verifications.tried_by_phone(Fingerprint("f"), 10),
        lambda store: store.tasks.left_about(1, tuple(TaskKind)),
        lambda store: store.requests.of_person(1),
        lambda store: store.requests.names((1, 2)),
        lambda store: store.grants.of_person(1),
        lambda store: store.overrides.of_person(1),
        lambda store: store.tasks.due(NOW, 100, (), Priority.AT_ONCE),
        lambda store: store.sums.read(Period.of_days(90, NOW), None, Granularity.DAY),
        lambda store: store.sums.read(Period(None, NOW.date()), -1001, Granularity.MONTH),
        lambda store: store.outbox.due(Destination.EVENTS, NOW, 100, ()),
        lambda store: store.outbox.outgoing(),
        lambda store: store.outbox.pending_since(NOW, 100),
        lambda store: store.outbox.forget(NOW, 100),
        lambda store: store.monitoring.queues(),
        lambda store: store.monitoring.notifications(),
        lambda store: store.monitoring.called_back_at(),
        lambda store: store.monitoring.unreported(NOW, NOW),
        lambda store: store.retention.purge_journal(NOW, 1000),
        lambda store: store.retention.purge_calls(NOW, 1000),
        lambda store: store.retention.purge_attempts(NOW, 1000),
        lambda store: store.retention.purge_requests(NOW, 1000),
        lambda store: store.retention.purge_grants(NOW, 1000),
        lambda store: store.retention.purge_appeals(NOW, 1000),
        lambda store: store.events.purge_unrelated(NOW),
        lambda store: store.seen.forget(NOW),
        lambda store: store.tasks.forget(NOW),
        lambda store: store.operators.has(1),
        lambda store: store.verifications.by_reference("r"),
        lambda store: store.events.unused_calls(Fingerprint("f"), "r", NOW),
        lambda store: store.events.unused_calls(Fingerprint("f"), "", NOW),
    ],
    ids=[
        "windows that closed",
        "next window",
        "deadlines",
        "first of all",
        "grants",
        "screens",
        "all screens",
        "pressing",
        "recent",
        "tally",
        "known",
        "history of a person",
        "a way past a gate",
        "attempts with a phone",
        "tasks about a person",
        "requests of a person",
        "names",
        "grants of a person",
        "standings of a person",
        "tasks",
        "sums of all gates",
        "sums of one gate",
        "letters",
        "own systems",
        "letters owed for long",
        "old letters",
        "queues",
        "notices",
        "callback",
        "inbox",
        "old entries",
        "old calls",
        "old attempts",
        "old requests",
        "old grants",
        "old appeals",
        "foreign events",
        "updates seen",
        "tasks done",
        "operator",
        "the number of a reference",
        "calls to a reference",
        "calls of a phone",
    ],
)
async def test_what_the_loops_ask_reads_no_whole_table(
    sqlite: Database, sqlite_path: Path, ask: Callable[[Store], Awaitable[object]]
) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
        if statement.startswith(("SELECT", "DELETE")):
            asked.append((statement, values))

    event.listen(sqlite.engine.sync_engine, "before_cursor_execute", note)
    await sqlite.transact(ask)
    await sqlite.close()

    assert asked
    with closing(sqlite3.connect(sqlite_path)) as connection:
        for statement, values in asked:
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            scanned = {step.split()[1] for step in plan if step.startswith("SCAN") and "USING" not in step}
            assert scanned & metadata.tables.keys() <= SMALL, plan


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.erasures.erase(7, NOW),
        lambda store: store.erasures.finish(7),
        lambda store: store.erasures.pending(NOW, 10),
        lambda store: store.personal.of(7, 10),
        lambda store: store.phones.drop(7),
    ],
    ids=["erase", "finish", "leftovers", "my data", "phone freed"],
)
async def test_what_anybody_can_ask_for_reads_only_what_is_theirs(
    sqlite: Database, sqlite_path: Path, ask: Callable[[Store], Awaitable[object]]
) -> None:
    await sqlite.close()
    database = Database(f"sqlite:///{sqlite_path}", REAL_TIME.now, Pseudonymizer("the key of these tests"))
    await database.open()
    asked: list[tuple[str, Any]] = []
    event.listen(
        database.engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _k, statement, values, *_: asked.append((statement, values)),
    )
    await database.transact(ask)
    await database.close()

    assert asked
    with closing(sqlite3.connect(sqlite_path)) as connection:
        for statement, values in asked:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
                scanned = {step.split()[1] for step in plan if step.startswith("SCAN") and "USING" not in step}
                assert scanned & metadata.tables.keys() <= SMALL, (statement, plan)


async def test_all_gates_are_read_without_the_requests_and_entries_of_long_ago(
    sqlite: Database, sqlite_path: Path
) -> None:
    asked: list[tuple[str, Any]] = []
    engine = sqlite.engine.sync_engine
    event.listen(
        engine, "before_cursor_execute", lambda _c, _k, statement, values, *_: asked.append((statement, values))
    )
    await sqlite.transact(lambda store: store.monitoring.gates(NOW))
    await sqlite.close()

    plan = []
    with closing(sqlite3.connect(sqlite_path)) as connection:
        for statement, values in asked:
            if statement.startswith("SELECT"):
                plan += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    read = [step for step in plan if "join_requests" in step or "journal" in step]
    indexes = ("ix_join_requests_deadline", "COVERING INDEX ix_join_requests_gate", "ix_journal_came")
    assert len(read) == len(indexes)
    assert all(index in step for index, step in zip(indexes, read, strict=True)), plan
