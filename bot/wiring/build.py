"""The composition root: builds and wires everything once. Read it top to bottom."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog
from aiogram.types import Update

from bot.backups import Backups
from bot.clock import Clock
from bot.crypto import PhoneCipher, Pseudonymizer, TokenGenerator, derived_key
from bot.delivery.call_health import Deliveries
from bot.delivery.execute import TelegramExecutor
from bot.delivery.rate_limit import RateLimiter, RateLimitMiddleware
from bot.delivery.results import ApplyResults, SettleTask
from bot.delivery.screens import ScreenRenderer
from bot.delivery.select import SelectOutgoing
from bot.delivery.views import ViewOf
from bot.delivery.worker import DeliveryWorker
from bot.domain.journal import Event, NewEntry
from bot.domain.screens import ScreenName
from bot.features.access.grant_results import RetryEntry, SettleGrant
from bot.features.access.jobs import Sweep
from bot.features.admins.authorize import AdminDesk
from bot.features.admins.navigation import CallPanel, ListGates, OnPanelText
from bot.features.announcements.actions import Announce
from bot.features.gates.lifecycle import DeleteServiceMessage, FollowRights, LookForRights, UnlinkChats
from bot.features.joining.links import AskLink, RenewLinks
from bot.features.joining.member_updates import OnMemberUpdated
from bot.features.joining.newcomers import OnMemberJoined, OnMemberLeft, OnMemberRestricted
from bot.features.joining.requests import OnJoinRequest
from bot.features.moderation.appeals import AskAdmins
from bot.features.moderation.commands import CommandInGroup, CommandInPrivate, FollowLink
from bot.features.moderation.mass_decline import DeclineMany
from bot.features.monitoring.actions import AskCondition, SetAside, SetClockBack
from bot.features.monitoring.incidents import OpenIncident
from bot.features.monitoring.monitor import ReadWebhook, Reporter, WebhookReading
from bot.features.monitoring.runtime_stats import RuntimeStats
from bot.features.monitoring.screens import HealthSender
from bot.features.operators.registry import OperatorNotifier, Operators, ReportFailure
from bot.features.panel.actions import ChooseLogPlace
from bot.features.privacy.erase import AskDeletion, ConfirmDeletion, ErasePerson, ErasureViews, FinishErasures
from bot.features.privacy.export import JournalFiles
from bot.features.privacy.jobs import PurgeOld
from bot.features.privacy.my_data import AskExport, AskMyData, CollectPersonData, as_file
from bot.features.privacy.tasks import DataFiles
from bot.features.raids.alerts import OnAlertResult
from bot.features.raids.detect import FollowRaids
from bot.features.settings.file_format import JsonSettingsFile
from bot.features.settings.words import read_typed
from bot.features.statistics.actions import AskStatistics, ReadStatistics, ShowStatistics
from bot.features.statistics.jobs import RollUp
from bot.features.support.actions import OperatorDesk
from bot.features.support.installation_views import InstallationViews
from bot.features.support.operators import AppointOperators
from bot.features.support.search import FindPeople
from bot.features.support.views import OperatorViews
from bot.features.verification.attempt import (
    CancelVerification,
    RetryVerification,
    ShareContact,
    ShowScreen,
    StartVerification,
)
from bot.features.verification.call_buttons import PressCallButton
from bot.features.verification.call_page import OnAppOpened, ReadApp, ReadCalls
from bot.features.verification.confirm import OnGatewayEvent
from bot.features.verification.inbox import ReadInbox
from bot.features.verification.numbers import RequestNumber
from bot.features.webhooks.events import PublishEvents, RelayReport
from bot.i18n.texts import LANGUAGES, Texts
from bot.logs import log_noted, log_set_aside, words_of
from bot.metrics import Metrics
from bot.numbering import NumberingPlan
from bot.settings import Settings
from bot.supervisor import Supervisor
from bot.telegram.commands import Menus
from bot.telegram.connection import TelegramAvailability
from bot.telegram.fallback import Fallback
from bot.telegram.init_data import InitDataVerifier
from bot.telegram.keyboards import appeal_text
from bot.telegram.methods import UPDATE_TYPES
from bot.telegram.webhook import WEBHOOK_PATH, Webhook
from bot.web.call_page import CallView, StaticFiles
from bot.web.rate_limit import TRUSTED
from bot.web.sessions import Sessions
from bot.web.streams import Streams
from bot.wiring.actions import action_handlers, elsewhere
from bot.wiring.clients import BuildGateway, counted, telegram
from bot.wiring.monitoring import LookingAfter
from bot.wiring.workers import LOOK_EVERY, LOOK_EVERY_ALONE, InboxReader, NumberWorker, Sweeper
from handlers.call_page import CallFiles, CallPages
from handlers.gateway import CallbackHandler
from handlers.http_routes import build_http
from handlers.middlewares import LoadPerson
from handlers.mini_app import AppPages
from handlers.monitoring import MetricsPage, Probes
from handlers.polling import Poller
from handlers.routes import build_dispatcher
from handlers.telegram import WebhookHandler
from handlers.updates import UpdateProcessor
from storage.engine.backup import copy_beside
from storage.engine.database import Database
from storage.engine.leadership import leadership
from storage.store import Store

log = structlog.get_logger()

Loop = Callable[[asyncio.Event], Awaitable[None]]
NotReady = Callable[[], Awaitable[str | None]]

GATEWAY_PATIENCE = 20.0
"""Seconds that a person waits for a number before the bot tells them to try later."""


class Container:
    """All parts of the bot, idle: `bot.app` starts, leads and stops it."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        telegram_script: str,
        not_ready: NotReady,
        build_gateway: BuildGateway,
    ) -> None:
        """`telegram_script`: where the Mini App loads Telegram's script from. `not_ready`: why the bot must not send
        anything here now, if so."""
        self.settings = settings
        self.clock = clock
        operators = Operators(settings.OPERATORS)
        notify_operators = OperatorNotifier(operators)
        metrics, runtime_stats = Metrics(), RuntimeStats(clock)
        self.budget = budget = RateLimiter(settings.TELEGRAM_RATE)

        def budget_left() -> float:
            return budget.left(time.monotonic())

        metrics.watch_budget(budget_left)
        self.supervisor = Supervisor(clock)

        # The store.
        token_generator = TokenGenerator()
        report = ReportFailure(clock, notify_operators)
        self.database = Database(
            settings.DATABASE_URL.get_secret_value(),
            Pseudonymizer(settings.SECRET_KEY.get_secret_value()),
            publish=PublishEvents(token_generator) if settings.EVENTS_URL else None,
            set_aside=SetAside(clock, report, token_generator, log_set_aside),
            noted=(metrics.noted, log_noted, self._wake_for),
            timed=(metrics.transacted, runtime_stats.transacted),
        )
        self.leadership = leadership(self.database)
        leading = self.leadership.transactions

        # The rules.
        plan = NumberingPlan(settings.HOME_COUNTRIES)
        phone_cipher = PhoneCipher(settings.SECRET_KEY.get_secret_value())
        open_verification = StartVerification(clock, phone_cipher, token_generator)
        take_event = OnGatewayEvent(clock, plan, phone_cipher, token_generator, jumped=self._jumped)

        # The gateway.
        self.gateway = gateway = build_gateway(
            settings,
            dates=runtime_stats.dates_of("gateway"),
            patience=GATEWAY_PATIENCE,
            may_ask=self.leadership.is_certain,
        )
        callback, poll_every = gateway.settings.callback, gateway.settings.poll_every
        read_inbox: ReadInbox | None = None
        if gateway.read_inbox is not None and poll_every:
            read_inbox = ReadInbox(clock, leading, gateway.read_inbox, take_event)
        request_number = RequestNumber(
            clock,
            leading,
            counted(gateway, metrics, runtime_stats),
            phone_cipher,
            read_inbox.mark if read_inbox is not None else None,
            gateway.settings.call_window,
            notify_operators,
            plan,
        )

        # Actions of admins and operators.
        show_statistics = ShowStatistics(clock, ReadStatistics())
        decline_many, raids = DeclineMany(clock), FollowRaids(clock)
        desk = AdminDesk(
            clock,
            action_handlers(read_typed, JsonSettingsFile(), decline_many, show_statistics),
            elsewhere(JsonSettingsFile()),
        )
        call_panel = CallPanel(clock, desk)

        # Requests of people about their stored data.
        erase_person, ask_deletion = ErasePerson(clock, operators), AskDeletion(clock, operators)
        collect = CollectPersonData(clock)

        async def my_data(user_id: int) -> bytes:
            document = await self.database.transact(lambda store: collect(store, user_id))
            return await asyncio.to_thread(as_file, document)

        # Actions of operators.
        async def is_operator(user_id: int) -> bool:
            return await self.database.transact(lambda store: operators.is_operator(store, user_id))

        announce = Announce(clock, operators, plan)
        views: dict[ScreenName, ViewOf] = {
            ScreenName.OPERATOR: OperatorViews(operators.is_operator),
            ScreenName.INSTALLATION: InstallationViews(operators),
            ScreenName.ERASE: ErasureViews(operators),
        }

        # Telegram, outward.
        self.connection = connection = TelegramAvailability(runtime_stats.answers)
        self.deliveries = deliveries = Deliveries()
        fallback = Fallback(runtime_stats.part_refused)
        limit = RateLimitMiddleware(budget, may_deliver=self.leadership.is_certain)
        self.bot = telegram(settings, metrics, connection, deliveries, runtime_stats, fallback, limit)
        self.report = Reporter(
            self.database, OpenIncident(notify_operators), clock, self.supervisor, self.wake_deliveries
        )
        self.webhook: Webhook | None = None
        webhook_secret = _webhook_secret(settings)
        if settings.UPDATES == "webhook":
            url = f"{settings.PUBLIC_URL}{WEBHOOK_PATH}"
            self.webhook = Webhook(self.bot, url, webhook_secret, UPDATE_TYPES, clock, self.report)
        self.looking_after = LookingAfter(
            settings,
            clock,
            self.database,
            leading,
            phone_cipher,
            notify_operators,
            gateway,
            _webhook_reading(self.webhook) if self.webhook is not None else None,
            metrics,
            runtime_stats,
            self.supervisor,
            budget_left,
            self._backups(report, token_generator),
            self.wake_deliveries,
            polls_inbox=read_inbox is not None,
        )
        self.texts = Texts(settings.LANGUAGE)
        self.screens = ScreenRenderer(
            settings.PUBLIC_URL, settings.app_url, rich=settings.SCREENS == "rich", takes_link=fallback.takes_link
        )
        journal_files = JournalFiles(self.database)
        data_files = DataFiles(self.bot, self.texts, my_data, journal_files, self.supervisor.stopping, is_operator)
        told = HealthSender(self.bot, self.texts, self.looking_after.condition, self.looking_after.account)
        deliverer = TelegramExecutor(
            self.bot,
            clock,
            self.texts,
            self.screens,
            settings.app_url,
            callback.url(settings.PUBLIC_URL) if settings.PUBLIC_URL is not None else None,
            gateway.settings.price,
            {**data_files.runners, **told.runners},
            token_generator.error_id,
            runtime_stats.ephemeral,
        )
        look_every = LOOK_EVERY_ALONE if self.database.is_sqlite else LOOK_EVERY
        settle_task = SettleTask(desk, OnAlertResult(operators), operators)
        self.delivery_worker = DeliveryWorker(
            leading,
            SelectOutgoing(clock, views, operators.is_operator),
            ApplyResults(clock, SettleGrant(notify_operators), settle_task, report),
            deliverer,
            budget,
            limit,
            self.supervisor,
            clock,
            look_every,
        )

        # The loops.
        self.number_desk = NumberWorker(request_number, clock, self.supervisor, self.wake_deliveries, look_every)
        self._sweep = sweep = Sweep(
            clock,
            connection.is_there,
            decline_many.go_on,
            raids.follow,
            raids.relax,
            announce.go_on,
            RollUp(clock),
            FinishErasures(clock),
            UnlinkChats(clock),
            LookForRights(clock),
            purging=(self.looking_after.settle_letter.forget, *PurgeOld(clock, settings.keep).steps),
            on_step_back=SetClockBack(gateway.settings.call_window, notify_operators),
            is_sending=lambda: deliveries.stuck() is None and not deliveries.flooded(),
        )
        sweeper = Sweeper(sweep, leading, clock, self.wake_deliveries)
        self.loops: dict[str, Loop] = {
            "delivery": self.delivery_worker.run,
            "numbers": self.number_desk.run,
            "sweeper": sweeper.run,
            "connection": functools.partial(connection.watch, self.bot),
            "menus": Menus(self.bot, self.texts, clock, self.report).keep,
        }
        self.loops |= self.looking_after.loops
        self.inbox_reader: InboxReader | None = None
        if read_inbox is not None:
            self.inbox_reader = InboxReader(read_inbox, clock, poll_every, self.wake_deliveries)
            self.loops["inbox"] = self.inbox_reader.run

        # Telegram, inward.
        cancel_verification = CancelVerification(clock)
        ask_number_again = RetryVerification(clock, phone_cipher, open_verification)
        self.dispatcher = dispatcher = build_dispatcher(
            LoadPerson(clock, self.texts, phone_cipher),
            {appeal_text(self.texts.in_language(language)) for language in LANGUAGES},
            clock=clock,
            take_contact=ShareContact(clock, plan, open_verification),
            show_screen=ShowScreen(clock),
            cancel_verification=cancel_verification,
            ask_number_again=ask_number_again,
            retry_entry=RetryEntry(clock),
            ask_link=AskLink(clock),
            renew_links=RenewLinks(clock),
            take_join_request=OnJoinRequest(clock, has_app=settings.app_url is not None),
            admin_desk=desk,
            ask_admins=AskAdmins(clock),
            command_in_group=CommandInGroup(clock, desk, phone_cipher),
            command_in_private=CommandInPrivate(clock, desk, phone_cipher),
            follow_link=FollowLink(desk),
            list_gates=ListGates(clock),
            take_words=OnPanelText(desk),
            call_panel=call_panel,
            choose_log_place=ChooseLogPlace(desk, call_panel),
            ask_statistics=AskStatistics(clock, desk, show_statistics),
            appoint=AppointOperators(operators, notify_operators),
            announce=announce,
            operator_desk=OperatorDesk(clock, FindPeople(plan, phone_cipher), ask_deletion),
            operators=operators,
            ask_condition=AskCondition(clock),
            ask_my_data=AskMyData(clock),
            ask_export=AskExport(clock),
            ask_deletion=ask_deletion,
            confirm_deletion=ConfirmDeletion(clock, erase_person, operators),
            on_member_updated=OnMemberUpdated(
                clock, OnMemberJoined(clock), OnMemberLeft(clock), OnMemberRestricted(clock)
            ),
            delete_service_message=DeleteServiceMessage(clock),
            follow_rights=FollowRights(clock, notify_operators),
        )

        async def dispatch(update: Update, store: Store) -> object:
            return await dispatcher.feed_update(self.bot, update, store=store)

        intake = UpdateProcessor(
            self.bot, clock, self.database, dispatch, report, token_generator, metrics, self.wake_deliveries
        )
        self.poller: Poller | None = None
        if self.webhook is None:
            self.poller = Poller(self.bot, intake, UPDATE_TYPES, self.report)
            self.loops["poller"] = self.poller.run

        # The call screen.
        static, read_calls = StaticFiles(settings.public_path), ReadCalls(clock)
        call_view = CallView(clock, self.texts, plan, static)
        self.streams = Streams(clock, self.database, read_calls, call_view.event)
        metrics.watch_streams(self.streams.__len__)

        # The Mini App.
        self.chat = ""
        session_key = derived_key(settings.SECRET_KEY.get_secret_value(), "mini app session")
        mini_app = AppPages(
            clock,
            self.database,
            self.texts,
            InitDataVerifier(settings.BOT_TOKEN.get_secret_value(), clock, self.texts),
            Sessions(session_key, clock),
            OnAppOpened(clock),
            ReadApp(clock, read_calls),
            call_view,
            telegram_script,
            lambda: self.chat,
            self.wake_deliveries,
        )

        # The one HTTP server.
        health = Probes(not_ready)
        self.web = build_http(
            callback_path=callback.path,
            callback=CallbackHandler(
                gateway,
                self.database,
                take_event,
                metrics,
                self.wake_deliveries,
                RelayReport(clock, phone_cipher, token_generator) if gateway.settings.relay_url else None,
            ).handle,
            telegram=WebhookHandler(webhook_secret, intake, self.webhook.rejected, self.webhook.arrived).handle
            if self.webhook is not None
            else None,
            call=CallPages(
                clock,
                self.database,
                self.texts,
                read_calls,
                call_view,
                self.streams,
                PressCallButton(clock, read_calls, ask_number_again, cancel_verification),
                self.wake_deliveries,
            ),
            mini_app=mini_app,
            call_file=CallFiles(static).handle,
            health=health.live,
            ready=health.ready,
            metrics=MetricsPage(self.looking_after.metrics_text).handle,
            proxies=settings.TRUSTED_PROXIES or TRUSTED,
        )

    def wake_all(self) -> None:
        """Have every loop look for work at once."""
        self.wake_deliveries()
        self.number_desk.wake.set()
        self._wake_inbox_reader()

    def wake_deliveries(self) -> None:
        """Wake the loops that send and show."""
        self.delivery_worker.wake()
        self.streams.wake.set()

    def _jumped(self) -> float:
        return self._sweep.jumped()

    def _wake_for(self, noted: Sequence[NewEntry]) -> None:
        """Wake the loops that have work because of these committed events."""
        events = {entry.event for entry in noted}
        if Event.NUMBER_ASKED in events:
            self.number_desk.wake.set()
        if not events.isdisjoint({Event.NUMBER_GIVEN, Event.ANOTHER_GIVEN}):
            self._wake_inbox_reader()

    def _wake_inbox_reader(self) -> None:
        if self.inbox_reader is not None:
            self.inbox_reader.wake.set()

    def _backups(self, report: ReportFailure, token_generator: TokenGenerator) -> Backups | None:
        """None where somebody else makes the back-ups."""
        settings = self.settings
        if not self.database.is_sqlite or not settings.BACKUP_EVERY_HOURS:
            return None
        file = self.database.file

        async def tell(error: Exception) -> None:
            error_id = token_generator.error_id()
            log.error("backup_failed", error_id=error_id, error=words_of(error))
            await self.database.transact(lambda store: report(store, error_id, words_of(error)[:200], None))
            self.wake_deliveries()

        return Backups(
            functools.partial(copy_beside, file),
            settings.BACKUP_DIR or file.parent / "backups",
            timedelta(hours=settings.BACKUP_EVERY_HOURS),
            timedelta(days=settings.BACKUP_KEEP_DAYS),
            self.clock,
            tell,
        )


def _webhook_reading(webhook: Webhook) -> ReadWebhook:
    def read() -> WebhookReading:
        at, error = webhook.last_failure
        return WebhookReading(webhook.is_known, at, error, webhook.undelivered)

    return read


def _webhook_secret(settings: Settings) -> str:
    if settings.TELEGRAM_WEBHOOK_SECRET is not None:
        return settings.TELEGRAM_WEBHOOK_SECRET.get_secret_value()
    key = derived_key(settings.SECRET_KEY.get_secret_value(), "telegram webhook")
    return hashlib.sha256(key).hexdigest()
