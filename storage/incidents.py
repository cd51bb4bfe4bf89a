"""Incidents: problems that operators know about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.trouble import Finding, Incident, IncidentKind
from storage import tables
from storage.statements import insert
from storage.unreadable import NoteUnreadable, details, one_readable, pass_over, readable

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
