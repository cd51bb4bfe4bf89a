"""Operators who were added at run time, and what is announced to admins."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Row, and_, delete, distinct, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.installation import AddedOperator, Announcement, Audience
from storage import tables
from storage.statements import insert

O = tables.operators.c  # noqa: E741 - as the other tables
N = tables.announcements.c
A = tables.admins.c
G = tables.gates.c
P = tables.people.c


class SqlOperators:
    """See `bot.usecases.ports_installation.AddedOperators`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> list[AddedOperator]:
        rows = await self._connection.execute(select(tables.operators).order_by(O.added_at, O.user_id))
        return [_operator(row) for row in rows]

    async def has(self, user_id: int) -> bool:
        found = await self._connection.execute(select(O.user_id).where(O.user_id == user_id))
        return found.one_or_none() is not None

    async def add(self, operator: AddedOperator) -> bool:
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
        removed = await self._connection.execute(
            delete(tables.operators).where(O.user_id == user_id).returning(*tables.operators.c)
        )
        row = removed.one_or_none()
        return None if row is None else _operator(row)


class SqlAnnouncements:
    """See `bot.usecases.ports_installation.Announcements`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def audience(self) -> Audience:
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
        rows = await self._connection.execute(select(N.id, N.text).where(N.id.in_(announcement_ids)))
        return {row.id: row.text for row in rows}

    async def drop(self, announcement_id: int) -> bool:
        dropped = await self._connection.execute(
            delete(tables.announcements).where(N.id == announcement_id, N.sent_at.is_(None))
        )
        return bool(dropped.rowcount)

    async def begin(self, announcement_id: int, sent_by: int, now: datetime) -> bool:
        begun = await self._connection.execute(
            update(tables.announcements)
            .where(N.id == announcement_id, N.sent_at.is_(None))
            .values(sent_at=now, sent_by=sent_by)
        )
        return bool(begun.rowcount)

    async def goes_to(self, announcement_id: int, total: int) -> None:
        await self._connection.execute(update(tables.announcements).where(N.id == announcement_id).values(total=total))

    async def told(self, announcement_id: int, *, is_sent: bool) -> None:
        counted = {"sent": N.sent + 1} if is_sent else {"missed": N.missed + 1}
        await self._connection.execute(
            update(tables.announcements).where(N.id == announcement_id, N.over_at.is_(None)).values(**counted)
        )

    async def under_way(self) -> list[Announcement]:
        rows = await self._connection.execute(
            select(tables.announcements).where(N.sent_at.is_not(None), N.over_at.is_(None)).order_by(N.id)
        )
        return [_announcement(row) for row in rows]

    async def over(self, announcement_id: int, now: datetime) -> Announcement:
        ended = await self._connection.execute(
            update(tables.announcements)
            .where(N.id == announcement_id)
            .values(over_at=now, missed=N.total - N.sent)
            .returning(*N)
        )
        return _announcement(ended.one())

    async def forget(self, before: datetime) -> None:
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
