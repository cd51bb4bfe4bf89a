"""Kinds of Telegram errors, as parts of its error texts (Bot API server and TDLib sources), in lower case."""

from __future__ import annotations

from aiogram.exceptions import TelegramAPIError, TelegramNetworkError, TelegramRetryAfter, TelegramServerError

NOTHING_CHANGED = ("message is not modified",)
UNREACHABLE = (
    "chat not found",
    "user is deactivated",
    "bot was blocked",
    "can't initiate conversation",
    "peer_id_invalid",
)
NO_REQUEST = ("hide_requester_missing", "user_id_invalid", "participant_id_invalid")
ALREADY_IN = ("user_already_participant",)
TOO_MANY = ("user_channels_too_much", "channels_too_much")
NO_WRITING = (
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "chat_write_forbidden",
    "chat_send_plain_forbidden",
    "message thread not found",
    "topic_closed",
    "topic_deleted",
    "chat_restricted",
)
"""The bot may not write to a group, or to that topic of it."""
NO_LINK = ("invite_hash_expired", "invite_hash_invalid", "invite_revoked_missing")
"""The link is already revoked, or never existed."""
NO_MESSAGE = ("message to delete not found", "message can't be deleted", "message_id_invalid")

NO_PLACE = (
    "chat_id is empty",
    "message to edit not found",
    "message can't be edited",
    "message to be replied not found",
    "no text in the message to edit",
    "file must be non-empty",
    "wrong file identifier",
    "peer",
    "participant",
    "user not found",
    "user_id_invalid",
)
"""Bare text would be rejected as well."""


def refusal(error: Exception) -> str | None:
    """Return Telegram's error text when it rejected the call; None when it gave no answer or asked to wait."""
    if isinstance(error, TelegramNetworkError | TelegramServerError | TelegramRetryAfter):
        return None
    return error.message if isinstance(error, TelegramAPIError) else None


def says(error: TelegramAPIError, parts: tuple[str, ...]) -> bool:
    """Return whether the error is one of these."""
    text = error.message.lower()
    return any(part in text for part in parts)
