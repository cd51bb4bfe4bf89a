"""Parts that all pages of settings share: frame, ticks, rows of buttons."""

from __future__ import annotations

from collections.abc import Mapping

from aiogram.types import InlineKeyboardButton

from bot.domain.admin_actions import AdminActionKind, SettingPage
from bot.domain.gates import Gate
from bot.domain.setting_choices import Page, Setting, is_chosen
from bot.features.settings.parse import problem
from bot.i18n.texts import Words, shown
from bot.telegram import keyboards
from bot.telegram.rendered import RenderedMessage


def framed(
    view: SettingPage,
    words: Words,
    heading: str,
    *paragraphs: str,
    buttons: list[list[InlineKeyboardButton]],
    back: Page = Page.SETTINGS,
) -> RenderedMessage:
    """Return a page: heading and gate, the error if there was one, the text, and at the end the way back."""
    lines = [f"<b>{heading}</b> · {shown(view.gate.title)}"]
    if view.trouble is not None:
        lines.append("⚠️ " + problem(*view.trouble, words))
    lines += [paragraph for paragraph in paragraphs if paragraph]
    return RenderedMessage("\n\n".join(lines), keyboards.rows(*buttons, [back_to(view.gate, back, words)]))


def about_waiting(view: SettingPage, text: str) -> str:
    """Return what a setting means for the people waiting; nothing while nobody waits."""
    return text if view.waiting else ""


def back_to(gate: Gate, page: Page, words: Words) -> InlineKeyboardButton:
    """Return the button back to another page."""
    return keyboards.panel(words("‹ Back"), AdminActionKind.OPEN, gate.chat_id, page)


def options(gate: Gate, setting: Setting, texts: Mapping[str, str]) -> list[InlineKeyboardButton]:
    """Return a button for each value of a setting; the current one has a tick. `texts`: value and text."""
    return [
        _set(marked(text, is_current=is_chosen(gate.settings, setting, value)), gate, setting, value)
        for value, text in texts.items()
    ]


def toggle(text: str, gate: Gate, setting: Setting, name: str, *, is_on: bool) -> InlineKeyboardButton:
    """Return a button that adds something to a list or removes it."""
    return _set(marked(text, is_current=is_on), gate, setting, f"{'-' if is_on else '+'}{name}")


def _set(text: str, gate: Gate, setting: Setting, value: str) -> InlineKeyboardButton:
    return keyboards.panel(text, AdminActionKind.SET, gate.chat_id, setting, value)


def marked(text: str, *, is_current: bool) -> str:
    """Return the text of a choice; the current one has a tick."""
    return f"✓ {text}" if is_current else text
