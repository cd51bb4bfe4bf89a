"""Requests to join, and the bot's own place in chats."""

from __future__ import annotations

from aiogram.types import Chat, ChatJoinRequest, ChatMemberAdministrator, ChatMemberUpdated

from bot.domain.gate import Gate
from bot.usecases.follow_rights import FollowRights
from bot.usecases.ports import Person, Store
from bot.usecases.take_join_request import TakeJoinRequest


async def join_request(
    event: ChatJoinRequest, store: Store, person: Person, take_join_request: TakeJoinRequest
) -> None:
    """Somebody asks to enter a chat where the bot may decide."""
    await take_join_request(store, person, _gate(event.chat, is_on=True), event.query_id, event.date)


async def own_rights(event: ChatMemberUpdated, store: Store, follow_rights: FollowRights) -> None:
    """The bot was made an administrator of a group or channel, or lost that, or its right."""
    member = event.new_chat_member
    is_admin = isinstance(member, ChatMemberAdministrator)
    may_decide = isinstance(member, ChatMemberAdministrator) and member.can_invite_users
    await follow_rights(store, _gate(event.chat, is_on=may_decide), event.from_user.id, is_admin=is_admin)


async def blocked(event: ChatMemberUpdated, store: Store) -> None:
    """A person blocked the bot (unblocking comes with their next message)."""
    if event.new_chat_member.status == "kicked":
        await store.people.lost([event.from_user.id])


def _gate(chat: Chat, *, is_on: bool) -> Gate:
    return Gate(chat.id, chat.title or "", chat.username, chat.type == "channel", is_on)
