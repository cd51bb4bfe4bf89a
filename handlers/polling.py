"""Long polling: a loop of our own, because updates must be stored before they are confirmed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramAPIError,
    TelegramConflictError,
    TelegramRetryAfter,
)

from bot.clock import REAL_TIME
from bot.domain.errors import StorageUnavailableError
from bot.domain.incidents import Finding, IncidentKind, TokenUse
from bot.supervisor import unless_stopped
from bot.telegram.api_errors import refusal
from bot.telegram.methods import GetRawUpdates
from bot.telegram.webhook import Report, host_of
from handlers.updates import UpdateProcessor

log = structlog.get_logger()

LONG_POLL = 25
"""Seconds for which Telegram holds back an empty answer."""
BATCH = 100
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
CONFLICTS = 2
CONFLICTS_WITHIN = 60.0
"""So many polls that another poller ended, each within so many seconds of the previous one: a single one may come from
a process that is just stopping."""
TIMEOUT = 10
NOT_ANSWERING = "Telegram does not answer yet"


class Poller:
    """Fetches updates, and confirms them with the next fetch once they are stored.

    A webhook set by another program ends all polling, so the poller removes it. It reports that, other pollers, and
    Telegram's rejections to `report`.
    """

    def __init__(
        self,
        bot: Bot,
        intake: UpdateProcessor,
        allowed_updates: list[str],
        report: Report,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bot = bot
        self._intake = intake
        self._allowed_updates = allowed_updates
        self._report = report
        self._monotonic = monotonic
        self._conflicts, self._conflict_at = 0, float("-inf")
        self.is_receiving = False
        """Whether the last fetch worked."""
        self.problem: str | None = NOT_ANSWERING
        """The reason if not; None if it did."""

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop`."""
        offset: int | None = None
        pause = 0.0
        while not stop.is_set():
            try:
                raw_updates = await unless_stopped(stop, self._fetch(offset))
                if raw_updates is None:
                    break
                self.is_receiving, self.problem = True, None
                await self._intake.take(raw_updates)
                before, offset = offset, _after(raw_updates, offset)
                pause = 0.0
                if raw_updates and offset == before:
                    # Nothing here can be confirmed: the same will come again at once.
                    await REAL_TIME.pause(FIRST_PAUSE, stop)
            except (TelegramAPIError, ClientDecodeError, StorageUnavailableError, OSError) as error:
                self.is_receiving = False
                pause = _pause_after(error, pause)
                log.warning("polling_failed", error=refusal(error) or type(error).__name__, again_in=pause)
                await self._find_out(error)
                await REAL_TIME.pause(pause, stop)
        self.is_receiving, self.problem = False, NOT_ANSWERING

    async def _find_out(self, error: Exception) -> None:
        """Set `problem`, and fix what can be fixed."""
        words = refusal(error)
        if isinstance(error, StorageUnavailableError):
            self.problem = "storage does not keep updates"
        elif isinstance(error, TelegramRetryAfter):
            self.problem = f"Telegram asks to wait for {error.retry_after} seconds (flood control)"
        elif words is None:
            self.problem = NOT_ANSWERING
        elif not isinstance(error, TelegramConflictError):
            self.problem = f"Telegram refuses: {words}"
            self._report(Finding(IncidentKind.TELEGRAM_REFUSES, details={"error": words[:200]}))
        elif "webhook" in words.lower():
            # "can't use getUpdates method while webhook is active", or "terminated by setWebhook request".
            await self._remove_webhook()
        else:
            self.problem = "another program polls with this BOT_TOKEN"
            now = self._monotonic()
            self._conflicts = self._conflicts + 1 if now - self._conflict_at < CONFLICTS_WITHIN else 1
            self._conflict_at = now
            if self._conflicts >= CONFLICTS:
                log.error("polling_conflict", advice="another program polls with this BOT_TOKEN; stop it")
                self._report(Finding(IncidentKind.SECOND_PROGRAM, TokenUse.POLLING))

    async def _remove_webhook(self) -> None:
        try:
            host = host_of((await self._bot.get_webhook_info(request_timeout=TIMEOUT)).url)
            self.problem = f"another program set a webhook, {host}; it is being removed" if host else NOT_ANSWERING
            await self._bot.delete_webhook(request_timeout=TIMEOUT)
        except (AiogramError, OSError) as error:
            log.warning("webhook_not_removed", error=refusal(error) or type(error).__name__)
            return
        if host:
            log.error("webhook_removed", host=host, advice="another program uses this BOT_TOKEN; stop it")
            self._report(
                Finding(IncidentKind.SECOND_PROGRAM, TokenUse.WEBHOOK_SET, variant=host, details={"host": host})
            )

    async def _fetch(self, offset: int | None) -> list[Any]:
        # The first fetch, and the first after a failure, returns at once, so the bot knows whether it works.
        timeout = LONG_POLL if self.is_receiving else 0
        method = GetRawUpdates(offset=offset, limit=BATCH, timeout=timeout, allowed_updates=self._allowed_updates)
        return await self._bot(method, request_timeout=LONG_POLL + 10)


def _after(raw_updates: list[Any], offset: int | None) -> int | None:
    """Return the offset that confirms these. Updates without an id cannot be confirmed and are skipped."""
    ids = [
        update["update_id"]
        for update in raw_updates
        if isinstance(update, dict) and isinstance(update.get("update_id"), int)
    ]
    return max(ids) + 1 if ids else offset


def _pause_after(error: Exception, last: float) -> float:
    if isinstance(error, TelegramRetryAfter):
        return float(error.retry_after)
    return min(max(FIRST_PAUSE, last * 2), LONGEST_PAUSE)
