"""Changes in the sandbox: a beat that wakes every coroutine that waits for one."""

from __future__ import annotations

import asyncio

PATIENCE = 30.0
"""Real seconds that a story waits for the bot, unless it says otherwise: many, since the machine may be busy, and only
a failing story waits until the end."""


class Pulse:
    """Waiters sleep until the next beat; a beat with nobody waiting costs nothing."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def beat(self) -> None:
        """Wake everybody who waits now."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def next(self, within: float | None) -> bool:
        """Wait for the next beat; False when it did not come within so many (real) seconds."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(within):
                await waiter
        except TimeoutError:
            return False
        return True
