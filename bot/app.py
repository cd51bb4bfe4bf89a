"""The running bot: starting, leading whenever no other process does, and stopping. `bot.wiring.build` builds it."""

from __future__ import annotations

import asyncio
import functools
import time
from datetime import datetime

import structlog
from aiogram.exceptions import AiogramError, TelegramUnauthorizedError
from aiohttp import web

from bot import VERSION
from bot.clock import REAL_TIME, Clock, SystemClock
from bot.domain.error_text import shortened
from bot.domain.errors import LeadershipLostError, StorageUnavailableError
from bot.domain.incidents import Finding, IncidentKind
from bot.settings import Settings
from bot.telegram.api_errors import refusal
from bot.telegram.webhook import STALLED_FOR, Webhook, host_of
from bot.web.connections import Connections
from bot.web.rate_limit import TRUSTED
from bot.wiring.base import Loop
from bot.wiring.build import Container
from handlers.polling import NOT_ANSWERING
from storage.engine.migrate import migrate

log = structlog.get_logger()

STORAGE_PATIENCE = 5.0
TELEGRAM_SCRIPT = "https://telegram.org/js/telegram-web-app.js"
LEADER_LOOKS_EVERY = 1.0
LONGEST_START_PAUSE = 15.0
HANGS_AFTER = 20.0
"""Seconds without a sign of life after which the leader or the delivery worker hangs; one comes every five."""
LEAST_FREE = 2**20
"""Bytes; with less free space the disk counts as full."""


class TokenRefusedError(Exception):
    """Telegram does not know the bot's token."""


class App:
    """The bot. `start`, then wait for the end, then `stop`; or `run` for all of it."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        telegram_script: str = TELEGRAM_SCRIPT,
    ) -> None:
        """`telegram_script`: where the Mini App loads Telegram's script from; the demo has a stand-in."""
        self._parts = Container(settings, clock or SystemClock(), telegram_script, self._not_ready)
        self._problem: str | None = NOT_ANSWERING
        """Why Telegram is not set up yet."""
        self._monotonic = time.monotonic
        self._leads_since: float | None = None
        self._alive_at: datetime | None = None
        self._alive_seen_at = self._monotonic()
        """When another process last recorded that it leads and is alive."""
        self._runner = web.AppRunner(self._parts.web, access_log=None, keepalive_timeout=30, shutdown_timeout=5)
        self._listener: asyncio.Server | None = None
        self.port = settings.HTTP_PORT
        """Where the HTTP server listens; known once started."""
        self.failure: Exception | None = None
        """Why the bot gave up, if it did."""

    def let_frame(self, origin: str) -> None:
        """Let pages of this origin show the call screen in a frame, as the demo's browser does. Before `start`."""

        async def allow(_request: web.Request, response: web.StreamResponse) -> None:
            if policy := response.headers.get("Content-Security-Policy"):
                response.headers["Content-Security-Policy"] = policy.replace(
                    "frame-ancestors 'none'", f"frame-ancestors {origin}"
                )

        self._parts.web.on_response_prepare.append(allow)

    async def start(self) -> None:
        """Open the database, listen, and begin. Telegram and the gateway may be down: the bot waits for them.

        Raises DatabaseError, or OSError when the address is taken.
        """
        await self._parts.database.open()
        try:
            await migrate(self._parts.database)
            self._listener = await self._listen()
        except BaseException:
            await self._runner.cleanup()
            await self._parts.database.close()
            raise
        self.port = self._listener.sockets[0].getsockname()[1]
        supervisor = self._parts.supervisor
        supervisor.keep("streams", functools.partial(self._parts.streams.run, supervisor.stopping))
        supervisor.keep("main", self._main)
        log.info("listening", host=self._parts.settings.HTTP_HOST, port=self.port)

    async def _listen(self) -> asyncio.Server:
        await self._runner.setup()
        if self._runner.server is None:
            raise RuntimeError("aiohttp has set up no server")
        settings = self._parts.settings
        bounded = Connections(settings.TRUSTED_PROXIES or TRUSTED).bounded(self._runner.server)
        return await asyncio.get_running_loop().create_server(
            bounded, settings.HTTP_HOST, settings.HTTP_PORT, backlog=128
        )

    async def stop(self) -> None:
        """Accept nothing new, finish what is in flight, close."""
        self._parts.supervisor.stopping.set()
        self._parts.streams.end()
        if self._listener is not None:
            self._listener.close()
        await self._runner.cleanup()
        await self._parts.supervisor.stop()
        await self._parts.gateway.close()
        await self._parts.looking_after.close()
        await self._parts.bot.session.close()
        await self._parts.database.close()
        log.info("stopped")

    async def run(self, stop: asyncio.Event) -> None:
        """Start, run until `stop` is set or the bot gives up, and stop. If it gave up, raises why."""
        await self.start()
        while not stop.is_set() and not self._parts.supervisor.stopping.is_set():
            await REAL_TIME.pause(0.5, stop)
        await self.stop()
        if self.failure is not None:
            raise self.failure

    async def _main(self) -> None:
        """Set Telegram up, then lead whenever no other process does."""
        stopping = self._parts.supervisor.stopping
        try:
            await self._set_up_telegram()
        except TokenRefusedError as error:
            self.failure = error
            stopping.set()
            return
        while not stopping.is_set():
            if await self._parts.leadership.acquire():
                await self._lead()
            else:
                await self._look_for_leader()
            await REAL_TIME.pause(LEADER_LOOKS_EVERY, stopping)

    async def _lead(self) -> None:
        stopping, term_over = self._parts.supervisor.stopping, asyncio.Event()
        log.info("leading")
        self._parts.looking_after.leads_since, self._leads_since = self._parts.clock.now(), self._monotonic()
        loops = [
            self._parts.supervisor.keep(name, functools.partial(_run_until, term_over, loop))
            for name, loop in self._parts.loops.items()
        ]
        while not stopping.is_set() and await self._parts.leadership.still_held():
            await REAL_TIME.pause(LEADER_LOOKS_EVERY, stopping)
        term_over.set()
        self._parts.wake_all()
        await asyncio.gather(*loops)
        self._parts.looking_after.leads_since = self._leads_since = None
        self._alive_seen_at = self._monotonic()
        await self._parts.leadership.release()

    async def _set_up_telegram(self) -> None:
        """Ask Telegram who the bot is and set how updates come; retry until Telegram answers."""
        stopping, pause = self._parts.supervisor.stopping, 0.5
        while not stopping.is_set():
            try:
                me = await self._parts.bot.me()
                await self._choose_updates()
            except TelegramUnauthorizedError:
                raise TokenRefusedError("BOT_TOKEN: Telegram does not know this token") from None
            except (AiogramError, OSError) as error:
                # AiogramError, because an answer that is not JSON (a proxy's page, for example) is an outage too.
                self._note_failure(error, pause)
                await REAL_TIME.pause(pause, stopping)
                pause = min(pause * 2, LONGEST_START_PAUSE)
            else:
                log.info("Callgate %s is @%s; write /start to it", VERSION, me.username)
                self._parts.screens.chat_url = f"https://t.me/{me.username}"
                if self._parts.webhook is not None:
                    watch = functools.partial(self._parts.webhook.watch, stopping)
                    self._parts.supervisor.keep("webhook", watch)
                self._problem = None
                return

    def _note_failure(self, error: Exception, pause: float) -> None:
        words = refusal(error)
        if words is None:
            self._problem = NOT_ANSWERING
            log.warning("telegram_not_answering", error=type(error).__name__, again_in=pause)
            return
        self._problem = f"Telegram refuses: {words}"
        log.error("telegram_refuses", error=words, again_in=pause)
        self._parts.report(Finding(IncidentKind.TELEGRAM_REFUSES, details={"error": shortened(words)}))

    async def _choose_updates(self) -> None:
        if self._parts.webhook is not None:
            await self._parts.webhook.set()
            return
        host = host_of((await self._parts.bot.get_webhook_info()).url)
        if host:
            log.warning("webhook_removed", host=host)
        await self._parts.bot.delete_webhook()

    async def _not_ready(self) -> str | None:
        if self._parts.supervisor.stopping.is_set():
            return "stopping"
        return await self._nothing_kept() or self._problem or await self._no_updates() or self._nothing_sent()

    async def _nothing_kept(self) -> str | None:
        """Why storage is not writable."""
        disk = self._parts.looking_after.monitor.readings().disk
        if disk is not None and disk.free < LEAST_FREE:
            return "the disk with the database is full"
        try:
            async with asyncio.timeout(STORAGE_PATIENCE):
                await self._parts.database.transact(lambda store: store.gateway.probe())
        except StorageUnavailableError as error:
            return f"storage keeps nothing: {error}"
        except Exception as error:  # noqa: BLE001 - whatever it is, storage does not answer
            log.warning("storage_not_probed", error=type(error).__name__)
            return "storage does not answer"
        return None

    async def _no_updates(self) -> str | None:
        """Why neither this process nor another one takes updates."""
        if (webhook := self._parts.webhook) is not None:
            if not self._parts.connection.is_there():
                return "Telegram does not answer"
            return webhook.problem or await self._backlog(webhook)
        if self._parts.poller is None or self._leads_since is None:
            return self._nothing_sent() or "another process leads and polls; this one stands by"
        return self._parts.poller.problem

    async def _backlog(self, webhook: Webhook) -> str | None:
        """What Telegram says of undelivered updates, if no other process received any either."""
        if webhook.backlog is None:
            return None
        try:
            newest = await self._parts.database.transact(lambda store: store.seen.newest())
        except StorageUnavailableError as error:
            return f"storage keeps nothing: {error}"
        if newest is not None and self._parts.clock.now() - newest < STALLED_FOR:
            return None
        return webhook.backlog

    def _nothing_sent(self) -> str | None:
        """Why nothing that is due goes out."""
        now = self._monotonic()
        if self._leads_since is not None:
            if now - self._leads_since > HANGS_AFTER and self._parts.delivery_worker.hangs_for() > HANGS_AFTER:
                return "nothing that is due goes out: the delivery loop hangs"
            if (method := self._parts.deliveries.stuck()) is not None:
                return f"nothing that is due goes out: Telegram does not answer {method}"
            if (pause := max(self._parts.budget.pause(None, now), self._parts.deliveries.flooded())) > HANGS_AFTER:
                return f"nothing that is due goes out: Telegram asks to wait for {pause:.0f} seconds (flood control)"
            return None
        if now - self._alive_seen_at > HANGS_AFTER:
            return (
                "nothing that is due goes out: the process that leads hangs or is gone, or Telegram does not answer it"
            )
        return None

    async def _look_for_leader(self) -> None:
        """Check whether the leader works. Compares its record with the previous one, since the two machines' clocks may
        differ."""
        try:
            alive_at = await self._parts.database.transact(lambda store: store.gateway.alive_at())
        except Exception as error:  # noqa: BLE001 - /readyz tells of it by itself
            log.warning("leader_not_looked_for", error=type(error).__name__)
            return
        if alive_at != self._alive_at:
            self._alive_at, self._alive_seen_at = alive_at, self._monotonic()


async def _run_until(term_over: asyncio.Event, loop: Loop) -> None:
    """Run a loop of the leader, unless its term ended before the loop was restarted after a failure."""
    if term_over.is_set():
        return
    try:
        await loop(term_over)
    except LeadershipLostError:
        log.warning("leadership_lost", advice="this process was stopped or cut off for a while; another one leads")
        await term_over.wait()
