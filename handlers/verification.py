"""The person's conversation, in private."""

from __future__ import annotations

from aiogram.types import CallbackQuery, Message

from bot.domain.notifications import Toast
from bot.domain.people import Person
from bot.domain.phone import SharedContact
from bot.domain.screens import ScreenName
from bot.features.access.grant_results import retry_entry
from bot.features.admins.navigation import list_gates
from bot.features.admins.popups import answer_button
from bot.features.joining.links import ask_link, renew_links
from bot.features.moderation.appeals import ask_admins
from bot.features.verification.attempt import RetryVerification, ShareContact, cancel_verification, show_screen
from bot.i18n.texts import visible
from bot.telegram.keyboards import Place, PlaceButton, VerificationButton
from storage.store import Store

PLACES = {Place.HOME: ScreenName.WELCOME, Place.HELP: ScreenName.HELP, Place.PRIVACY: ScreenName.PRIVACY}


async def contact(message: Message, store: Store, person: Person, take_contact: ShareContact) -> None:
    """A shared contact."""
    if message.contact is None:
        return
    shared = SharedContact(
        sender_id=person.user_id,
        owner_id=message.contact.user_id,
        is_forwarded=message.forward_origin is not None,
        number=message.contact.phone_number,
    )
    await take_contact(store, person, shared, message.message_id)


async def start(message: Message, store: Store, person: Person) -> None:  # noqa: ARG001 - aiogram passes the event
    """/start: where the person stands."""
    await show_screen(store, person, ScreenName.WELCOME, fresh=True, started=True)


async def start_for_link(message: Message, gate_id: int, store: Store, person: Person) -> None:
    """/start in_<gate>: a link into the chat of a gate that gives links."""
    name = visible(message.from_user.full_name) if message.from_user else ""
    await ask_link(store, person, gate_id, name)


async def appeal(message: Message, store: Store, person: Person) -> None:  # noqa: ARG001 - aiogram passes the event
    """The second button of the keyboard, whose text arrives as a message."""
    await ask_admins(store, person, fresh=True)


async def anything_else(message: Message, store: Store, person: Person) -> None:  # noqa: ARG001 - aiogram passes the event
    """Anything else: show where the person stands, since that is what they wonder."""
    await show_screen(store, person, ScreenName.WELCOME, fresh=True)


async def help_(message: Message, store: Store, person: Person) -> None:  # noqa: ARG001 - aiogram passes the event
    """/help."""
    await show_screen(store, person, ScreenName.HELP, fresh=True)


async def privacy(message: Message, store: Store, person: Person) -> None:  # noqa: ARG001 - aiogram passes the event
    """/privacy."""
    await show_screen(store, person, ScreenName.PRIVACY, fresh=True)


async def cancel(
    message: Message,  # noqa: ARG001 - aiogram passes the event
    store: Store,
    person: Person,
) -> None:
    """/cancel."""
    await cancel_verification(store, person, None)


async def cancel_button(query: CallbackQuery, store: Store, person: Person, callback_data: VerificationButton) -> None:
    """Cancel the verification."""
    toast = await cancel_verification(store, person, callback_data.id)
    await answer_button(store, query.from_user.id, query.id, toast)


async def again_button(
    query: CallbackQuery,
    store: Store,
    person: Person,
    callback_data: VerificationButton,
    ask_number_again: RetryVerification,
) -> None:
    """Another number, or another try."""
    toast = await ask_number_again(store, person, callback_data.id)
    await answer_button(store, query.from_user.id, query.id, toast)


async def screen_button(query: CallbackQuery, store: Store, person: Person, callback_data: PlaceButton) -> None:
    """Home, help or privacy."""
    await show_screen(store, person, PLACES[callback_data.place], fresh=False)
    await answer_button(store, query.from_user.id, query.id, Toast.NOTHING)


async def enter_button(query: CallbackQuery, store: Store, person: Person) -> None:
    """Let the person in now."""
    await answer_button(store, query.from_user.id, query.id, await retry_entry(store, person))


async def link_button(query: CallbackQuery, store: Store, person: Person) -> None:
    """Another link."""
    await answer_button(store, query.from_user.id, query.id, await renew_links(store, person))


async def appeal_button(query: CallbackQuery, store: Store, person: Person) -> None:
    """Ask the administrators."""
    toast = await ask_admins(store, person, fresh=False)
    await answer_button(store, query.from_user.id, query.id, toast)


async def gates_button(query: CallbackQuery, store: Store, person: Person) -> None:
    """The gates that the person administers."""
    await list_gates(store, person, fresh=False)
    await answer_button(store, query.from_user.id, query.id, Toast.NOTHING)


async def unknown_button(query: CallbackQuery, store: Store) -> None:
    """A button that no version of the bot knows now, or that none ever made."""
    await answer_button(store, query.from_user.id, query.id, Toast.UNKNOWN)
