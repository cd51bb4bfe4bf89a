"""Bot API methods about the bot itself: its updates, its menus, its texts."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from aiogram.methods import (
    DeleteMyCommands,
    DeleteWebhook,
    GetMe,
    GetMyCommands,
    GetWebhookInfo,
    SetChatMenuButton,
    SetMyCommands,
    SetMyDescription,
    SetMyShortDescription,
    SetWebhook,
)
from aiogram.types import BotCommand, MenuButtonWebApp
from aiogram.types.bot_command_scope_union import BotCommandScopeUnion

from bot.sandbox.telegram.api_errors import bad_request
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.markup import LOOPBACK, https_or_local, refuse_unknown_fields

Json = dict[str, Any]
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
WEBHOOK_PORTS = {443, 80, 88, 8443}
SECRET = re.compile(r"[A-Za-z0-9_-]*")


def get_me(tg: Telegram, call: GetMe) -> Json:  # noqa: ARG001 - every method has the same form
    """Who the bot is."""
    return tg.bot.as_json() | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "supports_join_request_queries": tg.supports_join_request_queries,
    }


def set_webhook(tg: Telegram, call: SetWebhook) -> bool:
    """Post updates to this address from now on; an empty one ends that."""
    tg.end_webhook()
    tg.delivery.end_poll("terminated by setWebhook request")
    if call.drop_pending_updates:
        tg.delivery.drop()
    if not call.url:
        return True
    if not https_or_local(call.url):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    parts = urlsplit(call.url)
    if parts.hostname not in LOOPBACK and (parts.port or 443) not in WEBHOOK_PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    secret = call.secret_token or ""
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    if call.allowed_updates is not None:
        tg.delivery.allowed = list(call.allowed_updates)
    ip_address = call.ip_address or None
    if ip_address is not None:
        try:
            ipaddress.ip_address(ip_address)
        except ValueError:
            raise bad_request("bad webhook: invalid IP address specified") from None
    tg.set_webhook(call.url, secret or None, min(max(call.max_connections or 40, 1), 100), ip_address)
    return True


def delete_webhook(tg: Telegram, call: DeleteWebhook) -> bool:
    """Back to getUpdates."""
    tg.end_webhook()
    if call.drop_pending_updates:
        tg.delivery.drop()
    return True


def get_webhook_info(tg: Telegram, call: GetWebhookInfo) -> Json:  # noqa: ARG001 - every method has the same form
    """The status of the webhook."""
    info: Json = {
        "url": tg.webhook.url if tg.webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(tg.delivery.waiting),
    }
    if tg.delivery.allowed:
        info["allowed_updates"] = tg.delivery.allowed
    if tg.webhook is not None:
        info |= {"max_connections": tg.webhook.max_connections, "ip_address": tg.webhook.ip_address or tg.found_address}
        if tg.webhook.last_error is not None:
            info["last_error_date"], info["last_error_message"] = tg.webhook.last_error
    return info


def set_my_commands(tg: Telegram, call: SetMyCommands) -> bool:
    """The menu of commands for a scope and a language."""
    if len(call.commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in call.commands:
        refuse_unknown_fields(command)
        if not COMMAND.fullmatch(command.command.removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(command.description) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    tg.commands[_scope(tg, call.scope), call.language_code or ""] = [_command(command) for command in call.commands]
    return True


def _command(command: BotCommand) -> Json:
    line: Json = {"command": command.command.removeprefix("/"), "description": command.description}
    return line | ({"is_ephemeral": True} if command.is_ephemeral else {})


def get_my_commands(tg: Telegram, call: GetMyCommands) -> list[Json]:
    """The menu set for exactly this scope and language."""
    return tg.commands.get((_scope(tg, call.scope), call.language_code or ""), [])


def delete_my_commands(tg: Telegram, call: DeleteMyCommands) -> bool:
    """Remove the menu of this scope and language."""
    tg.commands.pop((_scope(tg, call.scope), call.language_code or ""), None)
    return True


def _scope(tg: Telegram, scope: BotCommandScopeUnion | None) -> str:
    if scope is None:
        return "default"
    chat_id = getattr(scope, "chat_id", None)
    if chat_id is None:
        return str(scope.type)
    user_id = getattr(scope, "user_id", "")
    return f"{scope.type} {tg.find_chat(chat_id).id} {user_id}".strip()


def set_chat_menu_button(tg: Telegram, call: SetChatMenuButton) -> bool:
    """Set what the button left of the input field does."""
    if isinstance(call.menu_button, MenuButtonWebApp) and not call.menu_button.web_app.url.startswith("https://"):
        raise bad_request("menu button Web App URL is invalid: Only HTTPS links are allowed")
    if call.chat_id is not None and tg.find_chat(call.chat_id).type != "private":
        raise bad_request("chat menu button can be set in private chats only")
    tg.menu_buttons[call.chat_id] = (
        call.menu_button.model_dump(mode="json", exclude_none=True) if call.menu_button else {"type": "default"}
    )
    return True


def set_my_description(tg: Telegram, call: SetMyDescription) -> bool:
    """What an empty chat with the bot shows."""
    return _describe(tg, "description", call.description or "", call.language_code or "", 512)


def set_my_short_description(tg: Telegram, call: SetMyShortDescription) -> bool:
    """What the bot's profile shows."""
    return _describe(tg, "short_description", call.short_description or "", call.language_code or "", 120)


def _describe(tg: Telegram, kind: str, text: str, language: str, limit: int) -> bool:
    if len(text) > limit:
        raise bad_request("bot description is too long")
    tg.descriptions[kind, language] = text
    return True
