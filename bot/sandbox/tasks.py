"""The one place in the sandbox that starts tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


class Tasks:
    """Runs the world's background work; `stop` ends all of it and raises what failed."""

    def __init__(self) -> None:
        self._admin_actions: set[asyncio.Task[None]] = set()
        self._failures: list[Exception] = []

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` beside everything else."""
        # The sandbox is separate: its tasks must not belong to the supervisor of the bot under test.
        task = asyncio.create_task(work)  # noqa: TID251
        self._admin_actions.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._admin_actions.discard(task)
        if not task.cancelled():
            failure = task.exception()
            if isinstance(failure, Exception):
                self._failures.append(failure)

    async def stop(self) -> None:
        """Cancel what still runs and raise what failed, so that nobody takes a broken sandbox for a fact."""
        tasks = list(self._admin_actions)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        failures, self._failures = self._failures, []
        if failures:
            raise ExceptionGroup("the sandbox itself failed", failures)
