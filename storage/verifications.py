"""Verifications and their call numbers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Row, Select, and_, bindparam, exists, func, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gateway import NOT_THE_PERSONS, GatewayReason, NumberOffer
from bot.domain.phone import Fingerprint, NumberKind, Phone
from bot.domain.verification import CallNumber, Verification, VerificationState
from bot.usecases.ports_people import NumberAsk
from storage import tables

V = tables.verifications.c
N = tables.numbers.c

ASKED, GIVEN, FAILED, DROPPED = "asked", "given", "failed", "dropped"
# Dropped: its verification ended first. The gateway may have been asked all the same, so it counts for the limits.
WITHOUT_SEALED = [column for column in tables.verifications.columns if column is not V.sealed]
OPEN_OF = select(*WITHOUT_SEALED).where(V.user_id == bindparam("whose"), V.state == VerificationState.OPEN)
LAST_WINDOW = select(func.max(N.window_ends_at)).where(N.verification_id == V.id, N.state == GIVEN).scalar_subquery()
FORGET_AT_ONCE = (VerificationState.CONFIRMED, VerificationState.CANCELLED)


class SqlVerifications:
    """See `bot.usecases.ports.Verifications`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        token: str,
        user_id: int,
        phone: Phone,
        fingerprint: Fingerprint,
        sealed: bytes,
        now: datetime,
        gate_id: int | None = None,
    ) -> Verification:
        added = await self._connection.execute(
            tables.verifications.insert()
            .values(
                token=token,
                user_id=user_id,
                fingerprint=fingerprint,
                mask=phone.mask,
                region=phone.region,
                kind=phone.kind,
                sealed=sealed,
                state=VerificationState.OPEN,
                opened_at=now,
                gate_id=gate_id,
            )
            .returning(V.id)
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
        return await self._one(select(*WITHOUT_SEALED).where(V.id == verification_id))

    async def get_many(self, verification_ids: Collection[int]) -> dict[int, Verification]:
        found = await self._many(select(*WITHOUT_SEALED).where(V.id.in_(verification_ids)))
        return {verification.id: verification for verification in found}

    async def by_token(self, token: str) -> Verification | None:
        return await self._one(select(*WITHOUT_SEALED).where(V.token == token))

    async def by_tokens(self, tokens: Collection[str]) -> list[Verification]:
        return await self._many(select(*WITHOUT_SEALED).where(V.token.in_(tokens)))

    async def open_of(self, user_id: int) -> Verification | None:
        return await self._one(OPEN_OF, {"whose": user_id})

    async def open_by_phone(self, fingerprint: Fingerprint) -> Verification | None:
        return await self._one(
            select(*WITHOUT_SEALED).where(V.fingerprint == fingerprint, V.state == VerificationState.OPEN)
        )

    async def latest_of_many(self, user_ids: Collection[int]) -> dict[int, Verification]:
        newest = select(func.max(V.id)).where(V.user_id.in_(user_ids)).group_by(V.user_id).scalar_subquery()
        found = await self._many(select(*WITHOUT_SEALED).where(V.id.in_(newest)))
        return {verification.user_id: verification for verification in found}

    async def unconfirmed_by_phone(self, fingerprint: Fingerprint, since: datetime) -> list[Verification]:
        states = (VerificationState.OPEN, VerificationState.EXPIRED)
        return await self._many(
            select(*WITHOUT_SEALED)
            .where(V.fingerprint == fingerprint, V.opened_at >= since, V.state.in_(states))
            .order_by(V.id.desc())
        )

    async def tried_by_phone(self, fingerprint: Fingerprint, limit: int) -> list[int]:
        found = await self._connection.execute(
            select(V.user_id)
            .where(V.fingerprint == fingerprint)
            .group_by(V.user_id)
            .order_by(func.max(V.id).desc())
            .limit(limit)
        )
        return list(found.scalars())

    async def save(self, verification: Verification) -> None:
        news: dict[str, object] = {
            "state": verification.state,
            "reason": verification.reason,
            "ended_at": verification.ended_at,
        }
        if verification.state in FORGET_AT_ONCE:
            news["sealed"] = None
        await self._connection.execute(update(tables.verifications).where(V.id == verification.id).values(**news))
        if not verification.is_open:
            await self._connection.execute(
                update(tables.numbers)
                .where(N.verification_id == verification.id, N.state == ASKED)
                .values(state=DROPPED)
            )

    async def sealed(self, verification_id: int) -> bytes | None:
        found = await self._connection.execute(select(V.sealed).where(V.id == verification_id))
        return found.scalar_one_or_none()

    async def ask_number(self, verification: Verification, now: datetime) -> None:
        await self._connection.execute(
            tables.numbers.insert().values(
                verification_id=verification.id,
                user_id=verification.user_id,
                fingerprint=verification.fingerprint,
                state=ASKED,
                asked_at=now,
            )
        )

    async def failed_since(self, user_id: int, since: datetime) -> int:
        found = await self._connection.execute(
            select(func.count()).where(
                V.user_id == user_id,
                V.ended_at > since,
                V.state.not_in((VerificationState.OPEN, VerificationState.CONFIRMED)),
            )
        )
        return found.scalar_one()

    async def asked_since(self, user_id: int, fingerprint: Fingerprint, since: datetime) -> list[datetime]:
        # Two statements, not one with OR: each has its own index.
        moments: dict[int, datetime] = {}
        for whose in (N.user_id == user_id, N.fingerprint == fingerprint):
            rows = await self._connection.execute(
                select(N.id, N.asked_at).where(
                    whose,
                    N.asked_at > since,
                    not_(and_(N.state == FAILED, N.reason.in_(NOT_THE_PERSONS))),
                )
            )
            moments.update({row.id: row.asked_at for row in rows})
        return list(moments.values())

    async def due_asks(self, now: datetime, limit: int, busy: Collection[int]) -> list[NumberAsk]:
        rows = await self._connection.execute(
            select(N.id, N.verification_id, V.sealed)
            .join(tables.verifications, V.id == N.verification_id)
            .where(
                N.state == ASKED,
                N.asked_at <= now,
                N.id.not_in(busy),
                V.state == VerificationState.OPEN,
                V.sealed.is_not(None),
            )
            .order_by(N.asked_at)
            .limit(limit)
        )
        asks = rows.all()
        if not asks:
            return []
        found = await self._many(select(*WITHOUT_SEALED).where(V.id.in_([row.verification_id for row in asks])))
        by_id = {verification.id: verification for verification in found}
        return [NumberAsk(row.id, by_id[row.verification_id], row.sealed) for row in asks]

    async def give_number(
        self,
        ask_id: int,
        offer: NumberOffer,
        window_ends_at: datetime,
        inbox_after: int | None,
    ) -> None:
        await self._connection.execute(
            update(tables.numbers)
            .where(N.id == ask_id, N.state == ASKED)
            .values(
                state=GIVEN,
                number=offer.number,
                alternatives=list(offer.alternatives),
                window_ends_at=window_ends_at,
                inbox_after=inbox_after,
            )
        )
        its_verification = select(N.verification_id).where(N.id == ask_id, N.state == GIVEN).scalar_subquery()
        await self._connection.execute(
            update(tables.verifications).where(V.id == its_verification).values(window_ends_at=LAST_WINDOW)
        )

    async def fail_ask(self, ask_id: int, reason: GatewayReason) -> None:
        await self._connection.execute(
            update(tables.numbers).where(N.id == ask_id, N.state == ASKED).values(state=FAILED, reason=reason)
        )

    async def last_failure(self, verification_id: int) -> GatewayReason | None:
        found = await self._connection.execute(
            select(N.state, N.reason).where(N.verification_id == verification_id).order_by(N.id.desc()).limit(1)
        )
        row = found.one_or_none()
        return GatewayReason(row.reason) if row is not None and row.state == FAILED else None

    async def failed_last(self, verification_ids: Collection[int]) -> set[int]:
        newest = select(func.max(N.id)).where(N.verification_id.in_(verification_ids)).group_by(N.verification_id)
        found = await self._connection.execute(
            select(N.verification_id).where(N.id.in_(newest.scalar_subquery()), N.state == FAILED)
        )
        return set(found.scalars())

    async def overdue(self, now: datetime, limit: int) -> list[Verification]:
        is_asking = exists().where(N.verification_id == V.id, N.state == ASKED)
        return await self._many(
            select(*WITHOUT_SEALED)
            .where(tables.IS_OPEN, V.window_ends_at < now, not_(is_asking))
            .order_by(V.window_ends_at, V.id)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )

    async def check_windows(self, after: int, limit: int) -> int:
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
        found = await self._connection.execute(
            select(V.window_ends_at)
            .where(tables.MAY_BE_CALLED, V.window_ends_at > after)
            .order_by(V.window_ends_at)
            .limit(1)
        )
        nearest: datetime | None = found.scalar_one_or_none()
        return nearest

    async def forget_phones(self, ended_before: datetime) -> None:
        await self._connection.execute(
            update(tables.verifications).where(V.sealed.is_not(None), V.ended_at < ended_before).values(sealed=None)
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
        numbers = await self._connection.execute(
            select(tables.numbers)
            .where(N.verification_id.in_([row.id for row in rows]), N.state.in_((ASKED, GIVEN)))
            .order_by(N.id)
        )
        of: dict[int, list[Row[tuple[object, ...]]]] = {row.id: [] for row in rows}
        for number in numbers:
            of[number.verification_id].append(number)
        return [_verification(row, of[row.id]) for row in rows]


def _verification(row: Row[tuple[object, ...]], numbers: list[Row[tuple[object, ...]]]) -> Verification:
    given = tuple(
        CallNumber(
            offer=NumberOffer(number.number, tuple(number.alternatives)),
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
        reason=GatewayReason(row.reason) if row.reason else None,
        numbers=given,
        asking=any(number.state == ASKED for number in numbers),
        kind=NumberKind(row.kind),
        gate_id=row.gate_id,
    )
