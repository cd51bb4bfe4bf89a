"""The composition root: everything is built here once, wired, started and stopped. Read it top to bottom."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import structlog
from aiogram.exceptions import AiogramError, TelegramUnauthorizedError
from aiogram.types import Update
from aiohttp import web

from bot.backups import Backups
from bot.clock import REAL_TIME, Clock, SystemClock
from bot.domain.screen import Face
from bot.exports import JournalFiles
from bot.gateway.callback import CallbackReader
from bot.gateway.client import SmscClient
from bot.logs import log_noted
from bot.looking_after import LookingAfter
from bot.metrics import Metrics
from bot.outward import CountedGateway, account, telegram
from bot.phones import KeyedMarker, KeyedVault, NumberingPlan, SystemRandomness, derived_key
from bot.settings import Settings
from bot.supervisor import Supervisor
from bot.telegram.budget import Budget
from bot.telegram.commands import set_menus
from bot.telegram.connection import Connection
from bot.telegram.courier import Courier
from bot.telegram.data_files import DataFiles
from bot.telegram.deep_links import Start
from bot.telegram.deliver import Deliverer
from bot.telegram.health import HealthTeller
from bot.telegram.intake import Intake
from bot.telegram.launch import LaunchReader
from bot.telegram.polling import Poller
from bot.telegram.screens import Screens
from bot.telegram.sentences import appeal_text
from bot.telegram.settings_paper import JsonPaper
from bot.telegram.texts import LANGUAGES, Texts
from bot.telegram.typed import Typed
from bot.usecases.admin_desk import AdminDesk
from bot.usecases.announce import Announce
from bot.usecases.appoint_operators import AppointOperators
from bot.usecases.ask_admins import AskAdmins
from bot.usecases.ask_condition import AskCondition
from bot.usecases.ask_file import AskExport, AskMyData
from bot.usecases.ask_link import AskLink, RenewLinks
from bot.usecases.ask_number_again import AskNumberAgain
from bot.usecases.ask_statistics import AskStatistics
from bot.usecases.call_panel import CallPanel, ChooseLogPlace
from bot.usecases.cancel_verification import CancelVerification
from bot.usecases.collect_person_data import CollectPersonData, as_file
from bot.usecases.decline_many import DeclineMany
from bot.usecases.delete_person import AskDeletion, ConfirmDeletion, ErasureViews
from bot.usecases.doers import doers
from bot.usecases.erase_person import ErasePerson, FinishErasures
from bot.usecases.find_people import FindPeople
from bot.usecases.follow_raids import FollowRaids
from bot.usecases.follow_rights import FollowRights
from bot.usecases.forget_old import ForgetOld
from bot.usecases.installation_views import InstallationViews
from bot.usecases.open_app import OpenApp
from bot.usecases.open_panel import ListGates
from bot.usecases.open_verification import OpenVerification
from bot.usecases.operator_desk import OperatorDesk
from bot.usecases.operator_views import OperatorViews
from bot.usecases.operators import Operators
from bot.usecases.pick_parcels import PickParcels, ViewOf
from bot.usecases.ports import Randomness, Store
from bot.usecases.publish_events import PublishEvents
from bot.usecases.read_app import ReadApp
from bot.usecases.read_calls import ReadCalls
from bot.usecases.read_inbox import ReadInbox
from bot.usecases.read_statistics import ReadStatistics
from bot.usecases.relay_foreign import RelayForeign
from bot.usecases.report_failure import ReportFailure
from bot.usecases.request_number import RequestNumber
from bot.usecases.retry_entry import RetryEntry
from bot.usecases.roll_sums import RollSums
from bot.usecases.run_installation import RunInstallation
from bot.usecases.settle_errand import SettleErrand
from bot.usecases.settle_grant import SettleGrant
from bot.usecases.settle_letter import SettleLetter
from bot.usecases.settle_parcels import SettleParcels
from bot.usecases.show_screen import ShowScreen
from bot.usecases.show_statistics import ShowStatistics
from bot.usecases.sweep import Sweep
from bot.usecases.take_command import CommandInGroup, CommandInPrivate, FollowLink
from bot.usecases.take_contact import TakeContact
from bot.usecases.take_gateway_event import TakeGatewayEvent
from bot.usecases.take_join_request import TakeJoinRequest
from bot.usecases.take_leaver import TakeLeaver
from bot.usecases.take_newcomer import TakeNewcomer
from bot.usecases.take_restriction import TakeRestriction
from bot.usecases.take_words import TakeWords
from bot.usecases.tell_operators import TellOperators
from bot.usecases.tell_raid import HearOfRaid
from bot.usecases.tidy_line import TidyLine
from bot.watch.pulse import Pulse
from bot.web.call import CallView, StaticFiles
from bot.web.sessions import Sessions
from bot.web.streams import Streams
from bot.workers import InboxReader, NumberDesk, Sweeper
from handlers.app import AppPages
from handlers.call import CallFiles, CallPages
from handlers.callback import CallbackHandler
from handlers.http import build_http
from handlers.middlewares import MeetPerson
from handlers.pages import Health, MetricsPage
from handlers.routes import build_dispatcher
from handlers.webhook import WebhookHandler
from storage.backup import copy_beside
from storage.database import Database
from storage.leadership import leadership
from storage.migrate import migrate

log = structlog.get_logger()

Loop = Callable[[asyncio.Event], Awaitable[None]]

STORAGE_PATIENCE = 5.0
GATEWAY_PATIENCE = 20.0
"""Seconds a person is kept waiting for a number before they are told to try later."""
TELEGRAM_SCRIPT = "https://telegram.org/js/telegram-web-app.js"
LEADER_LOOKS_EVERY = 1.0
LONGEST_START_PAUSE = 15.0


class TokenRefusedError(Exception):
    """Telegram does not know the bot's token."""


class App:
    """The bot. `start`, then wait for the end, then `stop`; or `run` for all of it."""

    def __init__(self, settings: Settings, clock: Clock | None = None, telegram_script: str = TELEGRAM_SCRIPT) -> None:
        """`telegram_script`: where the Mini App loads Telegram's part from; the demo has a stand-in of its own."""
        clock = clock or SystemClock()
        self._settings = settings
        self._clock = clock
        operators = Operators(settings.OPERATORS)
        tell_operators = TellOperators(operators)
        metrics, pulse = Metrics(), Pulse(clock)
        budget = Budget(settings.TELEGRAM_RATE)

        def budget_left() -> float:
            return budget.left(time.monotonic())

        metrics.watch_budget(budget_left)
        self._supervisor = Supervisor(clock)

        # What is kept.
        randomness = SystemRandomness()
        self._database = Database(
            settings.DATABASE_URL.get_secret_value(),
            KeyedMarker(settings.SECRET_KEY.get_secret_value()),
            publish=PublishEvents(randomness) if settings.EVENTS_URL else None,
            noted=(metrics.noted, log_noted),
            timed=(metrics.transacted, pulse.transacted),
        )
        self._leadership = leadership(self._database)

        # The rules.
        plan = NumberingPlan()
        vault = KeyedVault(settings.SECRET_KEY.get_secret_value())
        open_verification = OpenVerification(clock, vault, randomness)
        take_event = TakeGatewayEvent(clock, plan, vault, randomness)
        report = ReportFailure(clock, tell_operators)

        # The gateway.
        self._http = httpx.AsyncClient()
        gateway = SmscClient(account(settings), self._http, patience=GATEWAY_PATIENCE)
        read_inbox = ReadInbox(clock, self._database, gateway, take_event)
        polls_inbox = settings.SMSC_POLL_SECONDS > 0
        request_number = RequestNumber(
            clock,
            self._database,
            CountedGateway(gateway, metrics, pulse),
            vault,
            read_inbox.mark if polls_inbox else None,
            settings.call_window,
            tell_operators,
        )

        # What admins and operators want done.
        show_statistics = ShowStatistics(clock, ReadStatistics())
        decline_many, raids = DeclineMany(clock), FollowRaids(clock)
        desk = AdminDesk(clock, doers(Typed(), JsonPaper(), decline_many, show_statistics))
        call_panel = CallPanel(clock, desk)

        # What people want done with what is kept about them.
        erase_person, ask_deletion = ErasePerson(clock, operators), AskDeletion(clock, operators)
        collect = CollectPersonData(clock)

        async def my_data(user_id: int) -> bytes:
            document = await self._database.transact(lambda store: collect(store, user_id))
            return await asyncio.to_thread(as_file, document)

        # What operators want done.
        async def is_operator(user_id: int) -> bool:
            return await self._database.transact(lambda store: operators.is_operator(store, user_id))

        ask_statistics = AskStatistics(clock, desk, show_statistics, operators.is_operator)
        announce = Announce(clock, operators, plan)
        appoint = AppointOperators(operators, tell_operators)
        views: dict[Face, ViewOf] = {
            Face.OPERATOR: OperatorViews(operators.is_operator),
            Face.INSTALLATION: InstallationViews(operators),
            Face.ERASE: ErasureViews(operators),
        }

        # Telegram, outward.
        connection = Connection(pulse.answers)
        self._bot = telegram(settings, metrics, connection, pulse)
        self._looking_after = LookingAfter(
            settings,
            clock,
            self._database,
            vault,
            tell_operators,
            gateway,
            self._bot,
            metrics,
            pulse,
            self._supervisor,
            budget_left,
            self._backups(report, randomness),
        )
        self._texts = Texts(settings.LANGUAGE)
        self._screens = Screens(settings.PUBLIC_URL, settings.app_url, rich=settings.SCREENS == "rich")
        journal_files = JournalFiles(self._database)
        data_files = DataFiles(self._bot, self._texts, my_data, journal_files, self._supervisor.stopping, is_operator)
        told = HealthTeller(self._bot, self._texts, self._looking_after.condition, self._looking_after.account)
        deliverer = Deliverer(
            self._bot,
            clock,
            self._texts,
            self._screens,
            settings.app_url,
            settings.callback_url,
            settings.SMSC_PRICE,
            {**data_files.runners, **told.runners},
        )
        settle_errand = SettleErrand(desk, HearOfRaid(operators), operators)
        self._courier = Courier(
            self._database,
            PickParcels(clock, views, operators.is_operator),
            SettleParcels(clock, SettleGrant(tell_operators), settle_errand),
            deliverer,
            budget,
            self._supervisor,
        )

        # The loops.
        self._number_desk = NumberDesk(request_number, clock, self._supervisor, self._announce)
        sweep = Sweep(
            clock,
            connection.is_there,
            decline_many.go_on,
            raids.follow,
            raids.relax,
            announce.go_on,
            RollSums(clock),
            FinishErasures(clock),
            SettleLetter(clock, tell_operators).forget,
            *ForgetOld(clock, settings.keep).steps,
        )
        sweeper = Sweeper(sweep, self._database, clock, self._announce)
        self._loops: dict[str, Loop] = {
            "courier": self._courier.run,
            "numbers": self._number_desk.run,
            "sweeper": sweeper.run,
            "connection": functools.partial(connection.watch, self._bot),
        }
        self._loops |= self._looking_after.loops
        if polls_inbox:
            every = timedelta(seconds=settings.SMSC_POLL_SECONDS)
            self._loops["inbox"] = InboxReader(read_inbox, clock, every, self._announce).run

        # Telegram, inward.
        cancel_verification = CancelVerification(clock)
        ask_number_again = AskNumberAgain(clock, vault, open_verification)
        dispatcher = build_dispatcher(
            MeetPerson(clock, self._texts, vault),
            {appeal_text(self._texts.in_language(language)) for language in LANGUAGES},
            clock=clock,
            take_contact=TakeContact(clock, plan, open_verification),
            show_screen=ShowScreen(clock),
            cancel_verification=cancel_verification,
            ask_number_again=ask_number_again,
            retry_entry=RetryEntry(clock),
            ask_link=AskLink(clock),
            renew_links=RenewLinks(clock),
            take_join_request=TakeJoinRequest(clock, has_app=settings.app_url is not None),
            admin_desk=desk,
            ask_admins=AskAdmins(clock),
            command_in_group=CommandInGroup(clock, desk, vault),
            command_in_private=CommandInPrivate(clock, desk, vault),
            follow_link=FollowLink(desk),
            list_gates=ListGates(clock),
            take_words=TakeWords(desk),
            call_panel=call_panel,
            choose_log_place=ChooseLogPlace(desk, call_panel),
            ask_statistics=ask_statistics,
            run_installation=RunInstallation(clock, operators, appoint, announce, ask_statistics),
            operator_desk=OperatorDesk(clock, operators.is_operator, FindPeople(plan, vault), ask_deletion),
            operators=operators,
            ask_condition=AskCondition(clock, operators.is_operator),
            ask_my_data=AskMyData(clock),
            ask_export=AskExport(clock),
            ask_deletion=ask_deletion,
            confirm_deletion=ConfirmDeletion(clock, erase_person, operators),
            take_newcomer=TakeNewcomer(clock),
            take_leaver=TakeLeaver(clock),
            take_restriction=TakeRestriction(clock),
            tidy_line=TidyLine(clock),
            follow_rights=FollowRights(clock, tell_operators),
        )

        async def dispatch(update: Update, store: Store) -> object:
            return await dispatcher.feed_update(self._bot, update, store=store)

        intake = Intake(self._bot, clock, self._database, dispatch, report, randomness, metrics, self._announce)
        self._allowed_updates = sorted(dispatcher.resolve_used_update_types())
        self._poller: Poller | None = None
        if settings.UPDATES == "polling":
            self._poller = Poller(self._bot, intake, self._allowed_updates)
            self._loops["poller"] = self._poller.run
        self._webhook_secret = _webhook_secret(settings)
        self._webhook_is_set = False

        # The call screen.
        static, read_calls = StaticFiles(), ReadCalls(clock)
        call_view = CallView(clock, self._texts, plan, static)
        self._streams = Streams(clock, self._database, read_calls, call_view.event)
        metrics.watch_streams(self._streams.__len__)

        # The Mini App.
        self._chat = ""
        session_key = derived_key(settings.SECRET_KEY.get_secret_value(), "mini app session")
        mini_app = AppPages(
            clock,
            self._database,
            self._texts,
            LaunchReader(settings.BOT_TOKEN.get_secret_value(), clock, self._texts),
            Sessions(session_key, clock),
            OpenApp(clock),
            ReadApp(clock, read_calls),
            call_view,
            telegram_script,
            lambda: self._chat,
            self._announce,
        )

        # The one HTTP server.
        health = Health(self._not_ready)
        secret = settings.SMSC_CALLBACK_SECRET
        self._web = build_http(
            callback=CallbackHandler(
                settings.SMSC_CALLBACK_TOKEN.get_secret_value(),
                CallbackReader(secret.get_secret_value() if secret else None),
                self._database,
                take_event,
                metrics,
                self._announce,
                RelayForeign(clock, vault, randomness) if settings.SMSC_RELAY_URL else None,
            ).handle,
            telegram=None if self._poller else WebhookHandler(self._webhook_secret, intake).handle,
            call=CallPages(
                clock,
                self._database,
                self._texts,
                read_calls,
                call_view,
                self._streams,
                ask_number_again,
                cancel_verification,
                self._announce,
            ),
            mini_app=mini_app,
            call_file=CallFiles(static).handle,
            health=health.live,
            ready=health.ready,
            metrics=MetricsPage(self._looking_after.metrics_text).handle,
        )
        self._runner = web.AppRunner(self._web, access_log=None, keepalive_timeout=30, shutdown_timeout=5)
        self.port = settings.HTTP_PORT
        """Where the HTTP server listens; known once started."""
        self.failure: Exception | None = None
        """Why the bot gave up, when it did."""

    async def start(self) -> None:
        """Open the database, listen, and begin. Telegram and the gateway may be down: they are waited for.

        Raises DatabaseError, or OSError when the address is taken.
        """
        await self._database.open()
        try:
            await migrate(self._database)
            await self._runner.setup()
            site = web.TCPSite(self._runner, self._settings.HTTP_HOST, self._settings.HTTP_PORT)
            await site.start()
        except BaseException:
            await self._runner.cleanup()
            await self._database.close()
            raise
        self.port = self._runner.addresses[0][1]
        self._supervisor.keep("streams", functools.partial(self._streams.run, self._supervisor.stopping))
        self._supervisor.keep("main", self._main)
        log.info("listening", host=self._settings.HTTP_HOST, port=self.port)

    async def stop(self) -> None:
        """Take nothing new, finish what is under way, close."""
        self._supervisor.stopping.set()
        self._streams.end()
        await self._runner.cleanup()
        await self._supervisor.stop()
        await self._http.aclose()
        await self._looking_after.close()
        await self._bot.session.close()
        await self._database.close()
        log.info("stopped")

    async def run(self, stop: asyncio.Event) -> None:
        """Start, run until `stop` is set or the bot gives up, and stop. Raises why it gave up."""
        await self.start()
        while not stop.is_set() and not self._supervisor.stopping.is_set():
            await REAL_TIME.pause(0.5, stop)
        await self.stop()
        if self.failure is not None:
            raise self.failure

    def _backups(self, report: ReportFailure, randomness: Randomness) -> Backups | None:
        """None where somebody else makes them."""
        settings = self._settings
        if not self._database.is_sqlite or not settings.BACKUP_EVERY_HOURS:
            return None
        file = self._database.file

        async def tell(error: Exception) -> None:
            error_id = randomness.error_id()
            log.error("backup_failed", error_id=error_id, error=str(error))
            await self._database.transact(lambda store: report(store, error_id, str(error)[:200], None))

        return Backups(
            functools.partial(copy_beside, file),
            settings.BACKUP_DIR or file.parent / "backups",
            timedelta(hours=settings.BACKUP_EVERY_HOURS),
            timedelta(days=settings.BACKUP_KEEP_DAYS),
            self._clock,
            tell,
        )

    async def _main(self) -> None:
        """Set Telegram up, then lead whenever no other process does."""
        stopping = self._supervisor.stopping
        try:
            await self._set_up_telegram()
        except TokenRefusedError as error:
            self.failure = error
            stopping.set()
            return
        while not stopping.is_set():
            if await self._leadership.acquire():
                await self._lead()
            await REAL_TIME.pause(LEADER_LOOKS_EVERY, stopping)

    async def _lead(self) -> None:
        stopping, term_over = self._supervisor.stopping, asyncio.Event()
        log.info("leading")
        self._looking_after.leads_since = self._clock.now()
        loops = [self._supervisor.keep(name, functools.partial(loop, term_over)) for name, loop in self._loops.items()]
        while not stopping.is_set() and await self._leadership.still_held():
            await REAL_TIME.pause(LEADER_LOOKS_EVERY, stopping)
        term_over.set()
        self._announce()
        await asyncio.gather(*loops)
        self._looking_after.leads_since = None
        await self._leadership.release()

    async def _set_up_telegram(self) -> None:
        """Say who we are and how updates come; again and again until Telegram answers."""
        stopping, pause = self._supervisor.stopping, 0.5
        while not stopping.is_set():
            try:
                me = await self._bot.me()
                await self._choose_updates()
            except TelegramUnauthorizedError:
                raise TokenRefusedError("BOT_TOKEN: Telegram does not know this token") from None
            except (AiogramError, OSError) as error:
                # AiogramError, because an answer that is no JSON (a proxy's page, say) is an outage too.
                log.warning("telegram_not_answering", error=type(error).__name__, again_in=pause)
                await REAL_TIME.pause(pause, stopping)
                pause = min(pause * 2, LONGEST_START_PAUSE)
            else:
                log.info("telegram_answers", bot=me.username)
                self._screens.chat_url = f"https://t.me/{me.username}"
                self._chat = f"{self._screens.chat_url}?start={Start.CONTACT}"
                self._supervisor.keep("menus", functools.partial(set_menus, self._bot, self._texts))
                return

    async def _choose_updates(self) -> None:
        if self._poller is not None:
            await self._bot.delete_webhook()
            return
        await self._bot.set_webhook(
            f"{self._settings.PUBLIC_URL}/telegram",
            secret_token=self._webhook_secret,
            allowed_updates=self._allowed_updates,
        )
        self._webhook_is_set = True

    async def _not_ready(self) -> str | None:
        if self._supervisor.stopping.is_set():
            return "stopping"
        try:
            async with asyncio.timeout(STORAGE_PATIENCE):
                await self._database.transact(lambda store: store.gateway.breaker())
        except Exception:  # noqa: BLE001 - whatever it is, storage does not answer
            return "storage does not answer"
        is_receiving = self._poller.is_receiving if self._poller else self._webhook_is_set
        return None if is_receiving else "Telegram does not answer yet"

    def _announce(self) -> None:
        """There may be something to do."""
        self._courier.wake.set()
        self._number_desk.wake.set()
        self._streams.wake.set()


def _webhook_secret(settings: Settings) -> str:
    if settings.TELEGRAM_WEBHOOK_SECRET is not None:
        return settings.TELEGRAM_WEBHOOK_SECRET.get_secret_value()
    key = derived_key(settings.SECRET_KEY.get_secret_value(), "telegram webhook")
    return hashlib.sha256(key).hexdigest()
