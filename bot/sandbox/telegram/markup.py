"""Keyboards as Telegram accepts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiogram.types import (
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    KeyboardButtonRequestUsers,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from bot.sandbox.telegram.api_errors import bad_request
from bot.sandbox.telegram.state import Chat

Json = dict[str, Any]
Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply
LOOPBACK = {"localhost", "127.0.0.1"}
MOST_PICKED = 10
ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)


@dataclass(slots=True)
class ButtonRules:
    """What a server makes of buttons.

    `local_links`: whether they may lead to this machine, as the sandbox allows unless told otherwise; the real Telegram
    refuses such addresses. `unknown`: actions that an old server does not know: it sees none on such buttons.
    """

    local_links: bool = True
    unknown: frozenset[str] = frozenset()


def inline_rows(markup: Markup | None, chat: Chat, rules: ButtonRules) -> list[list[Json]]:
    """The rows of an inline keyboard as stored with the message; empty for no keyboard or another kind."""
    if not isinstance(markup, InlineKeyboardMarkup):
        return []
    refuse_unknown_fields(markup)
    return [[_inline(button, chat, rules) for button in row] for row in markup.inline_keyboard if row]


def reply_rows(markup: ReplyKeyboardMarkup, chat: Chat, rules: ButtonRules) -> list[list[Json]]:
    """The rows of a keyboard under the input field."""
    refuse_unknown_fields(markup)
    rows = [[_reply(button, chat, rules) for button in row] for row in markup.keyboard if row]
    if not rows:
        raise bad_request("reply markup is empty")
    return rows


def https_or_local(url: str) -> bool:
    """Whether the address is https; plain http is accepted on this machine, which the real Telegram could not reach."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))


def refuse_unknown_fields(thing: object) -> None:
    """Refuse fields that Telegram does not have; reality drops them, which hides misspelt ones."""
    extra = getattr(thing, "model_extra", None)
    if extra:
        raise bad_request(f'unknown field "{next(iter(extra))}" in {type(thing).__name__}')


def _inline(button: InlineKeyboardButton, chat: Chat, rules: ButtonRules) -> Json:
    refuse_unknown_fields(button)
    if not button.text.strip():
        raise bad_request("inline keyboard button text is empty")
    actions = [action for action in ACTIONS if action not in rules.unknown and getattr(button, action) is not None]
    if not actions:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad_request(f"can't parse inline keyboard button: it has more than one action: {actions}")
    if button.url is not None:
        _check_url(button.url, rules)
    if button.callback_data is not None and not 1 <= len(button.callback_data.encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")
    if button.copy_text is not None and not 1 <= len(button.copy_text.text) <= 256:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if button.web_app is not None:
        _check_web_app(button.web_app.url, chat, rules, "inline keyboard button")
    return _plain(button)


def _reply(button: KeyboardButton, chat: Chat, rules: ButtonRules) -> Json:
    refuse_unknown_fields(button)
    if not button.text.strip():
        raise bad_request("keyboard button text is empty")
    if button.request_contact and chat.type != "private":
        raise bad_request("phone number can be requested in private chats only")
    if button.request_users is not None:
        _check_request_users(button.request_users, chat)
    if button.web_app is not None:
        _check_web_app(button.web_app.url, chat, rules, "keyboard button")
    return _plain(button)


def _check_request_users(asked: KeyboardButtonRequestUsers, chat: Chat) -> None:
    refuse_unknown_fields(asked)
    if chat.type != "private":
        raise bad_request("users can be requested in private chats only")
    if not -(2**31) <= asked.request_id < 2**31:
        raise bad_request("can't parse keyboard button: request_id must be a signed 32-bit number")
    if asked.max_quantity is not None and not 1 <= asked.max_quantity <= MOST_PICKED:
        raise bad_request("can't parse keyboard button: max_quantity must be between 1 and 10")


def _plain(button: InlineKeyboardButton | KeyboardButton) -> Json:
    plain: Json = button.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return plain


def _check_url(url: str, rules: ButtonRules) -> None:
    def refuse(reason: str) -> None:
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: {reason}")

    scheme, colon, _ = url.partition(":")
    if colon and "/" not in scheme and "." not in scheme and scheme.lower() not in ("http", "https", "tg"):
        refuse("Unsupported URL protocol")
    if scheme.lower() == "tg":
        return
    try:
        host = urlsplit(url if "://" in url else f"http://{url}").hostname or ""
    except ValueError:
        host = ""
    if not host or any(character.isspace() for character in url):
        refuse("Wrong HTTP URL")
    if host in LOOPBACK and rules.local_links:
        return
    if "." not in host:
        refuse("Wrong HTTP URL")


def _check_web_app(url: str, chat: Chat, rules: ButtonRules, where: str) -> None:
    if chat.type != "private":
        raise bad_request("BUTTON_TYPE_INVALID")
    host = urlsplit(url).hostname or ""
    if host in LOOPBACK and rules.local_links:
        return
    if "." not in host:
        raise bad_request(f"{where} Web App URL '{url}' is invalid: Wrong HTTP URL")
    if not url.startswith("https://"):
        raise bad_request(f"{where} Web App URL '{url}' is invalid: Only HTTPS links are allowed")
