"""Verifications and their call numbers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gateway import NOT_THE_PERSONS, AssignedNumber, GatewayReason
from bot.domain.people import NumberRequest
from bot.domain.phone import Fingerprint, NumberKind, Phone
from bot.domain.verification import CallNumber, Verification, VerificationState
from storage.sql import tables
from storage.sql.unreadable import NoteUnreadable, known, pass_over, readable

V = tables.verifications.c
N = tables.numbers.c

ASKED, GIVEN, FAILED, DROPPED = "asked", "given", "failed", "dropped"
# Dropped: its verification ended first. The gateway may have been asked all the same, so it counts towards the limits.
WITHOUT_ENCRYPTED = [column for column in tables.verifications.columns if column is not V.encrypted]
ATTEMPT = select(*WITHOUT_ENCRYPTED)
BY_ID = ATTEMPT.where(V.id == bindparam("which"))
BY_IDS = ATTEMPT.where(V.id.in_(bindparam("which", expanding=True)))
BY_TOKEN = ATTEMPT.where(V.token == bindparam("named"))
BY_TOKENS = ATTEMPT.where(V.token.in_(bindparam("named", expanding=True)))
OPEN_OF = ATTEMPT.where(V.user_id == bindparam("whose"), V.state == VerificationState.OPEN)
OPEN_BY_PHONE = ATTEMPT.where(V.fingerprint == bindparam("phone"), V.state == VerificationState.OPEN)
LATEST_OF = ATTEMPT.where(
    V.id.in_(
        select(func.max(V.id))
        .where(V.user_id.in_(bindparam("whose", expanding=True)))
        .group_by(V.user_id)
        .scalar_subquery()
    )
)
IS_AWAITED = or_(
    # An open one is never too old: the clock may have been set forward since.
    tables.IS_OPEN,
    and_(V.opened_at >= bindparam("since"), V.state == VerificationState.EXPIRED),
)
UNCONFIRMED_BY_PHONE = ATTEMPT.where(
    V.fingerprint == bindparam("phone"),
    IS_AWAITED,
).order_by(V.id.desc())
ADD = tables.verifications.insert().returning(V.id)
SAVE = update(tables.verifications).where(V.id == bindparam("which"))
ASK = tables.numbers.insert()
DROP_ASKS = update(tables.numbers).where(N.verification_id == bindparam("of"), N.state == ASKED).values(state=DROPPED)
NUMBERS_OF = (
    select(tables.numbers)
    .where(N.verification_id.in_(bindparam("of", expanding=True)), N.state.in_((ASKED, GIVEN)))
    .order_by(N.id)
)
FAILED_SINCE = select(func.count()).where(
    V.user_id == bindparam("whose"),
    V.ended_at > bindparam("since"),
    V.state.not_in((VerificationState.OPEN, VerificationState.CONFIRMED)),
)
ASKED_SINCE = select(N.id, N.asked_at).where(
    N.asked_at > bindparam("since"), not_(and_(N.state == FAILED, N.reason.in_(NOT_THE_PERSONS)))
)
ASKED_BY = ASKED_SINCE.where(N.user_id == bindparam("whose"))
ASKED_FOR = ASKED_SINCE.where(N.fingerprint == bindparam("phone"))
DUE_ASKS = (
    select(N.id, N.verification_id, V.encrypted)
    .join(tables.verifications, V.id == N.verification_id)
    .where(
        N.state == ASKED,
        N.asked_at <= bindparam("now"),
        N.id.not_in(bindparam("busy", expanding=True)),
        V.state == VerificationState.OPEN,
        V.encrypted.is_not(None),
    )
    .order_by(N.asked_at)
    .limit(bindparam("at_most"))
)
# The parameters' names are the columns that these set.
SETTLE_ASK = update(tables.numbers).where(N.id == bindparam("which"), N.state == ASKED)
BY_REFERENCE = select(N.verification_id).where(N.reference == bindparam("named"), N.state == GIVEN).distinct().limit(2)
LAST_NUMBER = select(N.state, N.reason).where(N.verification_id == bindparam("of")).order_by(N.id.desc()).limit(1)
FAILED_LAST = select(N.verification_id).where(
    N.id.in_(
        select(func.max(N.id))
        .where(N.verification_id.in_(bindparam("of", expanding=True)))
        .group_by(N.verification_id)
        .scalar_subquery()
    ),
    N.state == FAILED,
)
NEAREST_WINDOW_END = (
    select(V.window_ends_at)
    .where(tables.MAY_BE_CALLED, V.window_ends_at > bindparam("after"))
    .order_by(V.window_ends_at)
    .limit(1)
)
LAST_WINDOW = select(func.max(N.window_ends_at)).where(N.verification_id == V.id, N.state == GIVEN).scalar_subquery()
ITS_VERIFICATION = select(N.verification_id).where(N.id == bindparam("which"), N.state == GIVEN).scalar_subquery()
NOTE_WINDOW = update(tables.verifications).where(V.id == ITS_VERIFICATION).values(window_ends_at=LAST_WINDOW)
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
            ADD,
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
        return await self._one(BY_ID, {"which": verification_id})

    async def get_many(self, verification_ids: Collection[int]) -> dict[int, Verification]:
        found = await self._many(BY_IDS, {"which": list(verification_ids)})
        return {verification.id: verification for verification in found}

    async def by_token(self, token: str) -> Verification | None:
        return await self._one(BY_TOKEN, {"named": token})

    async def by_tokens(self, tokens: Collection[str]) -> list[Verification]:
        return await self._many(BY_TOKENS, {"named": list(tokens)})

    async def open_of(self, user_id: int) -> Verification | None:
        return await self._one(OPEN_OF, {"whose": user_id})

    async def open_by_phone(self, fingerprint: Fingerprint) -> Verification | None:
        return await self._one(OPEN_BY_PHONE, {"phone": fingerprint})

    async def latest_of_many(self, user_ids: Collection[int]) -> dict[int, Verification]:
        found = await self._many(LATEST_OF, {"whose": list(user_ids)})
        return {verification.user_id: verification for verification in found}

    async def unconfirmed_by_phone(self, fingerprint: Fingerprint, since: datetime) -> list[Verification]:
        """Open or expired ones opened after `since`, newest first."""
        return await self._many(UNCONFIRMED_BY_PHONE, {"phone": fingerprint, "since": since})

    async def by_reference(self, reference: str) -> Verification | None:
        """The one that has a number with this reference of the gateway; None if none has, or several."""
        found = list((await self._connection.execute(BY_REFERENCE, {"named": reference})).scalars())
        return await self.get(found[0]) if len(found) == 1 else None

    async def awaiting(self, called: str | None, now: datetime, limit: int) -> list[Verification]:
        """Open ones that show, or showed, the number `called` (`+` and digits), and in whose window it is."""
        numbers = select(N.verification_id).where(N.window_ends_at >= now)
        if called is not None:
            numbers = numbers.where(N.number == called)
        return await self._many(
            select(*WITHOUT_ENCRYPTED)
            .where(V.id.in_(numbers), V.state == VerificationState.OPEN)
            .order_by(V.id.desc())
            .limit(limit)
        )

    async def awaited_regions(self, since: datetime) -> set[str]:
        """The countries of the phones whose calls the bot waits for, in attempts begun since then."""
        found = await self._connection.execute(select(V.region).where(IS_AWAITED).distinct(), {"since": since})
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
        await self._connection.execute(SAVE, {"which": verification.id, **news})
        if not verification.is_open:
            await self._connection.execute(DROP_ASKS, {"of": verification.id})

    async def encrypted(self, verification_id: int) -> bytes | None:
        found = await self._connection.execute(select(V.encrypted).where(V.id == verification_id))
        return found.scalar_one_or_none()

    async def ask_number(self, verification: Verification, now: datetime) -> None:
        await self._connection.execute(
            ASK,
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
        found = await self._connection.execute(FAILED_SINCE, {"whose": user_id, "since": since})
        return found.scalar_one()

    async def asked_since(self, user_id: int, fingerprint: Fingerprint, since: datetime) -> list[datetime]:
        """When this person or this phone requested numbers that count towards the limits."""
        # Two statements, not one with OR: each has its own index.
        moments: dict[int, datetime] = {}
        for query in (ASKED_BY, ASKED_FOR):
            rows = await self._connection.execute(query, {"whose": user_id, "phone": fingerprint, "since": since})
            moments.update({row.id: row.asked_at for row in rows})
        return list(moments.values())

    async def due_asks(self, now: datetime, limit: int, busy: Collection[int]) -> list[NumberRequest]:
        rows = await self._connection.execute(DUE_ASKS, {"now": now, "busy": list(busy), "at_most": limit})
        asks = rows.all()
        if not asks:
            return []
        found = await self._many(BY_IDS, {"which": [row.verification_id for row in asks]})
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
            SETTLE_ASK,
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
        await self._connection.execute(NOTE_WINDOW, {"which": ask_id})

    async def fail_ask(self, ask_id: int, reason: GatewayReason) -> None:
        await self._connection.execute(SETTLE_ASK, {"which": ask_id, "state": FAILED, "reason": reason})

    async def last_failure(self, verification_id: int) -> GatewayReason | None:
        """Why the newest requested number was not given, if it was not."""
        found = await self._connection.execute(LAST_NUMBER, {"of": verification_id})
        row = found.one_or_none()
        return (
            known(GatewayReason, row.reason, GatewayReason.UNAVAILABLE)
            if row is not None and row.state == FAILED
            else None
        )

    async def failed_last(self, verification_ids: Collection[int]) -> set[int]:
        """Those of these whose newest requested number was not given."""
        found = await self._connection.execute(FAILED_LAST, {"of": list(verification_ids)})
        return set(found.scalars())

    async def overdue(self, now: datetime, limit: int) -> list[Verification]:
        """Open ones whose windows have all closed and that wait for no number."""
        is_asking = exists().where(N.verification_id == V.id, N.state == ASKED)
        return await self._many(
            select(*WITHOUT_ENCRYPTED)
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
                update(tables.verifications).where(V.id.in_(users)).values(window_ends_at=LAST_WINDOW)
            )
        return list(users.values())

    async def check_windows(self, after: int, limit: int) -> int:
        """Correct the copy of when open ones' windows close, in case another version of the bot gave a number; for the
        next few after that id. Return the id at which to go on; 0 after the last."""
        rows = await self._connection.execute(
            select(V.id, V.window_ends_at, LAST_WINDOW.label("last"))
            .where(tables.IS_OPEN, V.id > after)
            .order_by(V.id)
            .limit(limit)
        )
        checked = rows.all()
        wrong = [row.id for row in checked if row.window_ends_at != row.last]
        if wrong:
            await self._connection.execute(
                update(tables.verifications).where(V.id.in_(wrong)).values(window_ends_at=LAST_WINDOW)
            )
        return checked[-1].id if len(checked) == limit else 0

    async def nearest_window_end(self, after: datetime) -> datetime | None:
        """The next end after `after` of a window whose verification is neither confirmed nor given up, or None."""
        found = await self._connection.execute(NEAREST_WINDOW_END, {"after": after})
        nearest: datetime | None = found.scalar_one_or_none()
        return nearest

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
        numbers = await self._connection.execute(NUMBERS_OF, {"of": [row.id for row in rows]})
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
