"""Bot API methods about messages and pressed buttons."""

from __future__ import annotations

from typing import Any

from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessage,
    DeleteMessages,
    EditEphemeralMessageText,
    EditMessageMedia,
    EditMessageReplyMarkup,
    EditMessageText,
    SendMessage,
    SendRichMessage,
)
from aiogram.types import InputRichMessage

from bot.sandbox.telegram import ephemeral
from bot.sandbox.telegram.api_errors import bad_request
from bot.sandbox.telegram.arguments import given
from bot.sandbox.telegram.bot_api import ANSWERABLE, Telegram
from bot.sandbox.telegram.entities import Text, read_text
from bot.sandbox.telegram.markup import inline_rows, refuse_unknown_fields
from bot.sandbox.telegram.rich import read_rich
from bot.sandbox.telegram.sending import check_supported, destination, send, stored
from bot.sandbox.telegram.state import Chat, Group, Message, PrivateChat

Json = dict[str, Any]
DELETABLE = 48 * 3600
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


def send_message(tg: Telegram, call: SendMessage) -> Json:
    """A new message from the bot."""
    chat = destination(tg, call)
    text = read_text(call.text, given(call.parse_mode), stored(call.entities), tg.unknown_tags)
    return send(tg, call, chat, text=text.text, entities=text.entities)


def send_rich_message(tg: Telegram, call: SendRichMessage) -> Json:
    """A new rich message from the bot."""
    chat = destination(tg, call)
    text = _rich(tg, call.rich_message)
    return send(tg, call, chat, text=text.text, entities=text.entities, rich=True)


def edit_message_text(tg: Telegram, call: EditMessageText) -> Json:
    """Change the text, plain or rich, and the keyboard of a message of the bot."""
    check_supported(call)
    message = editable(tg, call)
    _retext(tg, message, call)
    return message.as_json()


def edit_ephemeral_message_text(tg: Telegram, call: EditEphemeralMessageText) -> bool:
    """Change the text and the keyboard of an ephemeral message of the bot."""
    check_supported(call)
    message = ephemeral.of_bot(tg, call, "edit")
    if message.sender is not tg.bot or message.document or message.photo:
        raise bad_request("message can't be edited")
    _retext(tg, message, call)
    return True


def _retext(tg: Telegram, message: Message, call: EditMessageText | EditEphemeralMessageText) -> None:
    rich = call.rich_message is not None
    if call.rich_message is None:
        text = read_text(call.text, given(call.parse_mode), stored(call.entities), tg.unknown_tags)
    elif call.text is None:
        text = _rich(tg, call.rich_message)
    else:
        raise bad_request("a message has either a text or a rich message")
    inline = inline_rows(call.reply_markup, message.chat, tg.button_rules)
    refuse_unknown_fields(call.reply_markup)
    shown = (message.rich, message.text, message.entities, message.inline_keyboard)
    if shown == (rich, text.text, text.entities, inline):
        raise bad_request(NOT_MODIFIED)
    tg.flood.count(message.chat)
    message.text, message.entities, message.rich = text.text, text.entities, rich
    edited(tg, message, inline)


def edit_message_reply_markup(tg: Telegram, call: EditMessageReplyMarkup) -> Json:
    """Change or remove the keyboard of a message of the bot."""
    check_supported(call)
    message = editable(tg, call)
    inline = inline_rows(call.reply_markup, message.chat, tg.button_rules)
    refuse_unknown_fields(call.reply_markup)
    if message.inline_keyboard == inline:
        raise bad_request(NOT_MODIFIED)
    tg.flood.count(message.chat)
    edited(tg, message, inline)
    return message.as_json()


def delete_message(tg: Telegram, call: DeleteMessage) -> bool:
    """Delete a message."""
    chat = tg.find_chat(call.chat_id)
    message = chat.by_id.get(call.message_id)
    if message is None:
        raise bad_request("message to delete not found")
    _check_deletable(tg, chat, message)
    tg.delete(message)
    return True


def delete_messages(tg: Telegram, call: DeleteMessages) -> bool:
    """Delete several messages; skips those not found."""
    chat = tg.find_chat(call.chat_id)
    if not 1 <= len(call.message_ids) <= 100:
        raise bad_request("message identifiers are not specified" if not call.message_ids else "too many messages")
    found = [chat.by_id[number] for number in call.message_ids if number in chat.by_id]
    for message in found:
        _check_deletable(tg, chat, message)
    for message in found:
        tg.delete(message)
    return True


def answer_callback_query(tg: Telegram, call: AnswerCallbackQuery) -> bool:
    """End the little clock on a pressed button, once, within its time."""
    query = tg.queries.get(call.callback_query_id)
    if query is None or tg.clock.timestamp() - query.asked_at > ANSWERABLE:
        raise bad_request(QUERY_TOO_OLD)
    if call.text is not None and len(call.text) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    if call.url is not None:
        raise bad_request("URL_INVALID")
    del tg.queries[query.id]
    if not query.answer.done():
        query.answer.set_result({"text": call.text or None, "show_alert": bool(call.show_alert)})
    tg.touch(query.message.chat)
    return True


def _rich(tg: Telegram, message: InputRichMessage) -> Text:
    refuse_unknown_fields(message)
    if not tg.rich_messages:
        raise bad_request("rich messages are not supported")
    return read_rich(message)


def editable(tg: Telegram, call: EditMessageText | EditMessageReplyMarkup | EditMessageMedia) -> Message:
    """The message of the bot that a call should change."""
    chat = tg.find_chat(call.chat_id)
    if call.message_id is None:
        raise bad_request("message identifier is not specified")
    if isinstance(chat, Group):
        tg.bot_in(chat)
    elif isinstance(chat, PrivateChat) and chat.account.blocked_bot:
        tg.check_may_write(chat)
    message = chat.by_id.get(call.message_id)
    if message is None:
        raise bad_request("message to edit not found")
    if message.sender is not tg.bot or message.other_markup or message.service:
        raise bad_request("message can't be edited")
    if (message.document or message.photo) and isinstance(call, EditMessageText):
        raise bad_request("there is no text in the message to edit")
    return message


def edited(tg: Telegram, message: Message, inline: list[list[Json]]) -> None:
    """Record the change, and the present buttons."""
    message.inline_keyboard = inline
    message.edit_date = tg.now()
    tg.touch(message.chat)


def _check_deletable(tg: Telegram, chat: Chat, message: Message) -> None:
    if isinstance(chat, Group):
        if tg.bot_in(chat).may("can_delete_messages"):
            return
        if message.sender is not tg.bot or message.service or tg.clock.timestamp() - message.date > DELETABLE:
            raise bad_request("message can't be deleted")
    elif tg.clock.timestamp() - message.date > DELETABLE:
        raise bad_request("message can't be deleted for everyone")
