"""Operators and the whole installation, in private."""

from __future__ import annotations

from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from bot.domain.notifications import Toast
from bot.domain.operators import InstallationPage, OperatorAction, PickedUser
from bot.domain.people import Person
from bot.features.admins.popups import answer_button
from bot.features.announcements.actions import Announce
from bot.features.announcements.screens import as_html
from bot.features.statistics.actions import AskStatistics
from bot.features.support.installation import InstallationButton
from bot.features.support.operators import AppointOperators, close_pages, show_operators
from bot.features.support.pages import check_gate, show_installation
from bot.i18n.texts import visible
from storage.store import Store

PAGES = {
    OperatorAction.OPERATORS: InstallationPage.OPERATORS,
    OperatorAction.ADD: InstallationPage.ADDING,
    OperatorAction.ASK: InstallationPage.REMOVING,
    OperatorAction.GATES: InstallationPage.GATES,
    OperatorAction.GATE: InstallationPage.GATE,
}
"""The buttons that open a page."""


async def operators(message: Message, store: Store, person: Person) -> None:  # noqa: ARG001 - aiogram passes the event
    """/operators: who they are."""
    await show_operators(store, person.user_id)


async def gates(message: Message, store: Store, person: Person) -> None:  # noqa: ARG001 - aiogram passes the event
    """/gates, of an operator: all of them."""
    await show_installation(store, person, InstallationPage.GATES, fresh=True)


async def picked(message: Message, store: Store, person: Person, appoint: AppointOperators) -> None:
    """Add the user picked from Telegram's own list as an operator."""
    users = message.users_shared.users if message.users_shared is not None else []
    chosen = [
        PickedUser(
            user.user_id, _visible(" ".join(filter(None, (user.first_name, user.last_name)))), user.username or ""
        )
        for user in users
    ]
    name = _visible(message.from_user.full_name) if message.from_user is not None else ""
    await appoint.pick(store, person, name, chosen)


async def announce(message: Message, command: CommandObject, store: Store, person: Person, announce: Announce) -> None:
    """/announce [text], or in reply to the text: write to all admins."""
    meant, text, skipped = message, command.args or "", ""
    if text:
        skipped = (message.text or "").removesuffix(text)
    elif message.reply_to_message is not None:
        meant = message.reply_to_message
        text = meant.text or ""
    if text:
        await announce.write(store, person, text, as_html(text, meant.entities or (), skipped))
    else:
        await announce.show(store, person)


async def announcement(message: Message, store: Store, person: Person, announce: Announce) -> None:
    """The text of an announcement."""
    text = message.text or ""
    await announce.write(store, person, text, as_html(text, message.entities or ()))


async def not_announceable(message: Message, store: Store, person: Person, announce: Announce) -> None:  # noqa: ARG001 - aiogram passes the event
    """A message without text, instead of an announcement."""
    await announce.refuse(store, person)


async def page_button(query: CallbackQuery, store: Store, person: Person, callback_data: InstallationButton) -> None:
    """A button that opens a page."""
    page = PAGES[callback_data.want]
    await show_installation(store, person, page, about=callback_data.about, number=callback_data.number)
    await answer_button(store, person.user_id, query.id, Toast.NOTHING)


async def remove_button(
    query: CallbackQuery, store: Store, person: Person, callback_data: InstallationButton, appoint: AppointOperators
) -> None:
    """Yes, remove this operator."""
    data, name = callback_data, _visible(query.from_user.full_name)
    toast = await appoint.press_remove(store, person, name, data.about, data.number)
    await answer_button(store, person.user_id, query.id, toast)


async def check_button(query: CallbackQuery, store: Store, person: Person, callback_data: InstallationButton) -> None:
    """Ask Telegram about a gate."""
    toast = await check_gate(store, person, callback_data.about)
    await answer_button(store, person.user_id, query.id, toast)


async def stats_button(
    query: CallbackQuery, store: Store, person: Person, callback_data: InstallationButton, ask_statistics: AskStatistics
) -> None:
    """Statistics of a gate."""
    await ask_statistics.of_all(store, person, str(callback_data.about))
    await answer_button(store, person.user_id, query.id, Toast.NOTHING)


async def send_button(
    query: CallbackQuery, store: Store, person: Person, callback_data: InstallationButton, announce: Announce
) -> None:
    """Send the announcement."""
    toast = await announce.send(store, person.user_id, callback_data.about)
    await answer_button(store, person.user_id, query.id, toast)


async def drop_button(
    query: CallbackQuery, store: Store, person: Person, callback_data: InstallationButton, announce: Announce
) -> None:
    """Discard the announcement."""
    toast = await announce.drop(store, person.user_id, callback_data.about)
    await answer_button(store, person.user_id, query.id, toast)


async def lost_button(query: CallbackQuery, store: Store, person: Person) -> None:
    """Any of these buttons, of somebody who is no operator (any more)."""
    await close_pages(store, person.user_id)
    await answer_button(store, person.user_id, query.id, Toast.UNKNOWN)


def _visible(name: str) -> str:
    return visible(name) if name else ""
