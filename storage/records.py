"""What happened: gateway events, the gateway's state, the journal, processed updates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.breaker import CircuitBreaker
from bot.domain.gate import GrantKind
from bot.domain.gateway import LONGEST_REFERENCE, EventKind, EventSource, GatewayEvent, GatewayReason, NewGatewayEvent
from bot.domain.journal import PAST_THE_GATE, Event, JournalEntry, JournalRow, NewEntry
from bot.domain.people import Claim
from bot.domain.phone import Fingerprint
from bot.domain.statistics import ENTERED, Period
from bot.domain.verification import Call, KeptCall, Verification
from storage import tables
from storage.statements import delete_some, insert_new, upsert
from storage.unreadable import NoteUnreadable, known, pass_over, readable

EV = tables.gateway_events.c
ST = tables.gateway_state.c
SEEN = tables.seen_updates.c
USED_INIT_DATA = tables.used_init_data.c
J = tables.journal.c
AT = type_coerce(J.at, BigInteger)
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
JOINED_UNVERIFIED = select(func.count()).where(
    # As it is in the index: SQLite does not use a partial index for a parameter.
    J.event == literal_column(f"'{Event.MEMBER_CAME}'"),
    J.gate_id == bindparam("at_gate"),
    J.at >= bindparam("since"),
    J.code.in_(PAST_THE_GATE),
)
HAS_COME = (
    select(J.id)
    .where(
        J.event == literal_column(f"'{Event.MEMBER_CAME}'"),
        J.gate_id == bindparam("at_gate"),
        J.at > bindparam("since"),
        J.code == bindparam("how"),
    )
    .limit(1)
)
NEWEST_SEEN = select(SEEN.seen_at).order_by(SEEN.seen_at.desc()).limit(1)
NEWEST = select(func.max(J.id))
SINCE = select(J.id, J.user_id).where(J.id > bindparam("last_id")).order_by(J.id).limit(bindparam("at_most"))
ADD = tables.journal.insert()
NONCE = select(USED_INIT_DATA.nonce).where(USED_INIT_DATA.digest == bindparam("which"))
EVENTS = {event.value for event in Event}
CALLED_LENGTH = 32
CODE_LENGTH = 64

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
        "reference": event.reference[:LONGEST_REFERENCE] or None,
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


class Journal:
    """The append-only record of what happened.

    Entries are written together, just before the commit.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.noted: list[NewEntry] = []
        self._written = 0
        """What this transaction adds."""

    def add(
        self,
        event: Event,
        now: datetime,
        *,
        user_id: int | None = None,
        gate_id: int | None = None,
        verification_id: int | None = None,
        code: str = "",
        actor_id: int | None = None,
        region: str = "",
        took: float | None = None,
    ) -> None:
        """`actor_id`: the admin who did it."""
        self.noted.append(
            NewEntry(event, now, user_id, gate_id, verification_id, code[:CODE_LENGTH], actor_id, region, took)
        )

    async def links_made(self, gate_id: int, user_id: int, since: datetime) -> list[datetime]:
        """When invite links were made for this person at this gate, oldest first."""
        entries = tables.journal.c
        made = await self._connection.execute(
            select(entries.at)
            .where(
                entries.user_id == user_id,
                entries.gate_id == gate_id,
                entries.at > since,
                entries.event == Event.GRANT_DONE,
                entries.code == GrantKind.LINK,
            )
            .order_by(entries.at)
        )
        return list(made.scalars())

    async def joined_unverified(self, gate_id: int, since: datetime) -> int:
        """How many have joined past a gate since then, in whichever way."""
        found = await self._connection.execute(JOINED_UNVERIFIED, {"at_gate": gate_id, "since": since})
        return found.scalar_one()

    async def has_come(self, gate_id: int, how: str, since: datetime) -> bool:
        """Whether anybody joined a gate's chat in this way since then; see MEMBER_CAME. Entries of the current
        transaction do not count."""
        found = await self._connection.execute(HAS_COME, {"at_gate": gate_id, "how": how, "since": since})
        return found.first() is not None

    def about(
        self, event: Event, now: datetime, verification: Verification, *, code: str = "", took: float | None = None
    ) -> None:
        """Add an entry about an attempt, with its person, gate and country. `took`: seconds."""
        self.add(
            event,
            now,
            user_id=verification.user_id,
            gate_id=verification.gate_id,
            verification_id=verification.id,
            code=code,
            region=verification.region,
            took=took,
        )

    async def count(self, period: Period, most: int) -> int:
        """Count a period's entries, but not beyond `most`."""
        some = select(J.id).where(*_within(period)).limit(most).subquery()
        found = await self._connection.execute(select(func.count()).select_from(some))
        return found.scalar_one()

    async def page(self, period: Period, after: JournalRow | None, limit: int) -> list[JournalRow]:
        """The next entries of a period, oldest first."""
        gates, attempts = tables.gates.c, tables.verifications.c
        later = [] if after is None else [after.at <= AT, or_(after.at < AT, J.id > after.id)]
        rows = await self._connection.execute(
            select(
                J.id,
                AT,
                J.event,
                J.user_id,
                J.gate_id,
                func.coalesce(gates.title, ""),
                J.verification_id,
                func.coalesce(attempts.mask, ""),
                J.region,
                J.code,
                J.took_ms,
                J.actor_id,
            )
            .join(tables.gates, gates.chat_id == J.gate_id, isouter=True)
            .join(tables.verifications, attempts.id == J.verification_id, isouter=True)
            .where(*_within(period), *later)
            .order_by(J.at, J.id)
            .limit(limit)
        )
        return [JournalRow(*row) for row in rows]

    async def newest(self) -> int:
        """The id of the newest entry; 0 when there is none."""
        found = await self._connection.execute(NEWEST)
        return found.scalar_one() or 0

    async def since(self, entry_id: int, limit: int) -> list[tuple[int, int | None]]:
        """Id and person of the entries after this one, oldest first."""
        rows = await self._connection.execute(SINCE, {"last_id": entry_id, "at_most": limit})
        return [(row.id, row.user_id) for row in rows]

    async def of(self, gate_id: int, user_id: int, limit: int) -> list[JournalEntry]:
        """What happened to a person at a gate, or at none in particular, newest first."""
        entries = tables.journal.c
        rows = await self._connection.execute(
            select(tables.journal)
            .where(entries.user_id == user_id, or_(entries.gate_id == gate_id, entries.gate_id.is_(None)))
            .order_by(entries.at.desc(), entries.id.desc())
            .limit(limit)
        )
        return _entries(rows)

    async def of_person(
        self, user_id: int, events: Collection[Event], limit: int, offset: int = 0
    ) -> list[JournalEntry]:
        """Those of these events about a person anywhere, newest first."""
        entries = tables.journal.c
        rows = await self._connection.execute(
            select(tables.journal)
            .where(entries.user_id == user_id, entries.event.in_(events))
            .order_by(entries.at.desc(), entries.id.desc())
            .limit(limit)
            .offset(offset)
        )
        return _entries(rows)

    async def lately(
        self, events: Collection[Event], limit: int, *, before: int | None = None, after: int | None = None
    ) -> list[JournalEntry]:
        """Those of these events about anybody anywhere, newest first. `before`: only earlier ones than this entry;
        `after`: the first ones that came after it."""
        entries = tables.journal.c
        query = select(tables.journal).where(
            entries.event.in_(events),
            entries.user_id.is_not(None),
            # Only these let a person in; a tag or a link does not.
            or_(entries.event != Event.GRANT_DONE, entries.code.in_(ENTERED)),
        )
        if before is not None:
            query = query.where(entries.id < before)
        if after is not None:
            first = await self._connection.execute(query.where(entries.id > after).order_by(entries.id).limit(limit))
            return _entries(reversed(first.all()))
        rows = await self._connection.execute(query.order_by(entries.id.desc()).limit(limit))
        return _entries(rows)

    async def write(self) -> None:
        """Write the entries added since the last call."""
        rows = [
            {
                "at": entry.at,
                "event": entry.event,
                "user_id": entry.user_id,
                "gate_id": entry.gate_id,
                "verification_id": entry.verification_id,
                "code": entry.code,
                "actor_id": entry.actor_id,
                "region": entry.region,
                "took_ms": None if entry.took is None else int(entry.took * 1000),
            }
            for entry in self.noted[self._written :]
        ]
        self._written = len(self.noted)
        if rows:
            await self._connection.execute(ADD, rows)


def _within(period: Period) -> list[ColumnElement[bool]]:
    within = [J.at < datetime.combine(period.last + timedelta(days=1), time(), UTC)]
    if period.first is not None:
        within.append(J.at >= datetime.combine(period.first, time(), UTC))
    return within


def _entries(rows: Iterable[Row[Any]]) -> list[JournalEntry]:
    """Those of a kind that this version knows; the journal keeps all of them."""
    return [_entry(row) for row in rows if row.event in EVENTS]


def _entry(row: Row[Any]) -> JournalEntry:
    return JournalEntry(row.id, row.at, Event(row.event), row.user_id, row.gate_id, row.code, row.actor_id)


class UsedInitData:
    """Init data of the Mini App that was used."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claim(self, digest: str, nonce: str, now: datetime) -> Claim:
        """Mark init data, known by its digest, as used for the page that made up `nonce`."""
        claimed = await self._connection.execute(
            insert_new(self._connection, tables.used_init_data), {"digest": digest, "nonce": nonce, "used_at": now}
        )
        if claimed.rowcount:
            return Claim.NEW
        found = await self._connection.execute(NONCE, {"which": digest})
        return Claim.AGAIN if found.scalar_one() == nonce else Claim.TAKEN

    async def forget(self, before: datetime) -> None:
        await delete_some(
            self._connection, tables.used_init_data, USED_INIT_DATA.used_at, USED_INIT_DATA.used_at < before
        )


class ProcessedUpdates:
    """Processed updates."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def mark(self, update_ids: Sequence[int], now: datetime) -> set[int]:
        """Mark them as processed; return the new ones."""
        if not update_ids:
            return set()
        rows = await self._connection.execute(
            insert_new(self._connection, tables.seen_updates, SEEN.update_id),
            [{"update_id": update_id, "seen_at": now} for update_id in update_ids],
        )
        return set(rows.scalars())

    async def newest(self) -> datetime | None:
        """When any process last handled an update; None when none did lately."""
        found = await self._connection.execute(NEWEST_SEEN)
        newest: datetime | None = found.scalar_one_or_none()
        return newest

    async def forget(self, before: datetime) -> None:
        await delete_some(self._connection, tables.seen_updates, SEEN.seen_at, SEEN.seen_at < before)
