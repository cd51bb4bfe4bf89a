"""How it stands with what is owed to the owner's own systems."""

from __future__ import annotations

from bot.domain.outbox import DestinationStatus
from storage.store import Store


class ReadOutbox:
    """For each target that has, or had, anything to be told: what waits, since when, and the last error."""

    async def __call__(self, store: Store) -> list[DestinationStatus]:
        return await store.outbox.outgoing()
