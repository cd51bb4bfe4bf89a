"""A database with a hundred thousand rows of everything, and how many of them a statement reads."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event, text

from storage.engine.database import Database
from storage.sql import tables
from storage.sql.tables import EPOCH, MICROSECOND

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANY = 100_000
GATES = 50
LEAVES, MUTES, ASKS_NONE = '{"at_deadline": "leave"}', '{"way": "mute"}', '{"asks_call": false}'
PLAIN, PAUSED, MUTED, LEAVING, OPEN = range(5)
"""Kinds of gates, in turn."""


def at(**shift: float) -> int:
    """A moment this long after NOW, as stored."""
    return (NOW + timedelta(**shift) - EPOCH) // MICROSECOND


NUMBERED = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY - 1})"
GATE_OF = f"-1001000000000 - i % {GATES}"
KIND = "i % 5"
FILL = {
    "people (user_id, chat_id, language, can_be_written, met_at)": f"i, i, 'en', i % 2 = 0, {at(days=-9)}",
    # Half of the people who wait at plain gates are verified and ineligible; where it is paused, all are verified.
    "verified_phones (user_id, fingerprint, mask, region, kind, rank, verification_id, verified_at)": (
        f"i, 'f' || i, '+7…', 'RU', 'mobile', 1, {MANY} + i, {at(days=-9)}"
    ),
    "join_requests (gate_id, user_id, state, reach, requested_at, deadline_at, way, name, "
    "ineligibility, is_verified)": (
        f"{GATE_OF}, CASE WHEN {KIND} = {MUTED} OR i % 10 = 0 THEN {MANY} + i ELSE i END,"
        f" CASE WHEN {KIND} = {OPEN} THEN 'declined' ELSE 'waiting' END,"
        f" CASE WHEN {KIND} = {PAUSED} THEN 'pending' ELSE 'reached' END,"
        f" {at(hours=-20)} + i,"
        f" CASE WHEN {KIND} IN ({PAUSED}, {LEAVING}) THEN {at(hours=-1)} ELSE {at(hours=4)} END + i,"
        f" CASE WHEN {KIND} = {MUTED} THEN 'mute' ELSE 'request' END, 'Anna',"
        f" CASE WHEN {KIND} <> {PAUSED} THEN 'stale' END, NOT ({KIND} = {MUTED} OR i % 10 = 0)"
    ),
    # Open ones, whose windows close later than those of the confirmed ones.
    "verifications (id, token, user_id, fingerprint, mask, region, kind, "
    "encrypted, state, opened_at, window_ends_at)": (
        f"1 + i, 't' || i, i, 'f' || i, '+7…', 'RU', 'mobile', '', 'open', {at(minutes=-1)},"
        f" CASE WHEN i % 10 > 0 THEN {at(minutes=14)} + i END"
    ),
    "verifications (id, token, user_id, fingerprint, mask, region, kind, state, opened_at, ended_at, window_ends_at)": (
        f"{MANY + 1} + i, 'u' || i, i, 'f' || i, '+7…', 'RU', 'mobile', 'confirmed', {at(minutes=-5)},"
        f" {at(minutes=-4)} + i, {at(minutes=10)} + i"
    ),
    # A tenth waits for a number, requested later.
    "numbers (verification_id, user_id, fingerprint, state, asked_at, number, alternatives, window_ends_at)": (
        "1 + i, i, 'f' || i, CASE WHEN i % 10 > 0 THEN 'given' ELSE 'asked' END,"
        f" CASE WHEN i % 10 > 0 THEN {at(minutes=-1)} ELSE {at(hours=1)} + i END,"
        f" '+7495…', '[]', CASE WHEN i % 10 > 0 THEN {at(minutes=14)} + i END"
    ),
    "numbers (verification_id, user_id, fingerprint, state, asked_at, number, alternatives, window_ends_at) -- more": (
        f"{MANY + 1} + i, i, 'f' || i, 'given', {at(minutes=-5)}, '+7495…', '[]', {at(minutes=10)} + i"
    ),
    "grants (gate_id, user_id, kind, verification_id, state, is_told, requested_at, due_at)": (
        f"{GATE_OF}, i, 'join', 1, CASE WHEN i % 2 = 0 THEN 'due' ELSE 'gone' END, TRUE, {at(hours=-1)} + i,"
        f" {at(hours=1)} + i"
    ),
    # Each kind of them is delayed: to be retried later.
    'tasks (kind, "rank", chat_id, details, created_at, due_at, expires_at, done_at, user_id)': (
        "CASE i % 5 WHEN 0 THEN 'open_app' WHEN 1 THEN 'alert' WHEN 2 THEN 'kick' WHEN 3 THEN 'mute' ELSE 'log' END,"
        " CASE i % 5 WHEN 0 THEN -2 WHEN 1 THEN 0 WHEN 2 THEN 4 WHEN 3 THEN 10 ELSE 20 END,"
        f' {GATE_OF}, \'{{"user_id": 1, "gate": 1, "event": "blocked"}}\', {at(hours=-1)}, {at(hours=1)} + i,'
        f" CASE WHEN i % 2 = 0 THEN {at(hours=30)} + i END, NULL, i"
    ),
    'tasks (kind, "rank", chat_id, details, created_at, due_at, done_at) -- done': (
        f"'log', 20, {GATE_OF}, '{{}}', {at(hours=-2)}, {at(hours=-2)}, {at(hours=-2)} + i"
    ),
    # Half of them are due later, and their refresh is overdue. The others are refreshed later.
    "screens (user_id, chat_id, face, details, revision, shown_revision, is_editable, fresh_revision, due_at,"
    " refresh_at, turn)": (
        f"i, i, 'welcome', '{{}}', 1 + i % 2, 1, TRUE, 1, {at(hours=1)} + i,"
        f" CASE WHEN i % 2 = 0 THEN {at(hours=1)} ELSE {at(hours=-1)} END + i, i % 3"
    ),
    # Most of the gateway's reports are for another program.
    "gateway_events (digest, kind, source, mask, called, received_at, note)": (
        "'d' || i, CASE WHEN i % 1000 = 0 THEN 'call' ELSE 'foreign' END, 'callback', '', '',"
        f" {at(hours=-1)} + i, '{{}}'"
    ),
    "journal (at, event, user_id, gate_id, code)": f"{at(days=-2)} + i, 'member_came', i, {GATE_OF}, 'joined'",
    "access_overrides (gate_id, user_id, override, at, admin_id)": f"{GATE_OF}, i, 'allowed', {at(days=-1)}, 1",
    "appeals (gate_id, user_id, asked_at)": f"{GATE_OF}, i, {at(days=-1)} + i",
    "outbox (target, message_id, type, body, created_at, due_at, attempts)": (
        f"CASE WHEN i % 2 = 0 THEN 'events' ELSE 'relay' END, 'm' || i, 'access.granted', '', {at(hours=-2)} + i,"
        f" {at(hours=1)} + i, i % 2"
    ),
    "outbox (target, message_id, type, created_at, due_at, delivered_at)": (
        f"CASE WHEN i % 2 = 0 THEN 'events' ELSE 'relay' END, 'n' || i, 'access.granted', {at(hours=-9)} + i,"
        f" {at(hours=-9)}, {at(hours=-9)} + i"
    ),
    "seen_updates (update_id, seen_at)": f"i, {at(hours=-1)} + i",
    "used_init_data (digest, nonce, used_at)": f"'l' || i, '', {at(minutes=-1)} + i",
}
"""The expression of each column of a table, for each `i` from 0 on."""


async def fill(database: Database) -> None:
    """None of it is due at NOW; four hours later much is, and two years later all is old."""
    gates = [
        {
            "chat_id": -1001000000000 - number,
            "title": f"Gate {number}",
            "is_channel": False,
            "is_on": True,
            "switch": "paused" if number % 5 == PAUSED else "on",
            "settings": json.loads({LEAVING: LEAVES, MUTED: MUTES, OPEN: ASKS_NONE}.get(number % 5, "{}")),
            "created_at": NOW,
            "changed_at": NOW,
            "prompt_message_id": 1 if number % 5 == MUTED else None,
            "prompt_at": NOW if number % 5 == MUTED else None,
        }
        for number in range(GATES)
    ]
    declines = [
        {"job": "many", "gate_id": gates[OPEN]["chat_id"], "admin_id": 1, "why": "many", "before": NOW},
    ]
    async with database.begin() as connection:
        if not database.is_sqlite:
            # The referenced rows exist, and looking for each takes longer than everything else.
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(tables.gates.insert(), gates)
        await connection.execute(tables.mass_declines.insert(), declines)
        await connection.execute(
            tables.cursors.insert(), [{"name": "journal rolled", "at": NOW - timedelta(minutes=11)}]
        )
        for into, values in FILL.items():
            columns = into.partition(" --")[0]
            await connection.execute(text(f"INSERT INTO {columns} {NUMBERED} SELECT {values} FROM n"))
    if not database.is_sqlite:
        # What PostgreSQL itself does sooner or later.
        async with database.engine.connect() as analysing:
            await (await analysing.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))


COUNTED_EACH = 100
STEPS_A_ROW = 10
"""Steps of SQLite's virtual machine for reading a row; changing one in all its indexes takes up to a hundred."""
FLOOR = 300
"""Rows that a statement may read to return nothing: it goes through the gates."""


@dataclass(frozen=True, slots=True)
class Cost:
    """How many rows a statement read (on SQLite, by its steps), and how many it returned, changed or counted."""

    statement: str
    read: int
    returned: int

    @property
    def is_small(self) -> bool:
        """Whether it read no more than ten times what it returned."""
        return self.read <= 10 * self.returned + FLOOR


class Statements:
    """The statements of a database, one of each kind, with the values of its first run."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ran: dict[str, Any] = {}
        event.listen(database.engine.sync_engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            self._ran.setdefault(statement, values[0] if isinstance(values, list) else values)

    async def costs(self) -> list[Cost]:
        """Run each of them again, and undo it; then clear the list."""
        ran, self._ran = self._ran, {}
        found = self._on_sqlite(ran) if self._database.is_sqlite else [cost async for cost in self._on_postgresql(ran)]
        self._ran = {}
        return list(found)

    def _on_sqlite(self, ran: Mapping[str, Any]) -> Iterator[Cost]:
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += COUNTED_EACH
            return 0

        with closing(sqlite3.connect(self._database.file, isolation_level=None)) as connection:
            connection.set_progress_handler(count, COUNTED_EACH)
            for statement, values in ran.items():
                connection.execute("BEGIN")
                steps = 0
                cursor = connection.execute(statement, values)
                rows = cursor.fetchall()
                names = [column[0] for column in cursor.description or ()]
                yield Cost(statement, steps // STEPS_A_ROW, max(cursor.rowcount, _counted(names, rows)))
                connection.execute("ROLLBACK")

    async def _on_postgresql(self, ran: Mapping[str, Any]) -> AsyncIterator[Cost]:
        async with self._database.engine.connect() as connection:
            # Without checks of foreign keys: a separate statement deletes the rows that refer to others.
            await connection.exec_driver_sql("SET session_replication_role = replica")
            await connection.commit()
            for statement, values in ran.items():
                explained = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
                (explanation,) = explained.scalar_one()
                await connection.rollback()
                result = await connection.exec_driver_sql(statement, values)
                rows = [tuple(row) for row in result] if result.returns_rows else []
                names = list(result.keys()) if result.returns_rows else []
                yield Cost(statement, _read(explanation["Plan"]), max(result.rowcount, _counted(names, rows)))
                await connection.rollback()


COUNTS = {"count", "count_1", "count_2", "length", "waiting", "many", "entries"}
"""Names of columns with a count of rows: those had to be read."""


def _counted(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    counts = [place for place, name in enumerate(names) if name in COUNTS]
    return sum(max([1, *(row[place] for place in counts)]) for row in rows)


def _read(plan: Mapping[str, Any]) -> int:
    """Rows read from tables and indexes, including those thrown away."""
    rows = 0.0
    if "Relation Name" in plan and plan["Node Type"] != "ModifyTable":
        dropped = sum(plan.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
        rows = (plan["Actual Rows"] + dropped) * plan["Actual Loops"]
    return round(rows) + sum(_read(child) for child in plan.get("Plans", ()))
