"""A person shares a contact; what they do with the attempt that it starts: another number, cancel, show the screen."""

from __future__ import annotations

from bot.crypto import PhoneCipher, TokenGenerator
from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.people import Person
from bot.domain.phone import ContactRefusal, Fingerprint, Phone, SharedContact
from bot.domain.screens import ScreenName
from bot.domain.tasks import DeleteMessage
from bot.domain.verification import LONGEST_SPAN, Verification, next_opening
from bot.features.verification.accounts import has_room, needs_call, rejected_by_all_gates
from bot.numbering import NumberingPlan
from storage.store import Store

GATEWAY_FIRST = 0.7
"""Seconds the screen waits, so that a quick gateway's number appears at once, without a "please wait"."""


class StartVerification:
    """Starts an attempt with a number that is known to be the person's own.

    Each person and each phone has at most one open verification. One phone verifies one person, unless a gate at which
    they wait allows more. A phone that would open none of those gates is refused. Numbers are limited per person and
    per phone. The person's screen shows the outcome in any case.
    """

    def __init__(self, phone_cipher: PhoneCipher, token_generator: TokenGenerator) -> None:
        self._phone_cipher = phone_cipher
        self._token_generator = token_generator

    async def __call__(self, store: Store, person: Person, phone: Phone, *, fresh: bool) -> Toast:
        """Start it; return the toast. `fresh`: an answer other than progress comes as a new message."""
        now = store.now
        fingerprint = self._phone_cipher.fingerprint(phone)
        refusal = await rejected_by_all_gates(store, person.user_id, phone)
        if refusal is None and not await has_room(store, person.user_id, fingerprint):
            refusal = ContactRefusal.TAKEN
        if refusal is not None:
            return await self._refuse(store, person, refusal, fresh=fresh)
        rival = await store.verifications.open_by_phone(fingerprint)
        if rival is not None and rival.user_id != person.user_id:
            return await self._refuse(store, person, ContactRefusal.BUSY, fresh=fresh)
        mine = await store.verifications.open_of(person.user_id)
        if mine is not None and mine.fingerprint == fingerprint:
            await store.screens.show(person.user_id, person.chat_id, ScreenName.PROGRESS, now, fresh=True)
            return Toast.NOTHING
        if await is_limited(store, person, fingerprint, None, fresh=fresh):
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

    async def _refuse(self, store: Store, person: Person, reason: ContactRefusal, *, fresh: bool) -> Toast:
        store.journal.add(Event.CONTACT_REFUSED, store.now, user_id=person.user_id, code=reason)
        details = {"reason": reason}
        await store.screens.show(
            person.user_id, person.chat_id, ScreenName.CONTACT_REFUSED, store.now, details=details, fresh=fresh
        )
        return Toast.NOTHING


async def is_limited(
    store: Store, person: Person, fingerprint: Fingerprint, verification: Verification | None, *, fresh: bool = False
) -> bool:
    """Return whether this person or phone has requested too many numbers lately; if so, their screen says until
    when."""
    now = store.now
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


class ShareContact:
    """Accepts only the sender's own contact, not forwarded, with a number that can place a call.

    The message with the number is deleted in any case. A person whom no call would help is told so.
    """

    def __init__(self, phones: NumberingPlan, open_verification: StartVerification) -> None:
        self._phones = phones
        self._open = open_verification

    async def __call__(self, store: Store, person: Person, contact: SharedContact, message_id: int) -> None:
        await store.tasks.add(DeleteMessage(message_id), person.chat_id, store.now)
        refusal = contact.refusal()
        phone = None if refusal else self._phones.parse_mobile(contact.number)
        if refusal is None and phone is None:
            refusal = ContactRefusal.NOT_MOBILE
        if refusal is not None:
            await self._refuse(store, person, refusal)
        elif not await needs_call(store, person.user_id):
            await store.screens.show(person.user_id, person.chat_id, ScreenName.WELCOME, store.now, fresh=True)
        elif phone is not None:
            await self._open(store, person, phone, fresh=True)

    async def _refuse(self, store: Store, person: Person, refusal: ContactRefusal) -> None:
        store.journal.add(Event.CONTACT_REFUSED, store.now, user_id=person.user_id, code=refusal)
        await store.screens.show(
            person.user_id,
            person.chat_id,
            ScreenName.CONTACT_REFUSED,
            store.now,
            details={"reason": refusal},
            fresh=True,
        )


class RetryVerification:
    """Within an open verification: requests one more number; calls to the earlier ones still count in their windows.

    After its end: starts a new verification of the same phone, in one tap while the encrypted phone is stored,
    otherwise after the person shares the contact again. Works from any old button: the current state decides.
    """

    def __init__(self, phone_cipher: PhoneCipher, open_verification: StartVerification) -> None:
        self._phone_cipher = phone_cipher
        self._open = open_verification

    async def __call__(self, store: Store, person: Person, verification_id: int) -> Toast:
        now = store.now
        verification = await store.verifications.get(verification_id)
        if verification is None:
            return Toast.OVER
        if verification.user_id != person.user_id:
            return Toast.NOT_YOURS
        if not await needs_call(store, person.user_id):
            await store.screens.show(person.user_id, person.chat_id, ScreenName.WELCOME, now)
            return Toast.ALREADY_VERIFIED
        mine = await store.verifications.open_of(person.user_id)
        if mine is None:
            return await self._try_again(store, person, verification)
        if mine.id != verification.id or mine.asking:
            await store.screens.show(person.user_id, person.chat_id, ScreenName.PROGRESS, now)
            return Toast.NOTHING
        if await is_limited(store, person, mine.fingerprint, mine):
            return Toast.LIMITED
        await store.verifications.ask_number(mine, now)
        store.journal.about(Event.NUMBER_ASKED, now, mine)
        await store.screens.show(person.user_id, person.chat_id, ScreenName.PROGRESS, now)
        return Toast.ASKING

    async def _try_again(self, store: Store, person: Person, ended: Verification) -> Toast:
        encrypted = await store.verifications.encrypted(ended.id)
        phone = self._phone_cipher.decrypt(encrypted, ended.token) if encrypted is not None else None
        if phone is not None:
            return await self._open(store, person, phone, fresh=False)
        await store.screens.show(person.user_id, person.chat_id, ScreenName.WELCOME, store.now, fresh=True)
        return Toast.TRYING_AGAIN


async def cancel_verification(store: Store, person: Person, verification_id: int | None) -> Toast:
    """End the person's open verification. With an id (an old button): only if it is that one, and theirs."""
    now = store.now
    if verification_id is None:
        verification = await store.verifications.open_of(person.user_id)
    else:
        verification = await store.verifications.get(verification_id)
        if verification is not None and verification.user_id != person.user_id:
            return Toast.NOT_YOURS
    fresh = verification_id is None
    if verification is None or not verification.is_open:
        if fresh:
            await store.screens.show(person.user_id, person.chat_id, ScreenName.WELCOME, now, fresh=True)
        else:
            await store.screens.touch([person.user_id], now)
        return Toast.OVER
    await store.verifications.save(verification.cancel(now))
    store.journal.about(Event.CANCELLED, now, verification)
    await store.screens.show(person.user_id, person.chat_id, ScreenName.PROGRESS, now, fresh=fresh)
    return Toast.CANCELLED


async def show_screen(store: Store, person: Person, face: ScreenName, *, fresh: bool, started: bool = False) -> None:
    """Show the screen `face`: as a new message if the person wrote something, in place if they pressed a button.
    WELCOME means "my status": during a verification that is its progress. `started`: they sent /start, which the
    statistics count.
    """
    if started:
        store.journal.add(Event.STARTED, store.now, user_id=person.user_id)
    if face is ScreenName.WELCOME and await store.verifications.open_of(person.user_id) is not None:
        face = ScreenName.PROGRESS
    await store.screens.show(person.user_id, person.chat_id, face, store.now, fresh=fresh)
