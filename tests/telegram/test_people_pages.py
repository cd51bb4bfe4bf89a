"""The pages about people fit Telegram, whatever people's names, and offer what makes sense."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import pytest
from aiogram.types import InlineKeyboardMarkup

from bot.delivery.screens import ScreenRenderer
from bot.domain.admin_actions import AdminActionKind, GateLine
from bot.domain.gate_health import GateState
from bot.domain.gates import AccessOverride, Gate, GrantKind, GrantState, Ineligibility, Override, RequestState
from bot.domain.gateway import GatewayReason
from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.people_pages import (
    DeclineChoice,
    GateChoice,
    HistoryEntry,
    MemberCard,
    OlderThan,
    PendingApplicant,
    PendingList,
    Stage,
    TargetError,
    UnknownTarget,
)
from bot.domain.phone import ContactRefusal
from bot.domain.screens import Decided, Granted, Outcome, View
from bot.features.moderation.words import happened, refused, stage
from bot.i18n.formats import lasted
from bot.i18n.texts import LANGUAGES, Texts
from bot.sandbox.telegram.entities import with_automatic
from bot.sandbox.telegram.html import parse_html
from bot.telegram.mentions import LONGEST, harmless, mention
from tests.domain.makers import NOW
from tests.telegram.test_screens import HOSTILE, utf16

GATE = Gate(-1009999999999, HOSTILE[0], None, is_channel=False, is_on=True)
USER = 2**52 - 1
SCREENS, TEXTS = ScreenRenderer(None), Texts("en")
WAITER = PendingApplicant(
    USER, HOSTILE[4], NOW - timedelta(days=3), Stage.NUMBER_SHOWN, until=NOW + timedelta(minutes=9)
)
HISTORY = tuple(HistoryEntry(NOW - timedelta(days=9), event, "x" * 64, USER) for event in Event)
ANNA = MemberCard(GATE, USER, "Anna", is_known=True)


def views() -> Iterator[View]:
    yield PendingList(GATE, (), 0, 1, 0)
    for name in HOSTILE:
        applicants = tuple(dataclasses.replace(WAITER, name=name, user_id=USER - at) for at in range(6))
        yield PendingList(GATE, applicants, 1, 9, 54, 7, done=5000, of=5000)
        yield dataclasses.replace(ANNA, name=name, applicant=applicants[0], mask="+7 ••• ••• 12-34", verified_at=NOW)
    yield DeclineChoice(GATE, tuple((age, 0) for age in OlderThan))
    yield DeclineChoice(GATE, tuple((age, 99_999) for age in OlderThan))
    for override in Override:
        yield dataclasses.replace(
            ANNA, decision=AccessOverride(override, NOW, USER), history=HISTORY[:10], tag="Neighbour"
        )
    for state in RequestState:
        yield dataclasses.replace(ANNA, state=state, did=AdminActionKind.REVOKE, said=Toast.REVOKED)
    yield dataclasses.replace(ANNA, is_known=False)
    yield dataclasses.replace(ANNA, is_admin=True)
    for missing in TargetError:
        yield UnknownTarget(GATE, missing)
        yield GateChoice((GateLine(GATE.chat_id, HOSTILE[1], GateState.ON, waiting=3),), "unblock", missing)
    yield GateChoice((), "who", "")
    for outcome in Outcome:
        yield Decided(HOSTILE[0], outcome)
        for at_telegram in GrantState:
            for kind in (GrantKind.JOIN, GrantKind.LINK):
                granted = Granted(HOSTILE[1], "https://t.me/a", at_telegram, kind, "https://t.me/+x")
                yield Decided(HOSTILE[0], outcome, granted, goes_on=True)


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


def buttons(view: View) -> list[str]:
    keyboard = SCREENS.draw(view, TEXTS.in_language("en"), NOW).keyboard
    assert isinstance(keyboard, InlineKeyboardMarkup)
    return [button.text for row in keyboard.inline_keyboard for button in row]


LET_IN, DECLINE, BLOCK, UNBLOCK = "✅ Let in", "✖️ Decline", "⛔ Block", "🔓 Unblock"
REVOKE, RESTORE, UNDO = "♻️ Verify again", "↩️ Restore", "↩️ Undo"
ACTS = {LET_IN, DECLINE, BLOCK, UNBLOCK, REVOKE, RESTORE, UNDO}


@pytest.mark.parametrize(
    ("someone", "acts"),
    [
        (ANNA, {LET_IN, REVOKE, BLOCK}),
        (dataclasses.replace(ANNA, state=RequestState.WAITING, applicant=WAITER), {LET_IN, DECLINE, BLOCK}),
        (dataclasses.replace(ANNA, state=RequestState.APPROVED), {REVOKE, BLOCK}),
        (dataclasses.replace(ANNA, state=RequestState.DECLINED), {LET_IN, BLOCK}),
        (dataclasses.replace(ANNA, decision=AccessOverride(Override.BLOCKED, NOW, 1)), {UNBLOCK}),
        (dataclasses.replace(ANNA, decision=AccessOverride(Override.ALLOWED, NOW, 1)), {REVOKE, BLOCK}),
        (dataclasses.replace(ANNA, decision=AccessOverride(Override.REVOKED, NOW, 1)), {RESTORE, BLOCK}),
        (
            dataclasses.replace(ANNA, decision=AccessOverride(Override.REVOKED, NOW, 1), did=AdminActionKind.REVOKE),
            {RESTORE, BLOCK},
        ),
        (
            dataclasses.replace(ANNA, state=RequestState.APPROVED, decision=AccessOverride(Override.REVOKED, NOW, 1)),
            {REVOKE, BLOCK},
        ),
        (dataclasses.replace(ANNA, is_admin=True), set()),
    ],
)
def test_a_person_has_the_buttons_that_make_sense_now(someone: MemberCard, acts: set[str]) -> None:
    assert sorted(text for text in buttons(someone) if text in ACTS) == sorted(acts)


def test_what_undoes_the_last_action_comes_first_and_says_what_it_does() -> None:
    blocked = AccessOverride(Override.BLOCKED, NOW, 1)
    assert buttons(dataclasses.replace(ANNA, decision=blocked, did=AdminActionKind.BLOCK))[0] == UNBLOCK
    unblocked = dataclasses.replace(ANNA, state=RequestState.DECLINED, did=AdminActionKind.UNBLOCK)
    assert buttons(unblocked)[:2] == [BLOCK, LET_IN]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Anna", "Anna"),
        ("Анна Мария", "Анна Мария"),
        ("Anne-Marie O'Neil", "Anne-Marie O'Ne…"),
        ("join.my-chat.com/x", "join my-chat co…"),
        ("@spam_channel", "spam channel"),
        ("https://t.me/spam", "https t me spam"),
        ("<b>&amp;</b>", "b amp b"),
        ("call +7 999 123 45 67", "call"),
        ("Room 101", "Room 101"),
        ("🔥🔥🔥 -", "id 5"),
        ("", "id 5"),
        ("\u202eevil\u200b", "evil"),
        ("\u3164", "id 5"),
        ("\u2800\u2800", "id 5"),
        ("\uffa0\u115f\u1160", "id 5"),
        ("\u0301\u0301", "id 5"),
        ("\U000e0041", "id 5"),
        ("Anna\u3164\u2800B", "AnnaB"),
    ],
)
def test_names_lose_what_could_advertise(name: str, short: str) -> None:
    assert harmless(name, 5) == short


@pytest.mark.parametrize("name", HOSTILE)
def test_a_mention_is_one_short_link_to_the_person_and_nothing_else(name: str) -> None:
    text, entities = parse_html(mention(name, 7))

    assert 0 < len(text) <= LONGEST
    assert [entity["type"] for entity in entities] == ["text_mention"] or [e["type"] for e in entities] == ["text_link"]
    assert {entity["type"] for entity in with_automatic(harmless(name, 7), [])} == set()


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=-1), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=23, minutes=59), "23 h"),
        (timedelta(days=3, hours=5), "3 d"),
    ],
)
def test_how_long_something_took_is_told_in_one_unit(span: timedelta, said: str) -> None:
    assert lasted(span, TEXTS.in_language("en")) == said


def test_each_stage_and_each_reason_is_told_in_words_of_its_own() -> None:
    words = TEXTS.in_language("en")
    stages = {stage(what, "", NOW, words, NOW) for what in Stage}
    contacts = {refused(why, words) for why in (*ContactRefusal, *Ineligibility)}

    assert len(stages) == len(Stage)
    # An unaccepted country or kind is the same for a contact and for a verified phone.
    assert len(contacts) == len({*map(str, ContactRefusal), *map(str, Ineligibility)})
    assert all(refused(why, words) for why in GatewayReason)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event", Event)
def test_what_an_admin_did_is_told_with_who(event: Event, language: str) -> None:
    words = TEXTS.in_language(language)

    text, entities = parse_html(happened(HistoryEntry(NOW, event, "", 5), words))

    assert text
    assert len(entities) == 1
    assert parse_html(happened(HistoryEntry(NOW, event), words))[1] == []
