"""People, and the phones that verified them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.phone import Fingerprint
from bot.usecases.ports import Person, VerifiedPhone
from storage import tables
from storage.statements import upsert

PEOPLE = tables.people.c
PHONES = tables.verified_phones.c
PHONE = select(PHONES.user_id, PHONES.fingerprint, PHONES.mask, PHONES.verification_id)
PHONE_OF = PHONE.where(PHONES.user_id == bindparam("whose"))


class SqlPeople:
    """See `bot.usecases.ports.People`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def meet(self, user_id: int, chat_id: int, language: str, now: datetime, *, wrote: bool) -> Person:
        news = ("chat_id", "language", "can_be_written") if wrote else ("chat_id", "language")
        kept = await self._connection.execute(
            upsert(self._connection, tables.people, *news).returning(PEOPLE.can_be_written),
            {"user_id": user_id, "chat_id": chat_id, "language": language, "can_be_written": wrote, "met_at": now},
        )
        return Person(user_id, chat_id, language, kept.scalar_one())

    async def lock(self, user_id: int) -> Person | None:
        row = await self._connection.execute(select(tables.people).where(PEOPLE.user_id == user_id).with_for_update())
        found = row.one_or_none()
        return None if found is None else _person(found)

    async def get_many(self, user_ids: Collection[int]) -> dict[int, Person]:
        rows = await self._connection.execute(select(tables.people).where(PEOPLE.user_id.in_(user_ids)))
        return {row.user_id: _person(row) for row in rows}

    async def lost(self, user_ids: Collection[int]) -> None:
        await self._connection.execute(
            update(tables.people).where(PEOPLE.user_id.in_(user_ids)).values(can_be_written=False)
        )


class SqlVerifiedPhones:
    """See `bot.usecases.ports.VerifiedPhones`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, user_id: int) -> VerifiedPhone | None:
        row = (await self._connection.execute(PHONE_OF, {"whose": user_id})).one_or_none()
        return None if row is None else _phone(row)

    async def of_many(self, user_ids: Collection[int]) -> dict[int, VerifiedPhone]:
        rows = await self._connection.execute(PHONE.where(PHONES.user_id.in_(user_ids)))
        return {row.user_id: _phone(row) for row in rows}

    async def owner(self, fingerprint: Fingerprint) -> int | None:
        found = await self._connection.execute(select(PHONES.user_id).where(PHONES.fingerprint == fingerprint))
        return found.scalar_one_or_none()

    async def add(self, phone: VerifiedPhone, region: str, now: datetime) -> None:
        await self._connection.execute(
            tables.verified_phones.insert().values(
                fingerprint=phone.fingerprint,
                user_id=phone.user_id,
                mask=phone.mask,
                region=region,
                verification_id=phone.verification_id,
                verified_at=now,
            )
        )


def _person(row: Row[tuple[object, ...]]) -> Person:
    return Person(row.user_id, row.chat_id, row.language, row.can_be_written)


def _phone(row: Row[Any, Any, Any, Any]) -> VerifiedPhone:
    return VerifiedPhone(row.user_id, Fingerprint(row.fingerprint), row.mask, row.verification_id)
