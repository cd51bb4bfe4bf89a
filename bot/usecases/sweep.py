"""Deriving anew what time, a restart or an outage left undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.clock import Clock
from bot.domain.delivery import ErrandKind
from bot.domain.journal import Event
from bot.domain.screen import Face
from bot.domain.settings import WayIn
from bot.domain.verification import PHONE_KEPT
from bot.usecases.admit import Why, decide, turn_away
from bot.usecases.erase_person import FinishErasures
from bot.usecases.forget_old import ForgetOld, Keep
from bot.usecases.ports import Store
from bot.usecases.roll_sums import RollSums

AT_ONCE = 100
"""Rows of each sort swept in one transaction; what is left comes with the next."""
SEEN_KEPT = timedelta(hours=48)
"""Duplicate marks are kept twice as long as Telegram keeps an update, and errands that are done as long."""
LAUNCHES_KEPT = timedelta(hours=1)
"""How long a used launch of the Mini App is remembered; it is too old to be used anew long before."""
FOREIGN_KEPT = timedelta(days=30)
"""How long gateway events that are no calls are kept."""
NAMES_KEPT = timedelta(days=7)
"""How long after the decision the name of who asked is kept, so that admins know whom it was about."""
PROMPT_PATIENCE = timedelta(minutes=2)
"""How long a muted newcomer is given to come to the private chat before the group is told how."""
PROMPT_EVERY = timedelta(minutes=1)
OUTAGE = 60.0
"""Seconds of silence that count as an outage."""


class Sweep:
    """Windows that closed expire; verified persons who still wait come in; who waits past their deadline is turned
    away, but never in the middle of a call window; newcomers are told what to do; what need not be kept is forgotten.

    Each of `steps` is a transaction of its own, so that trouble with one does not keep the others from being made.
    """

    def __init__(self, clock: Clock, keep: Keep | None = None) -> None:
        self._clock = clock
        self.steps: tuple[Callable[[Store], Awaitable[None]], ...] = (
            self.expire,
            self.let_in,
            self.turn_away,
            self.prompt,
            RollSums(clock),
            FinishErasures(clock),
            self.forget,
            *ForgetOld(clock, keep or Keep()).steps,
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
            store.journal.about(Event.EXPIRED, now, verification)
        await store.screens.touch([verification.user_id for verification in expired], now, acted=False)

    async def let_in(self, store: Store) -> None:
        """Persons who are verified and wait all the same, say because their gate was off."""
        now = self._clock.now()
        for request, gate in await store.requests.waiting_though_verified(AT_ONCE):
            await decide(store, gate, request, now, told=False)

    async def turn_away(self, store: Store) -> None:
        """Who waits past their deadline."""
        now = self._clock.now()
        overdue = await store.requests.overdue(now, AT_ONCE)
        people = await store.people.get_many([request.user_id for request, _ in overdue])
        for request, gate in overdue:
            if not await store.requests.decline_overdue(request.gate_id, request.user_id, now):
                continue
            await turn_away(store, gate, request, now, Why.DEADLINE)
            person = people.get(request.user_id)
            if person is None:
                # Somebody who joined and was muted, and never met the bot.
                continue
            await store.screens.show(
                person.user_id,
                person.chat_id,
                Face.DEADLINE,
                now,
                details={"gate": gate.title, "way": request.way},
                fresh=person.can_be_written,
                acted=False,
            )

    async def prompt(self, store: Store) -> None:
        """Groups in which muted newcomers could not be told alone what to do are told it by one message, which goes
        when nobody waits any more."""
        now = self._clock.now()
        for gate_id, newest in await store.requests.unprompted(now - PROMPT_PATIENCE):
            extras = await store.gates.extras(gate_id)
            is_told = extras.prompt_message_id is not None and extras.prompt_at is not None
            if is_told and extras.prompt_at is not None and newest <= extras.prompt_at:
                continue
            if extras.prompt_at is not None and now < extras.prompt_at + PROMPT_EVERY:
                continue
            await store.gates.set_extras(gate_id, prompt_at=now)
            await store.errands.add(ErrandKind.GROUP_PROMPT, gate_id, {}, now, expires_at=now + PROMPT_EVERY)
        for gate_id, message_id in await store.gates.prompting():
            if not await store.requests.count_waiting(gate_id, WayIn.MUTE):
                await store.errands.add(ErrandKind.DELETE_MESSAGE, gate_id, {"message_id": message_id}, now)
                await store.gates.set_extras(gate_id, prompt_message_id=None)

    async def forget(self, store: Store) -> None:
        """What need not be kept."""
        now = self._clock.now()
        await store.verifications.forget_phones(now - PHONE_KEPT)
        await store.seen.forget(now - SEEN_KEPT)
        await store.launches.forget(now - LAUNCHES_KEPT)
        await store.errands.drop(now, done_before=now - SEEN_KEPT)
        await store.events.forget_foreign(now - FOREIGN_KEPT)
        await store.requests.forget_names(now - NAMES_KEPT)
