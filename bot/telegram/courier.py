"""The courier: makes Telegram match the rows, within Telegram's budget."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from structlog.contextvars import bind_contextvars

from bot.clock import REAL_TIME
from bot.domain.delivery import ErrandDue, GrantDue, LogDue, Parcel, Receipt, Result, ScreenDue
from bot.supervisor import Supervisor
from bot.telegram.budget import Budget
from bot.telegram.deliver import Deliverer, chat_of
from bot.usecases.pick_parcels import Busy, PickParcels, is_patient, patient_first
from bot.usecases.ports import StorageUnavailableError, Transactions
from bot.usecases.settle_parcels import SettleParcels

log = structlog.get_logger()

AT_ONCE = 40
"""Calls under way at the same time."""
SPARE_ROWS = 10
LOOK_EVERY = 0.5
"""Seconds between two looks for work that nobody announced (its time came, or another replica made it)."""
UNNOTED_RESTS = 300.0
"""Seconds after which what was carried, but could not be noted, is carried once more."""


class Courier:
    """Picks what is due, carries it, notes what came of it; all receipts that are in share one commit.

    What is under way is held in memory only: after a crash it is picked again, and repeats are harmless.
    """

    def __init__(
        self,
        transactions: Transactions,
        pick: PickParcels,
        settle: SettleParcels,
        deliverer: Deliverer,
        budget: Budget,
        supervisor: Supervisor,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transactions = transactions
        self._pick = pick
        self._settle = settle
        self._deliverer = deliverer
        self._budget = budget
        self._supervisor = supervisor
        self._monotonic = monotonic
        self._busy = Busy()
        self._receipts: list[Receipt] = []
        self._under_way = 0
        self._looks = 0
        self.wake = asyncio.Event()
        """Set when there may be something new to do."""

    async def run(self, stop: asyncio.Event) -> None:
        """Carry until `stop`; then finish what is under way and note it."""
        while not stop.is_set():
            self.wake.clear()
            await self._note()
            wait = await self._send()
            if not stop.is_set() and not self._receipts:
                # Budget and network are a matter of real seconds, whatever the clock does.
                await REAL_TIME.pause(wait, self.wake)
        while self._under_way or self._receipts:
            self.wake.clear()
            await self._note()
            if self._under_way and not self._receipts:
                await self.wake.wait()

    async def _send(self) -> float:
        """Send what the budget allows now; seconds until more may go out."""
        free = AT_ONCE - self._under_way
        if free <= 0:
            return LOOK_EVERY
        wait = self._budget.wait_for_any(self._monotonic())
        if wait > 0:
            return min(wait, LOOK_EVERY)
        self._busy.resting, look = self._budget.resting(self._monotonic()), self._looks
        # What cannot go now need not be read, but for a few in place of those that turn out to have to wait.
        limit = min(2 * free, 2 * self._budget.room(self._monotonic()) + SPARE_ROWS)
        parcels = await self._transactions.transact(lambda store: self._pick(store, limit, self._busy, look))
        wait = LOOK_EVERY
        for parcel in parcels:
            now = self._monotonic()
            spare_only = is_patient(parcel) and not patient_first(look)
            delay = self._budget.wait(chat_of(parcel), now, spare_only=spare_only)
            if delay > 0:
                wait = min(wait, delay)
                continue
            if self._under_way >= AT_ONCE:
                break
            self._budget.spend(chat_of(parcel), now)
            self._looks = look + 1
            self._hold(parcel)
            self._supervisor.start("delivery", self._carry(parcel))
        return wait

    async def _carry(self, parcel: Parcel) -> None:
        if isinstance(parcel, GrantDue | ScreenDue) and parcel.verification_id is not None:
            # It is a task of its own, and so is what is bound.
            bind_contextvars(verification=parcel.verification_id)
        receipt = await self._deliverer.deliver(parcel)
        if receipt.result is Result.RETRY and receipt.retry_after is not None:
            self._budget.flooded(chat_of(parcel), receipt.retry_after, self._monotonic())
        if receipt.result not in (Result.DONE, Result.GONE):
            log.warning("delivery_failed", parcel=_name(parcel), result=receipt.result, error=receipt.error)
        self._receipts.append(receipt)
        self._under_way -= 1
        self.wake.set()

    async def _note(self) -> None:
        if not self._receipts:
            return
        receipts, self._receipts = self._receipts, []
        try:
            await self._transactions.transact(lambda store: self._settle(store, receipts))
        except StorageUnavailableError:
            self._receipts = receipts + self._receipts
            raise
        except Exception:  # noqa: BLE001 - found out, one by one, which of them it was
            for receipt in receipts:
                await self._note_alone(receipt)
        else:
            for receipt in receipts:
                self._release(receipt.parcel)

    async def _note_alone(self, receipt: Receipt) -> None:
        """Note one receipt; one that cannot be noted must not keep the others from being."""
        try:
            await self._transactions.transact(lambda store: self._settle(store, [receipt]))
        except StorageUnavailableError:
            self._receipts.append(receipt)
        except Exception:
            log.exception("receipt_not_noted", parcel=_name(receipt.parcel), result=receipt.result)
            self._supervisor.start("rest", self._rest(receipt.parcel))
        else:
            self._release(receipt.parcel)

    async def _rest(self, parcel: Parcel) -> None:
        """Let go of it later: at once, it would be picked and carried at once, again and again."""
        await REAL_TIME.pause(UNNOTED_RESTS, self._supervisor.stopping)
        if not self._supervisor.stopping.is_set():
            self._release(parcel)
            self.wake.set()

    def _hold(self, parcel: Parcel) -> None:
        self._under_way += 1
        match parcel:
            case GrantDue():
                self._busy.grants.add((parcel.gate_id, parcel.user_id))
            case ErrandDue():
                self._busy.errands.add(parcel.id)
            case LogDue():
                self._busy.errands.update(errand.id for errand in parcel.errands)
            case ScreenDue():
                self._busy.screens.add(parcel.user_id)

    def _release(self, parcel: Parcel) -> None:
        match parcel:
            case GrantDue():
                self._busy.grants.discard((parcel.gate_id, parcel.user_id))
            case ErrandDue():
                self._busy.errands.discard(parcel.id)
            case LogDue():
                self._busy.errands.difference_update(errand.id for errand in parcel.errands)
            case ScreenDue():
                self._busy.screens.discard(parcel.user_id)


def _name(parcel: Parcel) -> str:
    """What a parcel is, without whom it is for."""
    match parcel:
        case GrantDue() | ErrandDue():
            return parcel.kind
        case LogDue():
            return "log"
        case ScreenDue():
            return type(parcel.view).__name__
