"""Writing, pressing, sharing, calling: what a person does with a phone in hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from pydantic import Base64Bytes, Field

from bot.sandbox.actions.base import Json, PageAction, account_of, message_of
from bot.sandbox.emulator import Emulator
from bot.sandbox.people import Person
from bot.sandbox.telegram.accounts import Device as DeviceKind
from bot.sandbox.telegram.app_user import NotAllowed

ANSWER_WITHIN = 10.0
LARGEST_FILE = 512 * 1024


class SendText(PageAction):
    """Write a text, in a topic or as a reply if those are named."""

    do: Literal["say"]
    text: str = Field(default="", max_length=4096)
    topic: int | None = None
    reply_to: int | None = None

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        place = self.place(world, me)
        reply_to = None if self.reply_to is None else message_of(place, me, self.reply_to)
        await me.says(self.text, place, topic=self.topic, reply_to=reply_to)
        return {}


class SendFile(PageAction):
    """Send a small file."""

    do: Literal["send_file"]
    name: str = Field(min_length=1, max_length=255)
    data: Base64Bytes

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        if len(self.data) > LARGEST_FILE:
            raise NotAllowed("The page sends files of up to 512 KB.")
        await me.sends_document(self.name, self.data, self.place(world, me))
        return {}


class PressButton(PageAction):
    """Press an inline button, by the data behind it."""

    do: Literal["press"]
    message: int
    data: str = Field(max_length=64)

    async def perform(self, world: Emulator, me: Person) -> Json:
        """The bot's answer; raises `NotSeen` when there is none."""
        message = message_of(self.place(world, me), me, self.message)
        return {"answer": await me.presses_under(message, self.data, ANSWER_WITHIN)}


class ShareContact(PageAction):
    """Share one's own number, by the button that asks for it if there is one."""

    do: Literal["share_contact"]

    async def perform(self, world: Emulator, me: Person) -> Json:  # noqa: ARG002 - every action has the same form
        """Do it."""
        await (me.shares_contact() if me.asked_for_contact() else me.attaches_own_contact())
        return {}


class ShareContactOf(PageAction):
    """Send anybody's card."""

    do: Literal["share_contact_of"]
    person: int

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        await me.shares_contact_of(world.find(self.person))
        return {}


class PickUser(PageAction):
    """Choose somebody, by the button that asks for users."""

    do: Literal["pick_user"]
    person: int

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        await me.picks_users(account_of(world, self.person))
        return {}


class Call(PageAction):
    """Call a number: from one's own phone, from another, or from a hidden one."""

    do: Literal["dial"]
    number: str = Field(default="", max_length=64)
    from_number: str | None = Field(default=None, max_length=64)
    hidden: bool = False

    async def perform(self, world: Emulator, me: Person) -> Json:  # noqa: ARG002 - every action has the same form
        """What the phone hears."""
        return {"hears": await me.calls(self.number, self.from_number or None, hidden=self.hidden)}


class OpenApp(PageAction):
    """Press a button that opens a Mini App."""

    do: Literal["open_app"]
    text: str = Field(default="", max_length=4096)

    async def perform(self, world: Emulator, me: Person) -> Json:  # noqa: ARG002 - every action has the same form
        """The address Telegram launches it at."""
        return {"url": (await me.opens_app(self.text)).url}


class ChangeDevice(PageAction):
    """Use Telegram on another device."""

    do: Literal["device"]
    text: DeviceKind

    async def perform(self, world: Emulator, me: Person) -> Json:  # noqa: ARG002 - every action has the same form
        """Do it."""
        me.device = self.text
        return {}


class ChangeLanguage(PageAction):
    """Use Telegram in another language."""

    do: Literal["language"]
    text: Literal["en", "ru"]

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it; the bot learns of it with the next thing the person does."""
        me.account.language_code = self.text
        world.telegram.touch(me.chat)
        return {}


class SimpleAction(PageAction):
    """An action without further data."""

    do: Literal["share_contact_in_app", "close_app", "block_bot"]

    async def perform(self, world: Emulator, me: Person) -> Json:  # noqa: ARG002 - every action has the same form
        """Do it."""
        methods: dict[str, Callable[[], Awaitable[object]]] = {
            "share_contact_in_app": me.shares_contact_in_app,
            "close_app": me.closes_app,
            "block_bot": me.blocks_bot,
        }
        await methods[self.do]()
        return {}
