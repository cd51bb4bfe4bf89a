"""Deriving anew what time, a restart or an outage left undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.clock import Clock
from bot.domain.delivery import ErrandKind
from bot.domain.journal import Event
from bot.domain.screen import Face
from bot.domain.verification import PHONE_KEPT
from bot.usecases.ports import Store
from bot.usecases.take_gateway_event import owe_entry

AT_ONCE = 100
"""Rows of each sort swept in one transaction; what is left comes with the next."""
SEEN_KEPT = timedelta(hours=48)
"""Duplicate marks are kept twice as long as Telegram keeps an update, and errands that are done as long."""
LAUNCHES_KEPT = timedelta(hours=1)
"""How long a used launch of the Mini App is remembered; it is too old to be used anew long before."""
FOREIGN_KEPT = timedelta(days=30)
"""How long gateway events that are no calls are kept."""
OUTAGE = 60.0
"""Seconds of silence that count as an outage."""


class Sweep:
    """Windows that closed expire; verified persons who still wait come in; requests past their deadline are
    declined, but never in the middle of a call window; what need not be kept is forgotten.

    Each of `steps` is a transaction of its own, so that trouble with one does not keep the others from being made.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.steps: tuple[Callable[[Store], Awaitable[None]], ...] = (
            self.expire,
            self.let_in,
            self.decline,
            self.forget,
        )

    async def make_up_for_outage(self, store: Store) -> None:
        """To be done once, before anything else: time the bot was not running does not count against who waits."""
        now = self._clock.now()
        last_alive = await store.gateway.alive(now)
        if last_alive is not None and (outage := (now - last_alive).total_seconds()) > OUTAGE:
            await store.requests.prolong(outage)

    async def expire(self, store: Store) -> None:
        """Verifications whose every window has closed."""
        now = self._clock.now()
        await store.gateway.alive(now)
        expired = await store.verifications.overdue(now, AT_ONCE)
        for verification in expired:
            await store.verifications.save(verification.expire(now))
            store.journal.add(Event.EXPIRED, now, user_id=verification.user_id, verification_id=verification.id)
        await store.screens.touch([verification.user_id for verification in expired], now, acted=False)

    async def let_in(self, store: Store) -> None:
        """Persons who are verified and wait all the same, say because their gate was off."""
        now = self._clock.now()
        waiting = await store.requests.waiting_though_verified(AT_ONCE)
        phones = await store.phones.of_many([request.user_id for request in waiting])
        for request in waiting:
            if (phone := phones.get(request.user_id)) is not None:
                await owe_entry(store, request.gate_id, request.user_id, phone.verification_id, now, told=False)

    async def decline(self, store: Store) -> None:
        """Requests past their deadline."""
        now = self._clock.now()
        overdue = await store.requests.overdue(now, AT_ONCE)
        people = await store.people.get_many([request.user_id for request, _ in overdue])
        for request, gate in overdue:
            if not await store.requests.decline_overdue(request.gate_id, request.user_id, now):
                continue
            store.journal.add(Event.JOIN_EXPIRED, now, user_id=request.user_id, gate_id=request.gate_id)
            details: dict[str, str | int] = {"user_id": request.user_id, "gate": gate.chat_id}
            if request.query_id is not None:
                details["query_id"] = request.query_id
            await store.errands.add(ErrandKind.DECLINE_JOIN, gate.chat_id, details, now)
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

    async def forget(self, store: Store) -> None:
        """What need not be kept."""
        now = self._clock.now()
        await store.verifications.forget_phones(now - PHONE_KEPT)
        await store.seen.forget(now - SEEN_KEPT)
        await store.launches.forget(now - LAUNCHES_KEPT)
        await store.errands.drop(now, done_before=now - SEEN_KEPT)
        await store.events.forget_foreign(now - FOREIGN_KEPT)
