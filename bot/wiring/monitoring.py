"""The part of the composition root for monitoring: incidents, the owner's own systems, metrics."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import structlog

from bot import VERSION
from bot.backups import Backups
from bot.clock import Clock
from bot.crypto import PhoneCipher
from bot.domain.errors import StorageUnavailableError
from bot.domain.monitoring import BalanceReport, Capabilities, HealthReport, Process
from bot.domain.webhooks import Destination
from bot.features.monitoring.actions import ReadCondition, count_states
from bot.features.monitoring.balance import BalanceCache
from bot.features.monitoring.incidents import CheckInstallation, ReadSpending
from bot.features.monitoring.monitor import Monitor, ReadWebhook
from bot.features.monitoring.runtime_stats import RuntimeStats
from bot.features.operators.registry import OperatorNotifier
from bot.features.webhooks.attempts import ReadOutbox, RecordAttempt
from bot.features.webhooks.http import EventSender, RelaySender, SafeHttpClient
from bot.features.webhooks.worker import Sender, WebhookWorker
from bot.gateway.api import CallGateway
from bot.metrics import Metrics
from bot.settings import Settings
from bot.supervisor import Supervisor
from storage.engine import address
from storage.store import Store, Transactions

log = structlog.get_logger()

T = TypeVar("T")
Loop = Callable[[asyncio.Event], Awaitable[None]]

READ_EVERY = 5.0
"""Seconds for which a reading of the database is reused, so that frequent scrapes add no load."""
READ_PATIENCE = 2.0
ASKED_PATIENCE = 5.0
"""Seconds; an operator who asks would rather wait a little than hear that the database gives no answer."""


class LookingAfter:
    """What operators rely on. `loops` are the leader's."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        transactions: Transactions,
        leading: Transactions,
        phone_cipher: PhoneCipher,
        notify_operators: OperatorNotifier,
        gateway: CallGateway,
        read_webhook: ReadWebhook | None,
        metrics: Metrics,
        runtime_stats: RuntimeStats,
        supervisor: Supervisor,
        budget_left: Callable[[], float],
        backups: Backups | None,
        announce: Callable[[], None],
        *,
        polls_inbox: bool,
    ) -> None:
        """`leading`: transactions of the loops, which only the leader runs. `polls_inbox`: whether one reads the
        gateway's inbox."""
        self._settings = settings
        self._gateway = gateway.settings
        self._clock = clock
        self._transactions = transactions
        self._metrics = metrics
        self._budget_left = budget_left
        self._backups = backups
        self._folder = _folder(settings)
        self._since = clock.now()
        self.leads_since: datetime | None = None
        """Since when this process leads; None while it does not."""
        self._read_outbox = ReadOutbox()
        self._read_at = float("-inf")
        self._read_spending = ReadSpending(clock, self._gateway.price)
        self._balance_cache = BalanceCache(transactions, gateway.balance, clock)
        self._wire: SafeHttpClient | None = None
        senders = self._senders(phone_cipher)
        expects_callback, targets = settings.PUBLIC_URL is not None, tuple(senders)
        self.monitor = Monitor(
            leading,
            CheckInstallation(clock, notify_operators, expects_callback=expects_callback, targets=targets),
            self._read_spending,
            runtime_stats,
            clock,
            self._balance_cache,
            read_webhook,
            self._folder,
            self._gateway.low_balance,
            announce,
            has_price=self._gateway.price is not None,
        )
        metrics.watch_money(lambda: self.monitor.readings().money)
        self.loops: dict[str, Loop] = {"monitor": self.monitor.run}
        if backups is not None:
            self.loops["backups"] = backups.run
        self.settle_letter = RecordAttempt(clock, notify_operators)
        self._ways = Capabilities(
            has_webhook=settings.UPDATES == "webhook",
            has_callback=expects_callback,
            polls_inbox=polls_inbox,
            backs_up=backups is not None,
            targets=targets,
        )
        for target, sender in senders.items():
            webhook_worker = WebhookWorker(
                target, leading, self.settle_letter, sender, clock, supervisor, metrics, announce
            )
            self.loops[f"webhook worker of {target}"] = webhook_worker.run

    def _senders(self, phone_cipher: PhoneCipher) -> dict[Destination, Sender]:
        settings, relay_url, found = self._settings, self._gateway.relay_url, dict[Destination, Sender]()
        if settings.EVENTS_URL is None and relay_url is None:
            return found
        self._wire = wire = SafeHttpClient(allow_private=settings.EVENTS_ALLOW_PRIVATE)
        if settings.EVENTS_URL is not None:
            found[Destination.EVENTS] = EventSender(wire, settings.EVENTS_URL, settings.events_secrets, self._clock)
        if relay_url is not None:
            found[Destination.RELAY] = RelaySender(wire, relay_url, phone_cipher)
        return found

    async def close(self) -> None:
        """Close the HTTP client."""
        if self._wire is not None:
            await self._wire.close()

    async def metrics_text(self) -> bytes:
        """The metrics, with a new reading of the database, or with the last one if it does not answer."""
        if time.monotonic() - self._read_at >= READ_EVERY:
            self._read_at = time.monotonic()
            try:
                async with asyncio.timeout(READ_PATIENCE):
                    await self._transactions.transact(self._read)
            except Exception as error:  # noqa: BLE001 - whatever it is, the rest is told all the same
                log.warning("metrics_not_read", error=type(error).__name__)
        return self._metrics.text()

    async def condition(self) -> HealthReport:
        """The condition of the installation now: measurements of this process, and what the database says."""
        kept = await self._asked(ReadCondition(self._clock))
        process = Process(
            VERSION,
            socket.gethostname(),
            os.getpid(),
            self._since,
            self.leads_since,
            is_alone=self._folder is not None,
            backed_up_at=await self._backups.newest() if self._backups is not None else None,
        )
        return HealthReport(self._clock.now(), process, self._ways, self.monitor.readings(), self._budget_left(), kept)

    async def account(self) -> BalanceReport:
        """The balance of the gateway account, as far as the bot may ask for it now, and the spending."""
        statement, spending = await self._balance_cache.look(), await self._asked(self._read_spending)
        low, has_price = Decimal(str(self._gateway.low_balance)), self._gateway.price is not None
        return BalanceReport(self._clock.now(), statement, low, has_price, spending)

    async def _asked(self, read: Callable[[Store], Awaitable[T]]) -> T | None:
        """What the database says; None when it gives no answer."""
        try:
            async with asyncio.timeout(ASKED_PATIENCE):
                return await self._transactions.transact(read)
        except (StorageUnavailableError, TimeoutError):
            return None

    async def _read(self, store: Store) -> None:
        self._metrics.show(
            await store.monitoring.queues(),
            await self._read_outbox(store),
            await store.incidents.active(),
            await store.monitoring.called_back_at(),
            self._clock.now(),
        )
        self._metrics.show_gates(await count_states(store, self._clock.now()))


def _folder(settings: Settings) -> Path | None:
    """The folder of the SQLite file; None for a server's database."""
    database = address.parse(settings.DATABASE_URL.get_secret_value())
    return Path(str(database.url.database)).absolute().parent if database.is_sqlite else None
