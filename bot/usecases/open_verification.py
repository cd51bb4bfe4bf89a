"""Starting a verification, and limiting requests for numbers."""

from __future__ import annotations

from datetime import datetime

from bot.clock import Clock
from bot.crypto import PhoneCipher, TokenGenerator
from bot.domain.contact import ContactRefusal
from bot.domain.delivery import Toast
from bot.domain.journal import Event
from bot.domain.limits import LONGEST_SPAN, next_opening
from bot.domain.people import Person
from bot.domain.phone import Fingerprint, Phone
from bot.domain.screen import ScreenName
from bot.domain.verification import Verification
from bot.usecases.admit import has_room, rejected_by_all_gates
from storage.store import Store

GATEWAY_FIRST = 0.7
"""Seconds the screen waits, so that a quick gateway's number appears at once, without a "please wait"."""


class StartVerification:
    """Starts an attempt with a number that is known to be the person's own.

    Each person and each phone has at most one open verification. One phone verifies one person, unless a gate at which
    they wait allows more. A phone that would open none of those gates is refused. Numbers are limited per person and
    per phone. The person's screen shows the outcome in any case.
    """

    def __init__(self, clock: Clock, phone_cipher: PhoneCipher, token_generator: TokenGenerator) -> None:
        self._clock = clock
        self._phone_cipher = phone_cipher
        self._token_generator = token_generator

    async def __call__(self, store: Store, person: Person, phone: Phone, *, fresh: bool) -> Toast:
        """Start it; return the toast. `fresh`: an answer other than progress comes as a new message."""
        now = self._clock.now()
        fingerprint = self._phone_cipher.fingerprint(phone)
        refusal = await rejected_by_all_gates(store, person.user_id, phone, now)
        if refusal is None and not await has_room(store, person.user_id, fingerprint, now):
            refusal = ContactRefusal.TAKEN
        if refusal is not None:
            return await self._refuse(store, person, refusal, now, fresh=fresh)
        rival = await store.verifications.open_by_phone(fingerprint)
        if rival is not None and rival.user_id != person.user_id:
            return await self._refuse(store, person, ContactRefusal.BUSY, now, fresh=fresh)
        mine = await store.verifications.open_of(person.user_id)
        if mine is not None and mine.fingerprint == fingerprint:
            await store.screens.show(person.user_id, person.chat_id, ScreenName.PROGRESS, now, fresh=True)
            return Toast.NOTHING
        if await is_limited(store, person, fingerprint, None, now, fresh=fresh):
            return Toast.LIMITED
        if mine is not None:
            await store.verifications.save(mine.cancel(now))
            store.journal.about(Event.CANCELLED, now, mine)
        waiting = (await store.requests.waiting_of_many([person.user_id])).get(person.user_id, [])
        gate_id = waiting[0][1].chat_id if waiting else None
        token = self._token_generator.token()
        verification = await store.verifications.add(
            token, person.user_id, phone, fingerprint, self._phone_cipher.encrypt(phone, token), now, gate_id
        )
        store.journal.about(Event.CONTACT_TAKEN, now, verification, code=phone.region)
        store.journal.about(Event.NUMBER_ASKED, now, verification)
        await store.screens.show(person.user_id, person.chat_id, ScreenName.PROGRESS, now, after=GATEWAY_FIRST)
        return Toast.TRYING_AGAIN

    async def _refuse(
        self, store: Store, person: Person, reason: ContactRefusal, now: datetime, *, fresh: bool
    ) -> Toast:
        store.journal.add(Event.CONTACT_REFUSED, now, user_id=person.user_id, code=reason)
        details = {"reason": reason}
        await store.screens.show(
            person.user_id, person.chat_id, ScreenName.CONTACT_REFUSED, now, details=details, fresh=fresh
        )
        return Toast.NOTHING


async def is_limited(
    store: Store,
    person: Person,
    fingerprint: Fingerprint,
    verification: Verification | None,
    now: datetime,
    *,
    fresh: bool = False,
) -> bool:
    """Return whether this person or phone has requested too many numbers lately; if so, their screen says until
    when."""
    asked = await store.verifications.asked_since(person.user_id, fingerprint, now - LONGEST_SPAN)
    opens_at = next_opening(asked, now)
    if opens_at is None:
        return False
    details: dict[str, str | int] = {"until": int(opens_at.timestamp())}
    if verification is not None:
        details["verification"] = verification.id
    store.journal.add(
        Event.LIMITED,
        now,
        user_id=person.user_id,
        verification_id=verification.id if verification else None,
    )
    # A number that is still valid stays on the screen.
    ends_at = verification.window_ends_at if verification is not None else None
    face = ScreenName.PROGRESS if ends_at is not None and now <= ends_at else ScreenName.LIMITED
    await store.screens.show(person.user_id, person.chat_id, face, now, details=details, fresh=fresh)
    return True
