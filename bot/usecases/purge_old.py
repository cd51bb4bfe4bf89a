"""What is old enough is forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.clock import Clock
from storage.store import Store

AT_ONCE = 1000
"""Rows of each sort deleted in one transaction; what is left comes with the next sweep."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """For how long what happened is kept in detail, and calls as the gateway reported them."""

    journal: timedelta = timedelta(days=365)
    calls: timedelta = timedelta(days=90)


class PurgeOld:
    """Entries of the journal, once they are in the sums, which stay; calls; attempts that verified nobody now; requests
    that came to nothing; grants that are granted no more; appeals.

    What tells who is in, and by which phone, is kept. Each of `steps` is a transaction of its own.
    """

    def __init__(self, clock: Clock, keep: RetentionPolicy) -> None:
        self._clock = clock
        self._keep = keep
        self.steps: tuple[Callable[[Store], Awaitable[None]], ...] = (
            self.journal,
            self.calls,
            self.attempts,
            self.rest,
        )

    async def journal(self, store: Store) -> None:
        """Statistics are the same before and after: they are read from the sums."""
        rolled = await store.sums.rolled_until()
        if rolled is not None:
            before = min(rolled, self._clock.now() - self._keep.journal)
            await store.retention.purge_journal(before, AT_ONCE)

    async def calls(self, store: Store) -> None:
        """Nobody waits for them any more."""
        await store.retention.purge_calls(self._clock.now() - self._keep.calls, AT_ONCE)

    async def attempts(self, store: Store) -> None:
        """The limits need those of a day, late reports of calls those of two."""
        await store.retention.purge_attempts(self._clock.now() - self._keep.journal, AT_ONCE)

    async def rest(self, store: Store) -> None:
        """What came to nothing."""
        before = self._clock.now() - self._keep.journal
        await store.retention.purge_requests(before, AT_ONCE)
        await store.retention.purge_grants(before, AT_ONCE)
        await store.retention.purge_appeals(before, AT_ONCE)
