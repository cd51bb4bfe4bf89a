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
    PresetsPage,
    SettingPage,
    SettingsPage,
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
from bot.domain.setting_choices import CONFIRMED, REFUSABLE, SETTING_PAGES, TYPED, Page, Setting, chosen
from bot.features.settings.file_format import JsonSettingsFile
from bot.features.settings.words import PAGE_WORDS, WAYS, WAYS_EXPLAINED, read_typed
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
        for health in (None, HEALTH, replace(HEALTH, guard_possible=True)):
            yield SettingsPage(gate, health)
        for asks in (True, False):
            yield PresetsPage(gate, 3, asks_to_open=asks)
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


def opened(view: PanelView) -> list[str]:
    """Return the pages to which the buttons of a page lead."""
    data = [button.callback_data or "" for button in buttons(view)]
    return [PanelButton.unpack(one).key for one in data if one.startswith("g:open")]


def test_every_setting_is_at_most_three_taps_from_the_card() -> None:
    assert opened(GateCard(GATE, HEALTH, (), 2)) == [Page.SETTINGS, Page.PENDING, Page.LINK_TEST]
    beyond = [Page.TAG, Page.FURTHER]
    second = opened(SettingsPage(GATE, HEALTH))
    assert sorted(second) == sorted({*SETTING_PAGES, Page.PRESETS, Page.CARD} - {*beyond})
    assert opened(SettingPage(GATE, Page.GRANTED, 0)) == [*beyond, Page.SETTINGS]


def cards() -> Iterator[GateCard]:
    """Yield the card in every state, with every switch and way in, with and without a link and people who wait."""
    links = ("", "https://t.me/+abc")
    for state, switch, way, link, waiting in itertools.product(GateState, GateMode, EntryMode, links, (0, 1234)):
        gate = replace(GATE, switch=switch, settings=replace(STANDARD, way=way))
        yield GateCard(gate, HEALTH, (), waiting, link=link, state=state)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_has_few_buttons_and_its_settings_come_first(language: str) -> None:
    for card in cards():
        keyboard = drawn(card, language).keyboard
        assert isinstance(keyboard, InlineKeyboardMarkup)
        rows = keyboard.inline_keyboard
        shown = [button for row in rows for button in row]
        assert len(shown) <= 8
        assert len(rows) <= 7
        assert all(len(row) <= 2 and (len(row) == 1 or all(len(b.text) <= 18 for b in row)) for row in rows)
        first = [PanelButton.unpack(button.callback_data or "") for button in shown[: 3 if card.waiting else 2]]
        assert [data.key or data.act for data in first] == [
            Page.SETTINGS,
            *([Page.PENDING] if card.waiting else []),
            AdminActionKind.STATS,
        ]
        assert all("0" not in button.text for button in shown) or card.waiting


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_of_settings_says_what_is_set_in_a_line_each(language: str) -> None:
    for settings in (STANDARD, FULL, preset(Preset.OPEN, STANDARD)):
        drawing = drawn(SettingsPage(replace(GATE, settings=settings), None), language)
        lines = parse_html(drawing.text)[0].split("\n\n")[1].split("\n")
        labels = [words.label for words in PAGE_WORDS.values() if words.value is not None]
        assert [line.partition(": ")[0] for line in lines[1:]] == [TEXTS.in_language(language)(one) for one in labels]
        assert all(line.partition(": ")[2] and len(line) <= 64 for line in lines), lines
        assert isinstance(drawing.keyboard, InlineKeyboardMarkup)
        for row in drawing.keyboard.inline_keyboard:
            assert len(row) <= 2 or all(len(word) <= 9 for button in row for word in button.text.split())


def test_the_settings_say_whether_guard_joins_are_possible() -> None:
    for health in (HEALTH, replace(HEALTH, guard_possible=True)):
        assert "Guard joins" in drawn(SettingsPage(GATE, health)).text
        assert "Guard joins" not in drawn(GateCard(GATE, health, tuple(GateIssue), 0)).text


def test_each_preset_is_explained_before_it_is_chosen_and_no_comes_first_at_the_question() -> None:
    text = parse_html(drawn(PresetsPage(GATE, 0)).text)[0]
    assert all(f"{which.value.capitalize()}: " in text for which in Preset)
    question = PresetsPage(GATE, 3, asks_to_open=True)
    assert "3 people waiting get in" in drawn(question).text
    no, yes = (PanelButton.unpack(button.callback_data or "") for button in buttons(question))
    assert (no.act, no.key, no.value) == (AdminActionKind.OPEN, Page.PRESETS, "")
    assert (yes.act, yes.key, yes.value) == (AdminActionKind.PRESET, CONFIRMED, Preset.OPEN)


@pytest.mark.parametrize("current", EntryMode)
def test_every_way_in_is_explained_before_it_is_chosen(current: EntryMode) -> None:
    gate = replace(GATE, settings=replace(STANDARD, way=current))
    text = parse_html(drawn(SettingPage(gate, Page.WAY, 0)).text)[0]
    lines = text.split("\n\n")[1 : 1 + len(EntryMode)]
    for way, line in zip(EntryMode, lines, strict=True):
        assert line.startswith("✓ ") is (way is current)
        assert line.endswith(f"{WAYS[way].button}. {WAYS_EXPLAINED[way]}")
    channel = drawn(SettingPage(replace(gate, is_channel=True), Page.WAY, 0)).text
    assert WAYS_EXPLAINED[EntryMode.MUTE] not in channel


@pytest.mark.parametrize("switch", GateMode)
def test_the_card_offers_to_pause_a_gate_that_is_on_and_to_switch_on_any_other(switch: GateMode) -> None:
    card = GateCard(replace(GATE, switch=switch), HEALTH, (), 0)
    (offered,) = [button.text for button in buttons(card) if (button.callback_data or "").startswith("g:switch")]
    assert offered == ("⏸ Pause" if switch is GateMode.ON else "▶️ On")


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
    assert marked(SettingsPage(gate, HEALTH)) == ["✓ ⏸ Pause"]
    assert marked(PresetsPage(gate, 0)) == [f"✓ {which.value.capitalize()}"]
    changed = replace(gate, settings=replace(gate.settings, accounts=7))
    assert marked(PresetsPage(changed, 0)) == []


def marked(view: PanelView) -> list[str]:
    return [button.text for button in buttons(view) if button.text.startswith("✓")]


def test_each_ailment_is_told_with_a_place_to_tap_and_no_two_alike() -> None:
    told = {parse_html(drawn(GateCard(GATE, HEALTH, (each,), 0, 3)).text)[0] for each in GateIssue}
    # The page of settings says what there is to say about guards.
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
