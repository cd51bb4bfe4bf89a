"""Messages in a group that only their receiver and their sender see.

https://core.telegram.org/bots/api#ephemeral-messages-and-commands says who may receive one. No documentation gives the
server's error texts, so these are the ones it uses in similar cases.
"""

from __future__ import annotations

from typing import Any

from aiogram.methods import DeleteEphemeralMessage, EditEphemeralMessageText
from aiogram.types import EphemeralMessageParameters

from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.api_errors import bad_request
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.markup import refuse_unknown_fields
from bot.sandbox.telegram.state import Chat, Group, Message

Json = dict[str, Any]
# Seconds in which a bot that is not an administrator may react to a command or a pressed button.
REACTION = 15


def receiver(
    tg: Telegram, chat: Chat, parameters: EphemeralMessageParameters | None, reply_to: Message | None
) -> Account | None:
    """The only receiver of a new message; None when it is for everybody."""
    if not tg.ephemeral_messages:
        return None
    to_ephemeral = reply_to is not None and reply_to.ephemeral_id is not None
    if parameters is None:
        if to_ephemeral:
            raise bad_request("a reply to an ephemeral message must be an ephemeral message")
        return None
    refuse_unknown_fields(parameters)
    if parameters.replace_callback_query_message:
        raise bad_request('the sandbox does not support the parameter "replace_callback_query_message"')
    if not isinstance(chat, Group) or chat.type == "channel":
        raise bad_request("ephemeral messages can be sent to group and supergroup chats only")
    account = tg.find_account(parameters.receiver_user_id)
    _check_provoked(tg, chat, account, parameters.callback_query_id, to_ephemeral=to_ephemeral)
    if account.is_bot:
        raise bad_request("USER_BOT_INVALID")
    if not chat.member(account).inside:
        raise bad_request("USER_NOT_PARTICIPANT")
    if not account.ephemeral:
        raise bad_request("USER_ID_INVALID")
    return account


def _check_provoked(tg: Telegram, group: Group, account: Account, query_id: str | None, *, to_ephemeral: bool) -> None:
    """An administrator may send at any time, others only after a pressed button or a command."""
    query = tg.pressed.get(query_id) if query_id is not None else None
    if query_id is not None and (query is None or query.account is not account or query.message.chat is not group):
        raise bad_request("QUERY_ID_INVALID")
    if group.member(tg.bot).is_admin or to_ephemeral:
        return
    if query is None or tg.clock.timestamp() - query.asked_at > REACTION:
        raise bad_request("CHAT_ADMIN_REQUIRED")


def answered(tg: Telegram, chat: Chat, ephemeral_id: int) -> Message:
    """The ephemeral message a new one replies to, while it can be replied to."""
    message = chat.ephemeral.get(ephemeral_id) if isinstance(chat, Group) else None
    if message is None or message.receiver is not tg.bot or tg.now() - message.date > REACTION:
        raise bad_request("message to be replied not found")
    return message


def of_bot(tg: Telegram, call: EditEphemeralMessageText | DeleteEphemeralMessage, what: str) -> Message:
    """The ephemeral message of the bot that a call names."""
    group = tg.find_group(call.chat_id)
    tg.bot_in(group)
    message = group.ephemeral.get(call.ephemeral_message_id)
    if message is None or call.receiver_user_id not in _parties(message):
        raise bad_request(f"message to {what} not found")
    return message


def _parties(message: Message) -> set[int]:
    return {message.sender.id} | ({message.receiver.id} if message.receiver else set())


def delete_ephemeral_message(tg: Telegram, call: DeleteEphemeralMessage) -> bool:
    """Remove one ephemeral message, the bot's own or a command sent to it."""
    tg.delete(of_bot(tg, call, "delete"))
    return True
