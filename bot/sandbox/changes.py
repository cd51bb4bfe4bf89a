"""Changes in the sandbox: a signal that wakes every coroutine that waits for one."""

from __future__ import annotations

import asyncio

WAIT_TIMEOUT = 30.0
"""Real seconds that a story waits for the bot, unless it says otherwise: many, since the machine may be busy, and only
a failing story waits until the end."""


class ChangeSignal:
    """Waiters sleep until somebody calls `notify`, which costs nothing while nobody waits."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def notify(self) -> None:
        """Wake everybody who waits now."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, within: float | None) -> bool:
        """Wait for the next `notify`; False when none came `within` so many real seconds (None: no limit)."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(within):
                await waiter
        except TimeoutError:
            return False
        return True
