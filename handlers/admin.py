"""What admins do: at the panel in private, and by commands in their groups."""

from __future__ import annotations

from aiogram.types import CallbackQuery, Message

from bot.domain.panel import Act
from bot.telegram.keyboards import PanelButton
from bot.usecases.admin_desk import AdminDesk
from bot.usecases.open_panel import ListGates
from bot.usecases.ports import Store
from bot.usecases.ports_people import Person


async def gates(message: Message, store: Store, person: Person, list_gates: ListGates) -> None:  # noqa: ARG001 - aiogram passes the event
    """/gates: the groups that the person runs."""
    await list_gates(store, person, fresh=True)


async def panel_button(
    query: CallbackQuery, store: Store, person: Person, callback_data: PanelButton, admin_desk: AdminDesk
) -> None:
    """A button of an admin, in private or in a log chat."""
    details: dict[str, str | int] = {"key": callback_data.key, "value": callback_data.value}
    act = Act(callback_data.act, callback_data.gate, person.user_id, details, query.id)
    await admin_desk(store, act)
