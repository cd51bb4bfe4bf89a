"""Every page of the panel fits Telegram, in every language, with any choice and any group name."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from string import ascii_uppercase

import pytest
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.delivery.notifications import notification
from bot.delivery.screens import ScreenRenderer
from bot.domain.admin_actions import (
    AdminActionKind,
    GateCard,
    GateLine,
    GateList,
    ImportPage,
    LinkTest,
    LinkTestPage,
    NoAdmin,
    PanelView,
    SettingPage,
)
from bot.domain.gate_health import GateHealth, GateIssue, GateState
from bot.domain.gate_settings import (
    STANDARD,
    AtDeadline,
    CountryRule,
    EntryMode,
    GateSettings,
    InvalidSettingError,
    Preset,
    RaidReaction,
    SettingProblem,
    preset,
)
from bot.domain.gates import Gate, GateMode
from bot.domain.notifications import Notification
from bot.domain.setting_choices import REFUSABLE, SETTING_PAGES, TYPED, Page, Setting, chosen
from bot.features.settings.file_format import JsonSettingsFile
from bot.features.settings.words import read_typed
from bot.i18n.countries import COMMON, code_of, country, flag
from bot.i18n.texts import LANGUAGES, Texts
from bot.sandbox.telegram.html import parse_html
from bot.telegram.keyboards import PanelButton
from bot.telegram.rendered import RenderedMessage
from tests.domain.makers import NOW
from tests.tasks import notice
from tests.telegram.test_screens import HOSTILE, utf16

TEXTS = Texts("en")
CHAT_URL = "https://t.me/callgate_bot"
GATE = Gate(-1001234567890, "Flat owners", None, is_channel=False, is_on=True)
FARTHEST = Gate(-(10**15) + 1, "Far", None, is_channel=False, is_on=True)
"""No chat id has more digits (Bot API: 52 bits)."""
ALL_COUNTRIES = [
    code for code in map("".join, itertools.product(ascii_uppercase, repeat=2)) if country(code, "ru") != code
]
FULL = GateSettings(
    way=EntryMode.GUARD,
    deadline=timedelta(minutes=95),
    at_deadline=AtDeadline.LEAVE,
    country_rule=CountryRule.ALL_BUT,
    countries=tuple(ALL_COUNTRIES[:60]),
    refused_kinds=REFUSABLE,
    fresh_for=timedelta(days=3650),
    accounts=10,
    tag="W" * 16,
    further=tuple(range(-1009999999990, -1009999999980)),
    language="ru",
    welcome="<b>&" * 125,
    log_chat=-1001,
    log_topic=5,
    tidies_joins=True,
    prompts_group=True,
    raid=RaidReaction.PAUSE,
    raid_requests=10_000,
    raid_minutes=60,
)
CHATS = tuple((chat, title) for chat, title in zip(FULL.further, (*HOSTILE, "", "A"), strict=True))
SETTINGS_FILE = JsonSettingsFile()
HEALTH = GateHealth(NOW, can_invite=True, is_supergroup=True)


def views() -> Iterator[PanelView]:  # noqa: C901 - every state of every page
    """Yield every page in every state, of gates with names of every kind."""
    gates = [
        GATE,
        replace(FARTHEST, settings=FULL),
        replace(GATE, is_channel=True),
        *(replace(GATE, title=title) for title in HOSTILE),
    ]
    yield NoAdmin()
    yield GateList(())
    yield GateList(tuple(GateLine(-n, title, state, n) for state in GateState for n, title in enumerate(HOSTILE)))
    for gate in gates:
        for page in SETTING_PAGES:
            yield SettingPage(gate, page, 3, None, CHATS)
        yield GateCard(gate, None, (), 0)
        yield GateCard(gate, HEALTH, tuple(GateIssue), 21, 5, "https://t.me/+abcdefgh")
        for state in GateState:
            yield GateCard(gate, HEALTH, tuple(GateIssue), 21, 5, "https://t.me/+abcdefgh", state)
        for outcome in (None, *LinkTest):
            for link in ("", "https://t.me/+abcdefgh"):
                yield LinkTestPage(gate, link, outcome)
    for way in EntryMode:
        gate = replace(GATE, settings=replace(STANDARD, way=way))
        yield GateCard(gate, HEALTH, (), 0)
        yield SettingPage(gate, Page.WAY, 0)
    for switch in GateMode:
        yield GateCard(replace(GATE, switch=switch), HEALTH, (), 1)
    yield GateCard(replace(GATE, is_on=False), GateHealth(NOW, is_there=False), (GateIssue.NOT_THERE,), 1)
    yield GateCard(replace(GATE, settings=preset(Preset.OPEN, STANDARD)), HEALTH, (), 0)
    for problem in SettingProblem:
        for about in HOSTILE:
            yield SettingPage(GATE, Page.COUNTRIES, 0, (problem, about))
    full = replace(FARTHEST, settings=FULL)
    for gate, after in (
        (GATE, FULL),
        (full, STANDARD),
        (full, replace(FULL, countries=tuple(reversed(FULL.countries)))),
    ):
        for odd in (True, False):
            changes = SETTINGS_FILE.changes(gate.settings, after)
            yield ImportPage(gate, changes, 2, is_foreign=odd, leaves_chats=odd, chats=CHATS)
    yield ImportPage(GATE, SETTINGS_FILE.changes(STANDARD, STANDARD), 2)
    yield ImportPage(GATE, '{"country_rule":"only"}', 2)


VIEWS = list(views())


def drawn(view: PanelView, language: str = "en") -> RenderedMessage:
    screens = ScreenRenderer(None)
    screens.chat_url = CHAT_URL
    return screens.draw(view, TEXTS.in_language(language), NOW)


def buttons(view: PanelView) -> list[InlineKeyboardButton]:
    keyboard = drawn(view).keyboard
    assert isinstance(keyboard, InlineKeyboardMarkup)
    return [button for row in keyboard.inline_keyboard for button in row]


def choices(page: Page, gate: Gate = GATE, chats: tuple[tuple[int, str], ...] = ()) -> list[tuple[str, PanelButton]]:
    """Return the buttons of a page that change something: their texts and their data."""
    pressed = [
        (button.text, PanelButton.unpack(button.callback_data))
        for button in buttons(SettingPage(gate, page, 0, None, chats))
        if button.callback_data is not None
    ]
    return [(text, data) for text, data in pressed if data.act is AdminActionKind.SET]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_parses_and_fits(language: str) -> None:
    for view in VIEWS:
        drawing = drawn(view, language)
        text, _ = parse_html(drawing.text)
        assert 0 < utf16(text) <= 4096, view
        assert "{" not in text.replace("{gate}", "").replace("{0}", ""), view
        if isinstance(view, GateList) and not view.gates:
            continue
        assert isinstance(drawing.keyboard, InlineKeyboardMarkup)
        rows = drawing.keyboard.inline_keyboard
        assert 0 < sum(len(row) for row in rows) <= 100
        assert all(0 < len(row) <= 8 for row in rows)
        for button in (button for row in rows for button in row):
            assert 0 < len(button.text) <= 64, button.text
            assert len((button.callback_data or "").encode()) <= 64
            assert button.copy_text is None or 0 < len(button.copy_text.text) <= 256
            does = [button.callback_data, button.url, button.copy_text]
            assert sum(action is not None for action in does) == 1


def test_names_from_outside_are_no_markup() -> None:
    gate = replace(GATE, title=HOSTILE[0])
    pages: list[PanelView] = [GateCard(gate, HEALTH, (), 0), *(SettingPage(gate, page, 0) for page in SETTING_PAGES)]
    for view in pages:
        text, _ = parse_html(drawn(view).text)
        assert "<b><b>" in text


def test_every_page_of_settings_says_what_it_means_for_who_waits() -> None:
    for page in SETTING_PAGES:
        text, _ = parse_html(drawn(SettingPage(GATE, page, 7)).text)
        told = [paragraph for paragraph in text.split("\n\n") if paragraph.startswith("👥")]
        assert len(told) == 1, page
        assert "7" in told[0]
        assert told[0].count(".") == 1
        assert "👥" not in drawn(SettingPage(GATE, page, 0)).text


def test_every_button_means_something_and_the_ticks_are_on_what_holds() -> None:
    full = replace(GATE, settings=replace(FULL, countries=("RU", "FR")))
    for gate in (GATE, full):
        for page in SETTING_PAGES:
            for text, data in choices(page, gate, CHATS):
                try:
                    after = chosen(gate.settings, Setting(data.key), data.value)
                except InvalidSettingError:
                    assert data.value == CountryRule.ONLY
                    continue
                is_toggle = data.value[:1] in ("+", "-")
                same = after == gate.settings if not is_toggle else data.value.startswith("-")
                assert text.startswith("✓ ") is (same and data.value not in ("none", "")), (page, text)


def test_the_card_leads_to_every_page_of_settings() -> None:
    opened = {
        PanelButton.unpack(button.callback_data).key
        for button in buttons(GateCard(GATE, HEALTH, (), 2))
        if button.callback_data is not None and button.callback_data.startswith("g:open")
    }
    beyond = {Page.TAG, Page.FURTHER}
    assert opened == ({page.value for page in SETTING_PAGES} - beyond) | {Page.PENDING, Page.LINK_TEST}
    granted = {data.callback_data for data in buttons(SettingPage(GATE, Page.GRANTED, 0))}
    assert {f"g:open:{GATE.chat_id}:{page}:" for page in beyond} <= granted


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_tells_each_ailment(language: str) -> None:
    words = TEXTS.in_language(language)
    details: dict[str, str | int] = {
        "notice": Notification.GATE_HAS_ISSUES,
        "title": HOSTILE[0],
        "ailments": " ".join(GateIssue),
    }

    text, _ = parse_html(notification(notice(**details), words))

    assert text.count("⚠️") == len(GateIssue)
    assert utf16(text) <= 4096


@pytest.mark.parametrize("which", Preset)
def test_the_present_preset_and_switch_are_marked(which: Preset) -> None:
    gate = replace(GATE, settings=preset(which, STANDARD), switch=GateMode.PAUSED)
    marked = [button.text for button in buttons(GateCard(gate, HEALTH, (), 0)) if button.text.startswith("✓")]
    assert marked == [f"✓ {which.value.capitalize()}", "✓ ⏸ Pause"]
    changed = replace(gate, settings=replace(gate.settings, accounts=7))
    marked = [button.text for button in buttons(GateCard(changed, HEALTH, (), 0)) if button.text.startswith("✓")]
    assert marked == ["✓ ⏸ Pause"]


def test_each_ailment_is_told_with_a_place_to_tap_and_no_two_alike() -> None:
    told = {parse_html(drawn(GateCard(GATE, HEALTH, (each,), 0, 3)).text)[0] for each in GateIssue}
    # Only the last paragraph mentions guards.
    assert len(told) == len(GateIssue) - 1
    for what in GateIssue:
        text = parse_html(drawn(GateCard(GATE, HEALTH, (what,), 0, 3)).text)[0]
        if what not in (GateIssue.NO_GUARD, GateIssue.NO_GUARD_HERE):
            assert "⚠️" in text
            assert "Edit" in text


def test_the_gates_own_link_is_shown_and_copied() -> None:
    made = GateCard(GATE, HEALTH, (), 0, 0, "https://t.me/+abc")
    by_link = GateCard(replace(GATE, settings=replace(STANDARD, way=EntryMode.LINK)), HEALTH, (), 0)
    for view, link in ((made, "https://t.me/+abc"), (by_link, f"{CHAT_URL}?start=in_{GATE.chat_id}")):
        assert link in parse_html(drawn(view).text)[0]
        assert [button.copy_text.text for button in buttons(view) if button.copy_text] == [link]
    none_yet = [button.text for button in buttons(GateCard(GATE, HEALTH, (), 0))]
    assert any("Make a link" in text for text in none_yet)


def test_the_log_page_leads_into_a_group() -> None:
    urls = [button.url for button in buttons(SettingPage(GATE, Page.LOG, 0)) if button.url]
    assert urls == [f"{CHAT_URL}?startgroup=log_{GATE.chat_id}"]


def test_the_welcome_is_shown_as_it_will_be() -> None:
    text, entities = parse_html(drawn(SettingPage(replace(GATE, settings=FULL), Page.WELCOME, 0)).text)
    assert FULL.welcome in text
    assert [entity["type"] for entity in entities] == ["bold", "blockquote"]


def test_a_difference_is_shown_line_by_line_also_when_it_lies_behind_what_is_shown() -> None:
    before, after = replace(STANDARD, welcome="w" * 100), replace(STANDARD, welcome="w" * 101, accounts=2)
    page = ImportPage(replace(GATE, settings=before), SETTINGS_FILE.changes(before, after), 0)
    lines = [line for line in parse_html(drawn(page).text)[0].split("\n") if line.startswith("•")]
    assert len(lines) == 2
    assert lines[0] == "• Accounts per phone: 1 → 2"


@pytest.mark.parametrize(
    ("page", "text", "setting", "value"),
    [
        (Page.DEADLINE, "90 minutes", Setting.DEADLINE, "90"),
        (Page.DEADLINE, "1h 30m", Setting.DEADLINE, "90"),
        (Page.DEADLINE, "2 Часа", Setting.DEADLINE, "120"),
        (Page.DEADLINE, "3 дня 1 ч.", Setting.DEADLINE, str(3 * 1440 + 60)),
        (Page.DEADLINE, "1 неделя", Setting.DEADLINE, str(7 * 1440)),
        (Page.DEADLINE, "999999 weeks", Setting.DEADLINE, str(10**8)),
        (Page.FRESH, "90", Setting.FRESH, "90"),
        (Page.FRESH, "2 weeks", Setting.FRESH, "14"),
        (Page.ACCOUNTS, " 3 ", Setting.ACCOUNTS, "3"),
        (Page.RAID, "50 in 10", Setting.RAID_SIZE, "50/10"),
        (Page.RAID, "50 за 10 минут", Setting.RAID_SIZE, "50/10"),
        (Page.COUNTRIES, "ru, Germany; Франция\n🇵🇱,-usa, − Кот-д’Ивуар", Setting.COUNTRIES, "+RU,+DE,+FR,+PL,-US,-CI"),
        (Page.TAG, " new ", Setting.TAG, "new"),
        (Page.WELCOME, "Hi\n\nthere ", Setting.WELCOME, "Hi\n\nthere"),
    ],
)
def test_what_people_write_is_understood(page: Page, text: str, setting: Setting, value: str) -> None:
    assert read_typed(page, text) == (setting, value)


@pytest.mark.parametrize(
    ("page", "text", "problem", "about"),
    [
        (Page.DEADLINE, "soon", SettingProblem.SPAN, ""),
        (Page.DEADLINE, "90", SettingProblem.SPAN, ""),
        (Page.DEADLINE, "2 months", SettingProblem.SPAN, ""),
        (Page.DEADLINE, "-5 minutes", SettingProblem.SPAN, ""),
        (Page.FRESH, "36 hours", SettingProblem.FRESH, ""),
        (Page.FRESH, "never", SettingProblem.SPAN, ""),
        (Page.ACCOUNTS, "two", SettingProblem.NUMBER, ""),
        (Page.ACCOUNTS, "²", SettingProblem.NUMBER, ""),
        (Page.RAID, "50", SettingProblem.RAID, ""),
        (Page.COUNTRIES, "RU, Narnia", SettingProblem.COUNTRY, "Narnia"),
        (Page.COUNTRIES, "XX", SettingProblem.COUNTRY, "XX"),
        (Page.COUNTRIES, "EU", SettingProblem.COUNTRY, "EU"),
        (Page.COUNTRIES, " , ", SettingProblem.COUNTRY, ""),
        (Page.COUNTRIES, "x" * 100, SettingProblem.COUNTRY, "x" * 40),
    ],
)
def test_what_is_not_understood_is_said(page: Page, text: str, problem: SettingProblem, about: str) -> None:
    with pytest.raises(InvalidSettingError) as refused:
        read_typed(page, text)
    assert (refused.value.problem, refused.value.about) == (problem, about)


def test_every_page_that_asks_for_words_has_a_reader() -> None:
    for page in TYPED:
        with contextlib.suppress(InvalidSettingError):
            read_typed(page, "1")


def test_countries_have_names_and_flags() -> None:
    assert flag("RU") == "🇷🇺"
    assert country("DE", "ru") == "Германия"
    assert country("??", "en") == "??"
    for code in COMMON:
        assert {code_of(code), code_of(country(code, "ru")), code_of(country(code, "en")), code_of(flag(code))} == {
            code
        }
