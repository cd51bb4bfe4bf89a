"""Applying the results of deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.delivery import (
    DeliveryResult,
    DeliveryStatus,
    PendingGrant,
    PendingLogBatch,
    PendingScreen,
    PendingTask,
    pause_after,
)
from bot.domain.journal import Event
from bot.domain.screen import NumberShown, next_refresh
from bot.domain.tasks import DeleteMessage
from bot.usecases.move_chat import move_chat
from bot.usecases.report_failure import ReportFailure
from bot.usecases.settle_grant import SettleGrant
from bot.usecases.settle_task import SettleTask
from storage.store import Store


class ApplyResults:
    """Applies every result: done, retried later, or given up.

    A person who cannot be written to keeps their requests; they count as not reached. If a group turns out to have
    become a supergroup, everything moves to that chat, and the item is sent there.
    """

    def __init__(self, clock: Clock, grants: SettleGrant, tasks: SettleTask, report: ReportFailure) -> None:
        self._clock = clock
        self._grants = grants
        self._tasks = tasks
        self._report = report

    async def __call__(self, store: Store, receipts: Sequence[DeliveryResult]) -> None:  # noqa: C901 - one line a kind
        now = self._clock.now()
        tasks_done: list[int] = []
        told: list[int] = []
        for receipt in receipts:
            if receipt.error_id:
                # The person sees the id in the message itself, if there is one.
                await self._report(store, receipt.error_id, _what_failed(receipt), None)
            if receipt.result is DeliveryStatus.MOVED:
                await self._move(store, receipt, now)
                continue
            match receipt.item:
                case PendingGrant() as grant if receipt.result is DeliveryStatus.RETRY:
                    await store.grants.retry(grant, self._later(receipt, now), receipt.error)
                case PendingGrant() as grant:
                    await self._grants(store, grant, receipt, now)
                case PendingTask() as task if receipt.result is DeliveryStatus.RETRY:
                    await store.tasks.retry(task.id, self._later(receipt, now), receipt.error)
                case PendingTask() as task:
                    tasks_done.append(task.id)
                    await self._tasks(store, task, receipt, now)
                case PendingLogBatch() as log if receipt.result is DeliveryStatus.RETRY:
                    for task in log.tasks:
                        await store.tasks.retry(task.id, self._later(receipt, now), receipt.error)
                case PendingLogBatch() as log:
                    tasks_done += [task.id for task in log.tasks]
                    await self._tasks.log_refused(store, log, receipt, now)
                case PendingScreen() as screen:
                    if await self._screen(store, screen, receipt, now):
                        told.append(screen.user_id)
        await self._note_reach(store, told, now, reached=True)
        if tasks_done:
            await store.tasks.done(tasks_done, now)

    def _later(self, receipt: DeliveryResult, now: datetime) -> datetime:
        if receipt.retry_after is not None:
            return now + timedelta(seconds=receipt.retry_after)
        return now + pause_after(receipt.item.attempts + 1)

    async def _move(self, store: Store, receipt: DeliveryResult, now: datetime) -> None:
        """Move the item to the new chat, due at once; with a pause if it was tried before, so that one that still leads
        to the old chat is not retried without end."""
        item = receipt.item
        await move_chat(store, int(receipt.answer["from"]), int(receipt.answer["to"]), now)
        due_at = self._later(receipt, now) if item.attempts else now
        match item:
            case PendingGrant():
                # A moved grant is another row by now, and due.
                await store.grants.retry(item, due_at, receipt.error)
            case PendingTask():
                await store.tasks.retry(item.id, due_at, receipt.error)
            case PendingLogBatch():
                for task in item.tasks:
                    await store.tasks.retry(task.id, due_at, receipt.error)

    async def _screen(self, store: Store, screen: PendingScreen, receipt: DeliveryResult, now: datetime) -> bool:
        """Save the result; return whether the person now sees the newest state."""
        match receipt.result:
            case DeliveryStatus.RETRY:
                await store.screens.retry(screen.user_id, screen.revision, self._later(receipt, now))
            case DeliveryStatus.DONE:
                refresh_at = None
                if isinstance(screen.view, NumberShown):
                    moments = (next_refresh(screen.view.window_ends_at, now), screen.view.hint_at)
                    refresh_at = min((moment for moment in moments if moment is not None), default=None)
                # An older drawing does not show a request that came meanwhile; the next one will.
                is_newest = await store.screens.drawn(receipt, refresh_at)
                for message_id in receipt.replaced:
                    await store.tasks.add(DeleteMessage(message_id), screen.chat_id, now)
                return is_newest
            case DeliveryStatus.UNREACHABLE:
                await store.screens.give_up([(screen.user_id, screen.revision)])
                await store.people.lost([screen.user_id])
                await self._note_reach(store, [screen.user_id], now, reached=False)
            case _:
                await store.screens.give_up([(screen.user_id, screen.revision)])
                is_known = screen.user_id in await store.people.get_many([screen.user_id])
                whose = screen.user_id if is_known else None
                store.journal.add(Event.FAILURE, now, user_id=whose, code=receipt.error[:64])
        return False

    async def _note_reach(self, store: Store, user_ids: Sequence[int], now: datetime, *, reached: bool) -> None:
        event = Event.JOIN_REACHED if reached else Event.JOIN_NOT_REACHED
        for gate_id, user_id in await store.requests.reached(user_ids, reached=reached):
            store.journal.add(event, now, user_id=user_id, gate_id=gate_id)


def _what_failed(receipt: DeliveryResult) -> str:
    if receipt.is_our_fault:
        return f"A delivery failed ({receipt.error})"
    return f"Telegram refused a message: {receipt.error}"
