"""The stored part of the health report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.condition import StoredHealth
from bot.domain.delivery import Priority
from bot.domain.health import GateState, gate_state
from bot.domain.trouble import Queue
from storage.store import Store

OWN_QUEUE = f"tasks_{Priority.SOON.name.lower()}"
JUST_NOW = timedelta(seconds=5)


class ReadCondition:
    """Everything that waits, open incidents, and when something last came in. It counts neither the task for which it
    is read nor the answer to the button that requested it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store) -> StoredHealth:
        now = self._clock.now()
        _, inbox_read_at = await store.gateway.inbox_cursor()
        return StoredHealth(
            size=await store.monitoring.size(),
            incidents=await store.incidents.active(),
            queues=[_without_own(queue, now) for queue in await store.monitoring.queues()],
            notifications=await store.monitoring.notifications(),
            outgoing=await store.outbox.outgoing(),
            breaker=await store.gateway.breaker(),
            called_back_at=await store.monitoring.called_back_at(),
            inbox_read_at=inbox_read_at,
            gates=await count_states(store, now),
        )


async def count_states(store: Store, now: datetime) -> Mapping[GateState, int]:
    """Count the gates in each state; of lost gates, those that the bot still knows."""
    return Counter(gate_state(gate, health, now) for gate, health in await store.monitoring.states())


def _without_own(queue: Queue, now: datetime) -> Queue:
    if queue.name != OWN_QUEUE or not queue.length:
        return queue
    if queue.length == 1 or queue.age(now) < JUST_NOW:
        return Queue(queue.name, 0, None)
    return replace(queue, length=queue.length - 1)
