"""Time, as everything in Callgate asks for it.

The rest of the code never reads the machine's clock itself (lint bans it): it is given a `Clock`, so that
tests and the demo can run time faster or jump.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and waits."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    async def pause(self, seconds: float | None, wake: asyncio.Event | None = None) -> None:
        """Return once `seconds` have passed on this clock or `wake` is set, whichever is first.

        `None` seconds set no time limit. `wake` is left as it is: who waits on it clears it.
        """

    def lived(self) -> float:
        """Seconds that have passed while the machine was awake, from some moment on: `now` moves without it when the
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
"""For what is a matter of real seconds even where the clock is not the machine's: networks and budgets."""
