"""The sweep: catching up on whatever time, a restart or an outage left undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.eligibility import DecisionReason
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import GrantKind, WaitingKey
from bot.domain.journal import Event
from bot.domain.statistics import EntryReason
from bot.domain.tasks import DeleteMessage, GroupPrompt
from bot.domain.verification import PHONE_KEPT
from bot.features.access.decide import (
    BY_NOBODY,
    PROMPT_PATIENCE,
    call_off,
    decide,
    is_gone,
    notify_of_deadline,
    turn_away,
)
from storage.store import Store

Step = Callable[[Store], Awaitable[None]]
OnStepBack = Callable[[Store, datetime, float], Awaitable[None]]

AT_ONCE = 100
"""Rows of each kind processed in one transaction; the next sweep continues."""
CHECKED_AT_ONCE = 250
"""Rows of each kind whose copied columns each sweep checks."""
SEEN_KEPT = timedelta(hours=48)
"""Duplicate marks are stored twice as long as Telegram stores an update, and finished tasks as long."""
INIT_DATA_KEPT = timedelta(hours=1)
"""How long a used launch of the Mini App is stored; it is too old for a second use long before."""
FOREIGN_KEPT = timedelta(days=30)
"""How long gateway events that are not calls are stored."""
NAMES_KEPT = timedelta(days=7)
"""How long after the decision a person's name is stored, so that admins know who it was about."""
PROMPT_EVERY = timedelta(minutes=1)
PROMPT_RENEWED = timedelta(hours=47)
"""A prompt is replaced before it can no longer be deleted (Bot API, `deleteMessage`: 48 hours)."""
OUTAGE = 60.0
"""Seconds of silence that count as an outage."""
STEP_BACK = 30.0
"""Seconds by which the clock may go back without a reaction: clocks of several machines differ a little."""


class Sweep:
    """Expires verifications whose windows have closed, admits verified people who still wait, declines overdue requests
    (never during a call window), prompts newcomers, unmutes people whom no gate wants muted, and purges old rows.

    While Telegram does not answer, nobody is rejected and the bot's clock stands still. Once it answers, that time is
    added to all deadlines, as is time in which no bot ran, the machine slept, or its clock was set forward.

    Each of `steps` is a transaction of its own, so that a failing step does not stop the others.
    """

    def __init__(
        self,
        clock: Clock,
        is_telegram_there: Callable[[], bool],
        *others: Step,
        purging: Sequence[Step] = (),
        on_step_back: OnStepBack | None = None,
        is_sending: Callable[[], bool] = lambda: True,
    ) -> None:
        """`others`: more steps. `purging`: those that only delete old rows. `on_step_back` gets the seconds by which
        the clock went back. `is_sending`: whether due items go out; while they do not, this process does not record
        that it is alive."""
        self._is_sending = is_sending
        self._clock = clock
        self._on_step_back = on_step_back
        self._kept_at: datetime | None = None
        self._lived = clock.lived()
        self._frozen = 0.0
        self._checked_request: WaitingKey | None = None
        self._checked_window = 0
        self._is_telegram_there = is_telegram_there
        self._was_away = self._is_back = False
        self.steps: tuple[Step, ...] = (
            self.track_outage,
            self.expire,
            self.let_in,
            self.turn_away,
            self.free,
            self.prompt,
            *others,
            self.forget,
            *purging,
        )
        self.seldom = frozenset((self.forget, *purging))
        """Those of `steps` that need not run each time."""

    async def make_up_for_outage(self, store: Store) -> None:
        """Extend all deadlines by the time without a bot. Run it once, before anything else."""
        now, lived = self._clock.now(), self._clock.lived()
        last_alive = await store.gateway.alive(now)
        if last_alive is not None and (outage := (now - last_alive).total_seconds()) > OUTAGE:
            await store.requests.shift_deadlines(outage)
        await self._follow_step_back(store, last_alive, now)
        self._keep(now, lived)

    def froze(self, seconds: float) -> None:
        """Record that this process stood still for some seconds, so that they do not count against anybody."""
        self._frozen += seconds

    async def track_outage(self, store: Store) -> None:
        """Advance the bot's clock, which stands still while Telegram does not answer."""
        if not self._is_telegram_there():
            self._was_away, self._is_back = True, False
        elif self._was_away:
            await self._prolong_windows(store, self.jumped(), self._clock.now())
            await self.make_up_for_outage(store)
            self._is_back = True
        else:
            now, lived, jumped = self._clock.now(), self._clock.lived(), self.jumped()
            unlived = max(jumped, self._frozen)
            last_alive = await (store.gateway.alive(now) if self._is_sending() else store.gateway.alive_at())
            if unlived > OUTAGE:
                await store.requests.shift_deadlines(unlived)
            await self._prolong_windows(store, jumped, now)
            await self._follow_step_back(store, last_alive, now)
            self._keep(now, lived)

    async def _prolong_windows(self, store: Store, jumped: float, now: datetime) -> None:
        if jumped > OUTAGE:
            await store.screens.touch(await store.verifications.shift_deadlines(jumped, now), now, acted=False)

    def jumped(self) -> float:
        """Return the seconds by which the clock has jumped since the last sweep; negative if it went back. Time in
        which only this process stood still does not count: calls went on meanwhile."""
        if self._kept_at is None:
            return 0.0
        passed = (self._clock.now() - self._kept_at).total_seconds()
        return passed - (self._clock.lived() - self._lived)

    def _keep(self, now: datetime, lived: float) -> None:
        """`now` and `lived` are of the same moment: the time that statements take in between would look like a jump."""
        self._kept_at, self._lived, self._frozen = now, lived, 0.0

    async def _follow_step_back(self, store: Store, last_alive: datetime | None, now: datetime) -> None:
        if last_alive is None or self._on_step_back is None:
            return
        step = (last_alive - now).total_seconds()
        if step > STEP_BACK:
            await self._on_step_back(store, now, step)

    async def expire(self, store: Store) -> None:
        """Expire verifications whose windows have all closed, and overdue tasks."""
        now = store.now
        if self.jumped() > OUTAGE:
            # A jump since this sweep began: the next sweep adds that time first.
            return
        await store.tasks.expire(now)
        self._checked_window = await store.verifications.check_windows(self._checked_window, CHECKED_AT_ONCE)
        expired = await store.verifications.overdue(now, AT_ONCE)
        for verification in expired:
            await store.verifications.save(verification.expire(now))
            store.journal.about(Event.EXPIRED, now, verification)
        await store.screens.touch([verification.user_id for verification in expired], now, acted=False)

    async def let_in(self, store: Store) -> None:
        """Admit people who are eligible and still wait, for example because the gate was off or no longer requires a
        call."""
        self._checked_request = await store.requests.check_verified(self._checked_request, CHECKED_AT_ONCE)
        for request, gate in await store.requests.eligible_but_waiting(store.now, AT_ONCE):
            await decide(store, gate, request, told=True)

    async def turn_away(self, store: Store) -> None:
        """Decline overdue requests."""
        if self._was_away:
            # Not before the time is added to deadlines, which is committed by now if this sweep did it.
            self._was_away = not self._is_back
            return
        if not self._is_telegram_there():
            return
        now = store.now
        if self._kept_at is not None and (now - self._kept_at).total_seconds() > OUTAGE:
            # The machine slept since this sweep began: the next sweep adds that time first.
            return
        for request, gate in await store.requests.overdue(now, AT_ONCE):
            if not await store.requests.decline_overdue(request.gate_id, request.user_id, now):
                continue
            await turn_away(store, gate, request, DecisionReason.DEADLINE)
            if request.way is not EntryMode.MUTE:
                # Muted newcomers are told once they are removed.
                await notify_of_deadline(store, gate, request)

    async def free(self, store: Store) -> None:
        """Unmute newcomers of gates that no longer mute; they stop waiting, and nobody is stuck."""
        for request in await store.requests.muted_without_reason(AT_ONCE):
            await is_gone(store, request)
            await call_off(store, request.gate_id, request.user_id)
            await store.grants.request(
                request.gate_id,
                request.user_id,
                GrantKind.UNMUTE,
                BY_NOBODY,
                store.now,
                told=False,
                how=EntryReason.OTHER,
            )

    async def prompt(self, store: Store) -> None:
        """Post one message in groups where muted newcomers could not be told privately what to do; delete it when
        nobody waits."""
        if not self._is_telegram_there():
            return
        now = store.now
        for gate_id, newest in await store.requests.not_yet_notified(now - PROMPT_PATIENCE):
            extras = await store.gates.extras(gate_id)
            prompt_at = extras.prompt_at
            if prompt_at is not None and now < prompt_at + PROMPT_EVERY:
                continue
            is_told = extras.prompt_message_id is not None and prompt_at is not None and newest <= prompt_at
            if not is_told or (prompt_at is not None and prompt_at + PROMPT_RENEWED <= now):
                await store.gates.set_extras(gate_id, prompt_at=now)
                gate = await store.gates.get(gate_id)
                work = GroupPrompt(gate.settings.language if gate is not None else "")
                await store.tasks.add(work, gate_id, now, expires_at=now + PROMPT_EVERY)
        for gate_id, message_id in await store.gates.outdated_prompts():
            await store.tasks.add(DeleteMessage(message_id), gate_id, now)
            await store.gates.set_extras(gate_id, prompt_message_id=None)

    async def forget(self, store: Store) -> None:
        """Purge old rows."""
        now = store.now
        await store.verifications.forget_phones(now - PHONE_KEPT)
        await store.seen.forget(now - SEEN_KEPT)
        await store.used_init_data.forget(now - INIT_DATA_KEPT)
        await store.tasks.forget(now - SEEN_KEPT)
        await store.events.purge_unrelated(now - FOREIGN_KEPT)
        await store.requests.forget_names(now - NAMES_KEPT)
