"""The outside world in memory: Telegram, the gateway, the people and their phones."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.changes import WAIT_TIMEOUT
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Faults
from bot.sandbox.people import NotSeen, Person, Role
from bot.sandbox.raids import Raids
from bot.sandbox.smsc import Smsc
from bot.sandbox.smsru import CALL_PHONE, SmsRu
from bot.sandbox.tasks import Tasks
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.members import usual_permissions
from bot.sandbox.telegram.state import Group
from bot.sandbox.trace import Trace


@dataclass(frozen=True, slots=True)
class Tour:
    """Where the page's guide leads: `person` gets into `group`; the trace up to entry `since` is set-up."""

    person: Person
    group: Group
    since: int


SHORTEST_PAUSE, LONGEST_PAUSE = 0.005, 0.05
"""Real seconds between two looks at what somebody waits for."""


class Emulator:
    """Telegram, the gateway, the people and their phones; `World` serves them over HTTP."""

    def __init__(self, clock: SandboxClock, bot_token: str, bot_username: str, *, flood_limits: bool) -> None:
        self.clock = clock
        self.bot_token = bot_token
        self.trace = Trace(clock)
        self.faults = Faults(self.trace)
        self.people: dict[int, Person] = {}
        self.tour: Tour | None = None
        # Set once a browser opens the page, with the languages it asks for.
        self.opened = asyncio.Event()
        self.browser_languages = ""
        self._tasks = Tasks()
        self._phones = itertools.count(79_990_000_001)
        self.telegram = Telegram(
            clock=clock,
            trace=self.trace,
            tasks=self._tasks,
            token=bot_token,
            username=bot_username,
            flood_limits=flood_limits,
        )
        self.smsc = Smsc(clock=clock, trace=self.trace, faults=self.faults, tasks=self._tasks)
        self.smsru = SmsRu(clock=clock, trace=self.trace, faults=self.faults, tasks=self._tasks)
        self.raids = Raids(self.telegram, self._tasks, self._new_stranger)

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
        person = self._new_person(name, phone, language, username, role)
        person.account.too_many_chats = too_many_chats
        self.people[person.id] = person
        return person

    def _new_person(
        self, name: str, phone: str | None, language: str | None, username: str | None, role: Role
    ) -> Person:
        account = self.telegram.add_account(
            name, username=username, language=language, phone=phone or f"+{next(self._phones)}"
        )
        return Person(self.telegram, self._ring, account, role)

    def _new_stranger(self, name: str, language: str) -> Person:
        return self._new_person(name, None, language, None, "stranger")

    def _ring(self, caller: str | None, called: str) -> str:
        gateway = self.smsru if called.lstrip("+") == CALL_PHONE else self.smsc
        return gateway.receive_call(caller, called)

    def find(self, person_id: int) -> Person:
        """The person, or the stranger, with this id."""
        person = self.people.get(person_id) or self.raids.strangers.get(person_id)
        if person is None:
            raise NotAllowed("There is no such person.")
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

    async def wait_until(self, ready: Callable[[], object], within: float = WAIT_TIMEOUT) -> None:
        """Return once `ready()` is true; raises when that took more than `within` real seconds."""
        deadline, pause = time.monotonic() + within, SHORTEST_PAUSE
        while not ready():
            if time.monotonic() > deadline:
                raise NotSeen(f"waited {within:g} s in vain; what travelled last:\n{self.story()}")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def story(self, count: int = 40) -> str:
        """The latest entries of the trace, one line each, for a failing test's message."""
        return "\n".join(f"  {entry.kind:8} {entry.title}" for entry in self.trace.last(count))
