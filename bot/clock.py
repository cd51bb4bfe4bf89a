"""Time, as all of Callgate reads it.

The rest of the code never reads the machine's clock itself (lint bans it): it gets a `Clock`, so that tests and the
demo can run time faster or jump.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and waits."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    async def pause(self, seconds: float | None, wake: asyncio.Event | None = None) -> None:
        """Return once `seconds` have passed on this clock or `wake` is set, whichever is first.

        `None` seconds set no time limit. It does not clear `wake`: the waiting caller does.
        """

    def lived(self) -> float:
        """Seconds that have passed while the machine was awake, since some moment: `now` moves without it when the
        machine sleeps or its clock is set."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC)  # noqa: TID251 - the one place where the machine's clock is read

    async def pause(self, seconds: float | None, wake: asyncio.Event | None = None) -> None:
        """See `Clock`."""
        if wake is None:
            wake = asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await wake.wait()
        except TimeoutError:
            return

    def lived(self) -> float:
        """See `Clock`."""
        return time.monotonic()


REAL_TIME = SystemClock()
"""For real seconds even where the clock is not the machine's: networks and rate limits."""


DATE_RESOLUTION = timedelta(seconds=1)
"""`Date` holds whole seconds (RFC 9110, section 5.6.7)."""


class DateCheck:
    """Compares a clock with the `Date` header of answers (RFC 9110, section 6.6.1).

    It calls `told` for each answer with the least number of seconds that the clock is ahead; negative when it is
    behind. A date between the request and its answer differs by nothing, however long that took.
    """

    def __init__(self, clock: Clock, told: Callable[[float], None]) -> None:
        self._clock = clock
        self._told = told

    def began(self) -> datetime:
        """Start a request; pass what this returns to `answered`."""
        return self._clock.now()

    def answered(self, began: datetime, date: str | None) -> None:
        """Take the answer to that request. Without a readable date it says nothing."""
        try:
            theirs = parsedate_to_datetime(date or "")
            theirs = theirs if theirs.tzinfo is not None else theirs.replace(tzinfo=UTC)
            early, late = began - theirs - DATE_RESOLUTION, self._clock.now() - theirs + DATE_RESOLUTION
        except (ValueError, OverflowError):
            return
        self._told(max(early.total_seconds(), 0.0) + min(late.total_seconds(), 0.0))
