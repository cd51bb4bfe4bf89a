"""Middlewares: they give each handler the person it is about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, ChatJoinRequest, Message, TelegramObject

from bot.crypto import PhoneCipher
from bot.i18n.texts import Texts
from bot.telegram.deep_links import chat_id_of
from storage.store import Store

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class LoadPerson(BaseMiddleware):
    """Store the person who wrote in private, pressed or asked, and pass them on as `person`; not in groups."""

    def __init__(self, texts: Texts, phone_cipher: PhoneCipher) -> None:
        self._texts = texts
        self._phone_cipher = phone_cipher

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:  # noqa: ANN401 - aiogram's signature
        if isinstance(event, Message) and event.chat.type != "private":
            return await handler(event, data)
        user = getattr(event, "from_user", None)
        chat_id = _private_chat(event)
        if user is None:
            # There is nobody to answer.
            return None
        if chat_id is None:
            return await handler(event, data)
        store: Store = data["store"]
        data["person"] = await store.people.meet(
            user.id,
            chat_id,
            self._texts.pick(user.language_code),
            store.now,
            wrote=isinstance(event, Message),
            username=self._phone_cipher.username_digest(user.username.lower()) if user.username else "",
        )
        return await handler(event, data)


class NamedGate(BaseMiddleware):
    """Pass on the gate that a button or a link names as `gate_id`: 0 for none, and the present chat where the group has
    become a supergroup since."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:  # noqa: ANN401 - aiogram's signature
        button, command = data.get("callback_data"), data.get("command")
        named = chat_id_of(command.args) if isinstance(command, CommandObject) else getattr(button, "gate", 0)
        store: Store = data["store"]
        data["gate_id"] = await store.gates.current_id(named)
        return await handler(event, data)


def _private_chat(event: TelegramObject) -> int | None:
    match event:
        case Message():
            return event.chat.id if event.chat.type == "private" else None
        case ChatJoinRequest():
            return event.user_chat_id
        case CallbackQuery():
            is_private = event.message is not None and event.message.chat.type == "private"
            return event.message.chat.id if event.message and is_private else event.from_user.id
        case _:
            return None
