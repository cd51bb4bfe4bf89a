"""Operators' pages fit Telegram, whatever the names of people and groups; announcements keep simple formatting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiogram.types import InlineKeyboardMarkup, MessageEntity, ReplyKeyboardMarkup

from bot.delivery.screens import ScreenRenderer
from bot.domain.gate_health import GateHealth, GateState
from bot.domain.gate_settings import STANDARD, EntryMode
from bot.domain.gates import Gate, GateMode
from bot.domain.operators import (
    LONGEST_ANNOUNCEMENT,
    AddedOperator,
    AddingOperator,
    AllGates,
    Announcement,
    AnnouncementAsked,
    AnnouncementDropped,
    AnnouncementPreview,
    AnnouncementProgress,
    Audience,
    CannotAppoint,
    CannotSend,
    GateForOperators,
    GateOverview,
    OperatorLine,
    OperatorList,
    RemovingOperator,
)
from bot.domain.screens import View
from bot.features.announcements.screens import announced, as_html
from bot.features.support.installation_views import PER_PAGE, in_order
from bot.i18n.texts import LANGUAGES, Texts
from bot.sandbox.telegram.html import parse_html
from tests.domain.makers import NOW
from tests.telegram.test_screens import HOSTILE, utf16

SCREENS, TEXTS = ScreenRenderer(None), Texts("en")
USER = 2**52 - 1
GATE = Gate(-1009999999999, HOSTILE[0], "a" * 32, is_channel=False, is_on=True)
OVERVIEW = GateOverview(GATE, GateHealth(NOW, can_invite=True), 12345, 50, NOW - timedelta(hours=3), added_by=USER)
MUTED = replace(GATE, settings=replace(STANDARD, way=EntryMode.MUTE, tag="x", tidies_joins=True))
ALL = (
    OVERVIEW,
    replace(OVERVIEW, health=None, added_by=None),
    replace(OVERVIEW, gate=MUTED, health=GateHealth(NOW, own_tags=True)),
    replace(OVERVIEW, health=GateHealth(NOW, is_there=False)),
    replace(OVERVIEW, joined_unverified=3),
    replace(OVERVIEW, gate=replace(GATE, is_on=False)),
    replace(OVERVIEW, gate=replace(GATE, switch=GateMode.PAUSED)),
    replace(OVERVIEW, gate=replace(GATE, switch=GateMode.OFF, username=None)),
    replace(OVERVIEW, gate=replace(GATE, strict_until=NOW + timedelta(hours=1))),
)
LONGEST = Announcement(2**62, USER, "x" * LONGEST_ANNOUNCEMENT)


def views() -> Iterator[View]:
    for name in HOSTILE:
        line = OperatorLine(USER, name, AddedOperator(USER, name, USER, NOW - timedelta(days=9)), is_reached=False)
        many = tuple(replace(line, user_id=USER - at, is_named=True) for at in range(PER_PAGE - 1))
        for unfit in (None, *CannotAppoint):
            operators = (OperatorLine(USER, "", None, is_reached=True, is_named=True), *many)
            yield OperatorList(operators, 1, 3, 3 * PER_PAGE, unfit)
        for is_reader in (True, False):
            yield RemovingOperator(line, is_reader, page=9999)
            yield RemovingOperator(replace(line, is_named=True), is_reader)
    yield AllGates((), 0, 1, 0)
    for page in (0, 1, 2):
        yield AllGates(ALL[:8], page, 3, 24, 8 * page + 1, own=2)
    for monitoring in ALL:
        yield GateForOperators(monitoring, is_own=True, page=99999)
    for problem in (None, *CannotSend):
        yield AnnouncementAsked(problem)
    yield AnnouncementPreview(LONGEST, Audience(tuple(range(100_000)), 100_000, 100_000))
    yield AnnouncementPreview(LONGEST, Audience((), 0, 3))
    for over_at in (None, NOW):
        for missed in (0, 9):
            yield AnnouncementProgress(replace(LONGEST, sent_at=NOW, over_at=over_at, total=19, sent=5, missed=missed))
    yield AnnouncementDropped()


VIEWS = list(views())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", VIEWS, ids=[f"{type(view).__name__}-{at}" for at, view in enumerate(VIEWS)])
def test_a_page_parses_and_fits(view: View, language: str) -> None:
    drawing = SCREENS.draw(view, TEXTS.in_language(language), NOW)

    text, entities = parse_html(drawing.text)
    assert 0 < utf16(text) <= 4096
    assert len(entities) <= 100
    if isinstance(drawing.keyboard, InlineKeyboardMarkup):
        for button in (button for row in drawing.keyboard.inline_keyboard for button in row):
            assert 0 < len(button.text) <= 64


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_people_can_be_picked_one_at_a_time(language: str) -> None:
    keyboard = SCREENS.draw(AddingOperator(), TEXTS.in_language(language), NOW).keyboard

    assert isinstance(keyboard, ReplyKeyboardMarkup)
    ((button,),) = keyboard.keyboard
    assert button.request_users is not None
    assert (button.request_users.user_is_bot, button.request_users.max_quantity) == (False, 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_announcement_fits_in_one_message(language: str) -> None:
    text, _ = parse_html(announced(as_html("😀" * (LONGEST_ANNOUNCEMENT // 2), []), TEXTS.in_language(language)))

    assert utf16(text) <= 4096


def test_whoever_is_in_trouble_comes_first_and_of_these_who_was_alive_last() -> None:
    def one(title: str, hours: int = 1, **gate: object) -> GateOverview:
        there = Gate(-1, title, None, is_channel=False, is_on=bool(gate.get("is_on", True)))
        there = replace(there, switch=GateMode(str(gate.get("switch", "on"))))
        can_invite, by_request = bool(gate.get("can_invite", True)), bool(gate.get("by_request", True))
        health = GateHealth(NOW, can_invite=can_invite, joins_by_request=by_request)
        return GateOverview(there, health, 0, 1, NOW - timedelta(hours=hours))

    gates = [
        one("fine b"),
        one("fine A"),
        one("paused", switch="paused"),
        one("lost long ago", 99, is_on=False),
        one("lost", 2, is_on=False),
        one("ails", 5, can_invite=False),
        one("off", switch="off", can_invite=False),
        one("unproved", by_request=False),
    ]

    titles = [found.gate.title for found in in_order(gates, NOW)]
    assert titles == ["ails", "lost", "lost long ago", "unproved", "paused", "off", "fine A", "fine b"]
    troubles = [GateState.BYPASSED, GateState.HAS_ISSUES, GateState.UNGUARDED]
    assert [state for state in GateState if state.is_trouble] == troubles


def entity(kind: str, offset: int, length: int, url: str | None = None) -> MessageEntity:
    return MessageEntity(type=kind, offset=offset, length=length, url=url)


def test_simple_formatting_is_kept_and_all_else_is_plain_text() -> None:
    text = "😀 bold <b>& link name"
    entities = [
        entity("bold", 3, 4),
        entity("text_link", 13, 4, 'https://example.com/?a=1&b="2"'),
        entity("custom_emoji", 0, 2),
        entity("mention", 18, 4),
    ]

    assert as_html(text, entities) == (
        '😀 <b>bold</b> &lt;b&gt;&amp; <a href="https://example.com/?a=1&amp;b=&quot;2&quot;">link</a> name'
    )


def test_what_stands_before_the_text_moves_its_formatting() -> None:
    entities = [entity("bot_command", 0, 9), entity("bold", 10, 2), entity("italic", 13, 1)]

    assert as_html("hi x", entities, "/announce ") == "<b>hi</b> <i>x</i>"
