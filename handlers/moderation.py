"""Commands of admins about people, in their groups and in private."""

from __future__ import annotations

from aiogram.filters import CommandObject
from aiogram.types import Message

from bot.domain.people import Person
from bot.domain.people_pages import TargetError
from bot.features.admins.navigation import GroupCommand
from bot.features.moderation.commands import CommandInGroup, CommandInPrivate, FollowLink, TargetRef
from bot.telegram.commands import PENDING, WHO
from bot.telegram.deep_links import user_id_of
from storage.store import Store

LONGEST_ID = 15


async def in_group(message: Message, command: CommandObject, store: Store, command_in_group: CommandInGroup) -> None:
    """A command in a group. Somebody who writes as the group could be any of its anonymous admins; somebody who writes
    as another chat is not an admin."""
    user, chat = message.from_user, message.chat
    if user is None or (message.sender_chat is not None and message.sender_chat.id != chat.id):
        return
    is_anonymous = message.sender_chat is not None
    given = GroupCommand(
        chat.id,
        None if is_anonymous else user.id,
        message.message_id if message.ephemeral_message_id is None else None,
        message.message_thread_id if message.is_topic_message else None,
        "" if is_anonymous else user.language_code or "",
    )
    await command_in_group(store, given, command.command, _named(message, command))


async def in_private(
    message: Message, command: CommandObject, store: Store, person: Person, command_in_private: CommandInPrivate
) -> None:
    """The same in private, where the admin has to choose the group."""
    await command_in_private(store, person, command.command, _named(message, command))


async def pending_link(
    message: Message,  # noqa: ARG001 - aiogram passes the event
    gate_id: int,
    store: Store,
    person: Person,
    follow_link: FollowLink,
) -> None:
    """/start pending_<gate>: who waits there."""
    await follow_link(store, person, PENDING.name, gate_id, 0)


async def who_link(
    message: Message,  # noqa: ARG001 - aiogram passes the event
    command: CommandObject,
    gate_id: int,
    store: Store,
    person: Person,
    follow_link: FollowLink,
) -> None:
    """/start who_<gate>_<person>."""
    await follow_link(store, person, WHO.name, gate_id, user_id_of(command.args))


def _named(message: Message, command: CommandObject) -> TargetRef:
    """Whom the command is about: named in it, or the writer of the message it replies to."""
    users = [entity.user for entity in message.entities or () if entity.type == "text_mention" and entity.user]
    if len(users) == 1:
        return _one(users[0].id, is_person=not users[0].is_bot)
    arguments = (command.args or "").split()
    if len(users) > 1 or len(arguments) > 1:
        return TargetRef(missing=TargetError.SEVERAL)
    if arguments:
        name = arguments[0].removeprefix("@")
        is_id = name.isascii() and name.isdigit() and len(name) <= LONGEST_ID
        return _one(int(name), is_person=int(name) > 0) if is_id else TargetRef(username=name)
    reply = message.reply_to_message
    # In a topic every message replies to the one that began it.
    if reply is None or reply.from_user is None or reply.forum_topic_created is not None:
        return TargetRef(missing=TargetError.NOBODY_NAMED)
    return _one(reply.from_user.id, is_person=not reply.from_user.is_bot and reply.sender_chat is None)


def _one(user_id: int, *, is_person: bool) -> TargetRef:
    return TargetRef(user_id=user_id) if is_person else TargetRef(missing=TargetError.BOT)
