"""Operators and the whole installation, in private. For others these are ordinary texts and unknown buttons."""

from __future__ import annotations

from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from bot.domain.installation import PickedUser
from bot.domain.people import Person
from bot.domain.screen import ScreenName
from bot.telegram.announcements import as_html
from bot.telegram.installation_buttons import InstallationButton
from bot.telegram.texts import visible
from bot.usecases.run_installation import RunInstallation
from bot.usecases.show_screen import ShowScreen
from storage.store import Store


async def operators(
    message: Message,  # noqa: ARG001 - aiogram passes the event
    store: Store,
    person: Person,
    run_installation: RunInstallation,
    show_screen: ShowScreen,
) -> None:
    """/operators: who they are."""
    if not await run_installation.operators(store, person):
        await show_screen(store, person, ScreenName.WELCOME, fresh=True)


async def picked(
    message: Message, store: Store, person: Person, run_installation: RunInstallation, show_screen: ShowScreen
) -> None:
    """Add the user picked from Telegram's own list as an operator."""
    users = message.users_shared.users if message.users_shared is not None else []
    chosen = [
        PickedUser(
            user.user_id, _visible(" ".join(filter(None, (user.first_name, user.last_name)))), user.username or ""
        )
        for user in users
    ]
    if not await run_installation.picked(store, person, _name(message), chosen):
        await show_screen(store, person, ScreenName.WELCOME, fresh=True)


async def announce(
    message: Message,
    command: CommandObject,
    store: Store,
    person: Person,
    run_installation: RunInstallation,
    show_screen: ShowScreen,
) -> None:
    """/announce [text], or in reply to the text: write to all admins."""
    meant, text, skipped = message, command.args or "", ""
    if text:
        skipped = (message.text or "").removesuffix(text)
    elif message.reply_to_message is not None:
        meant = message.reply_to_message
        text = meant.text or ""
    html = as_html(text, meant.entities or (), skipped)
    if not await run_installation.announce(store, person, text, html):
        await show_screen(store, person, ScreenName.WELCOME, fresh=True)


async def installation_button(
    query: CallbackQuery,
    store: Store,
    person: Person,
    callback_data: InstallationButton,
    run_installation: RunInstallation,
) -> None:
    """A button of an operator's page."""
    data = callback_data
    await run_installation.press(
        store, person, query.id, _visible(query.from_user.full_name), data.want, data.about, data.number
    )


def _name(message: Message) -> str:
    return _visible(message.from_user.full_name) if message.from_user is not None else ""


def _visible(name: str) -> str:
    return visible(name) if name else ""
