"""The composition root: builds and wires everything once. Read it top to bottom."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable

from bot.clock import Clock
from bot.settings import Settings
from bot.telegram.commands import Menus
from bot.telegram.deep_links import Start
from bot.telegram.methods import UPDATE_TYPES
from bot.wiring.base import Base, Loop, build_base
from bot.wiring.http import build_call_screens, build_console, build_mini_app, build_web
from bot.wiring.monitoring import LookingAfter
from bot.wiring.receiving import build_update_dispatcher, build_update_processor
from bot.wiring.rules import Rules, build_rules
from bot.wiring.sending import (
    TelegramClient,
    build_delivery_worker,
    build_executor,
    build_screens,
    build_telegram,
    webhook_secret,
)
from bot.wiring.workers import LOOK_EVERY, LOOK_EVERY_ALONE, InboxReader, NumberWorker, Sweeper
from handlers.monitoring import MetricsPage, Probes
from handlers.polling import Poller
from handlers.telegram import WebhookHandler

NotReady = Callable[[], Awaitable[str | None]]


class Container:
    """All parts of the bot, idle: `bot.app` starts, leads and stops it. `loops` are the leader's."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        telegram_script: str,
        not_ready: NotReady,
    ) -> None:
        """`telegram_script`: where the Mini App loads Telegram's script from. `not_ready`: why the bot must not send
        anything here now, if so."""
        base = build_base(settings, clock)
        self.settings, self.clock, self.supervisor = settings, clock, base.supervisor
        self.database, self.leadership, self.gateway = base.database, base.leadership, base.gateway
        self.budget, self.connection, self.deliveries = base.budget, base.connection, base.deliveries
        self.wake_all = base.alarm.wake_all
        rules = build_rules(base)
        look_every = LOOK_EVERY_ALONE if base.database.is_sqlite else LOOK_EVERY

        # Telegram, outward.
        client = build_telegram(base)
        self.bot, self.report, self.webhook = client.bot, client.report, client.webhook
        self.looking_after = LookingAfter(base, rules, client.webhook)
        self.screens = screens = build_screens(settings, client)
        executor = build_executor(base, client, screens, self.looking_after)
        self.delivery_worker = build_delivery_worker(base, rules, client, executor, look_every)

        # Telegram, inward.
        self.dispatcher = build_update_dispatcher(base, rules)
        processor = build_update_processor(base, client.bot, self.dispatcher)
        self.poller: Poller | None = None
        updates: WebhookHandler | None = None
        if client.webhook is None:
            self.poller = Poller(client.bot, processor, UPDATE_TYPES, client.report)
        else:
            secret = webhook_secret(settings)
            updates = WebhookHandler(secret, processor, client.webhook.rejected, client.webhook.arrived)

        # The HTTP server.
        def chat() -> str:
            return f"{screens.chat_url}?start={Start.CONTACT}" if screens.chat_url else ""

        call_screens = build_call_screens(base)
        self.streams = call_screens.streams
        mini_app = build_mini_app(base, call_screens, telegram_script, chat)
        console = build_console(base, rules, call_screens, telegram_script)
        metrics = MetricsPage(self.looking_after.metrics_text).handle
        receive = updates.handle if updates else None
        self.web = build_web(base, rules, call_screens, mini_app, console, Probes(not_ready), metrics, receive)

        self.loops: dict[str, Loop] = {
            "delivery": self.delivery_worker.run,
            **_loops(base, rules, client, look_every),
            **self.looking_after.loops,
            **({"poller": self.poller.run} if self.poller is not None else {}),
        }


def _loops(base: Base, rules: Rules, client: TelegramClient, look_every: float) -> dict[str, Loop]:
    """Return the leader's loops that no other part builds, by name."""
    clock, alarm = base.clock, base.alarm
    numbers = NumberWorker(
        rules.request_number, clock, base.supervisor, alarm.numbers, alarm.wake_deliveries, look_every
    )
    sweeper = Sweeper(rules.sweep, base.leadership.transactions, clock, alarm.wake_deliveries)
    loops: dict[str, Loop] = {
        "numbers": numbers.run,
        "sweeper": sweeper.run,
        "connection": functools.partial(base.connection.watch, client.bot),
        "menus": Menus(client.bot, base.texts, clock, client.report).keep,
    }
    if rules.read_calls_missed is not None:
        every = base.gateway.settings.poll_every
        inbox = InboxReader(rules.read_calls_missed, clock, every, alarm.inbox, alarm.wake_deliveries)
        loops["inbox"] = inbox.run
    return loops
