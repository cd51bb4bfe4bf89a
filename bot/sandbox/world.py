"""The whole outside world on one port, and the entry point of its stories."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import aiohttp
from aiohttp import web

from bot.clock import Clock
from bot.sandbox.clock import SandboxClock
from bot.sandbox.control import Control
from bot.sandbox.emulator import Emulator
from bot.sandbox.telegram.server import TelegramServer

LARGEST_BODY = 2**20


class World(Emulator):
    """Telegram, the gateway, the people and their phones, served on loopback."""

    def __init__(
        self,
        clock: SandboxClock | None = None,
        bot_token: str = "42:TEST-token-of-the-sandbox",  # noqa: S107 - an emulated bot's token opens nothing
        bot_username: str = "callgate_bot",
        *,
        flood_limits: bool = True,
    ) -> None:
        super().__init__(clock or SandboxClock(), bot_token, bot_username, flood_limits=flood_limits)
        # The clock of Telegram and the gateway: a bot in a separate process has the machine's clock.
        self.dates: Clock = self.clock
        self.date_offset = timedelta()
        self.url = ""
        self._control = Control(self)
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen; `url` is the address from then on. After `stop` the world can start again where it was."""
        self._control.start()
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self.telegram.start(self._session)
        self.smsc.use(self._session)
        self.smsru.use(self._session)
        app = web.Application(client_max_size=LARGEST_BODY)
        app.on_response_prepare.append(self._date)
        app.add_routes(TelegramServer(self.telegram, self.faults).routes())
        app.add_routes(self.smsc.routes())
        app.add_routes(self.smsru.routes())
        app.add_routes(self._control.routes())
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            await self.stop()
            raise
        address = self._runner.addresses[0]
        self.url = f"http://{host}:{address[1]}"

    async def stop(self) -> None:
        """End everything; raises what failed inside the sandbox itself."""
        self._control.stop()
        self.telegram.delivery.end_poll("the world has ended")
        try:
            await self._tasks.stop()
        finally:
            if self._runner is not None:
                await self._runner.cleanup()
            if self._session is not None:
                await self._session.close()

    async def _date(self, _: web.Request, response: web.StreamResponse) -> None:
        """The date of an answer, by the clock of the answering service."""
        response.headers["Date"] = format_datetime(self.dates.now() + self.date_offset, usegmt=True)

    async def __aenter__(self) -> World:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
