"""Results of deliveries to the owner's own systems."""

from __future__ import annotations

from bot.domain.error_text import shortened
from bot.domain.incidents import Finding, IncidentKind
from bot.domain.journal import Event
from bot.domain.notifications import Notification, Notify
from bot.domain.webhooks import (
    MESSAGES_KEPT,
    AttemptResult,
    DeliveryAttempt,
    OutboxMessage,
    next_try,
)
from bot.features.monitoring.incidents import OpenIncident, ResolveIncident
from bot.features.operators.registry import OperatorNotifier
from storage.store import Store

AT_ONCE = 100
"""Messages given up or purged in one transaction; the next transaction continues."""


class RecordAttempt:
    """Accepted: the message is done, and its content deleted. Failed: it is retried with growing pauses and given up
    after the last one, and operators are notified. If the receiver wants nothing more, operators are notified once, and
    the message stays pending; that does not count as an attempt.

    `forget`, a step of the sweep, gives up messages older than a week in the same way, never silently, and deletes the
    results of others after the same time.
    """

    def __init__(self, notify_operators: OperatorNotifier) -> None:
        self._notify_operators = notify_operators
        self._open_incident = OpenIncident(notify_operators)
        self._clear_incident = ResolveIncident(notify_operators)

    async def __call__(self, store: Store, message: OutboxMessage, delivery: DeliveryAttempt) -> None:
        now = store.now
        gone = Finding(IncidentKind.OUTBOX_GONE, message.target)
        match delivery.reply:
            case AttemptResult.TAKEN:
                await store.outbox.delivered(message.id, now)
                await self._clear_incident(store, gone.name, now, now)
            case AttemptResult.GONE:
                await store.outbox.keep(message.id, delivery.error)
                await self._open_incident(store, gone, now)
            case AttemptResult.FAILED:
                await self._failed(store, message, delivery.error)

    async def _failed(self, store: Store, message: OutboxMessage, error: str) -> None:
        again_at = next_try(message.attempts + 1, store.now)
        if again_at is not None:
            await store.outbox.retry(message.id, again_at, error)
            return
        await self._give_up(store, message, error)

    async def forget(self, store: Store) -> None:
        """Give up or purge messages that are too old."""
        for message in await store.outbox.pending_since(store.now - MESSAGES_KEPT, AT_ONCE):
            await self._give_up(store, message, message.error or "it could not be brought")
        await store.outbox.forget(store.now - MESSAGES_KEPT, AT_ONCE)

    async def _give_up(self, store: Store, message: OutboxMessage, error: str) -> None:
        now = store.now
        await store.outbox.give_up(message.id, now, error)
        store.journal.add(Event.WEBHOOK_DROPPED, now, code=message.type)
        notice = Notify(Notification.WEBHOOK_DROPPED, target=message.target, error=shortened(error))
        await self._notify_operators(
            store, notice, key=f"{Notification.WEBHOOK_DROPPED}:{message.target}:{now:%Y-%m-%dT%H}"
        )
