"""Messages to the owner's own systems."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, func, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.webhooks import Destination, DestinationStatus, NewMessage, OutboxMessage, RetryStats
from storage.sql import tables
from storage.sql.statements import delete_some, one_more
from storage.sql.unreadable import NoteUnreadable, pass_over, readable

O = tables.outbox.c  # noqa: E741 - a capital letter a table, as elsewhere
IS_DUE = and_(O.delivered_at.is_(None), O.given_up_at.is_(None))
MESSAGE = select(*(O[name] for name in ("id", "target", "message_id", "type", "body", "attempts", "error")))
ERROR_LENGTH = 200


class Outbox:
    """Messages to the owner's own systems."""

    def __init__(self, connection: AsyncConnection, note: NoteUnreadable = pass_over) -> None:
        self._connection = connection
        self._note = note

    async def add(
        self,
        target: Destination,
        message_id: str,
        kind: str,
        body: bytes,
        now: datetime,
        *,
        user_id: int | None = None,
        admin_id: int | None = None,
    ) -> None:
        """Add one. `user_id`: whom it is about; `admin_id`: who decided that, according to its data, a JSON object."""
        await self.add_many(target, [NewMessage(message_id, kind, body, now, user_id, admin_id)])

    async def add_many(self, target: Destination, messages: Sequence[NewMessage]) -> None:
        """Add all of these."""
        rows = [
            {
                "target": target,
                "message_id": message.message_id,
                "type": message.type,
                "body": message.body,
                "user_id": message.user_id,
                "admin_id": message.admin_id,
                "created_at": message.at,
                "due_at": message.at,
            }
            for message in messages
        ]
        if rows:
            await self._connection.execute(tables.outbox.insert(), rows)

    async def due(self, target: Destination, now: datetime, limit: int, busy: Collection[int]) -> list[OutboxMessage]:
        found = MESSAGE.where(IS_DUE, O.target == target, O.due_at <= now, O.id.not_in(busy)).order_by(O.due_at, O.id)
        return self._readable(await self._connection.execute(found.limit(limit)))

    async def delivered(self, message_id: int, now: datetime) -> None:
        """Mark it delivered and drop its content."""
        await self._connection.execute(
            update(tables.outbox)
            .where(O.id == message_id)
            .values(delivered_at=now, body=None, admin_id=None, error=None, attempts=one_more(O.attempts))
        )

    async def retry(self, message_id: int, due_at: datetime, error: str) -> None:
        await self._connection.execute(
            update(tables.outbox)
            .where(O.id == message_id)
            .values(due_at=due_at, error=error[:ERROR_LENGTH], attempts=one_more(O.attempts))
        )

    async def keep(self, message_id: int, error: str) -> None:
        """Record the error without counting an attempt."""
        await self._connection.execute(
            update(tables.outbox).where(O.id == message_id).values(error=error[:ERROR_LENGTH])
        )

    async def give_up(self, message_id: int, now: datetime, error: str) -> None:
        """Give it up and drop its content."""
        await self._connection.execute(
            update(tables.outbox)
            .where(O.id == message_id)
            .values(
                given_up_at=now, body=None, admin_id=None, error=error[:ERROR_LENGTH], attempts=one_more(O.attempts)
            )
        )

    async def outgoing(self) -> list[DestinationStatus]:
        """The status of each destination that has, or had, messages."""
        found = []
        for target in Destination:
            waiting = await self._connection.execute(
                select(func.count(), func.min(O.created_at)).where(IS_DUE, O.target == target)
            )
            queued, oldest = waiting.one()
            delivered = await self._connection.execute(select(func.max(O.delivered_at)).where(O.target == target))
            delivered_at = delivered.scalar_one()
            if queued or delivered_at is not None:
                found.append(DestinationStatus(target, queued, oldest, await self._retries(target), delivered_at))
        return found

    async def _retries(self, target: Destination) -> RetryStats | None:
        failed = and_(IS_DUE, O.target == target, O.attempts > 0)
        counted = await self._connection.execute(
            select(func.count(), func.max(O.attempts), func.min(O.due_at)).where(failed)
        )
        count, tries, next_at = counted.one()
        if not count:
            return None
        error = await self._connection.execute(select(O.error).where(failed).order_by(O.due_at.desc()).limit(1))
        return RetryStats(count, tries, next_at, error.scalar_one_or_none() or "")

    async def failing_since(self) -> dict[Destination, datetime]:
        """When the oldest message was added that failed at least once."""
        failing = {}
        for target in Destination:
            oldest = select(func.min(O.created_at)).where(O.target == target, tables.IS_FAILING)
            since: datetime | None = (await self._connection.execute(oldest)).scalar_one()
            if since is not None:
                failing[target] = since
        return failing

    async def pending_since(self, before: datetime, limit: int) -> list[OutboxMessage]:
        """Messages older than this, the oldest first."""
        found = MESSAGE.where(IS_DUE, O.created_at < before).order_by(O.created_at).limit(limit)
        return self._readable(await self._connection.execute(found))

    def _readable(self, rows: Iterable[Row[Any]]) -> list[OutboxMessage]:
        return readable(rows, _outbox_message, self._note, tables.outbox)

    async def forget(self, before: datetime, limit: int) -> None:
        """Delete older messages that were delivered or given up."""
        is_old = O.created_at < before
        await delete_some(self._connection, tables.outbox, O.created_at, is_old, not_(IS_DUE), limit=limit)


def _outbox_message(row: Row[Any]) -> OutboxMessage:
    return OutboxMessage(
        row.id, Destination(row.target), row.message_id, row.type, row.body or b"", row.attempts, row.error or ""
    )
