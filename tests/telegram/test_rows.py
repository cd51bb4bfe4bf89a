"""Rows of buttons fit a phone, and pages leave out counts of 0, in both languages, on every page there is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiogram.types import InlineKeyboardMarkup

from bot.delivery.screens import ScreenRenderer
from bot.i18n.texts import LANGUAGES, Texts
from bot.telegram.rendered import RenderedMessage
from tests import text_rules
from tests.domain.makers import NOW
from tests.telegram import test_alerts, test_operator_pages, test_panel, test_people_pages, test_screens

TEXTS = Texts("en")
SCREENS = ScreenRenderer(None)
ALIEN = {name[:8] for name in test_screens.HOSTILE} | {"W" * 8}
"""What names from outside begin with: how long they are is not ours to say."""


def pages(language: str) -> Iterator[RenderedMessage]:
    """Yield every page of the panel, of people, of operators, of raids and of newcomers."""
    words = TEXTS.in_language(language)
    for panel in test_panel.VIEWS:
        yield test_panel.drawn(panel, language)
    for view in (*test_people_pages.VIEWS, *test_operator_pages.VIEWS, *test_screens.VIEWS):
        yield SCREENS.draw(view, words, NOW)
    switched: dict[str, str | int] = {"switch": "paused", "switch_by": 55}
    for more in (switched, test_alerts.OVER, test_alerts.STRICT):
        yield test_alerts.drawn({**test_alerts.SAID, **more}, language)


def row_labels(page: RenderedMessage) -> Iterator[list[str]]:
    if isinstance(page.keyboard, InlineKeyboardMarkup):
        for row in page.keyboard.inline_keyboard:
            labels = [button.text for button in row]
            if not any(begin in label for label in labels for begin in ALIEN if begin):
                yield labels


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_row_of_buttons_is_cut_on_a_phone(language: str) -> None:
    found = {
        fault for page in pages(language) for labels in row_labels(page) for fault in text_rules.row_offences(labels)
    }
    assert not found, "\n".join(sorted(found))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_counts_nobody(language: str) -> None:
    found = {fault for page in pages(language) for fault in text_rules.page_offences(page.text)}
    assert not found, "\n".join(sorted(found))


@pytest.mark.parametrize(
    "labels",
    [
        ["⏳ Waiting", "☎️ Numbers refused: internet (VoIP)"],
        ["✅ Впустить", "✖️ Отклонить", "⛔ Заблокировать"],
    ],
)
def test_the_rules_about_rows_catch_what_they_are_for(labels: list[str]) -> None:
    assert list(text_rules.row_offences(labels))


def test_a_long_label_may_have_a_row_of_its_own() -> None:
    assert not list(text_rules.row_offences(["☎️ Numbers refused: internet (VoIP)"]))


@pytest.mark.parametrize("text", ["Applies to the people waiting (0).", "+7 ••• ••• 12-34"])
def test_the_rules_about_pages_catch_what_they_are_for(text: str) -> None:
    assert list(text_rules.page_offences(text))
