""""""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, bindparam, func, literal_column, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gates import GrantKind
from bot.domain.journal import PAST_THE_GATE, Event, JournalEntry, JournalRow, NewEntry
from bot.domain.people import Claim
from bot.domain.statistics import ENTERED, Period
from bot.domain.verification import Verification
from storage.sql import tables
from storage.sql.statements import delete_some, insert_new

SEEN = tables.seen_updates.c
USED_INIT_DATA = tables.used_init_data.c
J = tables.journal.c
AT = type_coerce(J.at, BigInteger)
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
CODE_LENGTH = 64


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
