"""The menu of commands an app shows: the narrowest scope first, the person's language before none."""

from __future__ import annotations

from typing import Any

from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.state import Chat, Group

Json = dict[str, Any]


def menu(tg: Telegram, chat: Chat, account: Account) -> list[Json]:
    """The bot's commands as this account sees them in this chat."""
    for scope in _scopes(chat, account):
        for language in (account.language_code or "", ""):
            commands = tg.commands.get((scope, language))
            if commands:
                return commands
    return []


def _scopes(chat: Chat, account: Account) -> list[str]:
    if not isinstance(chat, Group):
        return [f"chat {chat.id}", "all_private_chats", "default"]
    is_admin = chat.member(account).is_admin
    return [
        f"chat_member {chat.id} {account.id}",
        *([f"chat_administrators {chat.id}"] if is_admin else []),
        f"chat {chat.id}",
        *(["all_chat_administrators"] if is_admin else []),
        "all_group_chats",
        "default",
    ]


def is_ephemeral(tg: Telegram, group: Group, account: Account, text: str) -> bool:
    """Whether a text is a command of the bot that only its sender and the bot should see."""
    command, _, addressee = text.split(maxsplit=1)[0].partition("@")
    if not command.startswith("/") or (addressee and addressee.lower() != (tg.bot.username or "").lower()):
        return False
    return any(line["command"] == command[1:] and line.get("is_ephemeral") for line in menu(tg, group, account))
