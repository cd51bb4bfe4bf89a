"""Bot API methods about files: sending them, and fetching what people sent."""

from __future__ import annotations

from typing import Any

from aiogram.methods import GetFile, SendDocument

from bot.sandbox.telegram.api_errors import bad_request
from bot.sandbox.telegram.arguments import given
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.entities import Text, read_text
from bot.sandbox.telegram.sending import destination, send, stored

Json = dict[str, Any]
LONGEST_CAPTION = 1024
LARGEST_DOWNLOAD = 20 * 2**20


def send_document(tg: Telegram, call: SendDocument) -> Json:
    """A file from the bot: one sent along, or one that is already here."""
    chat = destination(tg, call)
    document = tg.documents.get(call.document) if isinstance(call.document, str) else None
    if document is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if not document.data:
        raise bad_request("file must be non-empty")
    caption = Text("", [])
    if call.caption:
        caption = read_text(call.caption, given(call.parse_mode), stored(call.caption_entities), tg.unknown_tags)
    if len(caption.text) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return send(tg, call, chat, document=document, text=caption.text or None, entities=caption.entities)


def get_file(tg: Telegram, call: GetFile) -> Json:
    """The address of a file."""
    document = tg.documents.get(call.file_id)
    if document is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if len(document.data) > LARGEST_DOWNLOAD:
        raise bad_request("file is too big")
    file = document.as_json()
    del file["file_name"]
    return file | {"file_path": document.path}
