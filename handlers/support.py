"""Operators' questions about people, in private."""

from __future__ import annotations

from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from bot.domain.people import Person
from bot.features.support.actions import OperatorDesk, OperatorRequest
from bot.features.support.screens import SURE, OperatorButton
from storage.store import Store


async def recent(message: Message, store: Store, person: Person, operator_desk: OperatorDesk) -> None:  # noqa: ARG001 - aiogram passes the event
    """/recent: what happened lately."""
    await operator_desk.recent(store, person)


async def look_up(
    message: Message, command: CommandObject, store: Store, person: Person, operator_desk: OperatorDesk
) -> None:
    """/find and /person: search for a person."""
    await operator_desk.look_up(store, person, command.args or "", message.message_id)


async def operator_button(
    query: CallbackQuery,
    store: Store,
    person: Person,
    callback_data: OperatorButton,
    gate_id: int,
    operator_desk: OperatorDesk,
) -> None:
    """A button of an operator's page."""
    data = callback_data
    is_sure = data.how == SURE
    turn = "" if is_sure else data.how
    pressed = OperatorRequest(data.page, data.user, data.act, gate_id, data.at, turn, is_sure=is_sure)
    await operator_desk.press(store, person, query.id, pressed)
