"""The loop that delivers messages to one of the owner's own systems."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from bot.clock import REAL_TIME, Clock
from bot.domain.errors import StorageUnavailableError
from bot.domain.webhooks import AttemptResult, DeliveryAttempt, Destination, OutboxMessage
from bot.metrics import Metrics
from bot.supervisor import Supervisor, unless_stopped
from storage.store import Store, Transactions

log = structlog.get_logger()

AT_ONCE = 10
"""Messages in flight at the same time; a slow one does not block the others."""
LOOK_EVERY = 1.0
AFTER_FAILURE = 5.0
RETRY_UNSAVED_AFTER = 300.0
"""Seconds before another try when the database refuses to store the result."""

Sender = Callable[[OutboxMessage], Coroutine[Any, Any, DeliveryAttempt]]
Settle = Callable[[Store, OutboxMessage, DeliveryAttempt], Awaitable[None]]
"""Stores the result of a try; see `RecordAttempt`."""


class WebhookWorker:
    """Sends each message until it is accepted or given up. It sends what was in flight at the end again: every message
    arrives at least once. Whatever goes wrong, the message counts a failed try and waits, without blocking the others.

    A receiver that has unsubscribed gets nothing until the bot restarts.
    """

    def __init__(
        self,
        target: Destination,
        transactions: Transactions,
        settle: Settle,
        sender: Sender,
        clock: Clock,
        supervisor: Supervisor,
        metrics: Metrics,
        announce: Callable[[], None],
    ) -> None:
        self._target = target
        self._transactions = transactions
        self._settle = settle
        self._carriage = sender
        self._clock = clock
        self._supervisor = supervisor
        self._metrics = metrics
        self._announce = announce
        self._busy: set[int] = set()
        self._resting: set[int] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_unwanted = False

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`."""
        self._is_unwanted = False
        while not stop.is_set():
            free = 0 if self._is_unwanted else AT_ONCE - len(self._busy)
            for message in await self._due(free) if free else []:
                self._busy.add(message.id)
                task = self._supervisor.start("letter", self._bring(message, stop))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            await self._clock.pause(LOOK_EVERY, stop)
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _due(self, limit: int) -> list[OutboxMessage]:
        left_out = self._busy | self._resting
        return await self._transactions.transact(
            lambda store: store.outbox.due(self._target, store.now, limit, left_out)
        )

    async def _bring(self, message: OutboxMessage, stop: asyncio.Event) -> None:
        try:
            delivery = await unless_stopped(stop, self._try(message))
            if delivery is None:
                return
            self._metrics.delivered(self._target, delivery.reply)
            self._is_unwanted = self._is_unwanted or delivery.reply is AttemptResult.GONE
            if delivery.reply is not AttemptResult.TAKEN:
                log.warning("letter_not_taken", target=self._target, type=message.type, error=delivery.error)
            await self._keep(message, delivery, stop)
        finally:
            self._busy.discard(message.id)

    async def _try(self, message: OutboxMessage) -> DeliveryAttempt:
        """Try once. An error that the sender did not foresee counts as a failed try."""
        try:
            return await self._carriage(message)
        except Exception as error:
            log.exception("letter_failed", target=self._target, type=message.type)
            return DeliveryAttempt(AttemptResult.FAILED, type(error).__name__)

    async def _keep(self, message: OutboxMessage, delivery: DeliveryAttempt, stop: asyncio.Event) -> None:
        """Store the result; if that fails, store that the try failed; if that fails too, let the message wait."""
        try:
            try:
                await self._transactions.transact(lambda store: self._settle(store, message, delivery))
            except StorageUnavailableError:
                raise
            except Exception as error:
                log.exception("letter_not_settled", target=self._target, type=message.type, reply=delivery.reply)
                failed = DeliveryAttempt(AttemptResult.FAILED, type(error).__name__)
                await self._transactions.transact(lambda store: self._settle(store, message, failed))
            self._announce()
        except StorageUnavailableError:
            log.exception("letter_not_settled", target=self._target, type=message.type, reply=delivery.reply)
            await self._clock.pause(AFTER_FAILURE, stop)
        except Exception:
            log.exception("letter_not_settled", target=self._target, type=message.type, reply=delivery.reply)
            self._resting.add(message.id)
            self._supervisor.start("letter", self._rest(message.id))

    async def _rest(self, message_id: int) -> None:
        await REAL_TIME.pause(RETRY_UNSAVED_AFTER, self._supervisor.stopping)
        self._resting.discard(message_id)
