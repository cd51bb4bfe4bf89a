"""How the installation is doing, according to the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Row, and_, case, distinct, func, literal_column, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import TASKS, Priority, TaskKind
from bot.domain.gate import Gate, GateMode, GrantState
from bot.domain.gateway import EventKind, EventSource
from bot.domain.health import GateHealth
from bot.domain.installation import GateOverview
from bot.domain.journal import PAST_THE_GATE, Event
from bot.domain.outbox import RetryStats
from bot.domain.trouble import IN_VAIN_FROM, STRANGE_FROM, Queue, Unmatched
from bot.domain.verification import VerificationState
from storage import tables
from storage.gates import gate, health
from storage.verifications import ASKED

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
