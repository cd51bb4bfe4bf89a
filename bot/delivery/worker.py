"""The delivery worker: makes Telegram match the rows, within Telegram's limits."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

import structlog
from structlog.contextvars import bind_contextvars

from bot.clock import REAL_TIME, Clock
from bot.delivery.execute import TelegramExecutor, chat_of
from bot.delivery.rate_limit import RateLimiter, RateLimitMiddleware
from bot.delivery.results import ApplyResults
from bot.delivery.select import InFlight, SelectOutgoing, is_patient, patient_first
from bot.domain.errors import LeadershipLostError, StorageUnavailableError
from bot.domain.incidents import UnreadableRow
from bot.domain.outgoing import (
    SLOW,
    SLOW_AT_ONCE,
    DeliveryResult,
    DeliveryStatus,
    Outgoing,
    PendingGrant,
    PendingLogBatch,
    PendingScreen,
    PendingTask,
    TaskKind,
)
from bot.supervisor import Supervisor
from storage.store import Store, Transactions

log = structlog.get_logger()

AT_ONCE = 40
"""Calls in flight at the same time."""
SPARE_ROWS = 10
LOOK_EVERY = 0.5
"""Seconds between two cycles while something due cannot go out yet, for example because its chat is throttled."""
UNNOTED_RESTS = 300.0
"""Seconds before an item whose result could not be saved runs once more; then the worker sets it aside."""


class DeliveryWorker:
    """Selects what is due, runs it and saves the results; all results that are ready share one commit.

    It looks for work when `wake` says that there may be some, when half of the slots are free again, and when the next
    row is due. Only memory holds what is in flight: after a crash the worker selects it again, and repeats are
    harmless.
    """

    def __init__(
        self,
        transactions: Transactions,
        pick: SelectOutgoing,
        settle: ApplyResults,
        deliverer: TelegramExecutor,
        budget: RateLimiter,
        limit: RateLimitMiddleware,
        supervisor: Supervisor,
        clock: Clock,
        look_every: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`limit`: the middleware that charges the bot's calls to `budget`. `look_every`: the longest real time in
        seconds between two cycles, for rows that nobody in this process announced."""
        self._transactions = transactions
        self._pick = pick
        self._settle = settle
        self._deliverer = deliverer
        self._budget = budget
        self._limit = limit
        self._supervisor = supervisor
        self._clock = clock
        self._look_every = look_every
        self._monotonic = monotonic
        self._busy = InFlight()
        self._receipts: list[DeliveryResult] = []
        self._unnoted: set[tuple[str, tuple[int | str, ...]]] = set()
        """Deliveries whose result the database refused once; the worker sets them aside the second time."""
        self._under_way = 0
        self._slow = Counter[TaskKind]()
        self._looks = 0
        self._looked_at = float("-inf")
        self._stir = asyncio.Event()
        self._is_asked = False

    def wake(self) -> None:
        """There may be new work."""
        self._is_asked = True
        self._stir.set()

    def hangs_for(self) -> float:
        """Return the seconds since the last cycle."""
        return self._monotonic() - self._looked_at

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`; then finish what is in flight and save the results."""
        wait, until, is_time = 0.0, None, True
        while not stop.is_set():
            self._stir.clear()
            await self._note()
            if is_time or self._is_asked or self._under_way <= AT_ONCE // 2:
                wait, until = await self._send()
            self._looked_at = self._monotonic()
            if not stop.is_set() and not self._receipts:
                await self._pause(wait, until)
            is_time = not self._stir.is_set()
        while self._under_way or self._receipts:
            self._stir.clear()
            await self._note()
            if self._under_way and not self._receipts:
                await self._stir.wait()

    async def _pause(self, seconds: float, until: datetime | None) -> None:
        """Wait for work, for at most so many real seconds, and not beyond `until` on the clock."""
        left = None if until is None else max(0.0, (until - self._clock.now()).total_seconds())
        with suppress(TimeoutError):
            # Budget and network use real seconds, whatever the clock does.
            async with asyncio.timeout(seconds):
                await self._clock.pause(left, self._stir)

    async def _send(self) -> tuple[float, datetime | None]:
        """Send what the budget allows now; return after how many real seconds, or at which moment, more may go out."""
        free = AT_ONCE - self._under_way
        if free <= 0:
            return LOOK_EVERY, None
        wait = self._budget.wait_for_any(self._monotonic())
        if wait > 0:
            return min(wait, LOOK_EVERY), None
        self._is_asked = False
        self._busy.resting, look = self._budget.resting(self._monotonic()), self._looks
        self._busy.full = frozenset(kind for kind in SLOW if self._slow[kind] >= SLOW_AT_ONCE)
        # Read no more than can go out now, plus a few in place of those that turn out to have to wait.
        limit = min(free, self._budget.room(self._monotonic()) + SPARE_ROWS)
        now = self._clock.now()
        picked = await self._transactions.transact(lambda store: self._pick(store, limit, self._busy, look))
        if not picked.items and (picked.due_at is None or picked.due_at > now):
            return self._look_every, picked.due_at
        wait = LOOK_EVERY
        for item in picked.items:
            at = self._monotonic()
            spare_only = is_patient(item) and not patient_first(look)
            delay = self._budget.wait(chat_of(item), at, spare_only=spare_only)
            if delay > 0:
                wait = min(wait, delay)
                continue
            if self._under_way >= AT_ONCE:
                break
            if isinstance(item, PendingTask) and item.kind in SLOW and self._slow[item.kind] >= SLOW_AT_ONCE:
                continue
            self._budget.spend(chat_of(item), at)
            self._looks = look + 1
            self._hold(item)
            self._supervisor.start("delivery", self._carry(item))
        return wait, None

    async def _carry(self, item: Outgoing) -> None:
        if isinstance(item, PendingGrant | PendingScreen) and item.verification_id is not None:
            # This runs as an asyncio task of its own, so the binding ends with it.
            bind_contextvars(verification=item.verification_id)
        with self._limit.paid(chat_of(item)):
            receipt = await self._deliverer.deliver(item)
        if receipt.result not in (DeliveryStatus.DONE, DeliveryStatus.GONE):
            log.warning("delivery_failed", item=_name(item), result=receipt.result, error=receipt.error)
        self._receipts.append(receipt)
        self._under_way -= 1
        if isinstance(item, PendingTask):
            self._slow[item.kind] -= 1
        self._stir.set()

    async def _note(self) -> None:
        if not self._receipts:
            return
        receipts, self._receipts = self._receipts, []
        try:
            await self._transactions.transact(lambda store: self._settle(store, receipts))
        except LeadershipLostError:
            self._drop(receipts)
        except StorageUnavailableError:
            self._receipts = receipts + self._receipts
            raise
        except Exception:  # noqa: BLE001 - found out, one by one, which of them it was
            for receipt in receipts:
                await self._note_alone(receipt)
        else:
            for receipt in receipts:
                self._release(receipt.item)

    def _drop(self, receipts: Sequence[DeliveryResult]) -> None:
        """The new leader runs the same items and saves their results."""
        log.warning("receipts_dropped", count=len(receipts))
        for receipt in receipts:
            self._release(receipt.item)

    async def _note_alone(self, receipt: DeliveryResult) -> None:
        """Save one result, so that a bad one does not block the others."""
        try:
            await self._transactions.transact(lambda store: self._settle(store, [receipt]))
        except LeadershipLostError:
            self._drop([receipt])
        except StorageUnavailableError:
            self._receipts.append(receipt)
        except Exception as error:
            log.exception("receipt_not_noted", item=_name(receipt.item), result=receipt.result)
            rows = _rows(receipt.item, error)
            # What failed in this process itself would fail again.
            is_final = receipt.is_our_fault or any((row.table, row.key) in self._unnoted for row in rows)
            if is_final and await self._set_aside(rows):
                self._forget_unnoted(rows)
                self._release(receipt.item)
            else:
                self._unnoted.update((row.table, row.key) for row in rows)
                self._supervisor.start("rest", self._rest(receipt.item))
        else:
            self._forget_unnoted(_rows(receipt.item))
            self._release(receipt.item)

    def _forget_unnoted(self, rows: Sequence[UnreadableRow]) -> None:
        self._unnoted.difference_update((row.table, row.key) for row in rows)

    async def _set_aside(self, rows: Sequence[UnreadableRow]) -> bool:
        """Set the rows aside; return whether that worked."""

        async def note(store: Store) -> None:
            for row in rows:
                store.note_unreadable(row)

        try:
            await self._transactions.transact(note)
        except Exception:
            log.exception("item_not_set_aside")
            return False
        return True

    async def _rest(self, item: Outgoing) -> None:
        """Release the item later: otherwise the worker would select and run it again at once, over and over."""
        await REAL_TIME.pause(UNNOTED_RESTS, self._supervisor.stopping)
        if not self._supervisor.stopping.is_set():
            self._release(item)
            self.wake()

    def _hold(self, item: Outgoing) -> None:
        self._under_way += 1
        match item:
            case PendingGrant():
                self._busy.grants.add((item.gate_id, item.user_id))
            case PendingTask():
                self._busy.tasks.add(item.id)
                self._slow[item.kind] += 1
            case PendingLogBatch():
                self._busy.tasks.update(task.id for task in item.tasks)
            case PendingScreen():
                self._busy.screens.add(item.user_id)

    def _release(self, item: Outgoing) -> None:
        match item:
            case PendingGrant():
                self._busy.grants.discard((item.gate_id, item.user_id))
            case PendingTask():
                self._busy.tasks.discard(item.id)
            case PendingLogBatch():
                self._busy.tasks.difference_update(task.id for task in item.tasks)
            case PendingScreen():
                self._busy.screens.discard(item.user_id)


def _rows(item: Outgoing, error: Exception | None = None) -> list[UnreadableRow]:
    """Return the rows of an item as unreadable because of this error."""
    what = type(error).__name__
    match item:
        case PendingGrant():
            return [UnreadableRow("grants", (item.gate_id, item.user_id, item.kind), what, error)]
        case PendingTask():
            return [UnreadableRow("tasks", (item.id,), what, error)]
        case PendingLogBatch():
            return [UnreadableRow("tasks", (task.id,), what, error) for task in item.tasks]
        case PendingScreen():
            return [UnreadableRow("screens", (item.user_id, item.revision), what, error)]


def _name(item: Outgoing) -> str:
    """Return the kind of an item, without its reader."""
    match item:
        case PendingGrant() | PendingTask():
            return item.kind
        case PendingLogBatch():
            return "log"
        case PendingScreen():
            return type(item.view).__name__
