"""Reading the gateway's inbox, for calls that the callback missed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.clock import Clock
from bot.domain.gateway import GatewayEvent
from bot.features.verification.confirm import OnGatewayEvent, in_parts
from storage.store import Store, Transactions

STILL_FRESH = timedelta(seconds=5)
"""A reading this recent is good enough for the inbox cursor."""

SHORTEST_PAUSE = timedelta(seconds=3)
"""However many windows end: the gateway accepts at most forty identical requests a minute."""


class ReadInbox:
    """Reads the gateway's inbox from the cursor on, and processes every entry like a callback.

    Raises GatewayError if the gateway does not answer the request; the cursor is then unchanged.
    """

    def __init__(
        self,
        clock: Clock,
        transactions: Transactions,
        read: Callable[[int | None], Awaitable[list[GatewayEvent]]],
        take: OnGatewayEvent,
    ) -> None:
        """`read`: see `bot.gateway.api.CallGateway.read_inbox`."""
        self._clock = clock
        self._transactions = transactions
        self._read_after = read
        self._take = take
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self) -> int:
        """Read it now; return the id of the newest entry (0 if there is none)."""
        async with self._one_at_a_time:
            return await self._read()

    async def mark(self) -> int:
        """Return the id of the newest entry, read again unless that was done a moment ago."""
        async with self._one_at_a_time:
            cursor, read_at = await self._cursor()
            if cursor is not None and read_at is not None and self._clock.now() - read_at < STILL_FRESH:
                return cursor
            return await self._read()

    async def next_reading(self, every: timedelta) -> datetime | None:
        """Return when to read next: at intervals, and at the end of a window; None while nobody waits."""

        async def look(store: Store) -> tuple[datetime | None, datetime | None]:
            _, read_at = await store.gateway.inbox_cursor()
            # A window that ended since the last reading still needs one.
            return read_at, await store.verifications.nearest_window_end(read_at or store.now)

        read_at, window_end = await self._transactions.transact(look)
        if window_end is None:
            return None
        if read_at is None:
            return window_end
        return max(min(read_at + every, window_end), read_at + SHORTEST_PAUSE)

    async def _cursor(self) -> tuple[int | None, datetime | None]:
        return await self._transactions.transact(lambda store: store.gateway.inbox_cursor())

    async def _read(self) -> int:
        cursor, _ = await self._cursor()
        began = self._clock.now()
        entries = await self._read_after(cursor)
        newest = max([cursor or 0, *(entry.inbox_id or 0 for entry in entries)])
        # In their order, so that the cursor is right after each part.
        in_order = sorted(entries, key=lambda entry: entry.inbox_id or 0)
        *parts, last = list(in_parts(in_order)) or [()]
        for part in parts:
            reached = max(cursor or 0, part[-1].inbox_id or 0)
            await self._transactions.transact(partial(self._take_part, part=part, reached=reached, read_at=None))
        await self._transactions.transact(partial(self._take_part, part=last, reached=newest, read_at=began))
        return newest

    async def _take_part(
        self, store: Store, part: Sequence[GatewayEvent], reached: int, read_at: datetime | None
    ) -> None:
        await self._take.take_many(store, part)
        await store.gateway.set_inbox_cursor(reached, read_at)
