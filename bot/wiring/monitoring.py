"""The part of the composition root for monitoring: incidents, the owner's own systems, metrics, back-ups."""

from __future__ import annotations

import asyncio
import functools
import os
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import structlog

from bot import VERSION
from bot.backups import Backups
from bot.domain.error_text import shortened
from bot.domain.errors import StorageUnavailableError
from bot.domain.monitoring import BalanceReport, Capabilities, GatewayNames, HealthReport, Process
from bot.domain.webhooks import Destination
from bot.features.monitoring.actions import count_states, read_condition
from bot.features.monitoring.balance import BalanceCache
from bot.features.monitoring.incidents import CheckInstallation, ReadSpending
from bot.features.monitoring.monitor import Monitor, WebhookReading
from bot.features.webhooks.attempts import RecordAttempt
from bot.features.webhooks.http import EventSender, RelaySender, SafeHttpClient
from bot.features.webhooks.worker import Sender, WebhookWorker
from bot.logs import words_of
from bot.settings import Settings
from bot.telegram.webhook import Webhook
from bot.wiring.base import Base, Loop
from bot.wiring.rules import Rules
from storage.engine import address
from storage.engine.backup import copy_beside
from storage.store import Store

log = structlog.get_logger()

T = TypeVar("T")

READ_EVERY = 5.0
"""Seconds for which a reading of the database is reused, so that frequent scrapes add no load."""
READ_PATIENCE = 2.0
ASKED_PATIENCE = 5.0
"""Seconds; an operator who asks would rather wait a little than hear that the database gives no answer."""


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One worker for each of the owner's own systems, and the HTTP client that all share; None without any."""

    client: SafeHttpClient | None
    workers: dict[Destination, WebhookWorker]


def build_webhooks(base: Base, record_attempt: RecordAttempt) -> WebhookDelivery:
    """Build the delivery of events and of relayed reports, as far as the settings name an address."""
    settings, relay_url, senders = base.settings, base.gateway.settings.relay_url, dict[Destination, Sender]()
    if settings.EVENTS_URL is None and relay_url is None:
        return WebhookDelivery(None, {})
    client = SafeHttpClient(allow_private=settings.EVENTS_ALLOW_PRIVATE)
    if settings.EVENTS_URL is not None:
        senders[Destination.EVENTS] = EventSender(client, settings.EVENTS_URL, settings.events_secrets, base.clock)
    if relay_url is not None:
        senders[Destination.RELAY] = RelaySender(client, relay_url, base.phone_cipher)
    workers = {
        target: WebhookWorker(
            target,
            base.leadership.transactions,
            record_attempt,
            sender,
            base.clock,
            base.supervisor,
            base.metrics,
            base.alarm.wake_deliveries,
        )
        for target, sender in senders.items()
    }
    return WebhookDelivery(client, workers)


def build_backups(base: Base) -> Backups | None:
    """Build the loop that makes back-ups; None where somebody else makes them."""
    settings, database = base.settings, base.database
    if not database.is_sqlite or not settings.BACKUP_EVERY_HOURS:
        return None

    async def tell(error: Exception) -> None:
        error_id = base.token_generator.error_id()
        log.error("backup_failed", error_id=error_id, error=words_of(error))
        await database.transact(lambda store: base.report_failure(store, error_id, shortened(words_of(error)), None))
        base.alarm.wake_deliveries()

    return Backups(
        functools.partial(copy_beside, database.file),
        settings.BACKUP_DIR or database.file.parent / "backups",
        timedelta(hours=settings.BACKUP_EVERY_HOURS),
        timedelta(days=settings.BACKUP_KEEP_DAYS),
        base.clock,
        tell,
    )


class LookingAfter:
    """What operators rely on. `loops` are the leader's."""

    def __init__(self, base: Base, rules: Rules, webhook: Webhook | None) -> None:
        """`webhook`: None if the bot polls."""
        self._base = base
        self._gateway = base.gateway.settings
        self._clock = base.clock
        self._transactions = base.database
        self._folder = _folder(base.settings)
        self._since = base.clock.now()
        self.leads_since: datetime | None = None
        """Since when this process leads; None while it does not."""
        self._read_at = float("-inf")
        self._read_spending = ReadSpending(self._gateway.price)
        self._balance_cache = BalanceCache(base.database, base.gateway.balance, base.clock)
        self._backups = build_backups(base)
        self._webhooks = webhooks = build_webhooks(base, rules.record_attempt)
        names = self._gateway.variables
        self._names = GatewayNames(self._gateway.name, names.credentials, names.price, names.poll_seconds)
        self._ways = Capabilities(
            gateway=self._names,
            has_webhook=webhook is not None,
            has_callback=base.settings.PUBLIC_URL is not None,
            polls_inbox=rules.read_calls_missed is not None,
            backs_up=self._backups is not None,
            targets=tuple(webhooks.workers),
        )
        self.monitor = self._build_monitor(webhook)
        base.metrics.watch_money(lambda: self.monitor.readings().money)
        self.loops: dict[str, Loop] = {
            "monitor": self.monitor.run,
            **({"backups": self._backups.run} if self._backups is not None else {}),
            **{f"webhook worker of {target}": worker.run for target, worker in webhooks.workers.items()},
        }

    def _build_monitor(self, webhook: Webhook | None) -> Monitor:
        base, ways = self._base, self._ways
        check = CheckInstallation(base.notify_operators, expects_callback=ways.has_callback, targets=ways.targets)
        return Monitor(
            base.leadership.transactions,
            check,
            self._read_spending,
            base.runtime_stats,
            base.clock,
            self._balance_cache,
            functools.partial(_webhook_reading, webhook) if webhook is not None else None,
            self._folder,
            self._gateway.low_balance,
            base.alarm.wake_deliveries,
            has_price=self._gateway.price is not None,
        )

    async def close(self) -> None:
        """Close the HTTP client."""
        if self._webhooks.client is not None:
            await self._webhooks.client.close()

    async def metrics_text(self) -> bytes:
        """The metrics, with a new reading of the database, or with the last one if it does not answer."""
        if time.monotonic() - self._read_at >= READ_EVERY:
            self._read_at = time.monotonic()
            try:
                async with asyncio.timeout(READ_PATIENCE):
                    await self._transactions.transact(self._read)
            except Exception as error:  # noqa: BLE001 - whatever it is, the rest is told all the same
                log.warning("metrics_not_read", error=type(error).__name__)
        return self._base.metrics.text()

    async def condition(self) -> HealthReport:
        """The condition of the installation now: measurements of this process, and what the database says."""
        kept = await self._asked(read_condition)
        process = Process(
            VERSION,
            socket.gethostname(),
            os.getpid(),
            self._since,
            self.leads_since,
            is_alone=self._folder is not None,
            backed_up_at=await self._backups.newest() if self._backups is not None else None,
        )
        return HealthReport(
            self._clock.now(), process, self._ways, self.monitor.readings(), self._base.budget_left(), kept
        )

    async def account(self) -> BalanceReport:
        """The balance of the gateway account, as far as the bot may ask for it now, and the spending."""
        statement, spending = await self._balance_cache.look(), await self._asked(self._read_spending)
        low, has_price = Decimal(str(self._gateway.low_balance)), self._gateway.price is not None
        return BalanceReport(self._clock.now(), self._names, statement, low, has_price, spending)

    async def _asked(self, read: Callable[[Store], Awaitable[T]]) -> T | None:
        """What the database says; None when it gives no answer."""
        try:
            async with asyncio.timeout(ASKED_PATIENCE):
                return await self._transactions.transact(read)
        except (StorageUnavailableError, TimeoutError):
            return None

    async def _read(self, store: Store) -> None:
        self._base.metrics.show(
            await store.monitoring.queues(),
            await store.outbox.outgoing(),
            await store.incidents.active(),
            await store.monitoring.called_back_at(),
            self._clock.now(),
        )
        self._base.metrics.show_gates(await count_states(store))


def _folder(settings: Settings) -> Path | None:
    """The folder of the SQLite file; None for a server's database."""
    database = address.parse(settings.DATABASE_URL.get_secret_value())
    return Path(str(database.url.database)).absolute().parent if database.is_sqlite else None


def _webhook_reading(webhook: Webhook) -> WebhookReading:
    at, error = webhook.last_failure
    return WebhookReading(webhook.is_known, at, error, webhook.undelivered)
