"""Bot API methods that decode no more of an answer than the bot needs.

aiogram's own models decode whole messages and updates. A new kind of field that they do not know yet must not cost an
answer, let alone a batch of updates; and decoding takes most of the time of a call.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from aiogram.methods import TelegramMethod
from aiogram.types import (
    EphemeralMessageParameters,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaPhoto,
    InputRichMessage,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
)
from pydantic import BaseModel, JsonValue

UPDATE_TYPES = ["callback_query", "chat_join_request", "chat_member", "message", "my_chat_member"]
"""The kinds of updates that handlers exist for."""
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Sent(BaseModel):
    """The fields of a sent message that the bot reads. Only a message that one person alone sees has the last two, and
    0 as its `message_id` (Bot API 10.2, `Message`)."""

    message_id: int
    ephemeral_message_id: int | None = None
    receiver_user: JsonValue = None

    @property
    def is_for_all(self) -> bool:
        """Return whether everybody in the chat sees it."""
        return self.message_id > 0 and self.ephemeral_message_id is None and self.receiver_user is None


class Guard(BaseModel):
    """The fields needed of the bot that processes a chat's join requests."""

    id: int


class Permissions(BaseModel):
    """The fields needed of the members' permissions."""

    can_edit_tag: bool | None = None


class Community(BaseModel):
    """The name of the community to which a chat belongs (Bot API 10.3)."""

    name: str


class GuardedChat(BaseModel):
    """The fields needed to know how people enter a chat. Only administrators see `guard_bot`."""

    type: str
    guard_bot: Guard | None = None
    username: str | None = None
    join_by_request: bool = False
    join_to_send_messages: bool = False
    linked_chat_id: int | None = None
    community: Community | None = None
    permissions: Permissions | None = None


class Link(BaseModel):
    """The fields needed of a new invite link."""

    invite_link: str


class GetRawUpdates(TelegramMethod[list[Any]]):
    """getUpdates without decoding: the update processor decodes each update separately."""

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int
    timeout: int
    allowed_updates: list[str]


class SendText(TelegramMethod[Sent]):
    """sendMessage with HTML."""

    __returning__ = Sent
    __api_method__ = "sendMessage"

    chat_id: int
    text: str
    parse_mode: Literal["HTML"] = "HTML"
    link_preview_options: LinkPreviewOptions = NO_PREVIEW
    reply_markup: InlineKeyboardMarkup | ReplyKeyboardMarkup | None = None
    message_thread_id: int | None = None
    ephemeral_message_parameters: EphemeralMessageParameters | None = None


class EditText(TelegramMethod[JsonValue]):
    """editMessageText with HTML."""

    __returning__ = JsonValue
    __api_method__ = "editMessageText"

    chat_id: int
    message_id: int
    text: str
    parse_mode: Literal["HTML"] = "HTML"
    link_preview_options: LinkPreviewOptions = NO_PREVIEW
    reply_markup: InlineKeyboardMarkup | ReplyKeyboardMarkup | None = None


class SendRich(TelegramMethod[Sent]):
    """sendRichMessage (Bot API 10.1)."""

    __returning__ = Sent
    __api_method__ = "sendRichMessage"

    chat_id: int
    rich_message: InputRichMessage
    reply_markup: InlineKeyboardMarkup | ReplyKeyboardMarkup | None = None


class EditRich(TelegramMethod[JsonValue]):
    """editMessageText with a rich message instead of a text (Bot API 10.1)."""

    __returning__ = JsonValue
    __api_method__ = "editMessageText"

    chat_id: int
    message_id: int
    rich_message: InputRichMessage
    reply_markup: InlineKeyboardMarkup | ReplyKeyboardMarkup | None = None


class SendPhoto(TelegramMethod[Sent]):
    """sendPhoto with HTML below it."""

    __returning__ = Sent
    __api_method__ = "sendPhoto"

    chat_id: int
    photo: InputFile
    caption: str
    parse_mode: Literal["HTML"] = "HTML"
    reply_markup: InlineKeyboardMarkup | None = None


class EditPhoto(TelegramMethod[JsonValue]):
    """editMessageMedia: another picture in a message, or one in place of its text."""

    __returning__ = JsonValue
    __api_method__ = "editMessageMedia"

    chat_id: int
    message_id: int
    media: InputMediaPhoto
    reply_markup: InlineKeyboardMarkup | None = None


class EditButtons(TelegramMethod[JsonValue]):
    """editMessageReplyMarkup."""

    __returning__ = JsonValue
    __api_method__ = "editMessageReplyMarkup"

    chat_id: int
    message_id: int
    reply_markup: InlineKeyboardMarkup | None = None


class GetGuard(TelegramMethod[GuardedChat]):
    """getChat, for these fields only."""

    __returning__ = GuardedChat
    __api_method__ = "getChat"

    chat_id: int


class NamedLink(TelegramMethod[Link]):
    """createChatInviteLink."""

    __returning__ = Link
    __api_method__ = "createChatInviteLink"

    chat_id: int
    name: str
    expire_date: datetime | None = None
    creates_join_request: bool | None = None
