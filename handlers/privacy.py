"""Stored data about people: sent to them as a file, deleted for them, and exported by operators."""

from __future__ import annotations

from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from bot.domain.people import ERASURE_JOB, Person
from bot.features.admins.popups import answer_button
from bot.features.privacy.erase import AskDeletion, ConfirmDeletion
from bot.features.privacy.my_data import ask_export, ask_my_data
from bot.telegram.keyboards import PersonalButton
from storage.store import Store


async def my_data(message: Message, store: Store, person: Person) -> None:  # noqa: ARG001 - aiogram passes the event
    """/mydata: everything stored about the person who asks."""
    await ask_my_data(store, person)


async def delete_me(message: Message, store: Store, person: Person, ask_deletion: AskDeletion) -> None:  # noqa: ARG001 - aiogram passes the event
    """/deleteme: list what would go, and ask whether to go on."""
    await ask_deletion.own(store, person)


async def erase(
    message: Message,  # noqa: ARG001 - aiogram passes the event
    command: CommandObject,
    store: Store,
    person: Person,
    ask_deletion: AskDeletion,
) -> None:
    """/erase ID, of an operator."""
    await ask_deletion.of(store, person, (command.args or "").strip())


async def export(
    message: Message,  # noqa: ARG001 - aiogram passes the event
    command: CommandObject,
    store: Store,
    person: Person,
) -> None:
    """/export [period], of an operator."""
    await ask_export(store, person, (command.args or "").strip())


async def delete_me_button(
    query: CallbackQuery, store: Store, person: Person, confirm_deletion: ConfirmDeletion
) -> None:
    """Yes, delete everything about me. The bot does not store the answer either."""
    toast = await confirm_deletion.own(store, person)
    await answer_button(store, person.user_id, query.id, toast, job=ERASURE_JOB)


async def erase_button(
    query: CallbackQuery, store: Store, person: Person, callback_data: PersonalButton, confirm_deletion: ConfirmDeletion
) -> None:
    """Yes, erase them; of an operator."""
    toast = await confirm_deletion.of(store, person, callback_data.person)
    await answer_button(store, person.user_id, query.id, toast)
