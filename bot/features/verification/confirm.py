"""Reports from the gateway, which may be calls that somebody waits for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.crypto import PhoneCipher, TokenGenerator
from bot.domain.eligibility import VerifiedPhone
from bot.domain.gateway import EventKind, EventSource, GatewayEvent, NewGatewayEvent, is_reference
from bot.domain.journal import Event
from bot.domain.phone import ContactRefusal, Fingerprint, Phone
from bot.domain.screens import ScreenName
from bot.domain.verification import LATE_REPORT, Call, Verification
from bot.features.access.decide import decide
from bot.features.verification.accounts import has_room
from bot.features.verification.hints import NOBODY, hint_call, hint_caller
from bot.numbering import NumberingPlan
from storage.store import Store

PART = 100
"""Events per transaction, so that a flood of them delays nobody else."""
DUPLICATE_WINDOW = timedelta(hours=24)
GRANTS_FIRST = 1.0
"""Seconds the screen waits after a confirmation, so that it is drawn once, with the grants already made."""


class OnGatewayEvent:
    """Stores every event (the phone masked); a call confirms at most one verification.

    A call matches by the caller's phone, the called number if reported, and its time; or by the reference of the number
    in place of the phone: see `CallNumber.matches`. Repeats are ignored. A call reported by callback and by inbox
    counts once. Calls that match nothing, and events that are not calls, are stored and change nothing. A report whose
    reference no number can have is such an event: cut to what fits, it could name another number.

    Returns whether the event is new and unrelated to this bot. A call is related if it confirms, or if its phone
    verifies, or verified, somebody here.
    """

    def __init__(
        self,
        phones: NumberingPlan,
        phone_cipher: PhoneCipher,
        token_generator: TokenGenerator,
        jumped: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`jumped`: the seconds by which the clock has jumped (set, or the machine slept) since the last sweep."""
        self._jumped = jumped
        self._phones = phones
        self._phone_cipher = phone_cipher
        self._token_generator = token_generator

    async def __call__(self, store: Store, event: GatewayEvent) -> bool:
        event, now = _named(event), store.now
        fingerprint, mask = await self._caller(store, event)
        if event.identity and await store.events.is_kept(self._phone_cipher.earlier_digest(event.identity)):
            return False
        digest = self._phone_cipher.report_digest(event.identity) if event.identity else self._token_generator.token()
        event_id = await store.events.keep(event, digest, fingerprint, mask, now)
        if event_id is None:
            return False
        if event.kind is not EventKind.CALL:
            return True
        verification = await self._confirmed_by(store, event, event_id, fingerprint)
        if verification is None:
            await self._hint(store, event, fingerprint)
            store.journal.add(Event.CALL_UNMATCHED, now, code=event.source)
            return fingerprint is None or not await self._is_known(store, fingerprint)
        await store.events.used_for(event_id, verification)
        await confirm(store, verification, event.source)
        return False

    async def take_many(self, store: Store, events: Sequence[GatewayEvent]) -> list[bool]:
        """Process several in order; store those that are not calls with one statement."""
        events, now = [_named(event) for event in events], store.now
        others = [event for event in events if event.kind is not EventKind.CALL]
        # Digests under which an earlier version stored them.
        earlier = [self._phone_cipher.earlier_digest(event.identity) if event.identity else "" for event in others]
        kept = await store.events.kept(earlier) if earlier else set()
        news = [self._new(event) for event in others]
        unknown = await store.events.keep_many(
            [new for new, old in zip(news, earlier, strict=True) if old not in kept], now
        )
        left = iter(news)
        foreign = []
        for event in events:
            if event.kind is EventKind.CALL:
                foreign.append(await self(store, event))
                continue
            digest = next(left).digest
            foreign.append(digest in unknown)
            # A repeat in the same request is not new.
            unknown.discard(digest)
        return foreign

    def _new(self, event: GatewayEvent) -> NewGatewayEvent:
        phone = self._phones.parse(event.caller) if event.caller else None
        digest = self._phone_cipher.report_digest(event.identity) if event.identity else self._token_generator.token()
        fingerprint = self._phone_cipher.fingerprint(phone) if phone else None
        return NewGatewayEvent(event, digest, fingerprint, phone.mask if phone else "")

    async def _hint(self, store: Store, event: GatewayEvent, fingerprint: Fingerprint | None) -> None:
        own = await store.verifications.open_by_phone(fingerprint) if fingerprint else None
        if own is not None:
            call = _call(event, own.fingerprint, called_number(self._phones, event.called, own), store.now)
            readings = self._phones.readings(event.called, [own.region or ""])
            is_readable = bool(self._phones.parse(event.called) or readings)
            await hint_caller(store, own, call, event.inbox_id, is_readable=is_readable)
            return
        direct = self._phones.parse(event.called)
        numbers = [phone.e164 for phone in (direct, *self._phones.readings(event.called)) if phone is not None]
        # At most one of them has somebody waiting: the gateway wrote one number, in one of several possible formats.
        for called in dict.fromkeys(numbers) or ("",):
            call = _call(event, fingerprint or NOBODY, called, store.now)
            await hint_call(store, call, event.caller, event.inbox_id)

    async def _caller(self, store: Store, event: GatewayEvent) -> tuple[Fingerprint | None, str]:
        """Return whose phone called, and its mask; None if that is not known."""
        if not event.caller and event.reference:
            await store.verifications.lock_reference(event.reference)
            called = await store.verifications.by_reference(event.reference)
            return (called.fingerprint, called.mask) if called is not None else (None, "")
        phone = await self._written_caller(store, event) if event.caller else None
        return (self._phone_cipher.fingerprint(phone), phone.mask) if phone is not None else (None, "")

    async def _written_caller(self, store: Store, event: GatewayEvent) -> Phone | None:
        """Return the caller. If the gateway leaves out the country code, it is an awaited phone, if exactly one
        fits."""
        written = self._phones.parse(event.caller)
        since = store.now - 2 * LATE_REPORT
        if event.kind is not EventKind.CALL or (written and await self._is_awaited(store, written, since)):
            return written
        regions = await store.verifications.awaited_regions(since)
        readings = self._phones.readings(event.caller, regions) if regions else ()
        awaited = [phone for phone in readings if await self._is_awaited(store, phone, since)]
        return awaited[0] if len(awaited) == 1 else written

    async def _is_awaited(self, store: Store, phone: Phone, since: datetime) -> bool:
        return bool(await store.verifications.unconfirmed_by_phone(self._phone_cipher.fingerprint(phone), since))

    @staticmethod
    async def _is_known(store: Store, fingerprint: Fingerprint) -> bool:
        if await store.phones.owners(fingerprint):
            return True
        return bool(await store.verifications.unconfirmed_by_phone(fingerprint, store.now - 2 * LATE_REPORT))

    async def _confirmed_by(
        self, store: Store, event: GatewayEvent, event_id: int, fingerprint: Fingerprint | None
    ) -> Verification | None:
        now = store.now
        if fingerprint is None:
            return None
        as_lived = now - timedelta(seconds=self._jumped())
        for found in await store.verifications.unconfirmed_by_phone(fingerprint, now - 2 * LATE_REPORT):
            await store.people.lock(found.user_id)
            verification = await store.verifications.get(found.id)
            if verification is None:
                continue
            called = called_number(self._phones, event.called, verification)
            call = _call(event, fingerprint, called, now)
            # Until the next sweep, stored moments are those of the clock before it was set.
            if not any(
                verification.matching_number(replace(call, reported_at=at), event.inbox_id) for at in (now, as_lived)
            ):
                continue
            other = EventSource.INBOX if event.source is EventSource.CALLBACK else EventSource.CALLBACK
            if (
                event.placed_at is None
                and not event.reference
                and await store.events.match_duplicate(event_id, fingerprint, other, now - DUPLICATE_WINDOW)
            ):
                return None
            return verification
        return None


def _named(event: GatewayEvent) -> GatewayEvent:
    """Return the event; one that names a call to nothing if its reference is none."""
    return event if is_reference(event.reference) else replace(event, kind=EventKind.UNKNOWN, reference="")


def _call(event: GatewayEvent, caller: Fingerprint, called: str, now: datetime) -> Call:
    return Call(caller, called, event.placed_at, now, event.source, event.reference)


def in_parts(events: Sequence[GatewayEvent]) -> Iterator[Sequence[GatewayEvent]]:
    """Split events into one part per transaction."""
    for first in range(0, len(events), PART):
        yield events[first : first + PART]


def called_number(phones: NumberingPlan, written: str, verification: Verification) -> str:
    """Return the called number, as it was given to this person if it can be that one."""
    if not written:
        return ""
    direct = phones.parse(written)
    spelled = [direct.e164] if direct else []
    spelled += [phone.e164 for phone in phones.readings(written, [verification.region or ""])]
    given = [number for number in spelled if any(number in offered.offer for offered in verification.numbers)]
    return given[0] if given else direct.e164 if direct else written


async def take_earlier_call(
    store: Store, phones: NumberingPlan, verification: Verification, asked_at: datetime
) -> None:
    """Confirm by a call that came before its number was known here: the person had the number from an earlier attempt,
    or the report was faster than the gateway's answer. Calls from their phone since the number was requested count, if
    they name that number or its reference."""
    reference = verification.number.offer.reference if verification.number is not None else ""
    for heard in await store.events.unused_calls(verification.fingerprint, reference, asked_at):
        call = replace(heard.call, called=called_number(phones, heard.call.called, verification))
        if (call.called or call.reference) and verification.matching_number(call, heard.inbox_id) is not None:
            other = EventSource.INBOX if call.source is EventSource.CALLBACK else EventSource.CALLBACK
            if (
                call.placed_at is None
                and not call.reference
                and await store.events.match_duplicate(heard.event_id, call.caller, other, store.now - DUPLICATE_WINDOW)
            ):
                continue
            await store.events.used_for(heard.event_id, verification)
            await confirm(store, verification, call.source)
            return


async def confirm(store: Store, verification: Verification, how: str) -> None:
    """Store the phone as the person's, and admit them wherever they wait and it opens the gate.

    A rejection that Telegram does not know yet is undone: they called in time.
    """
    now = store.now
    user_id = verification.user_id
    known = await store.phones.of(user_id)
    is_other_phone = known is not None and known.fingerprint != verification.fingerprint
    has_raced = is_other_phone and known is not None and known.verified_at >= verification.opened_at
    await store.requests.undo_pending_rejections(user_id, now)
    if has_raced or not await has_room(store, user_id, verification.fingerprint):
        # Two accounts, or two phones, raced; the first confirmed one wins.
        if verification.is_open:
            await store.verifications.save(verification.cancel(now))
        store.journal.add(Event.PHONE_TAKEN, now, user_id=user_id, verification_id=verification.id)
        if known is None:
            await _show(store, user_id, ScreenName.CONTACT_REFUSED, {"reason": ContactRefusal.TAKEN})
        return
    rival = await store.verifications.open_of(user_id)
    if rival is not None and rival.id != verification.id:
        await store.verifications.save(rival.cancel(now))
    await store.verifications.save(verification.confirm(now))
    await store.phones.put(await _phone(store, verification))
    number = verification.number
    took = (now - number.asked_at).total_seconds() if number is not None else None
    store.journal.about(Event.CONFIRMED, now, verification, code=how, took=took)
    await store.requests.clear_ineligibility(user_id=user_id)
    entering = [
        await decide(store, gate, replace(request, ineligibility=None), told=True, called=True)
        for request, gate in (await store.requests.waiting_of_many([user_id])).get(user_id, [])
    ]
    await _show(store, user_id, ScreenName.PROGRESS, after=GRANTS_FIRST if any(entering) else 0.0)


async def _phone(store: Store, verification: Verification) -> VerifiedPhone:
    """Return the verified phone, with the first free rank; a person who verifies it again keeps theirs, even if erased
    in between."""
    owners = await store.phones.owners(verification.fingerprint)
    forgotten = await store.phones.forgotten_owners(verification.fingerprint, verification.user_id)
    ranks = {phone.rank for phone in owners} | {owner.rank for owner in forgotten}
    mine = [phone.rank for phone in owners if phone.user_id == verification.user_id]
    mine += [owner.rank for owner in forgotten if owner.is_same]
    rank = mine[0] if mine else next(rank for rank in itertools.count(1) if rank not in ranks)
    return VerifiedPhone(
        user_id=verification.user_id,
        fingerprint=verification.fingerprint,
        mask=verification.mask,
        verification_id=verification.id,
        region=verification.region,
        kind=verification.kind,
        rank=rank,
        verified_at=store.now,
    )


async def _show(
    store: Store, user_id: int, face: ScreenName, details: dict[str, str | int] | None = None, after: float = 0.0
) -> None:
    person = (await store.people.get_many([user_id]))[user_id]
    await store.screens.show(user_id, person.chat_id, face, store.now, details=details, after=after)
