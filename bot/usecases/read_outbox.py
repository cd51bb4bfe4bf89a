"""The status of deliveries to the owner's own systems."""

from __future__ import annotations

from bot.domain.outbox import DestinationStatus
from storage.store import Store


class ReadOutbox:
    """Per destination with messages, now or before: how many wait, since when, and the last error."""

    async def __call__(self, store: Store) -> list[DestinationStatus]:
        return await store.outbox.outgoing()
