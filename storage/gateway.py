"""What happened: gateway events, the gateway's state, the journal, processed updates."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gateway import (
    CircuitBreaker,
    EventKind,
    EventSource,
    GatewayEvent,
    GatewayReason,
    NewGatewayEvent,
)
from bot.domain.phone import Fingerprint
from bot.domain.verification import Call, KeptCall, Verification
from storage.sql import tables
from storage.sql.statements import delete_some, insert_new, upsert
from storage.sql.unreadable import NoteUnreadable, known, pass_over, readable

EV = tables.gateway_events.c
ST = tables.gateway_state.c
KEPT = select(EV.id).where(EV.digest == bindparam("which"))
USED_FOR = (
    update(tables.gateway_events)
    .where(EV.id == bindparam("which"))
    .values(verification_id=bindparam("of"), fingerprint=func.coalesce(EV.fingerprint, bindparam("phone")))
)
DUPLICATE = (
    select(EV.id)
    .where(
        EV.fingerprint == bindparam("phone"),
        EV.received_at >= bindparam("since"),
        EV.kind == EventKind.CALL,
        EV.source == bindparam("heard_from"),
        EV.verification_id.is_not(None),
        EV.duplicate_id.is_(None),
    )
    .order_by(EV.id)
    .limit(1)
)
PAIR = update(tables.gateway_events).where(EV.id == bindparam("which")).values(duplicate_id=bindparam("with"))
THE_ROW = 1
PROBE_ROW = 2
BREAKER = select(ST.breaker_reason, ST.breaker_retry_at, ST.breaker_trips).where(ST.id == THE_ROW)
INBOX_CURSOR = select(ST.inbox_cursor, ST.inbox_read_at).where(ST.id == THE_ROW)
ALIVE_AT = select(ST.alive_at).where(ST.id == THE_ROW)
CALLED_LENGTH = 32

INBOX_ID = "inbox_id"
IS_UNUSED = (
    EV.received_at >= bindparam("since"),
    EV.kind == EventKind.CALL,
    EV.verification_id.is_(None),
    EV.duplicate_id.is_(None),
)
CALLS = select(EV.id, EV.source, EV.called, EV.placed_at, EV.received_at, EV.note, EV.reference).order_by(
    EV.received_at, EV.id
)
UNUSED_CALLS = CALLS.where(EV.fingerprint == bindparam("phone"), *IS_UNUSED)
UNUSED_OF_REFERENCE = CALLS.where(
    EV.reference == bindparam("named"),
    or_(EV.fingerprint.is_(None), EV.fingerprint == bindparam("phone")),
    *IS_UNUSED,
)


class GatewayEvents:
    """All that the gateway reported."""

    def __init__(self, connection: AsyncConnection, note: NoteUnreadable = pass_over) -> None:
        self._connection = connection
        self._note = note

    async def keep(
        self, event: GatewayEvent, digest: str, fingerprint: Fingerprint | None, mask: str, now: datetime
    ) -> int | None:
        """Store an event; return its id, or None for a known one."""
        kept = await self._connection.execute(
            insert_new(self._connection, tables.gateway_events, EV.id),
            _event_row(NewGatewayEvent(event, digest, fingerprint, mask), now),
        )
        return kept.scalar_one_or_none()

    async def keep_many(self, events: Collection[NewGatewayEvent], now: datetime) -> set[str]:
        """Store events that need no further processing, in one statement; return the digests of the new ones."""
        if not events:
            return set()
        rows = await self._connection.execute(
            insert_new(self._connection, tables.gateway_events, EV.digest), [_event_row(new, now) for new in events]
        )
        return set(rows.scalars())

    async def kept(self, digests: Collection[str]) -> set[str]:
        """Which of these digests are stored."""
        return set((await self._connection.execute(select(EV.digest).where(EV.digest.in_(digests)))).scalars())

    async def is_kept(self, digest: str) -> bool:
        """Whether an event with this digest is stored."""
        found = await self._connection.execute(KEPT, {"which": digest})
        return found.scalar_one_or_none() is not None

    async def purge_unrelated(self, before: datetime) -> None:
        """Delete older events that are not calls."""
        is_old = EV.received_at < before
        await delete_some(self._connection, tables.gateway_events, EV.received_at, is_old, tables.IS_FOREIGN)

    async def unused_calls(self, fingerprint: Fingerprint, reference: str, since: datetime) -> list[KeptCall]:
        """The calls of this phone reported since then that confirmed nothing, oldest first; with a `reference`, those
        that name it and no other phone."""
        query, given = (UNUSED_OF_REFERENCE, {"named": reference}) if reference else (UNUSED_CALLS, {})
        rows = await self._connection.execute(query, {**given, "phone": fingerprint, "since": since})
        return readable(rows, lambda row: _heard(row, fingerprint), self._note, tables.gateway_events)

    async def used_for(self, event_id: int, verification: Verification) -> None:
        """Record which verification an event confirmed, and by that whose call it was."""
        await self._connection.execute(
            USED_FOR, {"which": event_id, "of": verification.id, "phone": verification.fingerprint}
        )

    async def match_duplicate(
        self, event_id: int, fingerprint: Fingerprint, source: EventSource, since: datetime
    ) -> bool:
        """Whether the other source already reported the same call of this phone; if so, pair the two."""
        found = await self._connection.execute(DUPLICATE, {"phone": fingerprint, "since": since, "heard_from": source})
        duplicate_id = found.scalar_one_or_none()
        if duplicate_id is None:
            return False
        for one, other in ((event_id, duplicate_id), (duplicate_id, event_id)):
            await self._connection.execute(PAIR, {"which": one, "with": other})
        return True


def _heard(row: Row[Any], caller: Fingerprint) -> KeptCall:
    source = EventSource(row.source)
    call = Call(caller, row.called, row.placed_at, row.received_at, source, row.reference or "")
    return KeptCall(row.id, call, row.note.get(INBOX_ID))


def _event_row(new: NewGatewayEvent, now: datetime) -> dict[str, object]:
    event = new.event
    return {
        "digest": new.digest,
        "kind": event.kind,
        "source": event.source,
        "fingerprint": new.fingerprint,
        "mask": new.mask,
        "called": event.called[:CALLED_LENGTH],
        "reference": event.reference or None,
        "placed_at": event.placed_at,
        "received_at": now,
        "note": {**event.note, **({INBOX_ID: event.inbox_id} if event.inbox_id is not None else {})},
    }


class GatewayState:
    """The circuit breaker and the inbox cursor."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def breaker(self) -> CircuitBreaker:
        row = (await self._connection.execute(BREAKER)).one_or_none()
        if row is None:
            return CircuitBreaker()
        reason = known(GatewayReason, row.breaker_reason, GatewayReason.UNAVAILABLE) if row.breaker_reason else None
        return CircuitBreaker(reason, row.breaker_retry_at, row.breaker_trips)

    async def set_breaker(self, breaker: CircuitBreaker) -> None:
        await self._set(breaker_reason=breaker.reason, breaker_retry_at=breaker.retry_at, breaker_trips=breaker.trips)

    async def inbox_cursor(self) -> tuple[int | None, datetime | None]:
        """The newest entry read, and when."""
        row = (await self._connection.execute(INBOX_CURSOR)).one_or_none()
        return (None, None) if row is None else (row.inbox_cursor, row.inbox_read_at)

    async def set_inbox_cursor(self, entry_id: int, read_at: datetime | None) -> None:
        """Move the inbox cursor. `read_at`: when the bot reached the end of the inbox; None while entries are left."""
        if read_at is None:
            await self._set(inbox_cursor=entry_id)
        else:
            await self._set(inbox_cursor=entry_id, inbox_read_at=read_at)

    async def set_inbox_read(self, read_at: datetime) -> None:
        """Record when the bot asked for calls, in gateways without an inbox."""
        await self._set(inbox_read_at=read_at)

    async def alive(self, now: datetime) -> datetime | None:
        """Record that the bot is alive; return when it last was."""
        before = await self.alive_at()
        # It lies ahead when the clock was set back.
        if before is None or abs((now - before).total_seconds()) >= ALIVE_EVERY:
            await self._set(alive_at=now)
        return before

    async def probe(self) -> None:
        """Write to the database without changing anything."""
        # SQLite does not write a row that is set to its current value.
        await self._connection.execute(
            upsert(self._connection, tables.gateway_state, "breaker_trips"), {"id": PROBE_ROW, "breaker_trips": 0}
        )
        await self._connection.execute(delete(tables.gateway_state).where(ST.id == PROBE_ROW))

    async def alive_at(self) -> datetime | None:
        """When the leader last recorded that it is alive."""
        found = await self._connection.execute(ALIVE_AT)
        at: datetime | None = found.scalar_one_or_none()
        return at

    async def _set(self, **values: object) -> None:
        await self._connection.execute(
            upsert(self._connection, tables.gateway_state, *values), {"id": THE_ROW, **values}
        )


ALIVE_EVERY = 5.0
"""Seconds between two records that the bot is alive: each costs a disk write."""
