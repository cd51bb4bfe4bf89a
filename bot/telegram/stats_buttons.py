"""The buttons under statistics: another period, another gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from pydantic import Field

from bot.domain.statistics import NO_GATE, PERIODS
from bot.telegram.keyboards import rows
from bot.telegram.stats_words import all_gates, period_name
from bot.telegram.texts import Words, visible

NO_PAGE = -1
IN_A_LINE = 3
TITLE_LENGTH = 40


class StatsButton(CallbackData, prefix="s"):
    """Statistics of this period and gate (0: all); or a page of gates, if `page` is not negative."""

    period: Annotated[str, Field(max_length=8)]
    # Anybody can send any data: values that no column can hold must not reach the database.
    gate: Annotated[int, Field(gt=-(2**63), lt=2**63)]
    page: Annotated[int, Field(ge=NO_PAGE, le=9999)] = NO_PAGE


def of_chart(words: Words, period: str, gate_id: int, *, others: bool, together: bool) -> InlineKeyboardMarkup:
    """Return the periods, and the way to other gates and to all of them `together`, if there are any."""
    names = {name: period_name(name, words) for name in PERIODS}
    periods = [_button(f"· {text} ·" if name == period else text, name, gate_id) for name, text in names.items()]
    elsewhere = []
    if others:
        elsewhere.append(_button(words("Another gate…"), period, gate_id, 0))
    if together and gate_id != NO_GATE:
        elsewhere.append(_button(all_gates(words), period, NO_GATE))
    # A phone would cut off all of them in one line.
    return rows(periods[:IN_A_LINE], periods[IN_A_LINE:], elsewhere)


def of_gates(
    words: Words,
    period: str,
    gate_id: int,
    gates: Sequence[tuple[int, str]],
    page: int,
    pages: int,
    *,
    together: bool,
) -> InlineKeyboardMarkup:
    """Return a page of gates, and the way back to the chart of `gate_id`."""
    lines = [[_button(all_gates(words), period, NO_GATE)]] if together and page == 0 else []
    turns = []
    if page > 0:
        turns.append(_button("‹", period, gate_id, page - 1))
    turns.append(_button(words("Back"), period, gate_id))
    if page < pages - 1:
        turns.append(_button("›", period, gate_id, page + 1))
    return rows(*lines, *choice(period, gates), turns)


def choice(period: str, gates: Sequence[tuple[int, str]]) -> list[list[InlineKeyboardButton]]:
    """Return one gate a line."""
    return [[_button(visible(title, TITLE_LENGTH), period, gate_id)] for gate_id, title in gates]


def _button(text: str, period: str, gate_id: int, page: int = NO_PAGE) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=StatsButton(period=period, gate=gate_id, page=page).pack())
