"""Bot API methods about pictures: sending them, and replacing the content of a message by one."""

from __future__ import annotations

from typing import Any

from aiogram.methods import EditMessageMedia, SendPhoto
from aiogram.types import InputMediaPhoto

from bot.sandbox.telegram.api_errors import bad_request
from bot.sandbox.telegram.arguments import given
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.entities import Text, read_text
from bot.sandbox.telegram.markup import inline_rows, refuse_unknown_fields
from bot.sandbox.telegram.methods_messages import NOT_MODIFIED, editable, edited
from bot.sandbox.telegram.sending import check_supported, destination, send, stored
from bot.sandbox.telegram.state import Photo

Json = dict[str, Any]
LONGEST_CAPTION = 1024
LONGEST_SIDES, STEEPEST = 10_000, 20
PNG, HEADER, END = b"\x89PNG\r\n\x1a\n", b"IHDR", b"IEND\xaeB`\x82"
MEDIA_SUPPORTED = {"type", "media", "caption", "parse_mode", "caption_entities"}


def received(tg: Telegram, data: bytes) -> Photo:
    """A picture sent with a call, here a PNG. The server accepts none larger than other calls, far below Telegram's 10
    MB."""
    if not data:
        raise bad_request("file must be non-empty")
    if not data.startswith(PNG) or data[12:16] != HEADER or not data.endswith(END):
        raise bad_request("IMAGE_PROCESS_FAILED")
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if not 0 < width + height <= LONGEST_SIDES or max(width, height) > STEEPEST * min(width, height):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return tg.add_photo(data, width, height)


def send_photo(tg: Telegram, call: SendPhoto) -> Json:
    """A picture from the bot: one sent along, or one that is already here."""
    chat = destination(tg, call)
    photo, caption = _photo(tg, call.photo), _caption(tg, call)
    return send(tg, call, chat, photo=photo, text=caption.text or None, entities=caption.entities)


def edit_message_media(tg: Telegram, call: EditMessageMedia) -> Json:
    """Change picture, caption and keyboard of a message of the bot, even of a text message."""
    check_supported(call)
    message = editable(tg, call)
    if not isinstance(call.media, InputMediaPhoto):
        raise bad_request("the sandbox supports photos only")
    check_supported(call.media, MEDIA_SUPPORTED)
    photo, caption = _photo(tg, call.media.media), _caption(tg, call.media)
    inline = inline_rows(call.reply_markup, message.chat, tg.button_rules)
    refuse_unknown_fields(call.reply_markup)
    shown = (message.photo, message.text, message.entities, message.inline_keyboard)
    if shown == (photo, caption.text or None, caption.entities, inline):
        raise bad_request(NOT_MODIFIED)
    tg.flood.count(message.chat)
    message.photo, message.document, message.rich = photo, None, False
    message.text, message.entities = caption.text or None, caption.entities
    edited(tg, message, inline)
    return message.as_json()


def _photo(tg: Telegram, named: object) -> Photo:
    photo = tg.photos.get(named) if isinstance(named, str) else None
    if photo is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return photo


def _caption(tg: Telegram, call: SendPhoto | InputMediaPhoto) -> Text:
    caption = Text("", [])
    if call.caption:
        caption = read_text(call.caption, given(call.parse_mode), stored(call.caption_entities), tg.unknown_tags)
    if len(caption.text.encode("utf-16-le")) // 2 > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return caption
