"""Requests to join, and the bot's own place in chats."""

from __future__ import annotations

from aiogram.types import Chat, ChatJoinRequest, ChatMemberAdministrator, ChatMemberOwner, ChatMemberUpdated

from bot.clock import Clock
from bot.domain.gate import Gate
from bot.telegram.members import is_in
from bot.telegram.texts import visible
from bot.usecases.follow_rights import FollowRights
from bot.usecases.ports import Store
from bot.usecases.ports_people import Person
from bot.usecases.take_join_request import TakeJoinRequest
from bot.usecases.take_leaver import TakeLeaver
from bot.usecases.take_newcomer import Newcomer, TakeNewcomer

ADMIN = (ChatMemberOwner, ChatMemberAdministrator)


async def join_request(
    event: ChatJoinRequest, store: Store, person: Person, take_join_request: TakeJoinRequest
) -> None:
    """Somebody asks to enter a chat where the bot may decide."""
    gate = _gate(event.chat, is_on=True)
    await take_join_request(store, person, gate, event.query_id, event.date, visible(event.from_user.full_name))


async def own_rights(event: ChatMemberUpdated, store: Store, follow_rights: FollowRights) -> None:
    """The bot was made an administrator of a group or channel, or lost that, or its right."""
    member = event.new_chat_member
    is_admin = isinstance(member, ChatMemberAdministrator)
    may_decide = isinstance(member, ChatMemberAdministrator) and member.can_invite_users
    # An anonymous admin acts as a bot of Telegram's.
    actor_id = None if event.from_user.is_bot else event.from_user.id
    gate, language = _gate(event.chat, is_on=may_decide), event.from_user.language_code or ""
    await follow_rights(store, gate, actor_id, is_admin=is_admin, language=language)


async def member(
    event: ChatMemberUpdated, store: Store, take_newcomer: TakeNewcomer, take_leaver: TakeLeaver, clock: Clock
) -> None:
    """Somebody joined or left, became an administrator or is one no more."""
    gate_id, user = event.chat.id, event.new_chat_member.user
    was_admin, is_admin = (isinstance(who, ADMIN) for who in (event.old_chat_member, event.new_chat_member))
    if (was_admin or is_admin) and await store.gates.get(gate_id) is not None:
        await store.admins.note(gate_id, user.id, clock.now(), is_admin=is_admin)
    was_in, is_in_now = is_in(event.old_chat_member), is_in(event.new_chat_member)
    if is_in_now and not was_in:
        link = event.invite_link
        asked = bool(event.via_join_request or (link is not None and link.creates_join_request))
        actor_id = event.from_user.id
        newcomer = Newcomer(user.id, visible(user.full_name), user.is_bot, is_admin, actor_id, asked)
        await take_newcomer(store, gate_id, newcomer)
    elif was_in and not is_in_now:
        await take_leaver(store, gate_id, user.id)


async def blocked(event: ChatMemberUpdated, store: Store) -> None:
    """A person blocked the bot (unblocking comes with their next message)."""
    if event.new_chat_member.status == "kicked":
        await store.people.lost([event.from_user.id])


def _gate(chat: Chat, *, is_on: bool) -> Gate:
    return Gate(chat.id, chat.title or "", chat.username, chat.type == "channel", is_on)
