"""Search for people, by operators, and where each of them stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.crypto import PhoneCipher
from bot.domain.admin_actions import AdminActionKind
from bot.domain.gates import RequestState
from bot.domain.operator_pages import AT_A_GATE, EVERYWHERE, HISTORY, TO_STRANGERS, NoResultsReason
from bot.domain.people_pages import MemberCard
from bot.domain.phone import Phone
from bot.features.moderation.views import applicants
from bot.features.operators.registry import find_by_username
from bot.numbering import TEL, NumberingPlan, may_hold_phone
from storage.store import Store

MOST_FOUND = 200
LONGEST_ID = 15
USERNAME = re.compile(r"(?:@|(?:https?://)?t(?:elegram)?\.me/)?([a-z][a-z0-9_]{2,31})", re.IGNORECASE)
"""Telegram's user names, with possible prefixes."""
ID = re.compile(rf"(?:id\s*)?([0-9]{{1,{LONGEST_ID}}})", re.IGNORECASE)


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


async def is_known(store: Store, user_id: int) -> bool:
    """Return whether anything is stored about a person with this id."""
    return bool(
        await store.people.get_many([user_id])
        or await store.requests.of_person(user_id)
        or await store.overrides.of_person(user_id)
        or await store.journal.of_person(user_id, HISTORY, 1)
    )


async def at_gates(store: Store, user_id: int) -> list[MemberCard]:
    """Return their card at each gate: first where they asked to enter, newest first; then the others, by title. Without
    phone and history."""
    requests = await store.requests.of_person(user_id)
    decisions = await store.overrides.of_person(user_id)
    runs = {gate.chat_id for gate in await store.admins.gates_of(user_id)}
    waiting = [request for request in requests if request.state is RequestState.WAITING]
    found = await applicants(store, waiting)
    waits = {request.gate_id: applicant for request, applicant in zip(waiting, found, strict=True)}
    asked = {request.gate_id: request for request in requests}
    order = {request.gate_id: at for at, request in enumerate(requests)}
    gates = sorted(
        await store.gates.all(),
        key=lambda gate: (order.get(gate.chat_id, len(order)), gate.chat_id not in decisions, gate.title.casefold()),
    )
    return [
        MemberCard(
            gate,
            user_id,
            asked[gate.chat_id].name if gate.chat_id in asked else "",
            is_known=gate.chat_id in asked,
            is_admin=gate.chat_id in runs,
            state=asked[gate.chat_id].state if gate.chat_id in asked else None,
            asked_at=asked[gate.chat_id].requested_at if gate.chat_id in asked else None,
            applicant=waits.get(gate.chat_id),
            decision=decisions.get(gate.chat_id),
        )
        for gate in gates
    ]


def has_anything(at: MemberCard) -> bool:
    """Return whether the gate knows a request or decision of theirs."""
    return at.is_known or at.decision is not None


def where_possible(places: Sequence[MemberCard], act: AdminActionKind) -> list[MemberCard]:
    """Return the gates where this action is possible now and the bot has its rights."""
    return [at for at in places if at.gate.is_on and act in at.possible and (act in TO_STRANGERS or has_anything(at))]


def possible_acts(places: Sequence[MemberCard]) -> tuple[AdminActionKind, ...]:
    """Return the actions that are possible at any gate."""
    return tuple(act for act in AT_A_GATE if where_possible(places, act))


def chosen(places: Sequence[MemberCard], act: AdminActionKind, gate_id: int) -> list[MemberCard]:
    """Return where to apply the action: at this gate, or, for 0, wherever possible."""
    possible = where_possible(places, act)
    if gate_id:
        return [at for at in possible if at.gate.chat_id == gate_id]
    return possible if act in EVERYWHERE else []
