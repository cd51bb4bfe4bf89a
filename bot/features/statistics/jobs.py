"""Rolling up the journal."""

from __future__ import annotations

from datetime import timedelta

from storage.store import Store

SETTLED_AFTER = timedelta(minutes=10)
"""Entries carry the time at which their transaction began; after this long they have all been committed."""
AT_LEAST = timedelta(minutes=5)
AT_MOST = timedelta(days=1)
"""Minimum and maximum span rolled up in one transaction."""


async def roll_up(store: Store) -> None:
    """Add journal entries that are old enough to the sums of their day and month (a step of the sweep). Statistics
    read the sums, and the entries that are not in them yet, so they are the same before and after."""
    until = store.now - SETTLED_AFTER
    rolled = await store.sums.rolled_until()
    if rolled is not None and until - rolled < AT_LEAST:
        return
    oldest = await store.sums.oldest_unrolled()
    if oldest is not None and oldest < until:
        until = min(until, oldest + AT_MOST)
    await store.sums.roll(until)
