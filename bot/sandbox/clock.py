"""A clock that can run faster than the machine's, and jump."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from bot.clock import SystemClock


class SandboxClock:
    """Time that starts now (or at `start`), runs at `rate` and can be moved forward.

    Pauses in progress follow every jump and change of rate. A rate of 0 stops time.
    """

    def __init__(self, rate: float = 1.0, start: datetime | None = None) -> None:
        self._base = (start or SystemClock().now()).timestamp()
        self._since = time.monotonic()
        self._rate = rate
        self._unlived = 0.0
        self._sleepers: dict[asyncio.Timeout, float] = {}

    @property
    def rate(self) -> float:
        """Seconds of this clock in one second of the machine's."""
        return self._rate

    def timestamp(self) -> float:
        """The present moment in unix seconds."""
        return self._base + (time.monotonic() - self._since) * self._rate

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def advance(self, seconds: float) -> None:
        """Jump forward; pauses that end inside the jump return at once."""
        if seconds < 0:
            raise ValueError("a clock does not run backwards")
        self._base += seconds
        self._reschedule()

    def step(self, seconds: float) -> None:
        """Set the clock, forward or back, or let the machine sleep for so long: nobody lives through that time, and no
        pause ends sooner or later for it."""
        self._base += seconds
        self._unlived += seconds
        for limit in self._sleepers:
            self._sleepers[limit] += seconds

    def lived(self) -> float:
        """Seconds that passed on this clock, without those of `step`; see `bot.clock.Clock`."""
        return self.timestamp() - self._unlived

    def set_rate(self, rate: float) -> None:
        """Run `rate` times as fast as the machine's clock from here on."""
        if rate < 0:
            raise ValueError("a clock does not run backwards")
        self._base, self._since = self.timestamp(), time.monotonic()
        self._rate = rate
        self._reschedule()

    async def pause(self, seconds: float | None, wake: asyncio.Event | None = None) -> None:
        """Return once `seconds` have passed on this clock or `wake` is set; see `bot.clock.Clock`."""
        wake = wake or asyncio.Event()
        if seconds is None:
            await wake.wait()
            return
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._sleepers[limit] = self.timestamp() + seconds
                limit.reschedule(self._moment(self._sleepers[limit]))
                await wake.wait()
        except TimeoutError:
            return
        finally:
            self._sleepers.pop(limit, None)

    def _moment(self, deadline: float) -> float | None:
        """When `deadline` comes on the event loop's clock; never, while time stands still."""
        left = deadline - self.timestamp()
        if left <= 0:
            return 0.0
        return asyncio.get_running_loop().time() + left / self._rate if self._rate else None

    def _reschedule(self) -> None:
        for limit, deadline in self._sleepers.items():
            if not limit.expired():
                limit.reschedule(self._moment(deadline))
