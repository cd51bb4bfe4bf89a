"""The part of the composition root that all others share: settings, keys, measurements, the database, the gateway."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.clock import Clock
from bot.crypto import PhoneCipher, Pseudonymizer, TokenGenerator
from bot.delivery.call_health import Deliveries
from bot.delivery.rate_limit import RateLimiter
from bot.domain.journal import Event, NewEntry
from bot.features.monitoring.actions import SetAside
from bot.features.monitoring.runtime_stats import RuntimeStats
from bot.features.operators.registry import OperatorNotifier, Operators, ReportFailure
from bot.features.webhooks.events import PublishEvents
from bot.gateway.api import CallGateway
from bot.i18n.texts import Texts
from bot.logs import log_noted, log_set_aside
from bot.metrics import Metrics
from bot.numbering import NumberingPlan
from bot.settings import Settings
from bot.supervisor import Supervisor
from bot.telegram.connection import TelegramAvailability
from bot.wiring.clients import build_gateway
from storage.engine.database import Database
from storage.engine.leadership import Leadership, leadership

Loop = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event is set."""

GATEWAY_PATIENCE = 20.0
"""Seconds that a person waits for a number before the bot tells them to try later."""


class Alarm:
    """Wakes the loops that have work. Parts that create work get it before those loops exist."""

    def __init__(self) -> None:
        self.numbers, self.inbox = asyncio.Event(), asyncio.Event()
        self.deliveries: list[Callable[[], None]] = []
        """Each loop that sends or shows adds here how to wake it."""

    def wake_all(self) -> None:
        """Have every loop look for work at once."""
        self.wake_deliveries()
        self.numbers.set()
        self.inbox.set()

    def wake_deliveries(self) -> None:
        """Wake the loops that send and show."""
        for wake in self.deliveries:
            wake()

    def wake_for(self, noted: Sequence[NewEntry]) -> None:
        """Wake the loops that have work because of these committed events."""
        events = {entry.event for entry in noted}
        if Event.NUMBER_ASKED in events:
            self.numbers.set()
        if not events.isdisjoint({Event.NUMBER_GIVEN, Event.ANOTHER_GIVEN}):
            self.inbox.set()


@dataclass(frozen=True, slots=True)
class Base:
    """The parts that most others need. `budget` and `deliveries` limit and watch the calls to Telegram, `connection`
    knows whether Telegram answers, and `report_failure` records one for the operators."""

    settings: Settings
    clock: Clock
    supervisor: Supervisor
    alarm: Alarm
    texts: Texts
    plan: NumberingPlan
    phone_cipher: PhoneCipher
    token_generator: TokenGenerator
    metrics: Metrics
    runtime_stats: RuntimeStats
    operators: Operators
    notify_operators: OperatorNotifier
    report_failure: ReportFailure
    budget: RateLimiter
    connection: TelegramAvailability
    deliveries: Deliveries
    database: Database
    leadership: Leadership
    gateway: CallGateway

    def budget_left(self) -> float:
        """Return which part of the budget for calls to Telegram is left now."""
        return self.budget.left(time.monotonic())


def build_base(settings: Settings, clock: Clock) -> Base:
    """Build them. Nothing is open yet."""
    token_generator, alarm = TokenGenerator(), Alarm()
    metrics, runtime_stats = Metrics(), RuntimeStats(clock)
    operators = Operators(settings.OPERATORS)
    notify_operators = OperatorNotifier(operators)
    report_failure = ReportFailure(notify_operators)
    database = Database(
        settings.DATABASE_URL.get_secret_value(),
        clock.now,
        Pseudonymizer(settings.SECRET_KEY.get_secret_value()),
        publish=PublishEvents(token_generator) if settings.EVENTS_URL else None,
        set_aside=SetAside(report_failure, token_generator, log_set_aside),
        noted=(metrics.noted, log_noted, alarm.wake_for),
        timed=(metrics.transacted, runtime_stats.transacted),
    )
    leads = leadership(database)
    gateway = build_gateway(
        settings, dates=runtime_stats.dates_of("gateway"), patience=GATEWAY_PATIENCE, may_ask=leads.is_certain
    )
    base = Base(
        settings=settings,
        clock=clock,
        supervisor=Supervisor(clock),
        alarm=alarm,
        texts=Texts(settings.LANGUAGE),
        plan=NumberingPlan(settings.HOME_COUNTRIES),
        phone_cipher=PhoneCipher(settings.SECRET_KEY.get_secret_value()),
        token_generator=token_generator,
        metrics=metrics,
        runtime_stats=runtime_stats,
        operators=operators,
        notify_operators=notify_operators,
        report_failure=report_failure,
        budget=RateLimiter(settings.TELEGRAM_RATE),
        connection=TelegramAvailability(runtime_stats.answers),
        deliveries=Deliveries(),
        database=database,
        leadership=leads,
        gateway=gateway,
    )
    metrics.watch_budget(base.budget_left)
    return base
