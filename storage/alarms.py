"""The troubles that operators know of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Row, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.trouble import Alarm, Sighting, Trouble
from storage import tables
from storage.statements import insert

AL = tables.alarms.c


class SqlAlarms:
    """See `bot.usecases.ports_watch.Alarms`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def sight(self, sighting: Sighting, now: datetime) -> bool:
        name = sighting.name
        news = {
            "trouble": sighting.trouble,
            "subject": sighting.subject,
            "variant": sighting.variant,
            "details": dict(sighting.details),
            "since": sighting.since or now,
            "seen_at": now,
            "told_at": now,
            "cleared_at": None,
        }
        added = await self._connection.execute(
            insert(self._connection, tables.alarms).values(name=name, **news).on_conflict_do_nothing()
        )
        if added.rowcount:
            return True
        again = await self._connection.execute(
            update(tables.alarms)
            .where(AL.name == name, or_(AL.cleared_at.is_not(None), AL.variant != sighting.variant))
            .values(**news)
        )
        if again.rowcount:
            return True
        await self._connection.execute(update(tables.alarms).where(AL.name == name).values(seen_at=now))
        return False

    async def active(self) -> list[Alarm]:
        rows = await self._connection.execute(
            select(tables.alarms).where(AL.cleared_at.is_(None)).order_by(AL.since, AL.name)
        )
        known = {trouble.value for trouble in Trouble}
        return [_alarm(row) for row in rows if row.trouble in known]

    async def clear(self, name: str, seen_before: datetime, now: datetime) -> Alarm | None:
        cleared = await self._connection.execute(
            update(tables.alarms)
            .where(AL.name == name, AL.cleared_at.is_(None), AL.seen_at <= seen_before)
            .values(cleared_at=now)
            .returning(*tables.alarms.columns)
        )
        row = cleared.one_or_none()
        return None if row is None else _alarm(row)


def _alarm(row: Row[tuple[object, ...]]) -> Alarm:
    return Alarm(Trouble(row.trouble), row.subject, row.since, row.seen_at, row.details)
