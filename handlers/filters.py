"""Filters of the routes: what the person who wrote, or pressed, may do now.

They read the transaction that the handler continues, so a right counts at the moment of its use. Anybody else falls
through to the routes below.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message

from bot.domain.gates import Gate
from bot.features.announcements.actions import Announce
from bot.features.operators.registry import Operators
from storage.store import Store


class IsOperator(Filter):
    """The person is an operator. Nobody else learns that such a command or button exists."""

    async def __call__(self, event: Message | CallbackQuery, store: Store, operators: Operators) -> bool:
        return event.from_user is not None and await operators.is_operator(store, event.from_user.id)


class IsAdmin(Filter):
    """The person is an admin of a gate, as far as is known. Passes those gates on as `own_gates`."""

    async def __call__(self, event: Message | CallbackQuery, store: Store) -> bool | dict[str, Sequence[Gate]]:
        gates = await store.admins.gates_of(event.from_user.id) if event.from_user is not None else []
        return {"own_gates": gates} if gates else False


class WritesAnnouncement(Filter):
    """The bot has asked the person for the text of an announcement, or they look at one that is not sent yet."""

    async def __call__(self, event: Message, store: Store, announce: Announce) -> bool:
        return event.from_user is not None and await announce.is_awaited(store, event.from_user.id)
