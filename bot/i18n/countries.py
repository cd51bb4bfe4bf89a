"""Countries by their names and flags."""

from __future__ import annotations

import functools

from babel import Locale

from bot.i18n.texts import LANGUAGES

FLAG_A = 0x1F1E6
"""The first of the letters that spell flags."""
NOT_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
COMMON = ("RU", "BY", "KZ", "UA", "UZ", "KG", "TJ", "AM", "AZ", "GE", "MD", "TR", "RS", "DE", "IL", "US")
"""Countries that have a button without being listed."""
OTHER_NAMES = {
    "usa": "US",
    "uk": "GB",
    "uae": "AE",
    "turkey": "TR",
    "сша": "US",
    "оаэ": "AE",
    "англия": "GB",
    "белоруссия": "BY",
    "киргизия": "KG",
    "молдавия": "MD",
}


def country(code: str, language: str) -> str:
    """Return the name of a country in a language, or its code."""
    return _names(language).get(code, code)


def flag(code: str) -> str:
    """Return the flag of a country."""
    return "".join(chr(FLAG_A + ord(letter) - ord("A")) for letter in code)


def code_of(text: str) -> str | None:
    """Return the country meant by a code, a flag or a name in any of our languages; None when there is none."""
    spelled = "".join(
        chr(ord(char) - FLAG_A + ord("a")) if FLAG_A <= ord(char) < FLAG_A + 26 else char for char in text
    )
    return _codes().get(_key(spelled))


def _key(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").replace("-", " ").split())


@functools.cache
def _names(language: str) -> dict[str, str]:
    territories = Locale(language).territories
    return {
        code: name
        for code, name in territories.items()
        if len(code) == 2 and code.isalpha() and code not in NOT_COUNTRIES
    }


@functools.cache
def _codes() -> dict[str, str]:
    named = {_key(name): code for language in LANGUAGES for code, name in _names(language).items()}
    return OTHER_NAMES | named | {code.lower(): code for code in _names(LANGUAGES[0])}
