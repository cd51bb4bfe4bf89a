"""Deriving anew what time, a restart or an outage left undone."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.delivery import ErrandKind
from bot.domain.gate import RequestState
from bot.domain.journal import Event
from bot.domain.screen import Face
from bot.domain.verification import PHONE_KEPT
from bot.usecases.ports import Store
from bot.usecases.take_gateway_event import owe_entry

AT_ONCE = 100
"""Rows of each sort swept in one transaction; what is left comes with the next."""
SEEN_KEPT = timedelta(hours=48)
"""Duplicate marks are kept twice as long as Telegram keeps an update."""
OUTAGE = 60.0
"""Seconds of silence that count as an outage."""


class Sweep:
    """Windows that closed expire; verified persons who still wait come in; requests past their deadline are
    declined, but never in the middle of a call window; what need not be kept is forgotten.

    The time the bot was not running does not count against those who wait.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._is_first = True

    async def __call__(self, store: Store) -> None:
        now = self._clock.now()
        last_alive = await store.gateway.alive(now)
        if self._is_first and last_alive is not None and (outage := (now - last_alive).total_seconds()) > OUTAGE:
            await store.requests.prolong(outage)
        self._is_first = False
        await self._expire(store, now)
        await self._let_in(store, now)
        await self._decline(store, now)
        await store.verifications.forget_phones(now - PHONE_KEPT)
        await store.seen.forget(now - SEEN_KEPT)
        await store.errands.drop_expired(now)

    async def _expire(self, store: Store, now: datetime) -> None:
        expired = await store.verifications.overdue(now, AT_ONCE)
        for verification in expired:
            await store.verifications.save(verification.expire(now))
            store.journal.add(Event.EXPIRED, now, user_id=verification.user_id, verification_id=verification.id)
        await store.screens.touch([verification.user_id for verification in expired], now)

    async def _let_in(self, store: Store, now: datetime) -> None:
        waiting = await store.requests.waiting_though_verified(AT_ONCE)
        phones = await store.phones.of_many([request.user_id for request in waiting])
        for request in waiting:
            phone = phones[request.user_id]
            await owe_entry(store, request.gate_id, request.user_id, phone.verification_id, now, told=False)

    async def _decline(self, store: Store, now: datetime) -> None:
        overdue = await store.requests.overdue(now, AT_ONCE)
        people = await store.people.get_many([request.user_id for request, _ in overdue])
        for request, gate in overdue:
            await store.requests.set_state(request.gate_id, request.user_id, RequestState.DECLINED, now)
            store.journal.add(Event.JOIN_EXPIRED, now, user_id=request.user_id, gate_id=request.gate_id)
            await store.errands.add(
                ErrandKind.DECLINE_JOIN, gate.chat_id, {"user_id": request.user_id, "gate": gate.chat_id}, now
            )
            person = people[request.user_id]
            await store.screens.show(
                person.user_id,
                person.chat_id,
                Face.DEADLINE,
                now,
                details={"gate": gate.title},
                fresh=person.can_be_written,
                acted=False,
            )
