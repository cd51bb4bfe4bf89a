"""Every screen fits Telegram, in both languages and whatever names people give their groups."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import get_args

import pytest
from aiogram.types import InlineKeyboardMarkup, InputRichMessage, ReplyKeyboardMarkup

from bot.delivery.notifications import NOTIFICATIONS, notification
from bot.delivery.screens import ScreenRenderer
from bot.domain.gate_health import GateIssue
from bot.domain.gates import GrantState
from bot.domain.gateway import GatewayReason
from bot.domain.incidents import IncidentKind
from bot.domain.notifications import INCIDENT_NOTICES, Notification, Toast
from bot.domain.people import Deletion, DeletionScreen
from bot.domain.phone import ContactRefusal
from bot.domain.screens import (
    REFRESHED_BEFORE_END,
    Asking,
    DeadlinePassed,
    Ended,
    Granted,
    Help,
    Limited,
    NumberShown,
    Privacy,
    Refused,
    Verified,
    View,
    Welcome,
)
from bot.domain.statistics import PeriodProblem
from bot.features.settings.states import guard_joins
from bot.features.verification.words import toast
from bot.i18n.texts import LANGUAGES, Texts
from bot.sandbox.telegram.entities import with_automatic
from bot.sandbox.telegram.html import parse_html
from bot.sandbox.telegram.rich import read_rich
from bot.telegram.commands import menu
from tests.domain.makers import NOW, WINDOW
from tests.tasks import notice

HOSTILE = (
    "<b>" * 60,
    "&amp;&lt;</b>&#1;" * 20,
    "👨‍👩‍👧‍👦" * 60,
    "\u202e\u2066" + "﷽" * 250,
    "\0\n\t" * 80,
    "W" * 4096,
    '">' * 90,
    "{gate} %s {0}",
)
TOKEN = "t" * 32
BIG_ID = 2**63 - 1
LONG = "https://" + "long." * 40 + "example.org"
SCREENS = ScreenRenderer(LONG, f"{LONG}/app")
TEXTS = Texts("en")

SHOWN = NumberShown(
    verification_id=BIG_ID,
    token=TOKEN,
    number="+749512345678901",
    mask="+7 ••• ••• 12-34",
    window_ends_at=NOW + WINDOW,
    left=None,
    is_asking_another=False,
    no_other=None,
    no_other_until=None,
)


def views() -> Iterator[View]:
    """Yield one of each kind and of each of its variants, with the worst names."""
    titles = tuple(itertools.islice(itertools.cycle(HOSTILE), 100))
    for user_id in (0, BIG_ID):
        yield DeletionScreen(Deletion.ASKED, user_id)
        yield DeletionScreen(
            Deletion.ASKED, user_id, is_verified=True, is_calling=True, waiting=titles, muted=titles[::-1]
        )
    yield from (DeletionScreen(deletion) for deletion in Deletion if deletion is not Deletion.ASKED)
    yield Welcome()
    for count in (1, 2, 5, 6, 100):
        yield Welcome(titles[:count])
    for refusal in ContactRefusal:
        yield Welcome(titles, refusal)
    yield Asking(BIG_ID)
    for left in (None, *REFRESHED_BEFORE_END):
        yield dataclasses.replace(SHOWN, left=left)
        yield dataclasses.replace(SHOWN, left=left, is_asking_another=True)
        yield dataclasses.replace(SHOWN, left=left, no_other=GatewayReason.UNAVAILABLE)
        yield dataclasses.replace(SHOWN, left=left, no_other_until=NOW + timedelta(days=1))
    yield Verified("+7 ••• ••• 12-34")
    for state in GrantState:
        # Storage never reads more than five.
        yield Verified("+7 ••• ••• 12-34", tuple(Granted(t, "https://t.me/c/1/1", state) for t in HOSTILE[:5]))
        yield Verified("+7 ••• ••• 12-34", tuple(Granted(t, "https://t.me/c/1/1", state) for t in HOSTILE[3:]))
    for is_cancelled in (False, True):
        yield Ended(BIG_ID, is_cancelled)
    for reason in GatewayReason:
        yield Refused(BIG_ID, reason)
    yield Limited(None, NOW + timedelta(minutes=1))
    yield Limited(BIG_ID, NOW + timedelta(days=1))
    for title in HOSTILE:
        yield DeadlinePassed(title)
    yield Help()
    yield Help(is_admin=True, is_operator=True)
    yield Privacy()


VIEWS = list(views())


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", VIEWS, ids=[f"{type(view).__name__}-{at}" for at, view in enumerate(VIEWS)])
def test_a_screen_parses_and_fits(view: View, language: str) -> None:
    drawing = SCREENS.draw(view, TEXTS.in_language(language), NOW)

    text, _ = parse_html(drawing.text)
    assert 0 < utf16(text) <= 4096
    assert text.strip()
    assert utf16(drawing.text) <= 8192
    assert drawing.is_editable is not isinstance(drawing.keyboard, ReplyKeyboardMarkup)
    if isinstance(drawing.keyboard, InlineKeyboardMarkup):
        buttons = [button for row in drawing.keyboard.inline_keyboard for button in row]
        assert buttons
        assert all(row for row in drawing.keyboard.inline_keyboard)
        for button in buttons:
            assert 0 < len(button.text) <= 64
            assert len((button.callback_data or "").encode()) <= 64
            does = [button.callback_data, button.url, button.copy_text, button.web_app]
            assert sum(action is not None for action in does) == 1
            assert not (button.url or "https:").startswith("tel:")


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_tags_that_are_meant_to_be_there_are_markup(language: str) -> None:
    drawing = SCREENS.draw(Welcome(HOSTILE[:2]), TEXTS.in_language(language), NOW)

    text, entities = parse_html(drawing.text)

    assert [entity["type"] for entity in entities] == ["bold", "bold"]
    assert "<b><b>" in text
    assert "&amp;&lt;</b>" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_states_look_alike_and_each_looks_the_same_every_time(language: str) -> None:
    words = TEXTS.in_language(language)
    different: list[View] = [
        Welcome(),
        Welcome(("A",)),
        Welcome(("B",)),
        *(Welcome((), refusal) for refusal in ContactRefusal),
        Asking(1),
        SHOWN,
        dataclasses.replace(SHOWN, number="+74950000002"),
        dataclasses.replace(SHOWN, verification_id=1),
        dataclasses.replace(SHOWN, token="other"),
        dataclasses.replace(SHOWN, mask="+7 ••• ••• 12-35"),
        dataclasses.replace(SHOWN, window_ends_at=NOW),
        *(dataclasses.replace(SHOWN, left=left) for left in REFRESHED_BEFORE_END),
        dataclasses.replace(SHOWN, is_asking_another=True),
        dataclasses.replace(SHOWN, no_other=GatewayReason.UNAVAILABLE),
        dataclasses.replace(SHOWN, no_other_until=NOW + WINDOW),
        Verified("a"),
        *(
            Verified("a", (Granted("A", "https://t.me/a", state),))
            for state in GrantState
            if state is not GrantState.GONE
        ),
        Verified("a", (Granted("A", "https://t.me/b", GrantState.DONE),)),
        Ended(1, is_cancelled=False),
        Ended(2, is_cancelled=False),
        Ended(1, is_cancelled=True),
        Refused(1, GatewayReason.BLACKLISTED),
        Refused(1, GatewayReason.COUNTRY_REFUSED),
        Refused(1, GatewayReason.NUMBER_UNUSABLE),
        Refused(1, GatewayReason.UNAVAILABLE),
        Limited(None, NOW),
        Limited(1, NOW),
        Limited(1, NOW + timedelta(seconds=1)),
        DeadlinePassed("A"),
        DeadlinePassed("B"),
        Help(),
        Help(is_admin=True),
        Help(is_operator=True),
        Privacy(),
    ]

    digests = [SCREENS.draw(view, words, NOW).digest for view in different]

    assert len(set(digests)) == len(different)
    assert [SCREENS.draw(view, words, NOW + timedelta(minutes=1)).digest for view in different] == digests


def test_what_nobody_can_see_does_not_change_the_digest() -> None:
    words = TEXTS.in_language("en")

    def digest(view: View, screens: ScreenRenderer = SCREENS) -> str:
        return screens.draw(view, words, NOW).digest

    assert digest(Refused(1, GatewayReason.NO_MONEY)) == digest(Refused(1, GatewayReason.CREDENTIALS))
    assert digest(dataclasses.replace(SHOWN, token="other"), ScreenRenderer(None)) == digest(
        SHOWN, ScreenRenderer(None)
    )
    assert digest(Welcome(("A \u200b\n B",))) == digest(Welcome(("A B",)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_number_screen_holds_all_that_clients_need_to_dial(language: str) -> None:
    drawing = SCREENS.draw(SHOWN, TEXTS.in_language(language), NOW)

    text, entities = parse_html(drawing.text)
    assert SHOWN.number in text.split("\n")
    moments = [entity for entity in entities if entity["type"] == "date_time"]
    assert [(entity["unix_time"], entity["date_time_format"]) for entity in moments] == [
        (int((NOW + WINDOW).timestamp()), "r")
    ]
    assert isinstance(drawing.keyboard, InlineKeyboardMarkup)
    call, copy, (another, cancel) = drawing.keyboard.inline_keyboard
    assert call[0].url == f"https://{'long.' * 40}example.org/call/{TOKEN}"
    assert copy[0].copy_text is not None
    assert copy[0].copy_text.text == SHOWN.number
    assert (another.callback_data, cancel.callback_data) == (f"v:another:{BIG_ID}", f"v:cancel:{BIG_ID}")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", [view for view in VIEWS if isinstance(view, NumberShown)])
def test_a_rich_number_screen_says_the_same_with_a_number_that_is_a_link(view: NumberShown, language: str) -> None:
    words = TEXTS.in_language(language)
    plain = SCREENS.draw(view, words, NOW)
    drawing = ScreenRenderer("https://" + "long." * 40 + "example.org", rich=True).draw(view, words, NOW)

    assert drawing.rich is not None
    assert f'<p><a href="tel:{view.number}">{view.number}</a></p>' in drawing.rich
    rich, text = read_rich(InputRichMessage(html=drawing.rich)), parse_html(plain.text)[0]
    assert rich.text.split("\n\n") == [line for line in text.split("\n") if line]
    kinds = [(entity["type"], entity.get("unix_time")) for entity in rich.entities]
    expected = [(entity["type"], entity.get("unix_time")) for entity in with_automatic(*parse_html(plain.text))]
    assert kinds == expected
    assert drawing.keyboard == plain.keyboard
    assert drawing.digest != plain.digest


def test_only_numbers_are_rich_and_only_until_telegram_refuses() -> None:
    screens, words = ScreenRenderer(None, rich=True), TEXTS.in_language("en")

    rich = {type(view) for view in VIEWS if screens.draw(view, words, NOW).rich is not None}
    assert rich == {NumberShown}

    screens.is_rich = False
    assert screens.draw(SHOWN, words, NOW) == ScreenRenderer(None).draw(SHOWN, words, NOW)


@pytest.mark.parametrize("language", LANGUAGES)
def test_with_a_public_address_one_line_tells_those_at_a_computer_of_the_qr_code(language: str) -> None:
    words = TEXTS.in_language(language)

    without = ScreenRenderer(None).draw(SHOWN, words, NOW).text.split("\n")
    having = SCREENS.draw(SHOWN, words, NOW).text.split("\n")

    (line,) = [line for line in having if line not in without]
    assert "QR" in line
    assert len(having) == len(without) + 1


def test_without_a_public_address_there_is_no_call_button() -> None:
    drawing = ScreenRenderer(None).draw(SHOWN, TEXTS.in_language("en"), NOW)

    assert isinstance(drawing.keyboard, InlineKeyboardMarkup)
    assert [len(row) for row in drawing.keyboard.inline_keyboard] == [1, 2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_screen_has_one_button_and_it_asks_for_the_contact(language: str) -> None:
    drawing = SCREENS.draw(Welcome(), TEXTS.in_language(language), NOW)

    assert isinstance(drawing.keyboard, ReplyKeyboardMarkup)
    ((button,),) = drawing.keyboard.keyboard
    assert button.request_contact
    assert drawing.keyboard.one_time_keyboard


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("what", Notification)
def test_every_notice_parses_and_fits_whatever_it_is_about(what: Notification, language: str) -> None:
    words = TEXTS.in_language(language)
    for hostile, reason in itertools.product(HOSTILE, GatewayReason):
        details: dict[str, str | int] = {
            "notice": what,
            "title": hostile,
            "error": hostile,
            "error_id": "1a2b3c4d",
            "user_id": BIG_ID,
            "name": hostile,
            "reason": reason,
            "why": Toast.NOT_ADMIN_THERE,
            "code": 3,
            "target": "events",
            "by": BIG_ID,
            "by_name": hostile,
            **dict.fromkeys(("total", "sent", "missed"), 21),
            "trouble": IncidentKind.DISK_SHORT,
            "free": 1,
            "seconds": 90_000,
            "percent": 1,
            "problem": PeriodProblem.REVERSED,
            "most": 1_000_000,
            "period": hostile,
        }
        text, _ = parse_html(notification(notice(**details), words))
        assert 0 < utf16(text) <= 4096
        assert "{" not in text.replace("{gate}", "").replace("{0}", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_paragraph_about_guard_joins_parses_and_is_another_for_each_state(language: str) -> None:
    words = TEXTS.in_language(language)
    told = [guard_joins(words, are_on=on, are_possible=can) for on, can in itertools.product((True, False), repeat=2)]

    assert [parse_html(text)[0] for text in told] == told
    assert len(set(told)) == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_toast_fits_and_only_one_says_nothing(language: str) -> None:
    said = {what: toast(what, TEXTS.in_language(language)) for what in Toast}

    assert all(utf16(text) <= 200 for text in said.values())
    assert [what for what, text in said.items() if not text] == [Toast.NOTHING]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_menu_fits_and_the_help_names_every_command(language: str) -> None:
    words = TEXTS.in_language(language)
    commands = menu(words)

    assert all(0 < len(command.description) <= 256 for command in commands)
    text = SCREENS.draw(Help(), words, NOW).text
    assert all(f"/{command.command} " in text for command in commands)


def test_the_help_opens_the_mini_app_where_there_is_an_address_for_it() -> None:
    def apps(screens: ScreenRenderer) -> list[str]:
        keyboard = screens.draw(Help(), TEXTS.in_language("en"), NOW).keyboard
        assert isinstance(keyboard, InlineKeyboardMarkup)
        return [button.web_app.url for row in keyboard.inline_keyboard for button in row if button.web_app]

    assert apps(ScreenRenderer("https://gate.example", "https://gate.example/app")) == ["https://gate.example/app"]
    assert apps(ScreenRenderer(None)) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("trouble", IncidentKind)
@pytest.mark.parametrize("what", [Notification.ALARM, Notification.ALL_CLEAR])
def test_every_incident_and_all_clear_parses_and_fits_whatever_it_is_about(
    what: Notification, trouble: IncidentKind, language: str
) -> None:
    words = TEXTS.in_language(language)
    for hostile, seconds in itertools.product(HOSTILE, (0, 119, 7300)):
        details: dict[str, str | int] = {
            **dict.fromkeys(("title", "error", "currency", "subject"), hostile),
            **dict.fromkeys(("count", "failed", "asked", "days", "length", "free", "percent"), 21),
            **dict.fromkeys(("seconds", "seconds_lasted"), seconds),
            "amount": "-12.50",
            "ahead": -99_999_999,
            "missing": " ".join(GateIssue),
            "notice": what,
            "trouble": trouble,
        }
        text, _ = parse_html(
            notification(notice(**details), words, "https://call.example/smsc/" + "a" * 200 + "?charset=utf-8&md5")
        )
        assert 0 < utf16(text) <= 4096


def test_the_address_to_enter_is_shown_whole_however_long_it_is() -> None:
    address = "https://call.example/smsc/" + "a" * 200 + "?charset=utf-8&md5"
    details: dict[str, str | int] = {"notice": Notification.ALARM, "trouble": IncidentKind.CALLBACK_SILENT, "count": 2}

    text, _ = parse_html(notification(notice(**details), TEXTS.in_language("en"), address))

    assert address in text


def test_every_view_has_a_screen_and_every_screen_a_view() -> None:
    assert set(SCREENS._screens) == set(get_args(View))


def test_every_notification_has_a_text() -> None:
    assert {*NOTIFICATIONS, *INCIDENT_NOTICES} == set(Notification)
