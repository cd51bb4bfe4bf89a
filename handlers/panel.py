"""What admins do: at the panel in private, and by commands in their groups."""

from __future__ import annotations

from aiogram.types import CallbackQuery, Message

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.people import Person
from bot.domain.screens import ScreenName
from bot.domain.setting_choices import Page
from bot.features.admins.authorize import AdminDesk
from bot.features.admins.navigation import CallPanel, GroupCommand, OnPanelText, list_gates
from bot.features.panel.actions import ChooseLogPlace
from bot.features.verification.attempt import show_screen
from bot.telegram.keyboards import PanelButton
from storage.store import Store


async def gates(message: Message, store: Store, person: Person) -> None:  # noqa: ARG001 - aiogram passes the event
    """/gates: the groups that the person administers."""
    await list_gates(store, person, fresh=True)


async def open_gate(
    message: Message,  # noqa: ARG001 - aiogram passes the event
    gate_id: int,
    store: Store,
    person: Person,
    admin_desk: AdminDesk,
) -> None:
    """/start gate_<id>: the panel of a gate."""
    details: dict[str, str | int] = {"key": Page.CARD, "fresh": 1}
    await admin_desk(store, AdminAction(AdminActionKind.OPEN, gate_id, person.user_id, details))


async def panel_button(
    query: CallbackQuery,
    store: Store,
    person: Person,
    callback_data: PanelButton,
    gate_id: int,
    admin_desk: AdminDesk,
) -> None:
    """A button of an admin, in private or in a log chat."""
    details: dict[str, str | int] = {"key": callback_data.key, "value": callback_data.value}
    act = AdminAction(callback_data.act, gate_id, person.user_id, details, query.id)
    await admin_desk(store, act)


async def written(message: Message, store: Store, person: Person, take_words: OnPanelText) -> None:
    """Text for a page that asks for some; else show where the person stands, since that is what they wonder."""
    if not await take_words(store, person, message.text or "", message.message_id):
        await show_screen(store, person, ScreenName.WELCOME, fresh=True)


async def document(message: Message, store: Store, person: Person, take_words: OnPanelText) -> None:
    """A file for the page that asks for one; else show where the person stands."""
    sent = message.document
    if sent is None or not await take_words.file(store, person, sent.file_id, sent.file_size or 0):
        await show_screen(store, person, ScreenName.WELCOME, fresh=True)


async def gate(message: Message, store: Store, call_panel: CallPanel) -> None:
    """/gate, in a group: the link to its panel."""
    if (command := _in_group(message)) is not None:
        await call_panel(store, command)


async def log(message: Message, store: Store, choose_log_place: ChooseLogPlace) -> None:
    """/log, in a group or a topic: post decisions here."""
    if (command := _in_group(message)) is not None:
        await choose_log_place(store, command)


async def log_link(message: Message, gate_id: int, store: Store, choose_log_place: ChooseLogPlace) -> None:
    """/start log_<gate>, in a group: post decisions at that gate here."""
    if (here := _in_group(message)) is not None:
        await choose_log_place(store, here, gate_id)


def _in_group(message: Message) -> GroupCommand | None:
    """None for what no admin can have written: posts of channels, and what is forwarded from them."""
    anonymously = message.sender_chat is not None
    if message.from_user is None or (message.sender_chat is not None and message.sender_chat.id != message.chat.id):
        return None
    return GroupCommand(
        message.chat.id,
        None if anonymously else message.from_user.id,
        message.message_id if message.ephemeral_message_id is None else None,
        message.message_thread_id if message.is_topic_message else None,
        "" if anonymously else message.from_user.language_code or "",
    )
