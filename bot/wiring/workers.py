"""The loops that have nothing to do with Telegram: requesting numbers, reading the inbox, sweeping."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from structlog.contextvars import bind_contextvars

from bot.clock import REAL_TIME, Clock
from bot.domain.errors import LeadershipLostError, StorageUnavailableError
from bot.domain.gateway import GatewayError
from bot.domain.people import NumberRequest
from bot.features.access.jobs import OUTAGE, Sweep
from bot.features.verification.inbox import ReadInbox
from bot.features.verification.numbers import RequestNumber
from bot.features.verification.statuses import ReadStatuses
from bot.supervisor import Supervisor
from storage.store import Store, Transactions

log = structlog.get_logger()

AT_ONCE = 10
"""The gateway allows fewer than 15 requests at once from one login."""
LOOK_EVERY = 0.5
"""Real seconds between two looks for rows that another replica may have stored."""
LOOK_EVERY_ALONE = 5.0
"""The same where only this process stores rows, and wakes the loop."""
SWEEP_EVERY = 2.0
PURGE_EVERY = timedelta(seconds=10)
"""Each time deletes a thousand rows of each kind, which is more than arrive."""
AFTER_FAILURE = 5.0
TRIES = 3
"""How often a number request is repeated after an unforeseen failure."""
LONGEST_INBOX_PAUSE = 300.0


class NumberWorker:
    """Requests every number that somebody waits for from the gateway, when `wake` is set and at intervals."""

    def __init__(
        self,
        request: RequestNumber,
        clock: Clock,
        supervisor: Supervisor,
        wake: asyncio.Event,
        announce: Callable[[], None],
        look_every: float,
    ) -> None:
        self._request = request
        self._clock = clock
        self._supervisor = supervisor
        self._announce = announce
        self._look_every = look_every
        self._busy: set[int] = set()
        self._failures: Counter[int] = Counter()
        """How often requests failed for an unforeseen reason."""
        self._wake = wake

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`, then finish the requests in flight."""
        while not stop.is_set():
            self._wake.clear()
            free = AT_ONCE - len(self._busy)
            asks = await self._request.due(free, self._busy) if free else []
            for ask in asks:
                self._busy.add(ask.id)
                self._supervisor.start("number", self._ask(ask))
            await REAL_TIME.pause(self._look_every, self._wake)

    async def _ask(self, ask: NumberRequest) -> None:
        # It is a task of its own, and so is the context bound here.
        bind_contextvars(verification=ask.verification.id)
        try:
            await self._request(ask)
            self._failures.pop(ask.id, None)
        except LeadershipLostError:
            log.warning("number_left", advice="another process leads, or may lead, and asks for it")
            await self._clock.pause(AFTER_FAILURE, self._supervisor.stopping)
        except Exception as error:
            # Do not ask the gateway again at once, for example for an answer that could not be stored.
            log.exception("number_failed")
            await self._clock.pause(AFTER_FAILURE, self._supervisor.stopping)
            await self._failed(ask, error)
        finally:
            self._busy.discard(ask.id)
            self._wake.set()
            self._announce()

    async def _failed(self, ask: NumberRequest, error: Exception) -> None:
        if isinstance(error, StorageUnavailableError):
            return
        self._failures[ask.id] += 1
        if self._failures[ask.id] >= TRIES:
            with contextlib.suppress(StorageUnavailableError):
                await self._request.give_up(ask, error)
                del self._failures[ask.id]


class InboxReader:
    """Reads the gateway's inbox, or the statuses of numbers, while somebody waits for a call; `wake` is set when
    somebody may wait now."""

    def __init__(
        self,
        read: ReadInbox | ReadStatuses,
        clock: Clock,
        every: timedelta,
        wake: asyncio.Event,
        announce: Callable[[], None],
    ) -> None:
        self._read = read
        self._clock = clock
        self._every = every
        self._wake = wake
        self._announce = announce

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`; `wake` is set then, too."""
        pause = AFTER_FAILURE
        while not stop.is_set():
            self._wake.clear()
            at = await self._read.next_reading(self._every)
            if at is None or (wait := (at - self._clock.now()).total_seconds()) > 0:
                # This process gives all numbers. Wait no longer than until the next look, since the clock may be set
                # back meanwhile.
                longest = max(self._every.total_seconds(), LOOK_EVERY_ALONE)
                await self._clock.pause(min(wait, longest) if at else LOOK_EVERY_ALONE, self._wake)
                continue
            try:
                await self._read()
                pause = AFTER_FAILURE
                self._announce()
            except GatewayError as error:
                log.warning("inbox_unreadable", reason=error.reason, code=error.code, again_in=pause)
                await self._clock.pause(pause, stop)
                pause = min(pause * 2, LONGEST_INBOX_PAUSE)


class Sweeper:
    """Sweeps at once, and then every few seconds."""

    def __init__(self, sweep: Sweep, transactions: Transactions, clock: Clock, announce: Callable[[], None]) -> None:
        self._sweep = sweep
        self._transactions = transactions
        self._clock = clock
        self._announce = announce

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`."""
        await self._transactions.transact(self._sweep.make_up_for_outage)
        # Deleting old rows can wait; people who waited during an outage cannot.
        forgot_at, swept_at = self._clock.lived(), time.monotonic()
        while not stop.is_set():
            began = time.monotonic()
            if began - swept_at > OUTAGE:
                self._sweep.froze(began - swept_at)
            swept_at = began
            is_to_purge = self._clock.lived() - forgot_at >= PURGE_EVERY.total_seconds()
            if is_to_purge:
                forgot_at = self._clock.lived()
            for step in self._sweep.steps:
                if is_to_purge or step not in self._sweep.seldom:
                    await self._make(step)
            self._announce()
            await self._clock.pause(SWEEP_EVERY, stop)

    async def _make(self, step: Callable[[Store], Awaitable[None]]) -> None:
        try:
            await self._transactions.transact(step)
        except StorageUnavailableError:
            raise
        except Exception:
            log.exception("sweep_failed", step=getattr(step, "__name__", "?"))
