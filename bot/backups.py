"""Back-ups by the running process, for a database that is one file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from bot.clock import Clock
from bot.supervisor import unless_stopped

log = structlog.get_logger()

Copy = Callable[[Path], Awaitable[None]]
"""Writes a checked copy into an empty file."""

NAME = "callgate-%Y-%m-%dT%H%M%SZ.db"
UNFINISHED = ".part"
LOOK_EVERY = 60.0
"""Seconds; also how late a back-up may begin."""
AGAIN_AFTER = timedelta(hours=1)
"""When a back-up that failed is tried again."""


class Backups:
    """Makes complete copies at intervals, and deletes old ones, but never the newest.

    The name of a copy contains its time, so a restart makes no new one. After a failure it notifies operators, and
    retries an hour later.
    """

    def __init__(
        self,
        copy: Copy,
        folder: Path,
        every: timedelta,
        keep: timedelta,
        clock: Clock,
        report: Callable[[Exception], Awaitable[None]],
    ) -> None:
        self._copy = copy
        self._folder = folder
        self._every = every
        self._keep = keep
        self._clock = clock
        self._report = report

    async def newest(self) -> datetime | None:
        """When the newest back-up was made."""
        return max(await asyncio.to_thread(self._there), default=None)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`; a back-up that is being made then is given up."""
        not_before = self._clock.now()
        while not stop.is_set():
            now = self._clock.now()
            newest = await self.newest()
            due_at = not_before if newest is None else max(newest + self._every, not_before)
            if now < due_at:
                await self._clock.pause(min((due_at - now).total_seconds(), LOOK_EVERY), stop)
                continue
            try:
                await unless_stopped(stop, self._make(now))
            except Exception as error:  # noqa: BLE001 - whatever it is, the operators have to know
                not_before = now + AGAIN_AFTER
                await self._report(error)

    async def _make(self, now: datetime) -> None:
        unfinished = await asyncio.to_thread(self._prepare, now)
        await self._copy(unfinished)
        await asyncio.to_thread(self._finish, unfinished, now)
        log.info("backed_up", file=str(self._folder / f"{now:{NAME}}"))

    def _prepare(self, now: datetime) -> Path:
        """Create an empty file that nobody else may read, and delete what a crash left."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._folder.glob(f"callgate-*{UNFINISHED}*"):
            left.unlink()
        unfinished = self._folder / f"{now:{NAME}}{UNFINISHED}"
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return unfinished

    def _finish(self, unfinished: Path, now: datetime) -> None:
        unfinished.rename(self._folder / f"{now:{NAME}}")
        there = self._there()
        for made_at, path in there.items():
            if made_at < now - self._keep and made_at != max(there):
                path.unlink()

    def _there(self) -> dict[datetime, Path]:
        """The back-ups in the folder, by when they were made; other files are not ours."""
        found = {}
        for path in self._folder.glob("callgate-*.db"):
            try:
                found[datetime.strptime(path.name, NAME).replace(tzinfo=UTC)] = path
            except ValueError:
                continue
        return found
