"""Coming to groups, leaving them, bringing somebody along."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from pydantic import Field

from bot.sandbox.actions.base import Json, PageAction, account_of
from bot.sandbox.emulator import Emulator
from bot.sandbox.people import Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Group

MOST_GROUPS = 50


class JoinOrLeave(PageAction):
    """Ask to join (or join, where nobody has to approve it), take that back, leave."""

    do: Literal["join", "withdraw", "leave"]

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        methods: dict[str, Callable[[Group], Awaitable[None]]] = {
            "join": me.asks_to_join,
            "withdraw": me.withdraws_request,
            "leave": me.leaves,
        }
        await methods[self.do](self.group(world, me))
        return {}


class OpenLink(PageAction):
    """Tap an invite link."""

    do: Literal["open_link"]
    text: str = Field(max_length=4096)

    async def perform(self, world: Emulator, me: Person) -> Json:
        """The group it leads to, which one may be in already."""
        group = next((group for group in world.telegram.groups.values() if self.text in group.links), None)
        if group is None:
            raise NotAllowed("This invite link has expired.")
        if not group.member(me.account).inside:
            await me.opens_link(self.text)
        return {"chat": group.id}


class OpenDeepLink(PageAction):
    """Tap a link to the bot: into its private chat, or into the chosen group `chat`."""

    do: Literal["open_deep_link"]
    text: str = Field(max_length=4096)

    async def perform(self, world: Emulator, me: Person) -> Json:
        """The chat it leads to."""
        group = None if self.chat is None else self.group(world, me)
        await me.opens_deep_link(self.text, group)
        return {"chat": me.id if group is None else group.id}


class AddMember(PageAction):
    """Add somebody, or the bot, as a member."""

    do: Literal["add"]
    person: int

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        await me.adds(self.group(world, me), account_of(world, self.person))
        return {}


class CreateGroup(PageAction):
    """Found a group, or a channel, which others do not see until they are added."""

    do: Literal["found"]
    kind: Literal["supergroup", "group", "channel"]
    text: str = Field(min_length=1, max_length=128)

    async def perform(self, world: Emulator, me: Person) -> Json:
        """The new chat."""
        if len(world.telegram.groups) >= MOST_GROUPS:
            raise NotAllowed("There are groups enough in this sandbox.")
        group = world.telegram.add_group(self.kind, self.text.strip() or "Group", me.account, None, "")
        group.secret = True
        group.approves_new_members = False
        world.telegram.touch(group)
        return {"chat": group.id}
