"""What all actions have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.sandbox.emulator import Emulator
from bot.sandbox.people import Person
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Chat, Group, Message

Json = dict[str, Any]


class PageAction(BaseModel):
    """An action of the person whose phone is on the page, in `chat`, by default the one with the bot.

    Each kind has `perform`, which does it and returns further data for the page, or raises `NotAllowed`.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    who: int = Field(alias="as")
    chat: int | None = None

    def place(self, world: Emulator, me: Person) -> Chat:
        """The chat it is done in."""
        if self.chat is None or self.chat in (me.id, world.telegram.bot.id):
            return me.chat
        group = world.telegram.groups.get(self.chat)
        if group is None:
            raise NotAllowed("There is no such chat.")
        return group

    def group(self, world: Emulator, me: Person) -> Group:
        """The group or channel it is done in."""
        place = self.place(world, me)
        if not isinstance(place, Group):
            raise NotAllowed("That is done in a group or a channel.")
        return place


def account_of(world: Emulator, account_id: int) -> Account:
    """Whom an action is about: a person, a stranger, or a bot."""
    account = world.telegram.bot if account_id == world.telegram.bot.id else world.telegram.accounts.get(account_id)
    if account is None or account is world.telegram.as_group:
        raise NotAllowed("There is no such person.")
    return account


def message_of(place: Chat, me: Person, number: int) -> Message:
    """A message as the page numbers it: those that only one member sees have their own number, below zero."""
    if isinstance(place, Group):
        message = place.ephemeral.get(-number) if number < 0 else place.by_id.get(number)
        seen = message is not None and message in place.seen_by(me.account)
    else:
        message = place.by_id.get(number)
        seen = message is not None
    if message is None or not seen:
        raise NotAllowed("That message is gone.")
    return message
