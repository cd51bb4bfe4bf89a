"""Operators added at run time, and announcements to admins."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Row, and_, delete, distinct, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.operators import AddedOperator, Announcement, Audience
from storage.sql import tables
from storage.sql.statements import insert

O = tables.operators.c  # noqa: E741 - as the other tables
N = tables.announcements.c
A = tables.admins.c
G = tables.gates.c
P = tables.people.c


class AddedOperators:
    """Operators added at run time. `bot.features.operators.registry` decides whether somebody is one."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> list[AddedOperator]:
        """In the order in which they were added."""
        rows = await self._connection.execute(select(tables.operators).order_by(O.added_at, O.user_id))
        return [_operator(row) for row in rows]

    async def has(self, user_id: int) -> bool:
        found = await self._connection.execute(select(O.user_id).where(O.user_id == user_id))
        return found.one_or_none() is not None

    async def add(self, operator: AddedOperator) -> bool:
        """Add them; False if they are one already."""
        added = await self._connection.execute(
            insert(self._connection, tables.operators)
            .values(
                user_id=operator.user_id,
                name=operator.name,
                added_by=operator.added_by,
                added_at=operator.added_at,
            )
            .on_conflict_do_nothing()
        )
        return bool(added.rowcount)

    async def remove(self, user_id: int) -> AddedOperator | None:
        """Remove them; None if they were none. If several operators remove them at once, the first one succeeds."""
        removed = await self._connection.execute(
            delete(tables.operators).where(O.user_id == user_id).returning(*tables.operators.c)
        )
        row = removed.one_or_none()
        return None if row is None else _operator(row)


class Announcements:
    """Announcements to all admins: drafts, those being sent, and sent ones."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def audience(self) -> Audience:
        """The known admins of active gates, each once."""
        known = tables.admins.join(tables.gates, G.chat_id == A.gate_id).outerjoin(
            tables.people, P.user_id == A.user_id
        )
        here = (A.is_admin, G.is_on)
        rows = await self._connection.execute(
            select(A.user_id, P.can_be_written).select_from(known).where(*here).distinct().order_by(A.user_id)
        )
        admins = rows.all()
        gates = await self._connection.execute(
            select(func.count(distinct(A.gate_id))).select_from(known).where(*here, P.can_be_written)
        )
        reached = tuple(row.user_id for row in admins if row.can_be_written)
        return Audience(reached, gates.scalar_one(), len(admins) - len(reached))

    async def write(self, author_id: int, text: str, now: datetime) -> int:
        """Store the draft until its author confirms it, in place of an earlier unsent one. Return its id."""
        await self._connection.execute(
            delete(tables.announcements).where(N.author_id == author_id, N.sent_at.is_(None))
        )
        written = await self._connection.execute(
            tables.announcements.insert().values(author_id=author_id, text=text, written_at=now).returning(N.id)
        )
        announcement_id: int = written.scalar_one()
        return announcement_id

    async def get(self, announcement_id: int) -> Announcement | None:
        found = await self._connection.execute(select(tables.announcements).where(N.id == announcement_id))
        row = found.one_or_none()
        return None if row is None else _announcement(row)

    async def texts(self, announcement_ids: Collection[int]) -> dict[int, str]:
        """Return their texts."""
        rows = await self._connection.execute(select(N.id, N.text).where(N.id.in_(announcement_ids)))
        return {row.id: row.text for row in rows}

    async def drop(self, announcement_id: int) -> bool:
        """Discard the draft; False if it is being sent, or gone."""
        dropped = await self._connection.execute(
            delete(tables.announcements).where(N.id == announcement_id, N.sent_at.is_(None))
        )
        return bool(dropped.rowcount)

    async def begin(self, announcement_id: int, sent_by: int, now: datetime) -> bool:
        """Start sending; return whether this call did. If several operators confirm it, the first one succeeds."""
        begun = await self._connection.execute(
            update(tables.announcements)
            .where(N.id == announcement_id, N.sent_at.is_(None))
            .values(sent_at=now, sent_by=sent_by)
        )
        return bool(begun.rowcount)

    async def goes_to(self, announcement_id: int, total: int) -> None:
        """Store the number of recipients."""
        await self._connection.execute(update(tables.announcements).where(N.id == announcement_id).values(total=total))

    async def told(self, announcement_id: int, *, is_sent: bool) -> None:
        """Count one recipient who got it or cannot be reached. Once it is over nothing is counted."""
        counted = {"sent": N.sent + 1} if is_sent else {"missed": N.missed + 1}
        await self._connection.execute(
            update(tables.announcements).where(N.id == announcement_id, N.over_at.is_(None)).values(**counted)
        )

    async def unreported(self) -> list[Announcement]:
        """Those being sent, and finished ones whose result their sender has not seen."""
        rows = await self._connection.execute(
            select(tables.announcements).where(N.sent_at.is_not(None), N.reported_at.is_(None)).order_by(N.id)
        )
        return [_announcement(row) for row in rows]

    async def over(self, announcement_id: int, now: datetime) -> Announcement:
        """Finish: every recipient who does not have it counts as missed, including those erased meanwhile."""
        ended = await self._connection.execute(
            update(tables.announcements)
            .where(N.id == announcement_id)
            .values(over_at=now, missed=N.total - N.sent)
            .returning(*N)
        )
        return _announcement(ended.one())

    async def reported(self, announcement_id: int, now: datetime) -> None:
        """Record that its sender has seen the result, or is sent it."""
        await self._connection.execute(
            update(tables.announcements).where(N.id == announcement_id).values(reported_at=now)
        )

    async def forget(self, before: datetime) -> None:
        """Delete older drafts, and announcements that finished earlier."""
        await self._connection.execute(
            delete(tables.announcements).where(
                or_(and_(N.sent_at.is_(None), N.written_at < before), N.over_at < before)
            )
        )


def _operator(row: Row[tuple[object, ...]]) -> AddedOperator:
    return AddedOperator(row.user_id, row.name, row.added_by, row.added_at)


def _announcement(row: Row[tuple[object, ...]]) -> Announcement:
    return Announcement(
        row.id, row.author_id, row.text, row.sent_at, row.sent_by, row.over_at, row.total, row.sent, row.missed
    )
