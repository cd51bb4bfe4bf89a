"""Statistics, for operators and for admins of a gate."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from bot.domain.gates import Gate
from bot.domain.people import Person
from bot.features.statistics.actions import AskStatistics
from bot.features.statistics.screens import StatsButton
from storage.store import Store


async def all_stats(
    message: Message,  # noqa: ARG001 - aiogram passes the event
    command: CommandObject,
    store: Store,
    person: Person,
    ask_statistics: AskStatistics,
) -> None:
    """/stats [period] [gate], of an operator."""
    await ask_statistics.of_all(store, person, command.args or "")


async def own_stats(
    message: Message,  # noqa: ARG001 - aiogram passes the event
    command: CommandObject,
    store: Store,
    person: Person,
    own_gates: Sequence[Gate],
    ask_statistics: AskStatistics,
) -> None:
    """/stats [period] [gate], of an admin."""
    await ask_statistics.of_own(store, person, own_gates, command.args or "")


async def all_stats_button(
    query: CallbackQuery,
    store: Store,
    person: Person,
    callback_data: StatsButton,
    gate_id: int,
    ask_statistics: AskStatistics,
) -> None:
    """Another period or gate, for an operator."""
    pressed, message_id = callback_data, _message_id(query, person)
    await ask_statistics.press_of_all(store, person, query.id, pressed.period, gate_id, pressed.page, message_id)


async def own_stats_button(
    query: CallbackQuery,
    store: Store,
    person: Person,
    callback_data: StatsButton,
    gate_id: int,
    ask_statistics: AskStatistics,
) -> None:
    """Another period or gate, for an admin; the use case asks Telegram whether they are one."""
    pressed, message_id = callback_data, _message_id(query, person)
    await ask_statistics.press_of_own(store, person, query.id, pressed.period, gate_id, pressed.page, message_id)


def _message_id(query: CallbackQuery, person: Person) -> int | None:
    """The message with the button, if it is in the private chat."""
    return query.message.message_id if query.message and query.message.chat.id == person.chat_id else None
