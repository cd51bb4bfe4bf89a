"""What all methods that send have in common: where a message goes, what it replies to, who sees it."""

from __future__ import annotations

from typing import Any

from aiogram.methods import SendDocument, SendMessage, SendPhoto, SendRichMessage
from aiogram.types import InlineKeyboardMarkup, MessageEntity, ReplyKeyboardMarkup, ReplyKeyboardRemove, ReplyParameters
from pydantic import BaseModel

from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.api_errors import bad_request
from bot.sandbox.telegram.arguments import given
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.ephemeral import answered, receiver
from bot.sandbox.telegram.markup import ACTIONS, inline_rows, refuse_unknown_fields, reply_rows
from bot.sandbox.telegram.state import Chat, Group, Message, PrivateChat, ReplyKeyboard

Json = dict[str, Any]
Sending = SendMessage | SendRichMessage | SendDocument | SendPhoto
# Accepted without effect: they change nothing that a bot or its tests could see.
WITHOUT_EFFECT = {
    "disable_notification",
    "protect_content",
    "link_preview_options",
    "disable_web_page_preview",
    "disable_content_type_detection",
}
SUPPORTED = {
    "chat_id",
    "message_id",
    "ephemeral_message_id",
    "receiver_user_id",
    "message_thread_id",
    "text",
    "document",
    "photo",
    "media",
    "caption",
    "caption_entities",
    "parse_mode",
    "entities",
    "rich_message",
    "reply_markup",
    "reply_parameters",
    "ephemeral_message_parameters",
    *WITHOUT_EFFECT,
}
REPLY_SUPPORTED = {"message_id", "ephemeral_message_id", "allow_sending_without_reply"}


def check_supported(call: BaseModel, supported: set[str] = SUPPORTED) -> None:
    """Refuse parameters that exist in reality and that the sandbox would only pretend to support."""
    for name in call.model_fields_set - supported:
        if given(getattr(call, name)) is not None:
            raise bad_request(f'the sandbox does not support the parameter "{name}"')


def stored(entities: list[MessageEntity] | None) -> list[Json]:
    """Entities as they came, for the message."""
    for entity in entities or []:
        refuse_unknown_fields(entity)
    return [entity.model_dump(mode="json", exclude_none=True) for entity in entities or []]


def destination(tg: Telegram, call: Sending) -> Chat:
    """The chat a new message goes to, if the bot may write there."""
    check_supported(call, SUPPORTED - {"receiver_user_id"})
    chat = tg.find_chat(call.chat_id)
    tg.check_may_write(chat)
    return chat


def send(tg: Telegram, call: Sending, chat: Chat, **content: Any) -> Json:  # noqa: ANN401 - Message's own fields
    """Put the bot's message into the chat, with what belongs to it; return the message as the call does."""
    _check_parts(tg, call, content)
    inline = inline_rows(call.reply_markup, chat, tg.button_rules)
    keyboard = (
        reply_rows(call.reply_markup, chat, tg.button_rules)
        if isinstance(call.reply_markup, ReplyKeyboardMarkup)
        else []
    )
    refuse_unknown_fields(call.reply_markup)
    thread_id = _thread(chat, call.message_thread_id)
    reply_to = _replied_to(tg, chat, call.reply_parameters)
    seen_by = receiver(tg, chat, call.ephemeral_message_parameters, reply_to)
    tg.flood.count(chat)
    if thread_id is None and reply_to is not None:
        thread_id = reply_to.thread_id if reply_to.in_topic else None
    content |= {
        "thread_id": thread_id,
        "in_topic": thread_id is not None,
        "reply_to": reply_to,
        "inline_keyboard": inline,
        "other_markup": call.reply_markup is not None and not inline,
    }
    message = _put(tg, chat, seen_by, content)
    if isinstance(chat, PrivateChat):
        if isinstance(call.reply_markup, ReplyKeyboardMarkup):
            chat.keyboard = ReplyKeyboard(keyboard, bool(call.reply_markup.one_time_keyboard), message.id)
        elif isinstance(call.reply_markup, ReplyKeyboardRemove):
            chat.keyboard = None
        tg.touch(chat)
    return message.as_json()


def _check_parts(tg: Telegram, call: Sending, content: Json) -> None:
    """Refuse the parts that the sandbox should refuse."""
    markup = call.reply_markup
    rows = markup.inline_keyboard if isinstance(markup, InlineKeyboardMarkup) else []
    parts = {name for row in rows for button in row for name in ACTIONS if getattr(button, name) is not None}
    parts |= {name for name in ("reply_markup", "link_preview_options") if given(getattr(call, name, None)) is not None}
    parts |= {"entities"} if content.get("entities") else set()
    for part, words in tg.refused_parts.items():
        if part in parts:
            raise bad_request(words)


def _put(tg: Telegram, chat: Chat, seen_by: Account | None, content: Json) -> Message:
    if seen_by is not None and isinstance(chat, Group):
        return tg.new_ephemeral(chat, tg.bot, seen_by, **content)
    return tg.new_message(chat, tg.bot, **content)


def _thread(chat: Chat, thread_id: int | None) -> int | None:
    """The topic of a message; only forums have any, and messages to their first one have no number."""
    if thread_id is None:
        return None
    if not isinstance(chat, Group) or thread_id not in chat.topics:
        raise bad_request("message thread not found")
    return thread_id


def _replied_to(tg: Telegram, chat: Chat, reply: ReplyParameters | None) -> Message | None:
    if reply is None:
        return None
    refuse_unknown_fields(reply)
    check_supported(reply, REPLY_SUPPORTED)
    if reply.ephemeral_message_id is not None:
        return answered(tg, chat, reply.ephemeral_message_id)
    found = chat.by_id.get(reply.message_id or 0)
    if found is None and not given(reply.allow_sending_without_reply):
        raise bad_request("message to be replied not found")
    return found
