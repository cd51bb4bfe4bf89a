"""Requests to join, and the bot's own place in chats."""

from __future__ import annotations

from aiogram import Bot
from aiogram.types import (
    Chat,
    ChatJoinRequest,
    ChatMemberAdministrator,
    ChatMemberRestricted,
    ChatMemberUpdated,
    Message,
)
from aiogram.types.chat_member_union import ChatMemberUnion

from bot.domain.gate_health import GateIssue
from bot.domain.gates import ANONYMOUS_ADMIN, Gate
from bot.domain.people import Person
from bot.features.access.tasks import ADMINS, admin_rights, is_in, is_muted
from bot.features.gates.lifecycle import FollowRights, delete_service_message, move_chat
from bot.features.joining.member_updates import Departure, MemberUpdate, on_bot_blocked, on_member_updated
from bot.features.joining.newcomers import ChangeKind, Newcomer, RestrictionChange
from bot.features.joining.requests import OnJoinRequest
from bot.i18n.texts import visible
from storage.store import Store

FIXED = {
    "can_invite_users": GateIssue.CANNOT_INVITE,
    "can_restrict_members": GateIssue.CANNOT_RESTRICT,
    "can_manage_tags": GateIssue.CANNOT_TAG,
    "can_delete_messages": GateIssue.CANNOT_DELETE,
}
"""The issue that each right fixes."""


async def join_request(
    event: ChatJoinRequest, store: Store, person: Person, take_join_request: OnJoinRequest, bot: Bot
) -> None:
    """Somebody asks to enter a chat where the bot may decide."""
    gate = _gate(event.chat, is_on=True)
    name, link = visible(event.from_user.full_name), event.invite_link
    # The gate's own link, by which everybody asks, does not expire.
    is_personal = link is not None and link.creator.id == bot.id and link.expire_date is not None
    url = link.invite_link if link is not None and is_personal else ""
    await take_join_request(store, person, gate, event.query_id, event.date, name, url)


async def own_rights(event: ChatMemberUpdated, store: Store, follow_rights: FollowRights) -> None:
    """The bot became an administrator of a group or channel, or lost that, or its right."""
    before, now = _rights(event.old_chat_member), _rights(event.new_chat_member)
    gate = _gate(event.chat, is_on="can_invite_users" in now)
    is_admin = isinstance(event.new_chat_member, ChatMemberAdministrator)
    fixed = {FIXED[right] for right in now - before if right in FIXED}
    # An anonymous admin acts as a bot of Telegram's.
    actor_id = None if event.from_user.is_bot else event.from_user.id
    language = event.from_user.language_code or ""
    await follow_rights(store, gate, actor_id, is_admin=is_admin, fixed=fixed, language=language)


async def member(event: ChatMemberUpdated, store: Store, bot: Bot) -> None:
    """Somebody joined or left, was restricted or unrestricted, became or ceased to be an administrator."""
    old, new = event.old_chat_member, event.new_chat_member
    rights = admin_rights(new) if isinstance(old, ADMINS) or isinstance(new, ADMINS) else None
    await on_member_updated(store, event.chat.id, MemberUpdate(new.user.id, rights, _change(event, bot)))


async def line(message: Message, store: Store) -> None:
    """Telegram's service message about a member who joined or left."""
    await delete_service_message(store, message.chat.id, message.message_id)


async def upgrade(message: Message, store: Store) -> None:
    """A basic group became a supergroup."""
    if message.migrate_to_chat_id is not None:
        await move_chat(store, message.chat.id, message.migrate_to_chat_id)


async def blocked(event: ChatMemberUpdated, store: Store) -> None:
    """A person blocked the bot (unblocking comes with their next message)."""
    if event.new_chat_member.status == "kicked":
        await on_bot_blocked(store, event.from_user.id)


def _rights(member: ChatMemberUnion) -> set[str]:
    """Which of somebody's rights gates depend on."""
    return {right for right in FIXED if getattr(member, right, False)}


def _change(event: ChatMemberUpdated, bot: Bot) -> Newcomer | Departure | RestrictionChange | None:
    """What happened to a member, besides their rights as an admin."""
    was_in, is_in_now = is_in(event.old_chat_member), is_in(event.new_chat_member)
    by_bot = event.from_user.id == bot.id
    if is_in_now and not was_in:
        return _newcomer(event, bot)
    if was_in and not is_in_now:
        return Departure(by_bot=by_bot)
    return _treatment(event) if was_in and not by_bot else None


def _newcomer(event: ChatMemberUpdated, bot: Bot) -> Newcomer:
    new, link, actor = event.new_chat_member, event.invite_link, event.from_user
    return Newcomer(
        user_id=new.user.id,
        name=visible(new.user.full_name),
        is_bot=new.user.is_bot,
        is_admin=isinstance(new, ADMINS),
        actor_id=event.from_user.id,
        asked=bool(event.via_join_request or (link is not None and link.creates_join_request)),
        is_muted=is_muted(event.chat.id, new),
        is_by_bot=actor.is_bot and actor.id not in (bot.id, ANONYMOUS_ADMIN),
    )


def _treatment(event: ChatMemberUpdated) -> RestrictionChange | None:
    """What was done to a member; None for what does not change what they may do, such as another tag."""
    old, new, actor_id = event.old_chat_member, event.new_chat_member, event.from_user.id
    if isinstance(new, ADMINS):
        return None if isinstance(old, ADMINS) else RestrictionChange(new.user.id, ChangeKind.PROMOTED, actor_id)
    if isinstance(new, ChatMemberRestricted):
        if is_muted(event.chat.id, new):
            return None
        return RestrictionChange(new.user.id, ChangeKind.RESTRICTED, actor_id, new.until_date)
    return RestrictionChange(new.user.id, ChangeKind.FREED, actor_id) if isinstance(old, ChatMemberRestricted) else None


def _gate(chat: Chat, *, is_on: bool) -> Gate:
    return Gate(chat.id, chat.title or "", chat.username, chat.type == "channel", is_on)
