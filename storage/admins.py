"""Admins: who they are, what they decided about people, and who asked them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gate import Decision, Gate, Standing
from bot.usecases.ports_personal import Marker
from storage import tables
from storage.gates import G, gate
from storage.statements import insert, upsert

S = tables.standings.c
AP = tables.appeals.c
AD = tables.admins.c
STANDING = (
    select(tables.standings)
    .where(S.gate_id == bindparam("at_gate"), S.user_id.in_((bindparam("whose"), bindparam("under_mark"))))
    # A mark is below zero: what was decided since the person came back goes first.
    .order_by(S.user_id.desc())
    .limit(1)
)


class SqlStandings:
    """See `bot.usecases.ports_gates.Standings`. Of who was erased, a decision may stand under their mark."""

    def __init__(self, connection: AsyncConnection, marker: Marker | None = None) -> None:
        self._connection = connection
        self._marker = marker

    async def get(self, gate_id: int, user_id: int) -> Decision | None:
        mark = self._mark(user_id)
        found = await self._connection.execute(STANDING, {"at_gate": gate_id, "whose": user_id, "under_mark": mark})
        row = found.one_or_none()
        return None if row is None else Decision(Standing(row.standing), row.at, row.admin_id)

    async def put(self, gate_id: int, user_id: int, decision: Decision) -> None:
        values: dict[str, object] = {
            "standing": decision.standing,
            "at": decision.at,
            "admin_id": decision.admin_id,
        }
        await self._connection.execute(
            upsert(self._connection, tables.standings, *values), {"gate_id": gate_id, "user_id": user_id, **values}
        )

    async def drop(self, gate_id: int, user_id: int) -> None:
        whose = (user_id, self._mark(user_id))
        await self._connection.execute(delete(tables.standings).where(S.gate_id == gate_id, S.user_id.in_(whose)))

    def _mark(self, user_id: int) -> int:
        return user_id if self._marker is None else self._marker.person(user_id)


class SqlAppeals:
    """See `bot.usecases.ports_gates.Appeals`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def open(self, gate_id: int, user_id: int, now: datetime, every: timedelta) -> bool:
        asked = await self._connection.execute(
            insert(self._connection, tables.appeals)
            .values(gate_id=gate_id, user_id=user_id, asked_at=now)
            .on_conflict_do_update(
                index_elements=[AP.gate_id, AP.user_id], set_={"asked_at": now}, where=AP.asked_at <= now - every
            )
        )
        return bool(asked.rowcount)

    async def of_many(self, user_ids: Collection[int], since: datetime) -> dict[int, set[int]]:
        rows = await self._connection.execute(
            select(AP.gate_id, AP.user_id).where(AP.user_id.in_(user_ids), AP.asked_at > since)
        )
        asked: dict[int, set[int]] = defaultdict(set)
        for row in rows:
            asked[row.user_id].add(row.gate_id)
        return asked


class SqlAdmins:
    """See `bot.usecases.ports_gates.Admins`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, gate_id: int, user_id: int, since: datetime) -> bool | None:
        found = await self._connection.execute(
            select(AD.is_admin).where(AD.gate_id == gate_id, AD.user_id == user_id, AD.checked_at >= since)
        )
        is_admin: bool | None = found.scalar_one_or_none()
        return is_admin

    async def note(self, gate_id: int, user_id: int, now: datetime, *, is_admin: bool) -> None:
        values: dict[str, object] = {"is_admin": is_admin, "checked_at": now}
        await self._connection.execute(
            upsert(self._connection, tables.admins, *values), {"gate_id": gate_id, "user_id": user_id, **values}
        )

    async def forget(self, gate_id: int, user_id: int | None = None) -> None:
        whose = [] if user_id is None else [AD.user_id == user_id]
        await self._connection.execute(
            update(tables.admins).where(AD.gate_id == gate_id, *whose).values(checked_at=None)
        )

    async def gates_of(self, user_id: int) -> list[Gate]:
        rows = await self._connection.execute(
            select(tables.gates)
            .join(tables.admins, AD.gate_id == G.chat_id)
            .where(AD.user_id == user_id, AD.is_admin)
            .order_by(G.created_at.desc(), G.chat_id)
        )
        return [gate(row.chat_id, row) for row in rows]
