"""Operators' pages fit Telegram, whatever the names of people and groups, and name the consequences of an action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiogram.types import InlineKeyboardMarkup

from bot.delivery.screens import ScreenRenderer
from bot.domain.admin_actions import AdminActionKind
from bot.domain.gates import AccessOverride, Gate, GrantKind, Override, RequestState
from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.operator_pages import (
    AT_A_GATE,
    ENDS,
    HISTORY,
    Confirmation,
    Found,
    FoundPerson,
    GatesToActAt,
    KnownPhone,
    NoResults,
    NoResultsReason,
    PersonCard,
    Recent,
    RecentEntry,
    StuckItem,
    StuckItemKind,
)
from bot.domain.outgoing import TaskKind
from bot.domain.people_pages import HistoryEntry, MemberCard, Stage
from bot.domain.phone import NumberKind
from bot.domain.screens import View
from bot.features.moderation.words import ICONS, happened
from bot.features.support.screens import OperatorButton
from bot.i18n.texts import LANGUAGES, Texts, unbroken
from bot.sandbox.telegram.html import parse_html
from bot.telegram.mentions import mention
from tests.domain.makers import NOW
from tests.telegram.test_screens import HOSTILE, utf16

GATE = Gate(-1009999999999, HOSTILE[0], None, is_channel=False, is_on=True)
USER = 2**52 - 1
ENTRY = 2**40
MASK = "+7 ••• ••• 12-34"
SCREENS, TEXTS = ScreenRenderer(None), Texts("en")
ACTS = (*AT_A_GATE, AdminActionKind.FREE_PHONE, AdminActionKind.ERASE)
AT_GATE = MemberCard(GATE, USER, "", is_known=True, state=RequestState.APPROVED)
PHONE = KnownPhone(MASK, "RU", NumberKind.MOBILE, 1, NOW - timedelta(days=3))
ANNA = PersonCard(USER, "Anna", can_be_written=True, phone=PHONE, gates=(AT_GATE,), possible=ACTS)
LONG_AGO = NOW - timedelta(days=900)


def views() -> Iterator[View]:
    yield Recent(())
    for name in HOSTILE:
        line = RecentEntry(USER, name, MASK, HistoryEntry(LONG_AGO, Event.CONTACT_REFUSED, "x" * 64, USER, name))
        yield Recent((line,) * 6, ENTRY, ENTRY)
        yield Found((FoundPerson(USER, name, MASK, NOW), FoundPerson(USER, name)), 1, 3, 14, 7)
        gate = replace(GATE, title=name)
        decided = [replace(AT_GATE, gate=gate, decision=AccessOverride(override, NOW, USER)) for override in Override]
        troubles = [StuckItem(kind, NOW, name, GrantKind.JOIN, 99, "x" * 500 + name) for kind in StuckItemKind]
        yield replace(
            ANNA,
            name=name,
            gates=tuple(decided * 9),
            troubles=tuple(troubles),
            history=tuple(HistoryEntry(LONG_AGO, event, "x" * 64, USER, name) for event in HISTORY)[:10],
            page=1,
            has_older=True,
            can_be_written=False,
            said=Toast.IS_ADMIN,
        )
        for act in ACTS:
            yield GatesToActAt(USER, name, act, ((GATE.chat_id, name),) * 6, 1, 3, 14)
            yield Confirmation(USER, name, act, (name,) * 60, GATE.chat_id, MASK, 3)
            yield Confirmation(USER, name, act, (), 0, MASK)
    for why in NoResultsReason:
        yield NoResults(why, Toast.DONE)
    for stage in Stage:
        yield replace(ANNA, phone=None, stage=stage, until=NOW)
        yield replace(ANNA, stage=stage)
    for kind in NumberKind:
        yield replace(ANNA, phone=KnownPhone(MASK, "", kind, 2, NOW))
    for task in TaskKind:
        yield replace(ANNA, troubles=(StuckItem(StuckItemKind.TASK_DUE, NOW, "", task),))
    yield PersonCard(USER, "")


VIEWS = list(views())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", VIEWS, ids=[f"{type(view).__name__}-{at}" for at, view in enumerate(VIEWS)])
def test_a_page_parses_and_fits(view: View, language: str) -> None:
    drawing = SCREENS.draw(view, TEXTS.in_language(language), NOW)

    text, _ = parse_html(drawing.text)
    assert 0 < utf16(text) <= 4096
    assert utf16(drawing.text) <= 8192
    assert drawing.is_editable
    if isinstance(drawing.keyboard, InlineKeyboardMarkup):
        for button in (button for row in drawing.keyboard.inline_keyboard for button in row):
            assert 0 < len(button.text) <= 64
            assert len((button.callback_data or "").encode()) <= 64
            OperatorButton.unpack(button.callback_data or "")


def text_of(view: View, language: str = "en") -> str:
    return parse_html(SCREENS.draw(view, TEXTS.in_language(language), NOW).text)[0]


def test_the_card_is_short_and_has_a_line_for_each_thing() -> None:
    card = replace(
        ANNA,
        name="Anna",
        gates=(
            replace(AT_GATE, gate=replace(GATE, title="Flats")),
            replace(
                AT_GATE,
                gate=replace(GATE, title="Garage"),
                state=RequestState.GONE,
                decision=AccessOverride(Override.BLOCKED, NOW - timedelta(hours=2), USER),
            ),
        ),
        troubles=(StuckItem(StuckItemKind.GRANT_DUE, None, "Flats", GrantKind.JOIN, 2, "Bad Request: no"),),
        history=(
            HistoryEntry(NOW - timedelta(days=1), Event.JOIN_ASKED, gate="Flats"),
            HistoryEntry(NOW, Event.CONFIRMED, gate="Flats"),
        ),
        said=Toast.BLOCKED,
    )

    assert text_of(card).splitlines() == [
        "Blocked",
        "",
        f"👤 Anna · id {USER}",
        "✅ Verified 3 d ago",
        f"📱 {unbroken(MASK)}",
        "🇷🇺 Russia · mobile number",
        "",
        "Groups",
        "• Flats: let in",
        "• Garage: Blocked 2 h ago, by administrator",
        "",
        "Pending",
        "• ⏳ entry still pending · Flats · tried 2 times · Bad Request: no",
        "",
        "What happened · UTC",
        f"{NOW - timedelta(days=1):%d.%m %H:%M} · asked to join · Flats",
        f"{NOW:%H:%M} · verified · Flats",
    ]


def test_what_happened_lately_takes_two_lines_each_and_a_button_by_number() -> None:
    line = RecentEntry(USER, "Anna", MASK, HistoryEntry(NOW, Event.GRANT_DONE, gate="Flats"))
    drawing = SCREENS.draw(Recent((line, line), older=ENTRY), TEXTS.in_language("en"), NOW)

    told = ["1. ✅ Anna: let in", f"{NOW:%H:%M} · Flats · {unbroken(MASK)}"]
    assert parse_html(drawing.text)[0].splitlines()[2:4] == told
    assert isinstance(drawing.keyboard, InlineKeyboardMarkup)
    rows = [[button.text for button in row] for row in drawing.keyboard.inline_keyboard]
    assert rows == [["1", "2"], ["Older ›"], ["🔄 Refresh"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_can_have_happened_has_words_and_what_came_of_it_an_icon(language: str) -> None:
    for event in HISTORY - {Event.GATE_ON, Event.GATE_OFF, Event.GATE_CHANGED, Event.GATE_MOVED}:
        if event in ENDS:
            assert event in ICONS
        if event not in (Event.RAID, Event.RAID_OVER, Event.CALL_UNMATCHED, Event.GATEWAY_PAUSED):
            # Those concern nobody.
            assert "_" not in happened(HistoryEntry(NOW, event), TEXTS.in_language(language)), event


def test_a_name_from_right_to_left_turns_nothing_round_that_stands_beside_it() -> None:
    assert mention("שרה", 1) == '<a href="tg://user?id=1">\u2068שרה\u2069</a>'
    assert "\u2068" not in mention("Anna", 1)
    view = GatesToActAt(1, "محمد", AdminActionKind.BLOCK, ((GATE.chat_id, "חניון"),), 0, 1, 1)
    assert "\u2068محمد\u2069" in text_of(view)
    assert "\u2068חניון\u2069" in text_of(Confirmation(1, "Anna", AdminActionKind.BLOCK, ("חניון",), GATE.chat_id))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("act", ACTS)
def test_a_question_has_a_way_back_first_and_then_the_deed(act: AdminActionKind, language: str) -> None:
    view = Confirmation(USER, "Anna", act, ("Flats",), GATE.chat_id, MASK, 1)
    keyboard = SCREENS.draw(view, TEXTS.in_language(language), NOW).keyboard

    assert isinstance(keyboard, InlineKeyboardMarkup)
    (back,), (yes,) = keyboard.inline_keyboard
    assert not OperatorButton.unpack(back.callback_data or "").how
    assert OperatorButton.unpack(yes.callback_data or "").how == "sure"
    assert OperatorButton.unpack(yes.callback_data or "").act is act
    assert "Anna" in text_of(view, language)


def test_of_many_groups_only_some_are_named() -> None:
    text = text_of(Confirmation(USER, "Anna", AdminActionKind.BLOCK, tuple(f"Group {at}" for at in range(12))))

    assert "Group 4 and 7 more?" in text
    assert "Group 5" not in text


def test_who_is_blocked_everywhere_is_so_only_where_there_is_a_group_now() -> None:
    everywhere = Confirmation(USER, "Anna", AdminActionKind.BLOCK, ("Flats", "Garage"))

    assert "Groups added later" in text_of(everywhere)
    assert "Groups added later" not in text_of(replace(everywhere, gates=("Flats",), gate_id=GATE.chat_id))
