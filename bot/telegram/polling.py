"""Long polling: our own loop, because what is fetched must be kept before it is confirmed."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import ClientDecodeError, TelegramAPIError, TelegramConflictError, TelegramRetryAfter

from bot.clock import REAL_TIME
from bot.supervisor import unless_stopped
from bot.telegram.intake import Intake
from bot.telegram.methods import GetRawUpdates
from bot.usecases.ports import StorageUnavailableError

log = structlog.get_logger()

LONG_POLL = 25
"""Seconds Telegram holds an empty answer back."""
BATCH = 100
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0


class Poller:
    """Fetches updates and confirms them by the next fetch, after they were kept."""

    def __init__(self, bot: Bot, intake: Intake, allowed_updates: list[str]) -> None:
        self._bot = bot
        self._intake = intake
        self._allowed_updates = allowed_updates
        self.is_receiving = False
        """Whether the last fetch worked."""

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop`."""
        offset: int | None = None
        pause = 0.0
        while not stop.is_set():
            try:
                raw_updates = await unless_stopped(stop, self._fetch(offset))
                if raw_updates is None:
                    break
                self.is_receiving = True
                await self._intake.take(raw_updates)
                before, offset = offset, _after(raw_updates, offset)
                pause = 0.0
                if raw_updates and offset == before:
                    # Nothing among them can be confirmed: the same will come again at once.
                    await REAL_TIME.pause(FIRST_PAUSE, stop)
            except (TelegramAPIError, ClientDecodeError, StorageUnavailableError, OSError) as error:
                self.is_receiving = False
                pause = _pause_after(error, pause)
                log.warning("polling_failed", error=type(error).__name__, again_in=pause)
                await REAL_TIME.pause(pause, stop)
        self.is_receiving = False

    async def _fetch(self, offset: int | None) -> list[Any]:
        # The first fetch, and the first after a failure, is answered at once: then it is known whether it works.
        timeout = LONG_POLL if self.is_receiving else 0
        method = GetRawUpdates(offset=offset, limit=BATCH, timeout=timeout, allowed_updates=self._allowed_updates)
        return await self._bot(method, request_timeout=LONG_POLL + 10)


def _after(raw_updates: list[Any], offset: int | None) -> int | None:
    """The offset that confirms these. What has no id cannot be confirmed, and is passed over."""
    ids = [
        update["update_id"]
        for update in raw_updates
        if isinstance(update, dict) and isinstance(update.get("update_id"), int)
    ]
    return max(ids) + 1 if ids else offset


def _pause_after(error: Exception, last: float) -> float:
    if isinstance(error, TelegramRetryAfter):
        return float(error.retry_after)
    if isinstance(error, TelegramConflictError):
        log.error("polling_conflict", advice="another process polls with this BOT_TOKEN; stop it")
    return min(max(FIRST_PAUSE, last * 2), LONGEST_PAUSE)
