"""Hebrew and Arabic on a system that does not order them come out as from FriBiDi, the common library for that."""

from __future__ import annotations

import random
import unicodedata

import pytest

from bot.i18n.right_to_left import MIRRORED, visual_order


def back(text: str) -> str:
    return text[::-1]


HEBREW = [
    ("חברי הקיבוץ (קבוצה 2)", "(2 " + back("קבוצה") + ") " + back("חברי הקיבוץ")),
    ("Дом 5 חברי (12) ok", "Дом 5 (12) " + back("חברי") + " ok"),
    ("50% חברי", back("חברי") + " 50%"),
    ("חברי-5", "5-" + back("חברי")),
    ("№ 12 — חברי", back("חברי") + " — 12 №"),
    ("חברי, ABC (x) 12!", "!ABC (x) 12 ," + back("חברי")),
    ("«חברי» [א (b]", "[b) " + back("א") + "] «" + back("חברי") + "»"),
    ("חברי +7 (999) 12-34", "12-34 (999) 7+ " + back("חברי")),
    ("12,5:3 חברי ()", "() " + back("חברי") + " 12,5:3"),
    ("A חברי [א) b", "A " + back("חברי [א").replace("[", "]") + ") b"),
    ("שָׁלוֹם", back("שלום")),
    ("\u200fחברי\u200e", back("חברי")),
    ("e\u0301 א", "e\u0301 א"),
]
ARABIC = [
    # A group of the new quarter, 12 (A1): joined letters, and two kinds of digits.
    (
        "مجموعة الحي الجديد ١٢ (A1)",
        "(A1) ١٢ \ufeaa\ufef3\ufeaa\ufea0\ufedf\ufe8d \ufef2\ufea4\ufedf\ufe8d \ufe94\ufecb\ufeee\ufee4\ufea0\ufee3",
    ),
    # Lam with alef is one letter, alone and after another one.
    ("لا بلا", "\ufefc\ufe91 \ufefb"),
    # A letter beyond Arabic, from Persian.
    ("پیام", "\ufee1\ufe8e\ufbff\ufb58"),
    # The invisible non-joiner separates letters, marks do not.
    ("بـ ب\u200cب ب\u064eب", "\ufe90\ufe91 \ufe8f\ufe8f \u0640\ufe91"),
    # Arabic digits and signs between Latin ones.
    ("ЖК ب (2), 3", "ЖК 3 ,(2) \ufe8f"),
    ("$1 ب 5% (3/4) 1,5", "1,5 (3/4) %5 \ufe8f $1"),
]


@pytest.mark.parametrize(("text", "shown"), HEBREW + ARABIC)
def test_it_is_ordered_and_joined(text: str, shown: str) -> None:
    assert visual_order(text) == shown


@pytest.mark.parametrize("text", ["", "Дом 5 (2)", "a\u200db", ") ["])
def test_what_has_no_letter_from_right_to_left_stays_as_it_is(text: str) -> None:
    assert visual_order(text) == text


def test_nothing_is_lost_whatever_a_title_holds() -> None:
    chance = random.Random(1)
    characters = "אבג ABя 12٣ ()[]{}.,-+%/«»!$:\u0600\u0301\u2067\u2069\u202e"

    for _ in range(2000):
        title = "".join(chance.choices(characters, k=chance.randint(1, 14)))
        shown = visual_order(title)
        if shown != title:
            assert sorted(letters(shown)) == sorted(letters(title))


def letters(text: str) -> str:
    """Remove what leaves no trace, and brackets without a partner."""
    openings = "".join(min(char, MIRRORED.get(char, char)) for char in text)
    return "".join(char for char in openings if unicodedata.category(char) not in ("Cf", "Mn"))
