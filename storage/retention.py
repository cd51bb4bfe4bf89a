"""Deletes old rows in small steps: no transaction is long, and nobody waits for one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.sql import tables
from storage.sql.statements import delete_some, is_none, upsert

V = tables.verifications.c
N = tables.numbers.c
P = tables.verified_phones.c
J = tables.journal.c
EV = tables.gateway_events.c
R = tables.join_requests.c
A = tables.grants.c
AP = tables.appeals.c
M = tables.cursors.c
ATTEMPTS_MARK = "attempts forgotten"
VERIFIES = (P.user_id == V.user_id, P.verification_id == V.id)
"""This attempt verifies somebody."""
REACHED = select(M.at).where(M.name == ATTEMPTS_MARK)
# Word for word as in the partial indexes, or the databases would not use them.
IS_OVER = text("state IN ('declined', 'gone')")
IS_GONE = text("state = 'gone'")
PASSED_OVER = select(V.id).where(
    V.user_id == bindparam("whose"), V.ended_at <= REACHED.scalar_subquery(), ~exists().where(*VERIFIES)
)


class Retention:
    """Deletes old rows: at most `limit` at once, the oldest first. Each method returns how many."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def purge_journal(self, before: datetime, limit: int) -> int:
        # The newest stays whatever its age: a reader who follows the journal by its ids would take the next for an old
        # one.
        newest = select(func.max(J.id)).scalar_subquery()
        return await delete_some(self._connection, tables.journal, J.at, J.at < before, J.id < newest, limit=limit)

    async def purge_calls(self, before: datetime, limit: int) -> int:
        is_old = EV.received_at < before
        return await delete_some(
            self._connection, tables.gateway_events, EV.received_at, is_old, tables.IS_CALL, limit=limit
        )

    async def purge_attempts(self, before: datetime, limit: int) -> int:
        """Walk through them once, in the order of their ends, so that those that stay are not checked repeatedly."""
        reached = await self._reached()
        since = [] if reached is None else [V.ended_at > reached]
        some = await self._connection.execute(
            select(V.ended_at).where(V.ended_at < before, *since).order_by(V.ended_at).limit(limit)
        )
        ends = list(some.scalars())
        if not ends:
            return 0
        # All that ended at the same moment go together.
        until = ends[-1]
        old = select(V.id).where(V.ended_at <= until, *since, is_none(select(P.user_id).where(*VERIFIES)))
        ids = list((await self._connection.execute(old)).scalars())
        await _delete_attempts(self._connection, ids)
        await self._connection.execute(
            upsert(self._connection, tables.cursors, "at"), {"name": ATTEMPTS_MARK, "at": until}
        )
        return len(ids)

    async def purge_requests(self, before: datetime, limit: int) -> int:
        """Delete older requests that were declined or abandoned."""
        return await delete_some(
            self._connection, tables.join_requests, R.decided_at, R.decided_at < before, IS_OVER, limit=limit
        )

    async def purge_grants(self, before: datetime, limit: int) -> int:
        """Delete older grants that are revoked."""
        return await delete_some(
            self._connection, tables.grants, A.requested_at, A.requested_at < before, IS_GONE, limit=limit
        )

    async def purge_appeals(self, before: datetime, limit: int) -> int:
        return await delete_some(self._connection, tables.appeals, AP.asked_at, AP.asked_at < before, limit=limit)

    async def _reached(self) -> datetime | None:
        found = await self._connection.execute(REACHED)
        reached: datetime | None = found.scalar_one_or_none()
        return reached


async def purge_passed_over(connection: AsyncConnection, user_id: int) -> None:
    """Delete attempts that no longer verify this person, and that `purge_attempts` passed over while they did: nothing
    else would check them again."""
    passed = await connection.execute(PASSED_OVER, {"whose": user_id})
    await _delete_attempts(connection, list(passed.scalars()))


async def _delete_attempts(connection: AsyncConnection, ids: Collection[int]) -> None:
    if ids:
        await connection.execute(delete(tables.numbers).where(N.verification_id.in_(ids)))
        await connection.execute(delete(tables.verifications).where(V.id.in_(ids)))
