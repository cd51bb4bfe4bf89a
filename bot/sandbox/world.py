"""The whole outside world on one port, and the entry point of its stories."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import aiohttp
from aiohttp import web

from bot.clock import Clock
from bot.sandbox.clock import SandboxClock
from bot.sandbox.control import Control
from bot.sandbox.faults import Faults
from bot.sandbox.people import NotSeen, Person, Role
from bot.sandbox.pulse import PATIENCE
from bot.sandbox.raids import Raids
from bot.sandbox.smsc import Smsc
from bot.sandbox.tasks import Tasks
from bot.sandbox.telegram.client import Impossible
from bot.sandbox.telegram.double import Telegram
from bot.sandbox.telegram.members import usual_permissions
from bot.sandbox.telegram.server import TelegramServer
from bot.sandbox.telegram.state import Account, Group
from bot.sandbox.trace import Trace

LARGEST_BODY = 2**20


class World:
    """Telegram, the gateway, the people and their phones, served on loopback."""

    def __init__(
        self,
        clock: SandboxClock | None = None,
        bot_token: str = "42:TEST-token-of-the-sandbox",  # noqa: S107 - a double's token opens nothing
        bot_username: str = "callgate_bot",
        *,
        flood_limits: bool = True,
    ) -> None:
        self.clock = clock or SandboxClock()
        self.bot_token = bot_token
        # The clock of Telegram and the gateway: a bot in a separate process has the machine's clock.
        self.dates: Clock = self.clock
        self.date_offset = timedelta()
        self.trace = Trace(self.clock)
        self.faults = Faults(self.trace)
        self.people: dict[int, Person] = {}
        # The people of raids: too many to show one by one.
        self.strangers: dict[int, Person] = {}
        self.url = ""
        self._tasks = Tasks()
        self._phones = itertools.count(79_990_000_001)
        self.telegram = Telegram(
            clock=self.clock,
            trace=self.trace,
            tasks=self._tasks,
            token=bot_token,
            username=bot_username,
            flood_limits=flood_limits,
            touched=self._touched,
        )
        self.smsc = Smsc(clock=self.clock, trace=self.trace, faults=self.faults, tasks=self._tasks)
        self.raids = Raids(self, self._tasks)
        self._control = Control(self)
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen; `url` is the address from then on. After `stop` the world can start again where it was."""
        self._control.start()
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self.telegram.start(self._session)
        self.smsc.use(self._session)
        app = web.Application(client_max_size=LARGEST_BODY)
        app.on_response_prepare.append(self._date)
        app.add_routes(TelegramServer(self.telegram, self.faults).routes())
        app.add_routes(self.smsc.routes())
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

    def _touched(self) -> None:
        self._control.changed()

    async def __aenter__(self) -> World:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def person(
        self,
        name: str,
        phone: str | None = None,
        language: str | None = "ru",
        *,
        username: str | None = None,
        role: Role = "newcomer",
        too_many_chats: bool = False,
    ) -> Person:
        """Somebody with Telegram and a phone; by default with a new Russian mobile number."""
        person = self._born(name, phone, language, username, role)
        person.account.too_many_chats = too_many_chats
        self.people[person.id] = person
        self._touched()
        return person

    def stranger(self, name: str, language: str) -> Person:
        """One of a crowd, with a phone of their own."""
        person = self._born(name, None, language, None, "stranger")
        self.strangers[person.id] = person
        return person

    def _born(self, name: str, phone: str | None, language: str | None, username: str | None, role: Role) -> Person:
        account = self.telegram.add_account(
            name, username=username, language=language, phone=phone or f"+{next(self._phones)}"
        )
        return Person(self, account, role)

    def find(self, person_id: int) -> Person:
        """The person, or the stranger, with this id."""
        person = self.people.get(person_id) or self.strangers.get(person_id)
        if person is None:
            raise Impossible("There is no such person.")
        return person

    def group(
        self,
        title: str,
        owner: Person,
        username: str | None = None,
        about: str = "",
        crowd: int = 0,
        *,
        approves: bool = True,
        forum: bool = False,
        hides_members: bool = False,
        members_edit_tags: bool = True,
        secret: bool = False,
    ) -> Group:
        """A supergroup; `crowd` more members only count.

        Newcomers need approval unless it `approves` nobody; a `forum` has topics; with `hides_members` no service
        messages say who came and went; outsiders do not find a `secret` one.
        """
        group = self.telegram.add_group("supergroup", title, owner.account, username, about)
        group.crowd = crowd
        group.approves_new_members = approves
        group.is_forum = forum
        group.hides_members = hides_members
        group.secret = secret
        group.permissions = usual_permissions(edit_tags=members_edit_tags)
        return group

    def basic_group(self, title: str, owner: Person) -> Group:
        """A group of the small, old kind, with another kind of id, which can be upgraded."""
        return self.telegram.add_group("group", title, owner.account, None, "")

    def bot_account(self, name: str) -> Account:
        """Another bot, which people can add to groups."""
        username = f"{name.lower().replace(' ', '_')}_bot"
        return self.telegram.add_account(name, username=username, language=None, phone=None, is_bot=True)

    def channel(self, title: str, owner: Person, username: str | None = None, about: str = "") -> Group:
        """A channel whose newcomers need approval."""
        return self.telegram.add_group("channel", title, owner.account, username, about)

    async def wait_until(self, ready: Callable[[], object], within: float = PATIENCE) -> None:
        """Return once `ready()` is true; raises when that took more than `within` real seconds."""
        deadline = time.monotonic() + within
        while not ready():
            if time.monotonic() > deadline:
                raise NotSeen(f"waited {within:g} s in vain; what travelled last:\n{self.story()}")
            await asyncio.sleep(0.005)

    def story(self, count: int = 40) -> str:
        """The latest entries of the trace, one line each, for a failing test's message."""
        return "\n".join(f"  {entry.kind:8} {entry.title}" for entry in self.trace.last(count))
