"""Requesting call numbers from the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

from bot.clock import Clock
from bot.crypto import PhoneCipher
from bot.domain.gateway import (
    NOT_THE_PERSONS,
    AssignedNumber,
    CircuitBreaker,
    GatewayError,
    GatewayReason,
    is_reference,
)
from bot.domain.incidents import Finding, IncidentKind, UnreadableRow
from bot.domain.journal import Event
from bot.domain.notifications import Notification, Notify
from bot.domain.people import NumberRequest
from bot.domain.phone import Phone
from bot.features.monitoring.incidents import OpenIncident
from bot.features.operators.registry import OperatorNotifier
from bot.features.verification.confirm import take_earlier_call
from bot.numbering import NumberingPlan
from storage.store import Store, Transactions

INBOX_PATIENCE = 2.0
"""Seconds a number request may wait for the inbox to be read first."""


class RequestNumber:
    """Requests one number from the gateway and stores the answer. `request`: see
    `bot.gateway.api.CallGateway.request_number`. `mark_inbox` is None if the inbox is not read.

    The inbox is read first, so that only later entries can be calls to this number. A call that is reported before the
    gateway answers counts once the number is known. While the circuit breaker is open, nothing is requested. A refusal
    ends a verification that has no number yet; one that has continues. Operators are notified once, not once per
    person, of errors that only they can fix.
    """

    def __init__(
        self,
        clock: Clock,
        transactions: Transactions,
        request: Callable[[Phone], Awaitable[AssignedNumber]],
        phone_cipher: PhoneCipher,
        mark_inbox: Callable[[], Awaitable[int]] | None,
        call_window: timedelta,
        notify_operators: OperatorNotifier,
        phones: NumberingPlan,
    ) -> None:
        self._clock = clock
        self._transactions = transactions
        self._request = request
        self._phone_cipher = phone_cipher
        self._mark_inbox = mark_inbox
        self._call_window = call_window
        self._notify_operators = notify_operators
        self._phones = phones
        self._open_incident = OpenIncident(notify_operators)

    async def due(self, limit: int, busy: Collection[int]) -> list[NumberRequest]:
        """Return the pending number requests, without those in flight."""

        async def read(store: Store) -> list[NumberRequest]:
            asks = await store.verifications.due_asks(store.now, limit, busy)
            if not asks:
                return []
            breaker = await store.gateway.breaker()
            # One request alone tests whether the gateway works again.
            is_trial = breaker.reason is not None and breaker.allows(store.now)
            return asks if not is_trial else [] if busy else asks[:1]

        return await self._transactions.transact(read)

    async def __call__(self, ask: NumberRequest) -> None:
        phone = self._phone_cipher.decrypt(ask.encrypted, ask.verification.token)
        if phone is None:
            # SECRET_KEY was changed meanwhile: the person has to share their contact again.
            await self._note_refusal(ask, GatewayError(GatewayReason.UNAVAILABLE), is_alarming=False)
            return
        breaker = await self._transactions.transact(lambda store: store.gateway.breaker())
        if not breaker.allows(self._clock.now()):
            await self._note_refusal(ask, GatewayError(GatewayReason.UNAVAILABLE), is_alarming=False)
            return
        inbox_after = await self._inbox_mark()
        try:
            offer = await self._request(phone)
        except GatewayError as error:
            await self._note_refusal(ask, error, is_alarming=True)
            return
        if inbox_after is None:
            # Nobody has seen the number yet, so a reading before it is shown is good enough.
            inbox_after = await self._inbox_mark()
        try:
            real = self._real(offer, phone)
        except GatewayError as error:
            # The gateway works, but has no number for people of this country.
            await self._note_refusal(ask, error, is_alarming=False)
        else:
            await self._note_offer(ask, real, inbox_after)

    async def give_up(self, ask: NumberRequest, error: Exception) -> None:
        """Give up a request that failed repeatedly and unexpectedly: the person may try again, and operators are
        notified."""
        row = UnreadableRow("numbers", (ask.id,), type(error).__name__, error)
        await self._transactions.transact(lambda store: _note_unreadable(store, row))
        await self._note_refusal(ask, GatewayError(GatewayReason.UNAVAILABLE), is_alarming=False)

    def _real(self, offer: AssignedNumber, phone: Phone) -> AssignedNumber:
        """Return the assigned number in the numbering of the person's country, however the gateway writes it. Raises
        GatewayError if the number to call is not one: a call to it would cost money, or reach somebody else."""
        numbers = [self._of_country(number, phone) for number in (offer.number, *offer.alternatives)]
        if not is_reference(offer.reference):
            raise GatewayError(GatewayReason.UNAVAILABLE, detail="a reference that is too long, or not printable")
        if numbers[0] is None:
            raise GatewayError(GatewayReason.UNAVAILABLE, detail="a number of another country")
        others = tuple(dict.fromkeys(number for number in numbers[1:] if number is not None))
        return AssignedNumber(numbers[0], others, offer.reference)

    def _of_country(self, number: str, phone: Phone) -> str | None:
        direct = self._phones.parse(number)
        # Without its + it may be in the country's national format.
        readings = self._phones.readings(number.removeprefix("+"), [phone.region or ""])
        found = [read.e164 for read in (direct, *readings) if read and read.country_code == phone.country_code]
        return found[0] if found else None

    async def _inbox_mark(self) -> int | None:
        if self._mark_inbox is None:
            return None
        try:
            async with asyncio.timeout(INBOX_PATIENCE):
                return await self._mark_inbox()
        except (GatewayError, TimeoutError):
            return None

    async def _note_offer(self, ask: NumberRequest, offer: AssignedNumber, inbox_after: int | None) -> None:
        async def note(store: Store) -> None:
            now = store.now
            # Before the person, as reports lock them.
            await store.verifications.lock_reference(offer.reference)
            if (await store.gateway.breaker()).reason is not None:
                await store.gateway.set_breaker(CircuitBreaker())
            await store.people.lock(ask.verification.user_id)
            verification = await store.verifications.get(ask.verification.id)
            await store.verifications.give_number(ask.id, offer, now + self._call_window, inbox_after)
            if verification is None or not verification.is_open:
                return
            store.journal.about(Event.ANOTHER_GIVEN if verification.numbers else Event.NUMBER_GIVEN, now, verification)
            await store.screens.touch([verification.user_id], now)
            given = await store.verifications.get(verification.id)
            if given is not None and given.number is not None:
                await take_earlier_call(store, self._phones, given, given.number.asked_at)

        await self._transactions.transact(note)

    async def _note_refusal(self, ask: NumberRequest, error: GatewayError, *, is_alarming: bool) -> None:
        async def note(store: Store) -> None:
            now = store.now
            if is_alarming:
                await self._alert(store, error)
            await store.people.lock(ask.verification.user_id)
            await store.verifications.fail_ask(ask.id, error.reason)
            verification = await store.verifications.get(ask.verification.id)
            if verification is None or not verification.is_open:
                return
            store.journal.about(Event.NUMBER_REFUSED, now, verification, code=f"{error.reason}:{error.code or ''}")
            if not verification.numbers:
                await store.verifications.save(verification.refuse(error.reason, now))
            await store.screens.touch([verification.user_id], now)

        await self._transactions.transact(note)

    async def _alert(self, store: Store, error: GatewayError) -> None:
        now = store.now
        breaker = await store.gateway.breaker()
        if error.reason in NOT_THE_PERSONS:
            opened = breaker.open(error.reason, now)
            await store.gateway.set_breaker(opened)
            if breaker.is_new_reason(error.reason):
                store.journal.add(Event.GATEWAY_PAUSED, now, code=error.reason)
            details: dict[str, str | int] = {"reason": error.reason, "code": error.code or 0}
            await self._open_incident(store, Finding(IncidentKind.GATEWAY, variant=error.reason, details=details), now)
        elif error.reason is GatewayReason.NUMBER_UNUSABLE:
            notification = Notification.GATEWAY_WRONG_PARAMETERS
            await self._notify_operators(store, Notify(notification), key=f"{notification}:{now:%Y-%m-%dT%H}")


async def _note_unreadable(store: Store, row: UnreadableRow) -> None:
    store.note_unreadable(row)
