"""The charsets a callback may come in: windows-1251, unless its URL, content type or bytes say otherwise.

SMSC documents windows-1251, utf-8 and koi8-r. The names are looked up here rather than in Python's registry,
which holds codecs that are no charsets (compression, escapes).
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence

from bot.gateway.forms import UnreadableError

CHARSETS = {
    "windows-1251": "cp1251",
    "windows1251": "cp1251",
    "win-1251": "cp1251",
    "cp1251": "cp1251",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "koi8-r": "koi8-r",
    "koi8r": "koi8-r",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
}
"""Name on the wire, in lower case → Python's codec. ASCII is read as its superset."""

NOT_ASCII = ("utf-7", "utf7", "utf-16", "utf16", "utf-32", "utf32", "ucs", "iso-2022", "hz", "ebcdic", "cp037")
"""Prefixes of charsets in which ASCII bytes may mean something else."""

DEFAULT = ("utf-8", "cp1251")
"""When no charset is named. windows-1251 is SMSC's default, but Russian text in it is no valid utf-8, while
text in utf-8 nearly always looks valid in windows-1251; so this order gets both right."""

SIGNED = tuple(dict.fromkeys(CHARSETS.values()))
"""Every charset in which signed text may have been written."""


def codec(name: str) -> str:
    """Return Python's codec for a charset named on the wire. Under an unknown name read only ASCII, which is the same
    in nearly all of them. Raises UnreadableError where it is not."""
    known = name.strip().strip("\"'").lower()
    if known.startswith(NOT_ASCII):
        raise UnreadableError("the charset is unknown")
    return CHARSETS.get(known, "ascii")


def decode(pieces: Sequence[bytes], codecs: Sequence[str]) -> list[str]:
    """Return all `pieces` in the first of `codecs` that fits every one of them. UnreadableError if none does."""
    for name in codecs:
        try:
            return [piece.decode(name) for piece in pieces]
        except UnicodeDecodeError:
            continue
    raise UnreadableError("the text is not in the charset it is said to be in")


def without_mark(body: bytes, codecs: Sequence[str]) -> tuple[bytes, Sequence[str]]:
    """Return `body` without a byte order mark. A mark outweighs every name: only utf-8 begins with one."""
    if body.startswith(BOM_UTF8):
        return body.removeprefix(BOM_UTF8), ("utf-8",)
    return body, codecs
