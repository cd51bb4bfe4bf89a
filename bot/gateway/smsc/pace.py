"""Limits on requests: SMSC answers code 9 to faster ones, and blocks clients that continue."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from bot.clock import Clock, SystemClock

AT_ONCE = 10
"""Requests in flight at one time. SMSC's own limit is 15 (SMSC documentation)."""

MINUTE = timedelta(minutes=1)


class RateLimit:
    """Hands out turns. One per gateway account; a request is in flight exactly while it holds its turn."""

    def __init__(self, clock: Clock | None = None, at_once: int = AT_ONCE) -> None:
        self._clock: Clock = clock or SystemClock()
        self._places = asyncio.Semaphore(at_once)
        self._begun: deque[tuple[datetime, str]] = deque()

    @asynccontextmanager
    async def turn(self, what: str, per_minute: int) -> AsyncIterator[None]:
        """Wait until one more request may begin, and hold its place until it is over.

        Requests with equal `what` are identical; at most `per_minute` of them begin within any minute. The wait has no
        limit: the caller sets one.
        """
        while True:
            async with self._places:
                # The minute counts from the moment when the request really goes out, so a place comes first. It is
                # given back during the wait for the minute, because others may ask something else.
                wait = self._wait(what, per_minute)
                if not wait:
                    yield
                    return
            await self._clock.pause(wait.total_seconds())

    def _wait(self, what: str, per_minute: int) -> timedelta:
        now = self._clock.now()
        # A clock set back leaves moments in the future: drop them, or they would block everybody.
        while self._begun and not timedelta(0) <= now - self._begun[0][0] < MINUTE:
            self._begun.popleft()
        identical = [begun for begun, other in self._begun if other == what]
        if len(identical) >= per_minute:
            return identical[-per_minute] + MINUTE - now
        self._begun.append((now, what))
        return timedelta(0)
