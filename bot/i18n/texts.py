"""Texts in the reader's language, from the gettext catalogues in `bot/locales`.

The catalogues are plain `.po` files, read once at start, so there is nothing to compile.
"""

from __future__ import annotations

import functools
import io
import re
import unicodedata
from datetime import datetime
from gettext import GNUTranslations, NullTranslations
from html import escape
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent.parent / "locales"
LANGUAGES = ("en", "ru")
LONGEST_NAME = 64
ISOLATE, END_OF_ISOLATE = "\u2068", "\u2069"
FROM_RIGHT = ("R", "AL")
BLANKS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065\u2800\u3164\uffa0\U00013441\U00013442\U0001d159"
)
"""Letters and signs that draw nothing, although their category does not say so (Unicode, Default_Ignorable_Code_Point;
the empty pattern of Braille; the null notehead; the full and half blank among hieroglyphs)."""

UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _(text: str) -> str:
    """Mark a text for the catalogues; `Words` translates it where it is shown."""
    return text


def unbroken(mask: str) -> str:
    """Return the mask of a phone with spaces and hyphens at which no line breaks."""
    return mask.replace(" ", "\N{NO-BREAK SPACE}").replace("-", "\N{NON-BREAKING HYPHEN}")


def storable(text: str) -> str:
    """Return the text without what a database cannot store: NUL (PostgreSQL) and halves of surrogate pairs (both).
    Anybody may put them into a name or a title, and Telegram's error texts may quote them."""
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text) if UNSTORABLE.search(text) else text


class Texts:
    """All catalogues. `Texts().in_language("ru")` gives a `Words`."""

    def __init__(self, default: str) -> None:
        """`default`: the language for readers whose own is not available."""
        self._default = default
        self._words = {language: Words(language, _catalogue(language)) for language in LANGUAGES}

    def in_language(self, code: str) -> Words:
        """Return the words for a Telegram `language_code` such as "ru" or "en-GB"; the default for others."""
        return self._words[self.pick(code)]

    def accepted(self, header: str) -> Words:
        """Return the words for an Accept-Language header; the default for a reader of none of our languages."""
        # Browsers list the preferred language first; weights that say otherwise are not worth a parser.
        for part in header.split(","):
            language = part.partition(";")[0].strip().partition("-")[0].lower()
            if language in LANGUAGES:
                return self._words[language]
        return self._words[self._default]

    def pick(self, code: str | None) -> str:
        """Return which of our languages a reader with this `language_code` gets."""
        language = (code or "").replace("_", "-").split("-")[0].lower()
        return language if language in LANGUAGES else self._default


class Words:
    """One language. Call it with the English text to get that text in this language."""

    def __init__(self, language: str, catalogue: NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue

    def __call__(self, text: str, /, **values: object) -> str:
        """Return the text, with `{names}` filled in. Escape values from outside first (`shown`)."""
        return self._catalogue.gettext(text).format_map(values)

    def many(self, one: str, other: str, count: int) -> str:
        """Return the right plural form, with `{count}` filled in."""
        return self._catalogue.ngettext(one, other, count).format(count=count)

    def moment(self, moment: datetime, now: datetime) -> str:
        """Format a moment as every client shows it: `<tg-time>` with the clock time inside for old clients."""
        return f'<tg-time unix="{int(moment.timestamp())}" format="r">{self.clock(moment, now)}</tg-time>'

    def clock(self, moment: datetime, now: datetime) -> str:
        """Format a moment in UTC for readers whose time zone is unknown; with the date if it is not today."""
        return f"{moment:%H:%M} UTC" if moment.date() == now.date() else f"{moment:%d.%m %H:%M} UTC"


def visible(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a name or title from outside as plain text: one line, short, nothing invisible, never empty."""
    cleaned = " ".join(drawn(name).split())
    if not any(unicodedata.category(char)[0] in "LNPSC" for char in cleaned):
        # Marks without their letters.
        return "…"
    if len(cleaned) > longest:
        cleaned = cleaned[: longest - 1].rstrip() + "…"
    return cleaned or "…"


def drawn(name: str) -> str:
    """Return a name without invisible characters: control, format, private use. A character that this Python does not
    know may be a newer emoji, and stays."""
    return "".join(" " if char.isspace() else char for char in name if char.isspace() or not _draws_nothing(char))


def _draws_nothing(char: str) -> bool:
    is_reserved = "\U000e0000" <= char <= "\U000e0fff" or "\ufff0" <= char <= "\ufff8"
    return char in BLANKS or is_reserved or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co")


def shown(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a name or title from outside, safe in our HTML."""
    return escape(visible(name, longest), quote=False)


def apart(name: str) -> str:
    """Isolate a right-to-left name, so that it does not reorder the text around it."""
    is_turned = any(unicodedata.bidirectional(char) in FROM_RIGHT for char in name)
    return f"{ISOLATE}{name}{END_OF_ISOLATE}" if is_turned else name


@functools.cache
def _catalogue(language: str) -> NullTranslations:
    if language == "en":
        return NullTranslations()
    with (LOCALES / language / "LC_MESSAGES" / "callgate.po").open("rb") as po_file:
        catalog = read_po(po_file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
