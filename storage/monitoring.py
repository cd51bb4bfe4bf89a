"""How the installation is doing, according to the database: incidents, gates, and clocks set back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Text,
    Update,
    and_,
    case,
    cast,
    distinct,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gate_health import GateHealth
from bot.domain.gates import FRESH_CHANCE, LINK_LIVES, REACHABLE_FOR, STRICT_FOR, Gate, GateMode, GrantKind, GrantState
from bot.domain.gateway import LONGEST_PAUSE, EventKind, EventSource
from bot.domain.incidents import IN_VAIN_FROM, STRANGE_FROM, Finding, Incident, IncidentKind, Queue, Unmatched
from bot.domain.journal import PAST_THE_GATE, Event
from bot.domain.operators import GateOverview
from bot.domain.outgoing import TASKS, Priority, TaskKind
from bot.domain.screens import ScreenName
from bot.domain.verification import VerificationState
from bot.domain.webhooks import RETRY_AFTER, RetryStats
from storage.gates import Gates, gate, health
from storage.sql import tables
from storage.sql.statements import insert
from storage.sql.unreadable import NoteUnreadable, details, one_readable, pass_over, readable
from storage.sql.verification_queries import ASKED

A = tables.grants.c
E = tables.tasks.c
AD = tables.admins.c
EV = tables.gateway_events.c
G = tables.gates.c
J = tables.journal.c
N = tables.numbers.c
R = tables.join_requests.c
S = tables.screens.c
V = tables.verifications.c
MOST_CALLS = 1000
"""How many of the newest calls the outcome is read for."""
NOTIFY = TaskKind.NOTIFY
BY_RANK = {its_type.rank: its_type.priority for its_type in TASKS.values()}


class MonitoringQueries:
    """How the installation is doing, according to the database.

    It reads only the indexes of due rows, so its cost depends on those alone.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def queues(self) -> list[Queue]:
        """Everything that waits: call numbers, grants, screens, tasks by priority."""
        numbers = select(func.count(), func.min(N.asked_at)).where(N.state == ASKED)
        grants = select(func.count(), func.min(A.requested_at)).where(A.state == GrantState.DUE)
        screens = select(func.count(), func.min(S.due_at)).where(S.revision > S.shown_revision)
        found = [
            Queue(name, *(await self._connection.execute(query)).one())
            for name, query in (("numbers", numbers), ("grants", grants), ("screens", screens))
        ]
        rows = await self._connection.execute(
            select(E.rank, func.count().label("length"), func.min(E.due_at).label("oldest"))
            .where(E.done_at.is_(None))
            .group_by(E.rank)
        )
        waiting: dict[Priority, list[tuple[int, datetime]]] = {urgency: [] for urgency in Priority}
        for row in rows:
            waiting[BY_RANK.get(row.rank, Priority.LATER)].append((row.length, row.oldest))
        for urgency, parts in waiting.items():
            oldest = min((moment for _, moment in parts), default=None)
            found.append(Queue(f"tasks_{urgency.name.lower()}", sum(length for length, _ in parts), oldest))
        return found

    async def notifications(self) -> RetryStats | None:
        """Messages to operators and admins (about incidents, among others) that did not go out at once."""
        is_failed = and_(E.done_at.is_(None), E.rank == TASKS[NOTIFY].rank, E.kind == NOTIFY, E.attempts > 0)
        counted = await self._connection.execute(
            select(func.count(), func.max(E.attempts), func.min(E.due_at)).where(is_failed)
        )
        count, tries, next_at = counted.one()
        if not count:
            return None
        error = await self._connection.execute(select(E.error).where(is_failed).order_by(E.due_at.desc()).limit(1))
        return RetryStats(count, tries, next_at, error.scalar_one_or_none() or "")

    async def size(self) -> int:
        """The size of the database in bytes."""
        if self._connection.dialect.name == "postgresql":
            query = "SELECT pg_database_size(current_database())"
        else:
            query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        return int((await self._connection.execute(text(query))).scalar_one())

    async def called_back_at(self) -> datetime | None:
        """When the last callback reported a call."""
        found = await self._connection.execute(
            select(EV.received_at)
            .where(EV.source == EventSource.CALLBACK, EV.kind == EventKind.CALL)
            .order_by(EV.received_at.desc())
            .limit(1)
        )
        at: datetime | None = found.scalar_one_or_none()
        return at

    async def unreported(self, since: datetime, before: datetime) -> tuple[int, datetime | None]:
        """How many confirmations came from the inbox alone in that time, and when the first did."""
        found = await self._connection.execute(
            select(func.count(), func.min(EV.received_at)).where(
                EV.source == EventSource.INBOX,
                EV.kind == EventKind.CALL,
                EV.received_at.between(since, before),
                EV.verification_id.is_not(None),
            )
        )
        count, first = found.one()
        return count, first

    async def unmatched(self, since: datetime, now: datetime) -> Unmatched:
        """Outcomes of the calls reported since then, or of the newest ones. People who waited without success are
        counted only where it matters, and only as far as it matters."""
        # A call after the window is late, which is nobody's fault.
        waits = (
            select(V.id)
            .where(
                V.fingerprint == EV.fingerprint,
                V.opened_at <= EV.received_at,
                V.window_ends_at >= EV.received_at,
                V.state.in_((VerificationState.OPEN, VerificationState.EXPIRED)),
            )
            .exists()
        )
        newest = (
            select(EV.fingerprint, EV.verification_id, EV.duplicate_id, waits.label("waits"))
            .where(tables.IS_CALL, EV.received_at >= since)
            .order_by(EV.received_at.desc())
            .limit(MOST_CALLS)
            .subquery()
        )
        found = newest.c
        is_unmatched = and_(found.verification_id.is_(None), found.duplicate_id.is_(None))
        counted = await self._connection.execute(
            select(
                func.count(distinct(case((and_(is_unmatched, found.waits), found.fingerprint)))),
                func.count(case((and_(is_unmatched, ~found.waits), 1))),
                func.count(found.verification_id),
            )
        )
        awaited, strange, confirmed = counted.one()
        in_vain = 0
        if strange >= STRANGE_FROM and not confirmed:
            some = select(V.id).where(tables.MAY_BE_CALLED, V.window_ends_at.between(since, now)).limit(IN_VAIN_FROM)
            in_vain = (await self._connection.execute(select(func.count()).select_from(some.subquery()))).scalar_one()
        return Unmatched(awaited, strange, confirmed, in_vain)

    async def gates(self, since: datetime) -> list[GateOverview]:
        """All gates ever, with their condition. `since`: from when joins without verification are counted."""
        counted = await self._connection.execute(
            select(R.gate_id, func.count().label("waiting")).where(tables.IS_WAITING).group_by(R.gate_id)
        )
        waiting: dict[int, int] = {row.gate_id: row.waiting for row in counted}
        admins = select(func.count()).where(AD.gate_id == G.chat_id, AD.is_admin).scalar_subquery()
        asked_at = select(func.max(R.requested_at)).where(R.gate_id == G.chat_id).scalar_subquery()
        came = (
            select(func.count())
            .where(
                # Spelled as in the index, too.
                J.event == literal_column(f"'{Event.MEMBER_CAME}'"),
                J.gate_id == G.chat_id,
                J.at >= since,
                or_(G.tested_at.is_(None), J.at > G.tested_at),
                J.code.in_(PAST_THE_GATE),
            )
            .scalar_subquery()
        )
        rows = await self._connection.execute(
            select(
                tables.gates,
                admins.label("admins"),
                asked_at.label("asked_at"),
                came.label("came"),
            )
        )
        return [_monitoring(row, waiting.get(row.chat_id, 0)) for row in rows]

    async def states(self) -> list[tuple[Gate, GateHealth | None]]:
        """All gates ever, with what Telegram last said of each."""
        rows = await self._connection.execute(select(tables.gates))
        return [(gate(row.chat_id, row), health(row)) for row in rows]

    async def rights(self) -> list[tuple[Gate, GateHealth]]:
        """The active gates, and what Telegram last said of each."""
        rows = await self._connection.execute(
            select(tables.gates).where(G.is_on, G.switch == GateMode.ON, G.health.is_not(None))
        )
        return [(gate(row.chat_id, row), found) for row in rows if (found := health(row)) is not None]


def _monitoring(row: Row[tuple[object, ...]], waiting: int) -> GateOverview:
    found = health(row)
    signs = [row.changed_at, row.asked_at, found.checked_at if found is not None and found.is_there else None]
    return GateOverview(
        gate=gate(row.chat_id, row),
        health=found,
        waiting=waiting,
        admins=row.admins,
        alive_at=max(sign for sign in signs if sign is not None),
        joined_unverified=row.came,
        added_by=row.added_by,
    )


AL = tables.incidents.c


class Incidents:
    """Incidents. One row for each problem, whoever sees it and however often."""

    def __init__(self, connection: AsyncConnection, note: NoteUnreadable = pass_over) -> None:
        self._connection = connection
        self._note = note

    async def sight(self, finding: Finding, now: datetime) -> bool:
        """Record that the problem exists; return whether it is new or has changed."""
        name = finding.name
        news = {
            "trouble": finding.trouble,
            "subject": finding.subject,
            "variant": finding.variant,
            "details": dict(finding.details),
            "since": finding.since or now,
            "seen_at": now,
            "told_at": now,
            "cleared_at": None,
        }
        added = await self._connection.execute(
            insert(self._connection, tables.incidents).values(name=name, **news).on_conflict_do_nothing()
        )
        if added.rowcount:
            return True
        again = await self._connection.execute(
            update(tables.incidents)
            .where(AL.name == name, or_(AL.cleared_at.is_not(None), AL.variant != finding.variant))
            .values(**news)
        )
        if again.rowcount:
            return True
        await self._connection.execute(update(tables.incidents).where(AL.name == name).values(seen_at=now))
        return False

    async def active(self) -> list[Incident]:
        """Open ones, oldest first."""
        rows = await self._connection.execute(
            select(tables.incidents).where(AL.cleared_at.is_(None)).order_by(AL.since, AL.name)
        )
        return readable(rows, _incident, self._note, tables.incidents)

    async def clear(self, name: str, seen_before: datetime, now: datetime) -> Incident | None:
        """Resolve it, unless it was seen since. Return the incident if it was open."""
        cleared = await self._connection.execute(
            update(tables.incidents)
            .where(AL.name == name, AL.cleared_at.is_(None), AL.seen_at <= seen_before)
            .values(cleared_at=now)
            .returning(*tables.incidents.columns)
        )
        return one_readable(cleared.one_or_none(), _incident, self._note, tables.incidents)


def _incident(row: Row[Any]) -> Incident:
    return Incident(IncidentKind(row.trouble), row.subject, row.since, row.seen_at, details(row))


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
    for each in await Gates(connection, note).all():
        latest = now + max(each.settings.deadline, FRESH_CHANCE)
        await connection.execute(_set(R.deadline_at, latest, latest, R.gate_id == each.chat_id))


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
