"""Every text exists in every language, and fits where it is put."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot import settings
from bot.features.settings.words import LANGUAGE_NAMES
from bot.i18n.texts import LANGUAGES, LOCALES, Texts, shown, visible
from bot.telegram.commands import OTHER_LANGUAGES
from tests import text_rules

ROOT = Path(__file__).parent.parent
KEYWORDS = {"words": None, "_": None, "many": (1, 2)}
PLACEHOLDER = re.compile(r"\{\w+\}|</?\w+>")


def texts_in_code() -> set[str | tuple[str, ...]]:
    found: set[str | tuple[str, ...]] = set()
    for folder in ("bot/features", "bot/delivery", "bot/telegram", "bot/i18n", "bot/web", "handlers"):
        for _, _, text, _, _ in extract_from_dir(ROOT / folder, [("**.py", "python")], keywords=KEYWORDS):
            found.add(text if isinstance(text, str) else tuple(text))
    return found


def catalogue(language: str) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES" / "callgate.po").open("rb") as po_file:
        return read_po(po_file, locale=language)


OTHERS = [language for language in LANGUAGES if language != "en"]


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_holds_exactly_the_texts_of_the_code(language: str) -> None:
    translated = {message.id for message in catalogue(language) if message.id and message.string}
    assert translated == texts_in_code()


@pytest.mark.parametrize("language", OTHERS)
def test_translations_keep_placeholders_and_markup_and_none_is_fuzzy(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        if message.pluralizable:
            forms = [form for form in message.string or () if form]
            assert len(forms) == catalogue(language).num_plurals, message.id
            assert all("{count}" in form for form in forms), message.id
        else:
            expected = sorted(PLACEHOLDER.findall(str(message.id)))
            assert sorted(PLACEHOLDER.findall(str(message.string))) == expected, message.id


def test_no_text_is_hidden_in_an_f_string_where_no_tool_finds_it() -> None:
    nested = re.compile(r"""\bf(?:"[^"\n]*\{[^}"\n]*\bwords\(['"]|'[^'\n]*\{[^}'\n]*\bwords\(['"])""")
    for folder in ("bot/features", "bot/delivery", "bot/telegram", "bot/i18n", "bot/web", "handlers"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not nested.search(path.read_text()), path


@pytest.mark.parametrize(
    ("code", "language"),
    [("ru", "ru"), ("ru-RU", "ru"), ("en-GB", "en"), ("EN", "en"), ("de", "ru"), (None, "ru"), ("", "ru")],
)
def test_a_reader_gets_their_language_or_the_default(code: str | None, language: str) -> None:
    assert Texts("ru").pick(code) == language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("en-GB,en;q=0.9,ru;q=0.8", "en"),
        ("de-DE, de;q=0.9, RU-ru;q=0.5", "ru"),
        ("de", "ru"),
        ("", "ru"),
        ("*;q=,;;,-,\u0435\u043d", "ru"),
    ],
)
def test_a_browser_gets_the_first_of_our_languages_that_it_asks_for(header: str, language: str) -> None:
    assert Texts("ru").accepted(header).language == language


def test_russian_counts_in_three_forms() -> None:
    words = Texts("en").in_language("ru")
    one, other = "You can get a new number in {count} minute.", "You can get a new number in {count} minutes."
    counted = [words.many(one, other, count).partition("через ")[2] for count in (1, 3, 5, 21)]
    assert counted == ["1 минуту.", "3 минуты.", "5 минут.", "21 минуту."]


def test_a_moment_of_another_day_is_shown_with_its_date() -> None:
    words = Texts("en").in_language("en")
    now = datetime(2026, 3, 1, 23, 50, tzinfo=UTC)
    assert words.moment(now + timedelta(minutes=5), now) == '<tg-time unix="1772409300" format="r">23:55 UTC</tg-time>'
    assert ">02.03 00:05 UTC<" in words.moment(now + timedelta(minutes=15), now)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("<b>Owners</b>", "&lt;b&gt;Owners&lt;/b&gt;"),
        ("A & B", "A &amp; B"),
        ("one\n\n two", "one two"),
        ("\u202eevil\u2066", "evil"),
        ("\u200b", "…"),
        ("я" * 80, "я" * 63 + "…"),
    ],
)
def test_names_from_outside_are_escaped_and_shortened(name: str, safe: str) -> None:
    assert shown(name) == safe


NOTHING = (
    "",
    " ",
    "\u3164",
    "\u2065",
    "\U00013441\U00013442",
    "\u2800",
    "\uffa0",
    "\u115f",
    "\u034f",
    "\u00ad",
    "\u200b",
    "\u2066",
    "\u0301",
    "\ufe0f",
    "\ue000",
    "\0",
    "\u2800 \u1160",
    "\U000e0020",
)


@pytest.mark.parametrize("title", NOTHING)
def test_a_title_that_draws_nothing_is_a_sign_of_its_own(title: str) -> None:
    assert visible(title) == "…"


@pytest.mark.parametrize("title", ["Flats", "🔥", "❤️", "🫨", "квартиры", "+1", "e\u0301", "שלום"])
def test_a_title_that_draws_something_stays_as_it_is(title: str) -> None:
    assert visible(title) == title


def test_every_place_that_lists_our_languages_lists_the_same() -> None:
    assert set(LANGUAGES) == set(settings.LANGUAGES) == set(LANGUAGE_NAMES)
    assert not set(LANGUAGES) & set(OTHER_LANGUAGES)


def texts_of(language: str) -> list[str]:
    found: list[str] = []
    for message in catalogue(OTHERS[0]):
        said = message.id if language == "en" else message.string
        found += [said] if isinstance(said, str) else [form for form in said or () if form]
    return [text for text in found if text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_has_a_wording_that_was_given_up(language: str) -> None:
    found = [offence for text in texts_of(language) for offence in text_rules.offences(text, language)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("language", "planted"),
    [
        ("en", "👥 Who waits comes in now."),
        ("en", "Done. Whoever is in stays in."),
        ("en", "It is over — who waits comes in."),
        ("ru", "👥 Кто ждёт, войдёт сейчас."),
        ("en", "They are told."),
        ("en", "It is noted with the others."),
        ("en", "They are to be removed."),
        ("en", "⏳ to be muted"),
        ("en", "They have to verify anew."),
        ("en", "{count} people came round the gate."),
        ("en", "0 came past the gate."),
        ("ru", "Вошли в обход проверки."),
        ("ru", "Похоже на набег."),
        ("en", "The gate is not guarded. give me the right."),
        ("ru", "Проверка не нужна. дайте право."),
        ("en", "a mask, such as +7 ••• ••• 12-34"),
        ("ru", "маска, например +7 ••• ••• 12-34"),
    ],
)
def test_each_rule_about_wording_catches_what_it_is_for(language: str, planted: str) -> None:
    assert list(text_rules.offences(planted, language))


def test_questions_and_quoted_settings_may_say_who() -> None:
    allowed = ("Who can come in?", "“Who can send messages”: choose “Only members”.", "the person who asks")
    assert not [offence for text in allowed for offence in text_rules.offences(text, "en")]
