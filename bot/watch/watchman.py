"""The loop that looks after the installation."""

from __future__ import annotations

import asyncio
import functools
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bot.clock import Clock
from bot.domain.trouble import Disk, Readings, Trouble
from bot.usecases.ports import StorageUnavailableError, Transactions
from bot.usecases.watch_troubles import ReadSpending, WatchTroubles
from bot.watch.pulse import Pulse
from bot.watch.purse import Purse

log = structlog.get_logger()

LOOK_EVERY = 30.0
BALANCE_EVERY = timedelta(minutes=10)
"""The money does not go any faster."""
WEBHOOK_EVERY = timedelta(minutes=3)


class NoAnswerError(Exception):
    """Whoever was asked gave no answer."""


AskWebhook = Callable[[], Awaitable[tuple[datetime, str] | None]]


class Watchman:
    """Every half a minute takes all readings, and has troubles noted. What lies outside is asked before, and seldom.

    `ask_webhook` says when Telegram last failed to bring an update, and why, if ever, or raises NoAnswerError; None
    where updates are polled. `folder` is where the database file lies, None where that is another machine's business.
    `low_money` is the amount below which the money is short; `has_price`: what is spent can be known.
    """

    def __init__(
        self,
        transactions: Transactions,
        watch: WatchTroubles,
        spending: ReadSpending,
        pulse: Pulse,
        clock: Clock,
        purse: Purse,
        ask_webhook: AskWebhook | None,
        folder: Path | None,
        low_money: float,
        announce: Callable[[], None],
        *,
        has_price: bool,
    ) -> None:
        self._transactions = transactions
        self._watch = watch
        self._spending = spending
        self._pulse = pulse
        self._clock = clock
        self._purse = purse
        self._ask_webhook = ask_webhook
        self._folder = folder
        self._announce = announce
        self._from_outside = Readings(low_money=low_money)
        self._has_price = has_price
        self._is_webhook_known = ask_webhook is None
        self._balance_at = self._webhook_at = clock.now()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. What a restart left undone is given the first half a minute to be done."""
        while not stop.is_set():
            await self._clock.pause(LOOK_EVERY, stop)
            if stop.is_set():
                return
            await self._look_outside()
            try:
                await self._transactions.transact(functools.partial(self._watch, readings=self.readings()))
            except StorageUnavailableError:
                # What went wrong is remembered, and told once it can be kept.
                log.warning("watch_not_kept")
            self._announce()

    def readings(self) -> Readings:
        """What is known now."""
        outside, statement, disk = self._from_outside, self._purse.statement, self._disk()
        known = {
            Trouble.MONEY_SHORT: statement.money is not None and (outside.spent is not None or not self._has_price),
            Trouble.WEBHOOK: self._is_webhook_known,
            Trouble.DISK_SHORT: disk is not None or self._folder is None,
        }
        return replace(
            self._pulse.readings(),
            money=None if statement.money is None else float(statement.money),
            currency=statement.currency,
            low_money=outside.low_money,
            spent=outside.spent,
            disk=disk,
            webhook_error_at=outside.webhook_error_at,
            webhook_error=outside.webhook_error,
            unknown=frozenset(trouble for trouble, is_known in known.items() if not is_known),
        )

    def _disk(self) -> Disk | None:
        if self._folder is None:
            return None
        try:
            usage = shutil.disk_usage(self._folder)
        except OSError:
            return None
        return Disk(usage.free, usage.total)

    async def _look_outside(self) -> None:
        now = self._clock.now()
        if now >= self._balance_at:
            self._balance_at = now + BALANCE_EVERY
            await self._read_balance()
        if self._ask_webhook is not None and now >= self._webhook_at:
            self._webhook_at = now + WEBHOOK_EVERY
            await self._read_webhook(self._ask_webhook)

    async def _read_webhook(self, ask: AskWebhook) -> None:
        try:
            failed = await ask()
        except NoAnswerError:
            self._is_webhook_known = False
            return
        at, error = failed or (None, "")
        self._from_outside = replace(self._from_outside, webhook_error_at=at, webhook_error=error)
        self._is_webhook_known = True

    async def _read_balance(self) -> None:
        try:
            breaker = await self._transactions.transact(lambda store: store.gateway.breaker())
            if breaker.reason is not None and breaker.reason.needs_operator:
                # It is left alone: asking from a blocked address makes the block longer.
                return
            # Where it tells nothing, whoever needs a number next finds out what is wrong.
            await self._purse.look()
            spending = await self._transactions.transact(self._spending)
        except StorageUnavailableError:
            return
        self._from_outside = replace(self._from_outside, spent=float(spending.a_day) if spending is not None else None)
