"""The only place that starts tasks: none is orphaned, and no failure goes unnoticed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

from bot.clock import REAL_TIME, Clock

log = structlog.get_logger()
T = TypeVar("T")

RESTART_AFTER = 1.0
LONGEST_RESTART = 3.0
"""Seconds: whatever makes a loop fail, everything it does for others waits meanwhile."""
RUNS_WELL_FOR = 30.0
"""Seconds without a failure after which the next pause is the short one again."""
GRACE = 10.0
"""Seconds that tasks have to finish at the end."""


class Supervisor:
    """Runs loops for as long as the bot lives, and jobs to their end.

    It logs a failed loop and starts it again, with a growing pause. It sets `stopping` at the end; loops should see it
    and return, and are cancelled only when they do not within GRACE seconds.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self.stopping = asyncio.Event()

    def keep(self, name: str, loop: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run `loop` until it returns; start it again when it fails."""
        return self._start(name, self._kept(name, loop))

    def start(self, name: str, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `job` once and log a failure."""
        return self._start(name, self._once(name, job))

    async def stop(self) -> None:
        """Ask everything to end, and wait until it has."""
        self.stopping.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                # A task that ends may start a last one; wait for that too.
                while self._tasks:
                    await asyncio.wait(self._tasks)
        late = list(self._tasks)
        for task in late:
            log.warning("task_cancelled", task=task.get_name())
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _start(self, name: str, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(job, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _once(self, name: str, job: Coroutine[Any, Any, None]) -> None:
        try:
            await job
        except Exception:
            log.exception("job_failed", task=name)

    async def _kept(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        pause = RESTART_AFTER
        while not self.stopping.is_set():
            began = self._clock.now()
            try:
                await loop()
            except Exception:
                if (self._clock.now() - began).total_seconds() > RUNS_WELL_FOR:
                    pause = RESTART_AFTER
                log.exception("loop_failed", task=name, again_in=pause)
                await REAL_TIME.pause(pause, self.stopping)
                pause = min(pause * 2, LONGEST_RESTART)
            else:
                return


async def unless_stopped(stop: asyncio.Event, job: Coroutine[Any, Any, T]) -> T | None:
    """The result of `job`; None when `stop` is set first, and `job` is then cancelled."""
    loop = asyncio.get_running_loop()
    running, stopped = loop.create_task(job), loop.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return running.result() if running.done() else None
    finally:
        running.cancel()
        stopped.cancel()
        await asyncio.gather(running, stopped, return_exceptions=True)
