"""The part of the composition root for what goes to Telegram: the client, the webhook, the delivery worker."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from aiogram import Bot

from bot.crypto import derived_key
from bot.delivery.execute import TelegramExecutor
from bot.delivery.rate_limit import RateLimitMiddleware
from bot.delivery.results import ApplyResults, SettleTask
from bot.delivery.screens import ScreenRenderer
from bot.delivery.select import SelectOutgoing
from bot.delivery.views import ViewOf
from bot.delivery.worker import DeliveryWorker
from bot.domain.screens import ScreenName
from bot.features.access.grant_results import SettleGrant
from bot.features.monitoring.incidents import OpenIncident
from bot.features.monitoring.monitor import Reporter
from bot.features.monitoring.screens import HealthSender
from bot.features.privacy.erase import ErasureViews
from bot.features.privacy.export import JournalFiles
from bot.features.privacy.my_data import as_file, collect_person_data
from bot.features.privacy.tasks import DataFiles
from bot.features.raids.alerts import OnAlertResult
from bot.features.support.installation_views import InstallationViews
from bot.features.support.views import OperatorViews
from bot.features.verification.views import help_view
from bot.settings import Settings
from bot.telegram.fallback import Fallback
from bot.telegram.methods import UPDATE_TYPES
from bot.telegram.webhook import WEBHOOK_PATH, Webhook
from bot.wiring.base import Base
from bot.wiring.clients import telegram
from bot.wiring.monitoring import LookingAfter
from bot.wiring.rules import Rules


@dataclass(frozen=True, slots=True)
class TelegramClient:
    """`bot` with the middlewares of its session, of which `limit` and `fallback` are two. `report` records incidents.
    `webhook`: None if the bot polls."""

    bot: Bot
    limit: RateLimitMiddleware
    fallback: Fallback
    report: Reporter
    webhook: Webhook | None


def build_telegram(base: Base) -> TelegramClient:
    """Build them."""
    settings, clock = base.settings, base.clock
    fallback = Fallback(base.runtime_stats.part_refused)
    limit = RateLimitMiddleware(base.budget, may_deliver=base.leadership.is_certain)
    bot = telegram(settings, base.metrics, base.connection, base.deliveries, base.runtime_stats, fallback, limit)
    open_incident = OpenIncident(base.notify_operators)
    report = Reporter(base.database, open_incident, clock, base.supervisor, base.alarm.wake_deliveries)
    webhook: Webhook | None = None
    if settings.UPDATES == "webhook":
        url = f"{settings.PUBLIC_URL}{WEBHOOK_PATH}"
        webhook = Webhook(bot, url, webhook_secret(settings), UPDATE_TYPES, clock, report)
    return TelegramClient(bot, limit, fallback, report, webhook)


def webhook_secret(settings: Settings) -> str:
    """Return the secret with which Telegram calls the webhook: the operator's, or one derived from `SECRET_KEY`."""
    if settings.TELEGRAM_WEBHOOK_SECRET is not None:
        return settings.TELEGRAM_WEBHOOK_SECRET.get_secret_value()
    key = derived_key(settings.SECRET_KEY.get_secret_value(), "telegram webhook")
    return hashlib.sha256(key).hexdigest()


def build_screens(settings: Settings, client: TelegramClient) -> ScreenRenderer:
    """Build the renderer of all screens. `bot.app` gives it the address of the chat once Telegram answers."""
    return ScreenRenderer(
        settings.PUBLIC_URL, settings.app_url, rich=settings.SCREENS == "rich", takes_link=client.fallback.takes_link
    )


def build_executor(
    base: Base, client: TelegramClient, screens: ScreenRenderer, looking_after: LookingAfter
) -> TelegramExecutor:
    """Build what runs one item of the queue."""
    settings, gateway = base.settings, base.gateway.settings
    health = HealthSender(client.bot, base.texts, looking_after.condition, looking_after.account)
    return TelegramExecutor(
        client.bot,
        base.clock,
        base.texts,
        screens,
        settings.app_url,
        gateway.callback.url(settings.PUBLIC_URL) if settings.PUBLIC_URL is not None else None,
        gateway.price,
        {**_data_files(base, client.bot).runners, **health.runners},
        base.token_generator.error_id,
        base.runtime_stats.ephemeral,
    )


def _data_files(base: Base, bot: Bot) -> DataFiles:
    database, operators = base.database, base.operators

    async def my_data(user_id: int) -> bytes:
        document = await database.transact(lambda store: collect_person_data(store, user_id))
        return await asyncio.to_thread(as_file, document)

    async def is_operator(user_id: int) -> bool:
        return await database.transact(lambda store: operators.is_operator(store, user_id))

    return DataFiles(bot, base.texts, my_data, JournalFiles(database), base.supervisor.stopping, is_operator)


def build_delivery_worker(
    base: Base, rules: Rules, client: TelegramClient, executor: TelegramExecutor, look_every: float
) -> DeliveryWorker:
    """Build the worker. `look_every`: see `DeliveryWorker`."""
    clock, operators = base.clock, base.operators
    views: dict[ScreenName, ViewOf] = {
        ScreenName.OPERATOR: OperatorViews(operators.is_operator),
        ScreenName.INSTALLATION: InstallationViews(operators),
        ScreenName.ERASE: ErasureViews(operators),
        ScreenName.HELP: help_view(operators.is_operator),
    }
    settle_task = SettleTask(rules.desk, OnAlertResult(operators), operators)
    worker = DeliveryWorker(
        base.leadership.transactions,
        SelectOutgoing(views, operators.is_operator),
        ApplyResults(SettleGrant(base.notify_operators), settle_task, base.report_failure),
        executor,
        base.budget,
        client.limit,
        base.supervisor,
        clock,
        look_every,
    )
    base.alarm.deliveries.append(worker.wake)
    return worker
