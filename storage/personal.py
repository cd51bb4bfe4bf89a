"""Everything kept about one person, to be told to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.usecases.ports_personal import Marker
from storage import tables

NEWEST_FIRST = {
    "verifications": "id",
    "numbers": "id",
    "join_requests": "requested_at",
    "grants": "owed_at",
    "gateway_events": "id",
    "journal": "at",
    "errands": "id",
}
BY_USER_ID = (
    tables.people,
    tables.verified_phones,
    tables.verifications,
    tables.numbers,
    tables.join_requests,
    tables.grants,
    tables.appeals,
    tables.admins,
    tables.screens,
    tables.journal,
)


class SqlPersonalData:
    """See `bot.usecases.ports_personal.PersonalData`."""

    def __init__(self, connection: AsyncConnection, marker: Marker | None = None) -> None:
        self._connection = connection
        self._marker = marker

    async def of(self, user_id: int, limit: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        found = {table.name: await self._rows(table, table.c.user_id == user_id, limit) for table in BY_USER_ID}
        whose = {user_id, self._marker.person(user_id)} if self._marker is not None else {user_id}
        standings, errands, events = tables.standings, tables.errands, tables.gateway_events
        found["standings"] = await self._rows(standings, standings.c.user_id.in_(whose), limit)
        about = or_(errands.c.user_id == user_id, errands.c.chat_id == user_id)
        found["errands"] = await self._rows(errands, about, limit)
        phones = {row["fingerprint"] for name in ("verifications", "verified_phones") for row in found[name]}
        attempts = {row["id"] for row in found["verifications"]}
        found["gateway_events"] = await self._rows(events, _calls_of(phones, attempts), limit)
        return found

    async def _rows(self, table: Table, whose: ColumnElement[bool], limit: int) -> list[dict[str, Any]]:
        # The sealed phone is opened for the gateway only; that it is there is what can be told.
        columns: list[ColumnElement[Any]] = [column for column in table.columns if column.name != "sealed"]
        if "sealed" in table.c:
            columns.append(table.c.sealed.is_not(None).label("has_sealed"))
        query = select(*columns).where(whose).limit(limit)
        if table.name in NEWEST_FIRST:
            query = query.order_by(table.c[NEWEST_FIRST[table.name]].desc())
        return [dict(row) for row in (await self._connection.execute(query)).mappings()]


def _calls_of(fingerprints: Collection[str], attempts: Collection[int]) -> ColumnElement[bool]:
    """Calls from these phones, but those that confirmed another account of the same phone."""
    events = tables.gateway_events.c
    is_theirs = or_(events.verification_id.is_(None), events.verification_id.in_(attempts))
    return events.fingerprint.in_(fingerprints) & is_theirs
