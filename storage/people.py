"""People and their verified phones."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Row, bindparam, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.crypto import Pseudonymizer
from bot.domain.eligibility import VerifiedPhone
from bot.domain.people import ErasedOwner, Person
from bot.domain.phone import Fingerprint, NumberKind
from storage.retention import purge_passed_over
from storage.sql import tables
from storage.sql.statements import upsert
from storage.sql.unreadable import known

PEOPLE = tables.people.c
PHONES = tables.verified_phones.c
FORGOTTEN = tables.erased_phones.c
REQUESTS = tables.join_requests.c
OTHERS = tables.people.alias("others").c
IS_ANOTHERS = exists().where(OTHERS.username_digest == bindparam("named"), OTHERS.user_id != bindparam("whose"))
"""Whether the user name belongs to somebody else too."""
MET = (PEOPLE.can_be_written, IS_ANOTHERS.label("is_anothers"))
TAKE_USERNAME = (
    update(tables.people)
    .where(PEOPLE.username_digest == bindparam("named"), PEOPLE.user_id != bindparam("whose"))
    .values(username_digest=None)
)
NAMED = (
    select(PEOPLE.user_id)
    .where(PEOPLE.username_digest == bindparam("named"))
    # Two people may have it if both reported it at the same moment.
    .order_by(PEOPLE.met_at.desc(), PEOPLE.user_id.desc())
    .limit(1)
)
THESE_PEOPLE = select(tables.people).where(PEOPLE.user_id.in_(bindparam("whose", expanding=True)))
LOST = update(tables.people).where(PEOPLE.user_id.in_(bindparam("whose", expanding=True))).values(can_be_written=False)
PHONE = select(tables.verified_phones)
PHONE_OF = PHONE.where(PHONES.user_id == bindparam("whose"))
PHONES_OF = PHONE.where(PHONES.user_id.in_(bindparam("whose", expanding=True)))
OWNERS = PHONE.where(PHONES.fingerprint == bindparam("of")).order_by(PHONES.rank)
DROP_PHONE = delete(tables.verified_phones).where(PHONES.user_id == bindparam("whose"))
# It sets the column `is_verified`, whose name is one of the parameters.
NOTE_AT_REQUESTS = update(tables.join_requests).where(REQUESTS.user_id == bindparam("whose"))
FORGOTTEN_OWNERS = (
    select(FORGOTTEN.rank, FORGOTTEN.owner_mark).where(FORGOTTEN.phone_mark == bindparam("of")).order_by(FORGOTTEN.rank)
)
OWNER_IS_BACK = delete(tables.erased_phones).where(FORGOTTEN.owner_mark == bindparam("whose"))


class People:
    """Everyone the bot has met."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def meet(
        self, user_id: int, chat_id: int, language: str, now: datetime, *, wrote: bool, username: str | None = None
    ) -> Person:
        """Store (and lock, for this transaction) a person. `wrote`: they just wrote to the bot in private.

        `username` is a digest by which others can find them, empty when they have none; the name itself is not stored.
        A previous holder loses the name: names change hands.
        """
        values: dict[str, object] = {"chat_id": chat_id, "language": language, "can_be_written": wrote}
        news = ["chat_id", "language", *(["can_be_written"] if wrote else [])]
        if username is not None:
            values["username_digest"] = username or None
            news.append("username_digest")
        kept = await self._connection.execute(
            upsert(self._connection, tables.people, *news, returned=MET),
            {"user_id": user_id, "met_at": now, "whose": user_id, "named": username or None, **values},
        )
        row = kept.one()
        if username and row.is_anothers:
            # This update has the newest user name.
            await self._connection.execute(TAKE_USERNAME, {"named": username, "whose": user_id})
        return Person(user_id, chat_id, language, row.can_be_written)

    async def by_username(self, digest: str) -> int | None:
        """The person with this user name."""
        found = await self._connection.execute(NAMED, {"named": digest})
        return found.scalar_one_or_none()

    async def lock(self, user_id: int) -> Person | None:
        """The person, locked until this transaction ends."""
        row = await self._connection.execute(
            select(tables.people).where(PEOPLE.user_id == user_id).with_for_update(key_share=True)
        )
        found = row.one_or_none()
        return None if found is None else _person(found)

    async def get_many(self, user_ids: Collection[int]) -> dict[int, Person]:
        rows = await self._connection.execute(THESE_PEOPLE, {"whose": list(user_ids)})
        return {row.user_id: _person(row) for row in rows}

    async def lost(self, user_ids: Collection[int]) -> None:
        """Mark these as unreachable."""
        await self._connection.execute(LOST, {"whose": list(user_ids)})


class VerifiedPhones:
    """Which phone verified whom; one phone, one person."""

    def __init__(self, connection: AsyncConnection, pseudonymizer: Pseudonymizer | None = None) -> None:
        self._connection = connection
        self._pseudonymizer = pseudonymizer

    async def of(self, user_id: int) -> VerifiedPhone | None:
        row = (await self._connection.execute(PHONE_OF, {"whose": user_id})).one_or_none()
        return None if row is None else phone(row)

    async def of_many(self, user_ids: Collection[int]) -> dict[int, VerifiedPhone]:
        rows = await self._connection.execute(PHONES_OF, {"whose": list(user_ids)})
        return {row.user_id: phone(row) for row in rows}

    async def owners(self, fingerprint: Fingerprint) -> list[VerifiedPhone]:
        """Everybody whom this phone verified, by rank."""
        rows = await self._connection.execute(OWNERS, {"of": fingerprint})
        return [phone(row) for row in rows]

    async def forgotten_owners(self, fingerprint: Fingerprint, user_id: int) -> list[ErasedOwner]:
        """Those whom it verified and who were erased since, by rank; each says whether it is `user_id`."""
        if self._pseudonymizer is None:
            return []
        mine = self._pseudonymizer.owner(fingerprint, user_id)
        rows = await self._connection.execute(FORGOTTEN_OWNERS, {"of": self._pseudonymizer.phone(fingerprint)})
        return [ErasedOwner(row.rank, row.owner_mark == mine) for row in rows]

    async def put(self, phone: VerifiedPhone) -> None:
        """Store it, in place of the one that verified this person before."""
        if self._pseudonymizer is not None:
            mine = self._pseudonymizer.owner(phone.fingerprint, phone.user_id)
            await self._connection.execute(OWNER_IS_BACK, {"whose": mine})
        values: dict[str, object] = {
            "fingerprint": phone.fingerprint,
            "mask": phone.mask,
            "region": phone.region,
            "kind": phone.kind,
            "rank": phone.rank,
            "verification_id": phone.verification_id,
            "verified_at": phone.verified_at,
        }
        await self._connection.execute(
            upsert(self._connection, tables.verified_phones, *values), {"user_id": phone.user_id, **values}
        )
        await self._note_at_requests(phone.user_id, is_verified=True)
        await purge_passed_over(self._connection, phone.user_id)

    async def drop(self, user_id: int) -> None:
        """Remove this person's verified phone."""
        await self._connection.execute(DROP_PHONE, {"whose": user_id})
        await self._note_at_requests(user_id, is_verified=False)
        await purge_passed_over(self._connection, user_id)

    async def _note_at_requests(self, user_id: int, *, is_verified: bool) -> None:
        await self._connection.execute(NOTE_AT_REQUESTS, {"whose": user_id, "is_verified": is_verified})


def _person(row: Row[tuple[object, ...]]) -> Person:
    return Person(row.user_id, row.chat_id, row.language, row.can_be_written)


def phone(row: Row[tuple[object, ...]]) -> VerifiedPhone:
    """The phone of a row that has all its columns."""
    return VerifiedPhone(
        user_id=row.user_id,
        fingerprint=Fingerprint(row.fingerprint),
        mask=row.mask,
        verification_id=row.verification_id,
        region=row.region,
        kind=known(NumberKind, row.kind, NumberKind.UNKNOWN),
        rank=row.rank,
        verified_at=row.verified_at,
    )
