"""Verifications and their call numbers."""

from __future__ import annotations

import zlib
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Row, Select, exists, func, literal, not_, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gateway import AssignedNumber, GatewayReason
from bot.domain.people import NumberRequest
from bot.domain.phone import Fingerprint, NumberKind, Phone
from bot.domain.verification import CallNumber, Verification, VerificationState
from storage.sql import tables
from storage.sql import verification_queries as queries
from storage.sql.unreadable import NoteUnreadable, known, pass_over, readable
from storage.sql.verification_queries import ASKED, FAILED, GIVEN

V = tables.verifications.c
N = tables.numbers.c
FORGET_AT_ONCE = (VerificationState.CONFIRMED, VerificationState.CANCELLED)


class Verifications:
    """All attempts and their call numbers."""

    def __init__(self, connection: AsyncConnection, note: NoteUnreadable = pass_over) -> None:
        self._connection = connection
        self._note = note

    async def add(
        self,
        token: str,
        user_id: int,
        phone: Phone,
        fingerprint: Fingerprint,
        encrypted: bytes,
        now: datetime,
        gate_id: int | None = None,
    ) -> Verification:
        """Open one and request its first number. `gate_id`: where the person waits longest."""
        added = await self._connection.execute(
            queries.ADD,
            {
                "token": token,
                "user_id": user_id,
                "fingerprint": fingerprint,
                "mask": phone.mask,
                "region": phone.region,
                "kind": phone.kind,
                "encrypted": encrypted,
                "state": VerificationState.OPEN,
                "opened_at": now,
                "gate_id": gate_id,
            },
        )
        verification = Verification(
            id=added.scalar_one(),
            token=token,
            user_id=user_id,
            fingerprint=fingerprint,
            mask=phone.mask,
            region=phone.region,
            state=VerificationState.OPEN,
            opened_at=now,
            asking=True,
            kind=phone.kind,
            gate_id=gate_id,
        )
        await self.ask_number(verification, now)
        return verification

    async def get(self, verification_id: int) -> Verification | None:
        return await self._one(queries.BY_ID, {"which": verification_id})

    async def get_many(self, verification_ids: Collection[int]) -> dict[int, Verification]:
        found = await self._many(queries.BY_IDS, {"which": list(verification_ids)})
        return {verification.id: verification for verification in found}

    async def by_token(self, token: str) -> Verification | None:
        return await self._one(queries.BY_TOKEN, {"named": token})

    async def by_tokens(self, tokens: Collection[str]) -> list[Verification]:
        return await self._many(queries.BY_TOKENS, {"named": list(tokens)})

    async def open_of(self, user_id: int) -> Verification | None:
        return await self._one(queries.OPEN_OF, {"whose": user_id})

    async def open_by_phone(self, fingerprint: Fingerprint) -> Verification | None:
        return await self._one(queries.OPEN_BY_PHONE, {"phone": fingerprint})

    async def latest_of_many(self, user_ids: Collection[int]) -> dict[int, Verification]:
        found = await self._many(queries.LATEST_OF, {"whose": list(user_ids)})
        return {verification.user_id: verification for verification in found}

    async def unconfirmed_by_phone(self, fingerprint: Fingerprint, since: datetime) -> list[Verification]:
        """Open or expired ones opened after `since`, newest first."""
        return await self._many(queries.UNCONFIRMED_BY_PHONE, {"phone": fingerprint, "since": since})

    async def lock_reference(self, reference: str) -> None:
        """Wait for other transactions that store this reference or look for it; they wait for this one. Otherwise a
        report and the number that it names could miss each other. SQLite has one transaction at a time anyway."""
        if reference and self._connection.dialect.name == "postgresql":
            await self._connection.execute(queries.LOCK_REFERENCE, {"named": zlib.crc32(reference.encode()) - 2**31})

    async def by_reference(self, reference: str) -> Verification | None:
        """The one that has a number with this reference of the gateway; None if none has, or several."""
        found = list((await self._connection.execute(queries.BY_REFERENCE, {"named": reference})).scalars())
        return await self.get(found[0]) if len(found) == 1 else None

    async def awaiting(self, called: str | None, now: datetime, limit: int) -> list[Verification]:
        """Open ones that show, or showed, the number `called` (`+` and digits), and in whose window it is."""
        numbers = select(N.verification_id).where(N.window_ends_at >= now)
        if called is not None:
            numbers = numbers.where(N.number == called)
        return await self._many(
            select(*queries.WITHOUT_ENCRYPTED)
            .where(V.id.in_(numbers), V.state == VerificationState.OPEN)
            .order_by(V.id.desc())
            .limit(limit)
        )

    async def awaited_regions(self, since: datetime) -> set[str]:
        """The countries of the phones whose calls the bot waits for, in attempts begun since then."""
        found = await self._connection.execute(select(V.region).where(queries.IS_AWAITED).distinct(), {"since": since})
        return {region for region in found.scalars() if region}

    async def tried_by_phone(self, fingerprint: Fingerprint, limit: int) -> list[int]:
        """People who verified, or tried to verify, with this phone; the latest first."""
        found = await self._connection.execute(
            select(V.user_id)
            .where(V.fingerprint == fingerprint)
            .group_by(V.user_id)
            .order_by(func.max(V.id).desc())
            .limit(limit)
        )
        return list(found.scalars())

    async def save(self, verification: Verification) -> None:
        """Write its state. Confirmed and cancelled ones lose their encrypted phone at once."""
        news: dict[str, object] = {
            "state": verification.state,
            "reason": verification.reason,
            "ended_at": verification.ended_at,
        }
        if verification.state in FORGET_AT_ONCE:
            news["encrypted"] = None
        await self._connection.execute(queries.SAVE, {"which": verification.id, **news})
        if not verification.is_open:
            await self._connection.execute(queries.DROP_ASKS, {"of": verification.id})

    async def encrypted(self, verification_id: int) -> bytes | None:
        found = await self._connection.execute(select(V.encrypted).where(V.id == verification_id))
        return found.scalar_one_or_none()

    async def ask_number(self, verification: Verification, now: datetime) -> None:
        await self._connection.execute(
            queries.ASK,
            {
                "verification_id": verification.id,
                "user_id": verification.user_id,
                "fingerprint": verification.fingerprint,
                "state": ASKED,
                "asked_at": now,
            },
        )

    async def failed_since(self, user_id: int, since: datetime) -> int:
        """How many attempts of this person ended without a call since then."""
        found = await self._connection.execute(queries.FAILED_SINCE, {"whose": user_id, "since": since})
        return found.scalar_one()

    async def asked_since(self, user_id: int, fingerprint: Fingerprint, since: datetime) -> list[datetime]:
        """When this person or this phone requested numbers that count towards the limits."""
        # Two statements, not one with OR: each has its own index.
        moments: dict[int, datetime] = {}
        for query in (queries.ASKED_BY, queries.ASKED_FOR):
            rows = await self._connection.execute(query, {"whose": user_id, "phone": fingerprint, "since": since})
            moments.update({row.id: row.asked_at for row in rows})
        return list(moments.values())

    async def due_asks(self, now: datetime, limit: int, busy: Collection[int]) -> list[NumberRequest]:
        rows = await self._connection.execute(queries.DUE_ASKS, {"now": now, "busy": list(busy), "at_most": limit})
        asks = rows.all()
        if not asks:
            return []
        found = await self._many(queries.BY_IDS, {"which": [row.verification_id for row in asks]})
        by_id = {verification.id: verification for verification in found}
        return [
            NumberRequest(row.id, by_id[row.verification_id], row.encrypted)
            for row in asks
            if row.verification_id in by_id
        ]

    async def give_number(
        self,
        ask_id: int,
        offer: AssignedNumber,
        window_ends_at: datetime,
        inbox_after: int | None,
    ) -> None:
        await self._connection.execute(
            queries.SETTLE_ASK,
            {
                "which": ask_id,
                "state": GIVEN,
                "number": offer.number,
                "alternatives": list(offer.alternatives),
                "window_ends_at": window_ends_at,
                "inbox_after": inbox_after,
                "reference": offer.reference or None,
            },
        )
        await self._connection.execute(queries.NOTE_WINDOW, {"which": ask_id})

    async def fail_ask(self, ask_id: int, reason: GatewayReason) -> None:
        await self._connection.execute(queries.SETTLE_ASK, {"which": ask_id, "state": FAILED, "reason": reason})

    async def last_failure(self, verification_id: int) -> GatewayReason | None:
        """Why the newest requested number was not given, if it was not."""
        found = await self._connection.execute(queries.LAST_NUMBER, {"of": verification_id})
        row = found.one_or_none()
        return (
            known(GatewayReason, row.reason, GatewayReason.UNAVAILABLE)
            if row is not None and row.state == FAILED
            else None
        )

    async def failed_last(self, verification_ids: Collection[int]) -> set[int]:
        """Those of these whose newest requested number was not given."""
        found = await self._connection.execute(queries.FAILED_LAST, {"of": list(verification_ids)})
        return set(found.scalars())

    async def overdue(self, now: datetime, limit: int) -> list[Verification]:
        """Open ones whose windows have all closed and that wait for no number."""
        is_asking = exists().where(N.verification_id == V.id, N.state == ASKED)
        return await self._many(
            select(*queries.WITHOUT_ENCRYPTED)
            .where(tables.IS_OPEN, V.window_ends_at < now, not_(is_asking))
            .order_by(V.window_ends_at, V.id)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )

    async def shift_deadlines(self, seconds: float, now: datetime) -> list[int]:
        """Extend every window that was open before an outage; return whose they are."""
        before = now - timedelta(seconds=seconds)
        rows = await self._connection.execute(
            select(V.id, V.user_id).where(tables.IS_OPEN, V.window_ends_at > before).with_for_update(key_share=True)
        )
        users = {row.id: row.user_id for row in rows}
        if users:
            longer = literal(timedelta(seconds=seconds) // tables.MICROSECOND, BigInteger)
            await self._connection.execute(
                update(tables.numbers)
                .where(N.verification_id.in_(users), N.state == GIVEN, N.window_ends_at > before)
                # A damaged one beyond the calendar cannot be extended.
                .where(type_coerce(N.window_ends_at, BigInteger) < tables.LAST)
                .values(window_ends_at=N.window_ends_at.op("+")(longer))
            )
            await self._connection.execute(
                update(tables.verifications).where(V.id.in_(users)).values(window_ends_at=queries.LAST_WINDOW)
            )
        return list(users.values())

    async def check_windows(self, after: int, limit: int) -> int:
        """Correct the copy of when open ones' windows close, in case another version of the bot gave a number; for the
        next few after that id. Return the id at which to go on; 0 after the last."""
        rows = await self._connection.execute(
            select(V.id, V.window_ends_at, queries.LAST_WINDOW.label("last"))
            .where(tables.IS_OPEN, V.id > after)
            .order_by(V.id)
            .limit(limit)
        )
        checked = rows.all()
        wrong = [row.id for row in checked if row.window_ends_at != row.last]
        if wrong:
            await self._connection.execute(
                update(tables.verifications).where(V.id.in_(wrong)).values(window_ends_at=queries.LAST_WINDOW)
            )
        return checked[-1].id if len(checked) == limit else 0

    async def nearest_window_end(self, after: datetime) -> datetime | None:
        """The next end after `after` of a window whose verification is neither confirmed nor given up, or None."""
        found = await self._connection.execute(queries.NEAREST_WINDOW_END, {"after": after})
        nearest: datetime | None = found.scalar_one_or_none()
        return nearest

    async def open_references(self, after: datetime) -> list[str]:
        """The gateway's references of numbers whose windows end, or ended, after `after`, and whose verifications are
        neither confirmed nor given up."""
        found = await self._connection.execute(queries.OPEN_REFERENCES, {"after": after})
        return [reference for reference in found.scalars() if reference is not None]

    async def forget_phones(self, ended_before: datetime) -> None:
        """Drop the encrypted phones of attempts that ended earlier."""
        await self._connection.execute(
            update(tables.verifications)
            .where(V.encrypted.is_not(None), V.ended_at < ended_before)
            .values(encrypted=None)
        )

    async def _one(
        self, query: Select[tuple[object, ...]], values: dict[str, object] | None = None
    ) -> Verification | None:
        found = await self._many(query, values)
        return found[0] if found else None

    async def _many(
        self, query: Select[tuple[object, ...]], values: dict[str, object] | None = None
    ) -> list[Verification]:
        rows = (await self._connection.execute(query, values)).all()
        if not rows:
            return []
        numbers = await self._connection.execute(queries.NUMBERS_OF, {"of": [row.id for row in rows]})
        of: dict[int, list[Row[tuple[object, ...]]]] = {row.id: [] for row in rows}
        for number in numbers:
            of[number.verification_id].append(number)
        return readable(rows, lambda row: _verification(row, of[row.id]), self._note, tables.verifications)


def _verification(row: Row[tuple[object, ...]], numbers: list[Row[tuple[object, ...]]]) -> Verification:
    given = tuple(
        CallNumber(
            offer=AssignedNumber(number.number, tuple(number.alternatives or ()), number.reference or ""),
            asked_at=number.asked_at,
            window_ends_at=number.window_ends_at,
            inbox_after=number.inbox_after,
        )
        for number in numbers
        if number.state == GIVEN
    )
    return Verification(
        id=row.id,
        token=row.token,
        user_id=row.user_id,
        fingerprint=Fingerprint(row.fingerprint),
        mask=row.mask,
        region=row.region,
        state=VerificationState(row.state),
        opened_at=row.opened_at,
        ended_at=row.ended_at,
        reason=known(GatewayReason, row.reason, GatewayReason.UNAVAILABLE) if row.reason else None,
        numbers=given,
        asking=any(number.state == ASKED for number in numbers),
        kind=known(NumberKind, row.kind, NumberKind.UNKNOWN),
        gate_id=row.gate_id,
    )
