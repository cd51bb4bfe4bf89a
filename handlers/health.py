"""The condition of the installation, for operators."""

from __future__ import annotations

from collections.abc import Mapping

from aiogram.types import CallbackQuery, Message

from bot.domain.people import Person
from bot.domain.tasks import SendBalance, SendHealth
from bot.telegram.keyboards import RefreshButton, Subject
from bot.usecases.ask_condition import AskCondition
from storage.store import Store

ANSWERS: Mapping[Subject, type[SendHealth | SendBalance]] = {Subject.HEALTH: SendHealth, Subject.BALANCE: SendBalance}


async def health(message: Message, store: Store, person: Person, ask_condition: AskCondition) -> None:  # noqa: ARG001 - aiogram passes the event
    """/health: the condition of the installation."""
    await ask_condition(store, person, SendHealth())


async def balance(message: Message, store: Store, person: Person, ask_condition: AskCondition) -> None:  # noqa: ARG001 - aiogram passes the event
    """/balance: the balance of the gateway account."""
    await ask_condition(store, person, SendBalance())


async def refresh(
    query: CallbackQuery, store: Store, person: Person, callback_data: RefreshButton, ask_condition: AskCondition
) -> None:
    """The button below either."""
    message_id = query.message.message_id if query.message and query.message.chat.id == person.chat_id else None
    await ask_condition.press(store, person, query.id, ANSWERS[callback_data.what](message_id))
