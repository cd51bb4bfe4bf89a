"""The buttons and their data. The data must stay readable for ever: old buttons stay clickable."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from aiogram.types import (
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    WebAppInfo,
)
from pydantic import Field

from bot.domain.admin_actions import AdminActionKind
from bot.i18n.texts import Words
from bot.telegram.deep_links import to_add_to_channel, to_add_to_group

IN_A_ROW = 2
LONGEST_OF_TWO, LONGEST_WORD_OF_THREE = 15, 9
"""Letters that a phone shows: of a text that shares its row, and of a word on one of three buttons."""


def in_rows(buttons: list[InlineKeyboardButton], in_a_row: int = IN_A_ROW) -> list[list[InlineKeyboardButton]]:
    """Arrange buttons in rows, so that a phone shows all of their texts: fewer in a row where words are long."""
    arranged: list[list[InlineKeyboardButton]] = []
    for button in buttons:
        if arranged and len(arranged[-1]) < in_a_row and _fits([*arranged[-1], button]):
            arranged[-1].append(button)
        else:
            arranged.append([button])
    return arranged


def _fits(row: list[InlineKeyboardButton]) -> bool:
    words = (word for button in row for word in button.text.split())
    return all(len(button.text) <= LONGEST_OF_TWO for button in row) and (
        len(row) <= IN_A_ROW or all(len(word) <= LONGEST_WORD_OF_THREE for word in words)
    )


def appeal_text(words: Words) -> str:
    """Return the label of the button that asks the admins; on a keyboard its text comes back as a message."""
    return words("🙋 Ask an administrator")


def more_gates(more: int, words: Words) -> str:
    """Say how many gates the list leaves out, and how to open one of them; empty if there are none."""
    if not more:
        return ""
    return "\n\n" + words.many(
        "{count} more group is not shown: to open it, send /gate there.",
        "{count} more groups are not shown: to open one, send /gate there.",
        more,
    )


class VerificationAction(StrEnum):
    """What a button of a verification does."""

    ANOTHER = "another"
    CANCEL = "cancel"
    AGAIN = "again"


class VerificationButton(CallbackData, prefix="v"):
    """A button of one verification."""

    step: VerificationAction
    # Anybody can send any data: values that no column can hold must not reach the database.
    id: Annotated[int, Field(gt=0, lt=2**63)]


class Place(StrEnum):
    """Where a button without a verification leads."""

    HOME = "home"
    HELP = "help"
    PRIVACY = "privacy"
    ENTER = "enter"
    APPEAL = "appeal"
    LINK = "link"
    GATES = "gates"


class Subject(StrEnum):
    """What an operator can ask about."""

    HEALTH = "health"
    BALANCE = "balance"


class PlaceButton(CallbackData, prefix="p"):
    """A button that means the same for everybody."""

    place: Place


class PersonalAct(StrEnum):
    """Actions on a person's stored data."""

    DELETE_ME = "me"
    ERASE = "erase"


class PersonalButton(CallbackData, prefix="d"):
    """A button that deletes. `person`: whose data, when an operator presses it."""

    act: PersonalAct
    person: Annotated[int, Field(ge=0, lt=2**63)] = 0


def personal(text: str, act: PersonalAct, person: int = 0) -> InlineKeyboardButton:
    """Return a button that deletes."""
    return InlineKeyboardButton(text=text, callback_data=PersonalButton(act=act, person=person).pack())


class RefreshButton(CallbackData, prefix="r"):
    """A button that refreshes a message."""

    what: Subject


class PanelButton(CallbackData, prefix="g"):
    """A button for admins: what to do at which gate. All fields together have room for 64 bytes."""

    act: AdminActionKind
    gate: Annotated[int, Field(gt=-(2**63), lt=2**63)]
    key: Annotated[str, Field(max_length=16)] = ""
    value: Annotated[str, Field(max_length=24)] = ""


def panel(text: str, act: AdminActionKind, gate_id: int, key: str = "", value: str = "") -> InlineKeyboardButton:
    """Return a button for admins. `key`: the page to open or the setting to change. `value`: the new value, or whom it
    is about."""
    return InlineKeyboardButton(
        text=text, callback_data=PanelButton(act=act, gate=gate_id, key=key, value=value).pack()
    )


def share_contact(words: Words, *, appeal: bool = False) -> ReplyKeyboardMarkup:
    """Return the one big button of the first screen; `appeal` adds one below it, to ask the admins."""
    rows = [[KeyboardButton(text=words("📱 Share my phone number"), request_contact=True)]]
    if appeal:
        rows.append([KeyboardButton(text=appeal_text(words))])
    return ReplyKeyboardMarkup(keyboard=rows, resize_keyboard=True, one_time_keyboard=True)


def step(text: str, what: VerificationAction, verification_id: int) -> InlineKeyboardButton:
    """Return a button of a verification."""
    return InlineKeyboardButton(text=text, callback_data=VerificationButton(step=what, id=verification_id).pack())


def place(text: str, where: Place) -> InlineKeyboardButton:
    """Return a button that leads somewhere."""
    return InlineKeyboardButton(text=text, callback_data=PlaceButton(place=where).pack())


def refresh(what: Subject, words: Words) -> InlineKeyboardMarkup:
    """Return the one button below an answer to an operator."""
    data = RefreshButton(what=what).pack()
    return rows([InlineKeyboardButton(text=words("🔄 Refresh"), callback_data=data)])


def copy(text: str, what: str) -> InlineKeyboardButton:
    """Return a button that copies a text."""
    return InlineKeyboardButton(text=text, copy_text=CopyTextButton(text=what))


def link(text: str, url: str) -> InlineKeyboardButton:
    """Return a button that opens an address."""
    return InlineKeyboardButton(text=text, url=url)


def add_bot(words: Words, chat_url: str) -> list[list[InlineKeyboardButton]]:
    """Return the buttons that make the bot an administrator of a group or channel; none before its name is known."""
    if not chat_url:
        return []
    return [
        [link(words("➕ Add me to a group"), to_add_to_group(chat_url))],
        [link(words("➕ Add me to a channel"), to_add_to_channel(chat_url))],
    ]


def mini_app(text: str, url: str) -> InlineKeyboardButton:
    """Return a button that opens a Mini App; only for private chats."""
    return InlineKeyboardButton(text=text, web_app=WebAppInfo(url=url))


def rows(*lines: list[InlineKeyboardButton]) -> InlineKeyboardMarkup:
    """Return a keyboard of these lines of buttons."""
    return InlineKeyboardMarkup(inline_keyboard=[line for line in lines if line])
