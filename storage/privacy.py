"""Everything stored about one person, for their own data request."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, Text, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.crypto import Pseudonymizer
from storage.sql import tables

AP = tables.appeals.c
E = tables.tasks.c
G = tables.gates.c

NEWEST_FIRST = {
    "verifications": "id",
    "numbers": "id",
    "join_requests": "requested_at",
    "grants": "requested_at",
    "gateway_events": "id",
    "journal": "at",
    "tasks": "id",
    "outbox": "id",
    "announcements": "id",
    "access_overrides": "at",
    "appeals": "asked_at",
}
BY_ID: Mapping[str, tuple[Column[Any], ...]] = {
    "people": (tables.people.c.user_id,),
    "verified_phones": (tables.verified_phones.c.user_id,),
    "verifications": (tables.verifications.c.user_id,),
    "numbers": (tables.numbers.c.user_id,),
    "join_requests": (tables.join_requests.c.user_id,),
    "grants": (tables.grants.c.user_id,),
    "appeals": (AP.user_id,),
    "admins": (tables.admins.c.user_id,),
    "extra_chats": (tables.extra_chats.c.user_id,),
    "screens": (tables.screens.c.user_id,),
    "tasks": (E.user_id, E.chat_id, E.other_id),
    "journal": (tables.journal.c.user_id,),
    "outbox": (tables.outbox.c.user_id,),
    "erasures": (tables.erasures.c.user_id,),
    "operators": (tables.operators.c.user_id,),
    "announcements": (tables.announcements.c.author_id, tables.announcements.c.sent_by),
    "mass_declines": (tables.mass_declines.c.admin_id,),
    "added_gates": (G.added_by,),
    "added_operators": (tables.operators.c.added_by,),
    "own_decisions": (tables.access_overrides.c.admin_id,),
    "decided_appeals": (AP.decided_by,),
    "deeds": (tables.journal.c.actor_id,),
    "letters_about_deeds": (tables.outbox.c.admin_id,),
}
"""Tables with a person's id, and the columns that contain it."""
OTHERWISE: Mapping[str, Table] = {
    "access_overrides": tables.access_overrides,
    "gateway_events": tables.gateway_events,
    "raids": tables.gates,
    "told_appeals": tables.appeals,
}
"""Tables where a pseudonym, the phone or the content of a row identifies them."""


class PersonalData:
    """Everything stored about one person, for their own data request."""

    def __init__(self, connection: AsyncConnection, pseudonymizer: Pseudonymizer | None = None) -> None:
        self._connection = connection
        self._pseudonymizer = pseudonymizer

    async def of(self, user_id: int, limit: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Rows by kind, mostly the table's name; newest first, at most `limit` of each."""
        found = {
            part: await self._rows(columns[0].table, or_(*(column == user_id for column in columns)), limit)
            for part, columns in BY_ID.items()
        }
        whose = {user_id, self._pseudonymizer.person(user_id)} if self._pseudonymizer is not None else {user_id}
        overrides = tables.access_overrides
        found["access_overrides"] = await self._rows(overrides, overrides.c.user_id.in_(whose), limit)
        phones = {row["fingerprint"] for part in ("verifications", "verified_phones") for row in found[part]}
        attempts = {row["id"] for row in found["verifications"]}
        found["gateway_events"] = await self._rows(tables.gateway_events, _calls_of(phones, attempts), limit)
        found["raids"] = await self._raids(user_id)
        gates = [row["gate_id"] for row in found["admins"]]
        told = AP.gate_id.in_(gates) & AP.messages.is_not(None) & cast(AP.messages, Text).contains(f"[{user_id},")
        found["told_appeals"] = await self._rows(tables.appeals, told, limit)
        return found

    async def _rows(self, table: Any, whose: ColumnElement[bool], limit: int) -> list[dict[str, Any]]:  # noqa: ANN401 - what `Column.table` is typed as
        # Only the gateway may see the decrypted phone; the file only says that there is one.
        columns: list[ColumnElement[Any]] = [column for column in table.columns if column.name != "encrypted"]
        if "encrypted" in table.c:
            columns.append(table.c.encrypted.is_not(None).label("has_sealed"))
        if table is tables.gates:
            columns.append(G.chat_id.label("gate_id"))
        query = select(*columns).where(whose).limit(limit)
        if table.name in NEWEST_FIRST:
            query = query.order_by(table.c[NEWEST_FIRST[table.name]].desc())
        return [dict(row) for row in (await self._connection.execute(query)).mappings()]

    async def _raids(self, user_id: int) -> list[dict[str, Any]]:
        """The raids of which they were notified, and their responses."""
        kept = await self._connection.execute(
            select(G.chat_id, G.raid_at, G.raid).where(G.raid.is_not(None), cast(G.raid, Text).contains(str(user_id)))
        )
        return [
            {
                "gate_id": row.chat_id,
                "raid_at": row.raid_at,
                "is_told": any(told["chat_id"] == user_id for told in row.raid["messages"]),
                "deeds": [
                    f"{deed['act']} {deed['value']}" for deed in row.raid["deeds"] if deed["admin_id"] == user_id
                ],
            }
            for row in kept
        ]


def _calls_of(fingerprints: Collection[str], attempts: Collection[int]) -> ColumnElement[bool]:
    """Calls from these phones, except those that confirmed another account of the same phone."""
    events = tables.gateway_events.c
    is_theirs = or_(events.verification_id.is_(None), events.verification_id.in_(attempts))
    return events.fingerprint.in_(fingerprints) & is_theirs
