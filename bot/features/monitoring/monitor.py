"""The loop that checks the installation, and incidents that other parts report."""

from __future__ import annotations

import asyncio
import functools
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bot.clock import Clock
from bot.domain.errors import StorageUnavailableError
from bot.domain.incidents import DiskSpace, Finding, IncidentKind, Measurements
from bot.features.monitoring.balance import BalanceCache
from bot.features.monitoring.incidents import CheckInstallation, OpenIncident, ReadSpending
from bot.features.monitoring.runtime_stats import RuntimeStats
from bot.supervisor import Supervisor
from storage.store import Transactions

log = structlog.get_logger()

LOOK_EVERY = 30.0
BALANCE_EVERY = timedelta(minutes=10)
"""The balance does not fall faster than that."""


@dataclass(frozen=True, slots=True)
class WebhookReading:
    """What Telegram last said of the webhook: when and why it last failed to bring an update, if ever, and how many
    updates it holds back. Unknown values were not reported yet, or not the last time."""

    is_known: bool = True
    error_at: datetime | None = None
    error: str = ""
    undelivered: int = 0


ReadWebhook = Callable[[], WebhookReading]


class Monitor:
    """Takes all measurements every half minute and records incidents. Asks external services before that, and rarely.

    `read_webhook` returns the webhook's state; None with polling. `folder`: where the database file is; None if on
    another machine. `low_money`: below it the balance is low. `has_price`: whether spending can be computed.
    """

    def __init__(
        self,
        transactions: Transactions,
        watch: CheckInstallation,
        spending: ReadSpending,
        runtime_stats: RuntimeStats,
        clock: Clock,
        balance_cache: BalanceCache,
        read_webhook: ReadWebhook | None,
        folder: Path | None,
        low_money: float,
        announce: Callable[[], None],
        *,
        has_price: bool,
    ) -> None:
        self._transactions = transactions
        self._watch = watch
        self._spending = spending
        self._runtime_stats = runtime_stats
        self._clock = clock
        self._balance_cache = balance_cache
        self._read_webhook = read_webhook
        self._folder = folder
        self._announce = announce
        self._from_outside = Measurements(low_money=low_money)
        self._has_price = has_price
        self._balance_at = clock.now()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`. What a restart left undone gets half a minute first."""
        while not stop.is_set():
            await self._clock.pause(LOOK_EVERY, stop)
            if stop.is_set():
                return
            await self._look_outside()
            try:
                await self._transactions.transact(functools.partial(self._watch, readings=self.readings()))
            except StorageUnavailableError:
                # The failures stay in memory, and are reported once they can be stored.
                log.warning("watch_not_kept")
            self._announce()

    def readings(self) -> Measurements:
        """Return the current measurements."""
        felt = self._runtime_stats.readings()
        outside, statement, disk = self._from_outside, self._balance_cache.statement, self._disk()
        webhook = self._read_webhook() if self._read_webhook is not None else WebhookReading()
        known = {
            IncidentKind.MONEY_SHORT: statement.money is not None
            and (outside.spent is not None or not self._has_price),
            IncidentKind.WEBHOOK: webhook.is_known,
            IncidentKind.DISK_SHORT: disk is not None or self._folder is None,
            IncidentKind.CLOCK: bool(felt.clock_ahead),
        }
        return replace(
            felt,
            money=None if statement.money is None else float(statement.money),
            currency=statement.currency,
            low_money=outside.low_money,
            spent=outside.spent,
            disk=disk,
            webhook_error_at=webhook.error_at,
            webhook_error=webhook.error,
            undelivered=webhook.undelivered,
            unknown=frozenset(trouble for trouble, is_known in known.items() if not is_known),
        )

    def _disk(self) -> DiskSpace | None:
        if self._folder is None:
            return None
        try:
            usage = shutil.disk_usage(self._folder)
        except OSError:
            return None
        return DiskSpace(usage.free, usage.total)

    async def _look_outside(self) -> None:
        now = self._clock.now()
        # The clock may have been set back since.
        if not now < self._balance_at <= now + BALANCE_EVERY:
            self._balance_at = now + BALANCE_EVERY
            await self._read_balance()

    async def _read_balance(self) -> None:
        try:
            breaker = await self._transactions.transact(lambda store: store.gateway.breaker())
            if breaker.reason is not None and breaker.reason.needs_operator:
                # Leave the gateway alone: asking from a blocked address prolongs the block.
                return
            # If it gives no balance, the next number request finds out what is wrong.
            await self._balance_cache.look()
            spending = await self._transactions.transact(self._spending)
        except StorageUnavailableError:
            return
        self._from_outside = replace(self._from_outside, spent=float(spending.a_day) if spending is not None else None)


RETRY_AFTER = 5.0


class Reporter:
    """Call it with a finding: it returns at once, and keeps trying until the database has stored the finding."""

    def __init__(
        self,
        transactions: Transactions,
        open_incident: OpenIncident,
        clock: Clock,
        supervisor: Supervisor,
        wake: Callable[[], None],
    ) -> None:
        self._transactions = transactions
        self._open_incident = open_incident
        self._clock = clock
        self._supervisor = supervisor
        self._wake = wake
        self._under_way: set[str] = set()

    def __call__(self, finding: Finding) -> None:
        """Report something found just now."""
        key = f"{finding.name} {finding.variant}"
        if key not in self._under_way:
            self._under_way.add(key)
            self._supervisor.start("report", self._keep(finding, key))

    async def _keep(self, finding: Finding, key: str) -> None:
        stopping, now = self._supervisor.stopping, self._clock.now()
        try:
            while not stopping.is_set():
                try:
                    await self._transactions.transact(lambda store: self._open_incident(store, finding, now))
                except StorageUnavailableError:
                    await self._clock.pause(RETRY_AFTER, stopping)
                else:
                    self._wake()
                    return
            log.warning("trouble_not_kept", trouble=finding.name)
        finally:
            self._under_way.discard(key)
