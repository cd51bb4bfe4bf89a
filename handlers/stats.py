"""Statistics, for operators and for admins of a gate."""

from __future__ import annotations

from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from bot.domain.people import Person
from bot.domain.screen import ScreenName
from bot.telegram.stats_buttons import StatsButton
from bot.usecases.ask_statistics import AskStatistics
from bot.usecases.show_screen import ShowScreen
from storage.store import Store


async def stats(
    message: Message,  # noqa: ARG001 - aiogram passes the event
    command: CommandObject,
    store: Store,
    person: Person,
    ask_statistics: AskStatistics,
    show_screen: ShowScreen,
) -> None:
    """/stats [period] [gate]. For everybody else it is an ordinary text."""
    if not await ask_statistics(store, person, command.args or ""):
        await show_screen(store, person, ScreenName.WELCOME, fresh=True)


async def stats_button(
    query: CallbackQuery,
    store: Store,
    person: Person,
    callback_data: StatsButton,
    gate_id: int,
    ask_statistics: AskStatistics,
) -> None:
    """Another period or gate."""
    message_id = query.message.message_id if query.message and query.message.chat.id == person.chat_id else None
    pressed = callback_data
    await ask_statistics.press(store, person, query.id, pressed.period, gate_id, pressed.page, message_id)
