"""Repairs moments that lie in the future after the clock was set back.

Every moment in the database is one of three kinds: when something is due, when something ends, and when something
happened. None lies further ahead than its own longest pause, unless the clock was ahead when it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Text, Update, cast, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.breaker import LONGEST_PAUSE
from bot.domain.gate import FRESH_CHANCE, LINK_LIVES, REACHABLE_FOR, STRICT_FOR, GrantKind
from bot.domain.outbox import RETRY_AFTER
from bot.domain.screen import ScreenName
from storage import tables
from storage.gates import Gates
from storage.unreadable import NoteUnreadable, details, readable

A = tables.grants.c
E = tables.tasks.c
G = tables.gates.c
N = tables.numbers.c
R = tables.join_requests.c
S = tables.screens.c
V = tables.verifications.c
SOON = timedelta(minutes=5)
"""The longest pause of anything that is retried or waits for another step."""
DUE: dict[Column[datetime], tuple[timedelta, ColumnElement[bool]]] = {
    A.due_at: (SOON, A.kind != GrantKind.LINK),
    E.due_at: (SOON, true()),
    S.due_at: (SOON, true()),
    S.refresh_at: (SOON, true()),
    tables.outbox.c.due_at: (RETRY_AFTER[-1], true()),
}
"""How far ahead each may lie; one further ahead becomes due now."""
ENDS: dict[Column[datetime], timedelta] = {
    S.reach_until: REACHABLE_FOR,
    E.expires_at: timedelta(minutes=10),
    G.strict_until: STRICT_FOR,
    tables.gateway_state.c.breaker_retry_at: LONGEST_PAUSE,
}
"""How long each may last; one further ahead ends after so long."""
WINDOWS = (V.window_ends_at, N.window_ends_at)
"""These last as long as a call window."""
OTHERS = (R.deadline_at, tables.gateway_events.c.placed_at, tables.cursors.c.at)
"""Columns with special rules, and those of another clock."""
LONGEST_LIMIT = timedelta(hours=24)
"""The longest wait for another number."""


def moments() -> Iterator[Column[datetime]]:
    """Every column with a moment."""
    for table in tables.metadata.sorted_tables:
        yield from (column for column in table.columns if isinstance(column.type, tables.Moment))


def past() -> list[Column[datetime]]:
    """Columns that record when something happened."""
    return [column for column in moments() if column not in {*DUE, *ENDS, *WINDOWS, *OTHERS}]


async def pull_back(connection: AsyncConnection, now: datetime, call_window: timedelta, note: NoteUnreadable) -> None:
    """Ensure that nothing waits longer than it would have without the clock's mistake."""
    for statement in _statements(now, call_window):
        await connection.execute(statement)
    await _deadlines(connection, now, note)
    await _limits(connection, now, note)


def _statements(now: datetime, call_window: timedelta) -> Iterator[Update]:
    for column, (pause, which) in DUE.items():
        yield _set(column, now + pause, now, which)
    yield _set(A.due_at, now + LINK_LIVES, now, A.kind == GrantKind.LINK)
    for column, longest in {**ENDS, **dict.fromkeys(WINDOWS, call_window)}.items():
        yield _set(column, now + longest, now + longest)
    # The statistics include all entries before this cursor.
    yield _set(tables.cursors.c.at, now, now + tables.MICROSECOND)
    for column in past():
        yield _set(column, now, now)


def _set(column: Column[datetime], after: datetime, to: datetime, which: ColumnElement[bool] | None = None) -> Update:
    return update(column.table).where(column > after, true() if which is None else which).values({column: to})


async def _deadlines(connection: AsyncConnection, now: datetime, note: NoteUnreadable) -> None:
    """Limit each deadline to the time that the gate gives."""
    for gate in await Gates(connection, note).all():
        latest = now + max(gate.settings.deadline, FRESH_CHANCE)
        await connection.execute(_set(R.deadline_at, latest, latest, R.gate_id == gate.chat_id))


async def _limits(connection: AsyncConnection, now: datetime, note: NoteUnreadable) -> None:
    """Correct screens that say when the next number is available."""
    rows = await connection.execute(
        select(S.user_id, S.revision, S.details).where(
            S.face.in_((ScreenName.LIMITED, ScreenName.PROGRESS)), cast(S.details, Text).contains('"until"')
        )
    )
    found = readable(rows.all(), _until, note, tables.screens, "user_id", "revision")
    for user_id, said, until in found:
        if until > (now + LONGEST_LIMIT).timestamp():
            news = {**said, "until": int(now.timestamp())}
            await connection.execute(update(tables.screens).where(S.user_id == user_id).values(details=news))


def _until(row: Row[Any]) -> tuple[int, Mapping[str, str | int], int]:
    said = details(row)
    return row.user_id, said, int(said["until"])
