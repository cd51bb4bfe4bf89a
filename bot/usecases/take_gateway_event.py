"""The gateway reported something: perhaps the call somebody is waited for."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.contact import ContactRefusal
from bot.domain.gate import GrantKind, RequestState
from bot.domain.gateway import EventKind, EventSource, GatewayEvent
from bot.domain.journal import Event
from bot.domain.phone import Phone
from bot.domain.screen import Face
from bot.domain.verification import LATE_REPORT, Call, Verification
from bot.usecases.ports import PhoneRules, Randomness, Store, Vault, VerifiedPhone

TWIN_WITHIN = timedelta(hours=24)
GRANTS_FIRST = 1.0
"""Seconds the screen rests after a confirmation, so that it is drawn once, with the grants already made."""


class TakeGatewayEvent:
    """Keep every event (the phone masked); let a call confirm at most one verification.

    A call matches by the caller's phone, the number called when told, and its time: see `CallNumber.hears`.
    A repeat is passed over. The same call reported by callback and by inbox counts once. Calls that match
    nothing, and events that are no calls, are kept and change nothing.
    """

    def __init__(self, clock: Clock, phones: PhoneRules, vault: Vault, randomness: Randomness) -> None:
        self._clock = clock
        self._phones = phones
        self._vault = vault
        self._randomness = randomness

    async def __call__(self, store: Store, event: GatewayEvent) -> None:
        now = self._clock.now()
        caller = self._phones.parse(event.caller) if event.caller else None
        fingerprint = self._vault.fingerprint(caller) if caller else None
        digest = self._vault.digest(event.identity) if event.identity else self._randomness.token()
        event_id = await store.events.keep(event, digest, fingerprint, caller.mask if caller else "", now)
        if event_id is None or event.kind is not EventKind.CALL:
            return
        verification = await self._confirmed_by(store, event, event_id, caller, now)
        if verification is None:
            store.journal.add(Event.CALL_UNMATCHED, now, code=event.source)
            return
        await store.events.used_for(event_id, verification.id)
        await confirm(store, verification, now, event.source)

    async def _confirmed_by(
        self, store: Store, event: GatewayEvent, event_id: int, caller: Phone | None, now: datetime
    ) -> Verification | None:
        if caller is None:
            return None
        fingerprint = self._vault.fingerprint(caller)
        called = self._phones.parse(event.called)
        call = Call(fingerprint, called.e164 if called else event.called, event.placed_at, now, event.source)
        for found in await store.verifications.unconfirmed_by_phone(fingerprint, now - 2 * LATE_REPORT):
            await store.people.lock(found.user_id)
            verification = await store.verifications.get(found.id)
            if verification is None or verification.heard_in(call, event.inbox_id) is None:
                continue
            other = EventSource.INBOX if event.source is EventSource.CALLBACK else EventSource.CALLBACK
            if event.placed_at is None and await store.events.pair_with_twin(
                event_id, fingerprint, other, now - TWIN_WITHIN
            ):
                return None
            return verification
        return None


async def confirm(store: Store, verification: Verification, now: datetime, how: str) -> None:
    """The phone is the person's: remember it, and owe them every gate at which they wait."""
    user_id = verification.user_id
    owner = await store.phones.owner(verification.fingerprint)
    known = await store.phones.of(user_id)
    if owner not in (None, user_id) or (known and known.fingerprint != verification.fingerprint):
        # Two accounts, or two phones, raced; the first to be confirmed stays.
        if verification.is_open:
            await store.verifications.save(verification.cancel(now))
        store.journal.add(Event.PHONE_TAKEN, now, user_id=user_id, verification_id=verification.id)
        if known is None:
            await _show(store, user_id, Face.CONTACT_REFUSED, now, {"reason": ContactRefusal.TAKEN})
        return
    rival = await store.verifications.open_of(user_id)
    if rival is not None and rival.id != verification.id:
        await store.verifications.save(rival.cancel(now))
    await store.verifications.save(verification.confirm(now))
    if known is None:
        phone = VerifiedPhone(user_id, verification.fingerprint, verification.mask, verification.id)
        await store.phones.add(phone, verification.region, now)
    store.journal.add(Event.CONFIRMED, now, user_id=user_id, verification_id=verification.id, code=how)
    waiting = (await store.requests.waiting_of_many([user_id])).get(user_id, [])
    entering = [request for request, gate in waiting if gate.is_on]
    for request in entering:
        await owe_entry(store, request.gate_id, user_id, verification.id, now, told=True)
    await _show(store, user_id, Face.PROGRESS, now, after=GRANTS_FIRST if entering else 0.0)


async def owe_entry(
    store: Store, gate_id: int, user_id: int, verification_id: int, now: datetime, *, told: bool
) -> None:
    """Decide that a person comes in at a gate; the courier tells Telegram."""
    await store.requests.set_state(gate_id, user_id, RequestState.APPROVED, now)
    await store.grants.owe(gate_id, user_id, GrantKind.JOIN, verification_id, now, told=told)
    store.journal.add(
        Event.GRANT_DUE,
        now,
        user_id=user_id,
        gate_id=gate_id,
        verification_id=verification_id,
        code=GrantKind.JOIN,
    )


async def _show(
    store: Store,
    user_id: int,
    face: Face,
    now: datetime,
    details: dict[str, str | int] | None = None,
    after: float = 0.0,
) -> None:
    person = (await store.people.get_many([user_id]))[user_id]
    await store.screens.show(user_id, person.chat_id, face, now, details=details, after=after)
