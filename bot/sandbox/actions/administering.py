"""What admins of a group do: with newcomers, members, the bot, and the group itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from pydantic import Field

from bot.sandbox.actions.base import Json, PageAction, account_of
from bot.sandbox.emulator import Emulator
from bot.sandbox.people import Person
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.members import SHORTEST
from bot.sandbox.telegram.state import Group

LONGEST_RESTRICTION = 366 * 24 * 3600


class DecideRequest(PageAction):
    """Admit or decline somebody."""

    do: Literal["approve", "decline"]
    person: int

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        decide = me.approves if self.do == "approve" else me.declines
        await decide(self.group(world, me), account_of(world, self.person))
        return {}


class RestrictMember(PageAction):
    """Mute a member, for ever or for so many seconds."""

    do: Literal["restrict"]
    person: int
    seconds: int | None = Field(default=None, ge=SHORTEST, le=LONGEST_RESTRICTION)

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        until = None if self.seconds is None else world.telegram.now() + self.seconds
        await me.restricts(self.group(world, me), account_of(world, self.person), until)
        return {}


class ChangeMember(PageAction):
    """Lift a restriction, remove somebody, let them come back, take their administration away."""

    do: Literal["free", "ban", "unban", "demote"]
    person: int

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        methods: dict[str, Callable[[Group, Account], Awaitable[None]]] = {
            "free": me.frees,
            "ban": me.bans,
            "unban": me.unbans,
            "demote": me.demotes,
        }
        await methods[self.do](self.group(world, me), account_of(world, self.person))
        return {}


class SetTag(PageAction):
    """Put a tag beside somebody's name, or one's own; an empty one removes it."""

    do: Literal["tag"]
    person: int
    text: str = Field(default="", max_length=64)

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        await me.tags(self.group(world, me), account_of(world, self.person), self.text.strip())
        return {}


class PromoteMember(PageAction):
    """Make somebody an administrator, who writes as the group if `anonymous`; owners can only change that of
    themselves."""

    do: Literal["promote"]
    person: int
    anonymous: bool = False

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        await me.promotes(self.group(world, me), account_of(world, self.person), anonymous=self.anonymous)
        return {}


class ChangeBotStatus(PageAction):
    """Make the bot an administrator or an ordinary member, or remove it."""

    do: Literal["make_admin", "take_rights", "demote_bot", "remove_bot"]

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        group = self.group(world, me)
        if self.do == "make_admin":
            await me.makes_bot_admin(group, can_invite_users=True)
            return {}
        methods = {"take_rights": me.takes_rights, "demote_bot": me.demotes_bot, "remove_bot": me.removes_bot}
        await methods[self.do](group)
        return {}


class ChangeBotRight(PageAction):
    """Give the bot one of the rights it can use, or take it."""

    do: Literal["bot_right"]
    right: Literal["can_invite_users", "can_restrict_members", "can_manage_tags", "can_delete_messages"]
    on: bool

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        await me.makes_bot_admin(self.group(world, me), **{self.right: self.on})
        return {}


class AssignGuard(PageAction):
    """Choose the bot under "Process join requests", or nobody."""

    do: Literal["guard"]
    on: bool = True

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        await me.assigns_guard(self.group(world, me), self.on)
        return {}


class ChangeSetting(PageAction):
    """Turn one of the group's settings on or off."""

    do: Literal["setting"]
    name: Literal["approves", "hides_members", "forum", "edit_tags"]
    on: bool

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Do it."""
        group = self.group(world, me)
        if self.name == "edit_tags":
            await me.permits(group, can_edit_tag=self.on)
        else:
            await me.sets_up(group, **{self.name: self.on})
        return {}


class MakeLink(PageAction):
    """Make an invite link, by which one comes in at once or has to ask."""

    do: Literal["make_link"]
    approves: bool = False

    async def perform(self, world: Emulator, me: Person) -> Json:
        """The link."""
        return {"url": await me.makes_link(self.group(world, me), approves=self.approves)}


class OpenTopic(PageAction):
    """Begin a topic of a forum."""

    do: Literal["open_topic"]
    text: str = Field(min_length=1, max_length=128)

    async def perform(self, world: Emulator, me: Person) -> Json:
        """Its number."""
        return {"topic": await me.opens_topic(self.group(world, me), self.text)}


class UpgradeOrDelete(PageAction):
    """Make a supergroup of a basic group, or delete a group for everybody."""

    do: Literal["upgrade", "delete"]

    async def perform(self, world: Emulator, me: Person) -> Json:
        """The chat that replaces it, if there is one."""
        group = self.group(world, me)
        if self.do == "upgrade":
            return {"chat": (await me.upgrades(group)).id}
        await me.deletes(group)
        return {"chat": None}
