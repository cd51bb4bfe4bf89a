"""What is owed to the owner's own systems."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.outbox import Letter, Outgoing, Retries, Target
from storage import tables

O = tables.outbox.c  # noqa: E741 - a capital letter a table, as elsewhere
IS_DUE = and_(O.delivered_at.is_(None), O.given_up_at.is_(None))
ERROR_LENGTH = 200


class SqlOutbox:
    """See `bot.usecases.ports_watch.Outbox`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        target: Target,
        message_id: str,
        kind: str,
        body: bytes,
        now: datetime,
        *,
        user_id: int | None = None,
        admin_id: int | None = None,
    ) -> None:
        await self._connection.execute(
            tables.outbox.insert(),
            {
                "target": target,
                "message_id": message_id,
                "type": kind,
                "body": body,
                "user_id": user_id,
                "admin_id": admin_id,
                "created_at": now,
                "due_at": now,
            },
        )

    async def due(self, target: Target, now: datetime, limit: int, busy: Collection[int]) -> list[Letter]:
        rows = await self._connection.execute(
            select(O.id, O.message_id, O.type, O.body, O.attempts)
            .where(IS_DUE, O.target == target, O.due_at <= now, O.id.not_in(busy))
            .order_by(O.due_at, O.id)
            .limit(limit)
        )
        return [Letter(row.id, target, row.message_id, row.type, row.body or b"", row.attempts) for row in rows]

    async def delivered(self, letter_id: int, now: datetime) -> None:
        await self._connection.execute(
            update(tables.outbox)
            .where(O.id == letter_id)
            .values(delivered_at=now, body=None, admin_id=None, error=None, attempts=O.attempts + 1)
        )

    async def retry(self, letter_id: int, due_at: datetime, error: str) -> None:
        await self._connection.execute(
            update(tables.outbox)
            .where(O.id == letter_id)
            .values(due_at=due_at, error=error[:ERROR_LENGTH], attempts=O.attempts + 1)
        )

    async def give_up(self, letter_id: int, now: datetime, error: str) -> None:
        await self._connection.execute(
            update(tables.outbox)
            .where(O.id == letter_id)
            .values(given_up_at=now, body=None, admin_id=None, error=error[:ERROR_LENGTH], attempts=O.attempts + 1)
        )

    async def outgoing(self) -> list[Outgoing]:
        found = []
        for target in Target:
            waiting = await self._connection.execute(
                select(func.count(), func.min(O.created_at)).where(IS_DUE, O.target == target)
            )
            queued, oldest = waiting.one()
            delivered = await self._connection.execute(select(func.max(O.delivered_at)).where(O.target == target))
            delivered_at = delivered.scalar_one()
            if queued or delivered_at is not None:
                found.append(Outgoing(target, queued, oldest, await self._retries(target), delivered_at))
        return found

    async def _retries(self, target: Target) -> Retries | None:
        failed = and_(IS_DUE, O.target == target, O.attempts > 0)
        counted = await self._connection.execute(
            select(func.count(), func.max(O.attempts), func.min(O.due_at)).where(failed)
        )
        count, tries, next_at = counted.one()
        if not count:
            return None
        error = await self._connection.execute(select(O.error).where(failed).order_by(O.due_at.desc()).limit(1))
        return Retries(count, tries, next_at, error.scalar_one_or_none() or "")

    async def failing_since(self) -> dict[Target, datetime]:
        rows = await self._connection.execute(
            select(O.target, func.min(O.created_at).label("since")).where(IS_DUE, O.attempts > 0).group_by(O.target)
        )
        return {Target(row.target): row.since for row in rows}

    async def forget(self, before: datetime) -> None:
        await self._connection.execute(delete(tables.outbox).where(O.created_at < before))
