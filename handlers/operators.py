"""Operators' questions about people, in private. For everybody else these are ordinary texts and unknown buttons."""

from __future__ import annotations

from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from bot.domain.people import Person
from bot.domain.screen import ScreenName
from bot.telegram.operator_buttons import SURE, OperatorButton
from bot.usecases.operator_desk import OperatorDesk, OperatorRequest
from bot.usecases.show_screen import ShowScreen
from storage.store import Store


async def recent(
    message: Message,  # noqa: ARG001 - aiogram passes the event
    store: Store,
    person: Person,
    operator_desk: OperatorDesk,
    show_screen: ShowScreen,
) -> None:
    """/recent: what happened lately."""
    if not await operator_desk.recent(store, person):
        await show_screen(store, person, ScreenName.WELCOME, fresh=True)


async def look_up(
    message: Message,
    command: CommandObject,
    store: Store,
    person: Person,
    operator_desk: OperatorDesk,
    show_screen: ShowScreen,
) -> None:
    """/find and /person: search for a person."""
    if not await operator_desk.look_up(store, person, command.args or "", message.message_id):
        await show_screen(store, person, ScreenName.WELCOME, fresh=True)


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
