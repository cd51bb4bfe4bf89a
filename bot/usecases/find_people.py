"""Search for people, by operators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.crypto import PhoneCipher
from bot.domain.operator_pages import HISTORY, NoResultsReason
from bot.domain.phone import Phone
from bot.numbering import NumberingPlan
from storage.store import Store

MOST_FOUND = 200
LONGEST_ID = 15
USERNAME = re.compile(r"(?:@|(?:https?://)?t(?:elegram)?\.me/)?([a-z][a-z0-9_]{2,31})", re.IGNORECASE)
"""Telegram's user names, with possible prefixes."""
ID = re.compile(rf"(?:id\s*)?([0-9]{{1,{LONGEST_ID}}})", re.IGNORECASE)
PHONE_DIGITS = 7
"""With fewer it is no phone number."""
TEL = re.compile(r"^tel:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Search:
    """The people found, or why nobody was. `held_phone`: the query may contain a phone number. `phones`: the numbers
    that it could be, masked."""

    user_ids: tuple[int, ...] = ()
    why: NoResultsReason = NoResultsReason.NOTHING_ASKED
    held_phone: bool = False
    phones: tuple[str, ...] = ()


class FindPeople:
    """Searches by Telegram id, user name, or phone number in any format. Digits alone may be an id or a phone: both are
    looked up. The phone is not stored: its fingerprint is compared with those of verified phones and attempts."""

    def __init__(self, phones: NumberingPlan, phone_cipher: PhoneCipher) -> None:
        self._phones = phones
        self._phone_cipher = phone_cipher

    async def __call__(self, store: Store, asked: str) -> Search:
        asked = asked.strip()
        if not asked:
            return Search()
        if (digits := ID.fullmatch(asked)) is not None:
            return await self._number(store, asked, int(digits[1]))
        if (name := USERNAME.fullmatch(asked)) is not None:
            found = await find_by_username(store, self._phone_cipher, name[1])
            return Search((found,)) if found is not None else Search(why=NoResultsReason.NAME)
        held_phone = may_hold_phone(asked)
        number = TEL.sub("", asked)
        if any(char.isalpha() for char in number) or not any(char.isdigit() for char in number):
            return Search(why=NoResultsReason.NOT_UNDERSTOOD, held_phone=held_phone)
        phones = self._phones.readings(number)
        if not phones:
            return Search(why=NoResultsReason.UNREADABLE, held_phone=True)
        return Search(
            await self._of_phones(store, phones), NoResultsReason.PHONE, held_phone=True, phones=_masks(phones)
        )

    async def _number(self, store: Store, asked: str, user_id: int) -> Search:
        by_id = (user_id,) if user_id > 0 and await is_known(store, user_id) else ()
        phones = self._phones.readings(asked) if asked.isdigit() else ()
        by_phone = await self._of_phones(store, phones)
        found = tuple(dict.fromkeys((*by_id, *by_phone)))
        # Somebody's id may look like a number; then it is not meant as one.
        held_phone = bool(by_phone) or (bool(phones) and not by_id)
        return Search(found, NoResultsReason.NUMBER if phones else NoResultsReason.ID, held_phone, _masks(phones))

    async def _of_phones(self, store: Store, phones: Sequence[Phone]) -> tuple[int, ...]:
        """Return the people whom these phones verified, by rank, then those who tried to verify with them."""
        found: list[int] = []
        for phone in phones:
            fingerprint = self._phone_cipher.fingerprint(phone)
            found += [owner.user_id for owner in await store.phones.owners(fingerprint)]
            found += await store.verifications.tried_by_phone(fingerprint, MOST_FOUND)
        return tuple(dict.fromkeys(found))[:MOST_FOUND]


def _masks(phones: Sequence[Phone]) -> tuple[str, ...]:
    """Mask each, with its country."""
    return tuple(f"{phone.mask} {phone.region}".strip() for phone in phones)


def may_hold_phone(text: str) -> bool:
    """Return whether the text may contain a phone number."""
    return sum(char.isdigit() for char in text) >= PHONE_DIGITS


def only_phone(text: str, phones: NumberingPlan) -> Phone | None:
    """Return the phone if the text is one and nothing else; otherwise None."""
    number = TEL.sub("", text.strip())
    return None if any(char.isalpha() for char in number) else next(iter(phones.readings(number)), None)


async def is_known(store: Store, user_id: int) -> bool:
    """Return whether anything is stored about a person with this id."""
    return bool(
        await store.people.get_many([user_id])
        or await store.requests.of_person(user_id)
        or await store.overrides.of_person(user_id)
        or await store.journal.of_person(user_id, HISTORY, 1)
    )


async def find_by_username(store: Store, phone_cipher: PhoneCipher, username: str) -> int | None:
    """Return the person with this user name, in any case; rows of an earlier version count too."""
    name = username.lower()
    found = await store.people.by_username(phone_cipher.username_digest(name))
    return found if found is not None else await store.people.by_username(phone_cipher.earlier_digest(name))
