"""Deriving anew what time, a restart or an outage left undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.delivery import TaskKind
from bot.domain.gate import GrantKind, WaitingKey
from bot.domain.journal import Event
from bot.domain.settings import EntryMode
from bot.domain.statistics import EntryReason
from bot.domain.verification import PHONE_KEPT
from bot.usecases.admit import (
    BY_NOBODY,
    PROMPT_PATIENCE,
    DecisionReason,
    call_off,
    decide,
    notify_of_deadline,
    turn_away,
)
from bot.usecases.take_leaver import is_gone
from storage.store import Store

Step = Callable[[Store], Awaitable[None]]
OnStepBack = Callable[[Store, datetime, float], Awaitable[None]]

AT_ONCE = 100
"""Rows of each sort swept in one transaction; what is left comes with the next."""
CHECKED_AT_ONCE = 250
"""Rows of each sort of which each sweep makes sure that what they copy from other tables is right."""
SEEN_KEPT = timedelta(hours=48)
"""Duplicate marks are kept twice as long as Telegram keeps an update, and tasks that are done as long."""
INIT_DATA_KEPT = timedelta(hours=1)
"""How long a used launch of the Mini App is remembered; it is too old to be used anew long before."""
FOREIGN_KEPT = timedelta(days=30)
"""How long gateway events that are no calls are kept."""
NAMES_KEPT = timedelta(days=7)
"""How long after the decision the name of who asked is kept, so that admins know whom it was about."""
PROMPT_EVERY = timedelta(minutes=1)
PROMPT_RENEWED = timedelta(hours=47)
"""A message in a group is replaced before it can no longer be deleted (Bot API, `deleteMessage`: 48 hours)."""
OUTAGE = 60.0
"""Seconds of silence that count as an outage."""
STEP_BACK = 30.0
"""Seconds by which the clock may be set back without a word: clocks of several machines differ a little."""


class Sweep:
    """Windows that closed expire; verified persons who still wait come in; who waits past their deadline is turned
    away, but never in the middle of a call window; newcomers are told what to do; whom nobody wants muted any more is
    unmuted; what need not be kept is forgotten.

    While Telegram does not answer nobody is turned away, and the bot's clock stands still; once it answers again that
    time is given back to all who wait, as is the time in which no bot ran, the machine slept, or its clock was set
    forward.

    Each of `steps` is a transaction of its own, so that trouble with one does not keep the others from being made.
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
        """`others`: further steps. `purging`: those that only delete what is old. `on_step_back` is given by how
        much the clock was set back. `is_sending`: whether what is due goes out; while it does not, other processes are
        given no sign of this one."""
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
        """Those of `steps` that need not be made each time."""

    async def make_up_for_outage(self, store: Store) -> None:
        """To be done once, before anything else: time the bot was not running does not count against who waits."""
        now = self._clock.now()
        last_alive = await store.gateway.alive(now)
        if last_alive is not None and (outage := (now - last_alive).total_seconds()) > OUTAGE:
            await store.requests.extend_deadlines(outage)
        await self._follow_step_back(store, last_alive, now)
        self._keep(now)

    def froze(self, seconds: float) -> None:
        """The process stood still for so long, though the machine did not: nobody had that time."""
        self._frozen += seconds

    async def track_outage(self, store: Store) -> None:
        """The bot's clock, which stands still while Telegram does not answer."""
        if not self._is_telegram_there():
            self._was_away, self._is_back = True, False
        elif self._was_away:
            await self._prolong_windows(store)
            await self.make_up_for_outage(store)
            self._is_back = True
        else:
            now, unlived = self._clock.now(), self._unlived()
            last_alive = await (store.gateway.alive(now) if self._is_sending() else store.gateway.alive_at())
            if unlived > OUTAGE:
                await store.requests.extend_deadlines(unlived)
            await self._prolong_windows(store)
            await self._follow_step_back(store, last_alive, now)
            self._keep(now)

    async def _prolong_windows(self, store: Store) -> None:
        now = self._clock.now()
        if (jumped := self.jumped()) > OUTAGE:
            await store.screens.touch(await store.verifications.extend_deadlines(jumped, now), now, acted=False)

    def _unlived(self) -> float:
        """Seconds since the last sweep in which the machine slept, its clock was set forward, or the process stood
        still."""
        return max(self.jumped(), self._frozen)

    def jumped(self) -> float:
        """The same, without a process that stood still: the gateway's time went on meanwhile, and so did calls.
        Negative when the clock was set back."""
        if self._kept_at is None:
            return 0.0
        passed = (self._clock.now() - self._kept_at).total_seconds()
        return passed - (self._clock.lived() - self._lived)

    def _keep(self, now: datetime) -> None:
        self._kept_at, self._lived, self._frozen = now, self._clock.lived(), 0.0

    async def _follow_step_back(self, store: Store, last_alive: datetime | None, now: datetime) -> None:
        if last_alive is None or self._on_step_back is None:
            return
        step = (last_alive - now).total_seconds()
        if step > STEP_BACK:
            await self._on_step_back(store, now, step)

    async def expire(self, store: Store) -> None:
        """Verifications whose every window has closed, and tasks that are past their time."""
        now = self._clock.now()
        if self.jumped() > OUTAGE:
            # Since this sweep began: that time is given back first, by the next one.
            return
        await store.tasks.expire(now)
        self._checked_window = await store.verifications.check_windows(self._checked_window, CHECKED_AT_ONCE)
        expired = await store.verifications.overdue(now, AT_ONCE)
        for verification in expired:
            await store.verifications.save(verification.expire(now))
            store.journal.about(Event.EXPIRED, now, verification)
        await store.screens.touch([verification.user_id for verification in expired], now, acted=False)

    async def let_in(self, store: Store) -> None:
        """Who may come in and waits all the same, say because the gate was off, or asks for no call any more."""
        now = self._clock.now()
        self._checked_request = await store.requests.check_verified(self._checked_request, CHECKED_AT_ONCE)
        for request, gate in await store.requests.eligible_but_waiting(now, AT_ONCE):
            await decide(store, gate, request, now, told=True)

    async def turn_away(self, store: Store) -> None:
        """Who waits past their deadline."""
        if self._was_away:
            # Not before the time is given back, which is kept by now if it was done in this sweep.
            self._was_away = not self._is_back
            return
        if not self._is_telegram_there():
            return
        now = self._clock.now()
        if self._kept_at is not None and (now - self._kept_at).total_seconds() > OUTAGE:
            # The machine slept since this sweep began: that time is given back first, by the next one.
            return
        for request, gate in await store.requests.overdue(now, AT_ONCE):
            if not await store.requests.decline_overdue(request.gate_id, request.user_id, now):
                continue
            await turn_away(store, gate, request, now, DecisionReason.DEADLINE)
            if request.way is not EntryMode.MUTE:
                # Others learn it once they were removed.
                await notify_of_deadline(store, gate, request, now)

    async def free(self, store: Store) -> None:
        """Muted newcomers of gates that mute nobody any more may write, and wait no longer; nobody is stuck."""
        now = self._clock.now()
        for request in await store.requests.muted_without_reason(AT_ONCE):
            await is_gone(store, request, now)
            await call_off(store, request.gate_id, request.user_id, now)
            await store.grants.request(
                request.gate_id, request.user_id, GrantKind.UNMUTE, BY_NOBODY, now, told=False, how=EntryReason.OTHER
            )

    async def prompt(self, store: Store) -> None:
        """Groups in which muted newcomers could not be told alone what to do are told it by one message, which goes
        when nobody waits any more."""
        if not self._is_telegram_there():
            return
        now = self._clock.now()
        for gate_id, newest in await store.requests.not_yet_notified(now - PROMPT_PATIENCE):
            extras = await store.gates.extras(gate_id)
            prompt_at = extras.prompt_at
            if prompt_at is not None and now < prompt_at + PROMPT_EVERY:
                continue
            is_told = extras.prompt_message_id is not None and prompt_at is not None and newest <= prompt_at
            if not is_told or (prompt_at is not None and prompt_at + PROMPT_RENEWED <= now):
                await store.gates.set_extras(gate_id, prompt_at=now)
                gate = await store.gates.get(gate_id)
                said: dict[str, str | int] = {"language": gate.settings.language if gate is not None else ""}
                await store.tasks.add(TaskKind.GROUP_PROMPT, gate_id, said, now, expires_at=now + PROMPT_EVERY)
        for gate_id, message_id in await store.gates.outdated_prompts():
            await store.tasks.add(TaskKind.DELETE_MESSAGE, gate_id, {"message_id": message_id}, now)
            await store.gates.set_extras(gate_id, prompt_message_id=None)

    async def forget(self, store: Store) -> None:
        """What need not be kept."""
        now = self._clock.now()
        await store.verifications.forget_phones(now - PHONE_KEPT)
        await store.seen.forget(now - SEEN_KEPT)
        await store.used_init_data.forget(now - INIT_DATA_KEPT)
        await store.tasks.forget(now - SEEN_KEPT)
        await store.events.purge_unrelated(now - FOREIGN_KEPT)
        await store.requests.forget_names(now - NAMES_KEPT)
