"""Asking the gateway what became of the numbers that people may be calling, for calls that the callback missed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.gateway import GatewayEvent
from bot.domain.verification import LATE_REPORT
from bot.features.verification.confirm import OnGatewayEvent, in_parts
from bot.features.verification.inbox import SHORTEST_PAUSE
from storage.store import Store, Transactions


class ReadStatuses:
    """Asks for the status of each number with a reference whose window was open at the last reading or opened later,
    and processes the calls like callbacks.

    Raises GatewayError if the gateway does not answer; the next reading then asks for the same numbers.
    """

    def __init__(
        self,
        clock: Clock,
        transactions: Transactions,
        read: Callable[[Sequence[str]], Awaitable[list[GatewayEvent]]],
        take: OnGatewayEvent,
    ) -> None:
        """`read`: see `bot.gateway.api.CallGateway.read_statuses`."""
        self._clock = clock
        self._transactions = transactions
        self._read = read
        self._take = take
        self._nobody_waited_at: datetime | None = None

    async def __call__(self) -> None:
        """Read them now."""
        began = self._clock.now()

        async def look(store: Store) -> list[str]:
            _, read_at = await store.gateway.inbox_cursor()
            return await store.verifications.open_references(read_at or began - LATE_REPORT)

        calls = await self._read(await self._transactions.transact(look))
        for part in in_parts(calls):

            async def take(store: Store, part: Sequence[GatewayEvent] = part) -> None:
                await self._take.take_many(store, part)

            await self._transactions.transact(take)
        await self._transactions.transact(lambda store: store.gateway.set_inbox_read(began))

    async def next_reading(self, every: timedelta) -> datetime | None:
        """Return when to read next: at intervals, and at the end of a window; None while nobody waits."""
        now = self._clock.now()

        async def look(store: Store) -> tuple[datetime | None, datetime | None]:
            _, read_at = await store.gateway.inbox_cursor()
            # A window that ended since the last reading still needs one.
            return read_at, await store.verifications.nearest_window_end(read_at or now - LATE_REPORT)

        read_at, window_end = await self._transactions.transact(look)
        if window_end is None:
            self._nobody_waited_at = now
            return None
        # Whoever waits now has had the number for a moment only, so nothing is due at once.
        since = max((at for at in (read_at, self._nobody_waited_at) if at is not None), default=None)
        if since is None:
            return now
        return max(min(since + every, window_end), since + SHORTEST_PAUSE)
