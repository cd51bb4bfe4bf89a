"""Purging old rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from storage.store import Store

AT_ONCE = 1000
"""Rows of each kind deleted in one transaction; the next sweep continues."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long journal details, and calls as the gateway reported them, are stored."""

    journal: timedelta = timedelta(days=365)
    calls: timedelta = timedelta(days=90)


class PurgeOld:
    """Purges journal entries that are rolled up (the sums stay), calls, attempts that do not back a current
    verification, requests without effect, grants that no longer hold, and appeals.

    Access and the phones behind it stay. Each of `steps` is a transaction of its own.
    """

    def __init__(self, keep: RetentionPolicy) -> None:
        self._keep = keep
        self.steps: tuple[Callable[[Store], Awaitable[None]], ...] = (
            self.journal,
            self.calls,
            self.attempts,
            self.rest,
        )

    async def journal(self, store: Store) -> None:
        """Purge journal entries. Statistics stay the same: they are read from the sums."""
        rolled = await store.sums.rolled_until()
        if rolled is not None:
            before = min(rolled, store.now - self._keep.journal)
            await store.retention.purge_journal(before, AT_ONCE)

    async def calls(self, store: Store) -> None:
        """Purge calls that nobody waits for."""
        await store.retention.purge_calls(store.now - self._keep.calls, AT_ONCE)

    async def attempts(self, store: Store) -> None:
        """Purge attempts. The limits need those of a day, late reports of calls those of two."""
        await store.retention.purge_attempts(store.now - self._keep.journal, AT_ONCE)

    async def rest(self, store: Store) -> None:
        """Purge requests and grants without effect, and appeals."""
        before = store.now - self._keep.journal
        await store.retention.purge_requests(before, AT_ONCE)
        await store.retention.purge_grants(before, AT_ONCE)
        await store.retention.purge_appeals(before, AT_ONCE)
