"""How people are named to admins: a short name that advertises nothing, with a link to who it is."""

from __future__ import annotations

import unicodedata

from bot.telegram.texts import apart, visible

LONGEST = 16
MOST_DIGITS = 3
"""More could be a phone, or a price."""
JOINTS = "-'’"


MOST_DIGITS_OF_TITLE = 6
"""Streets and years have some; a phone has more."""
LONGEST_TITLE = 64


def harmless(name: str, user_id: int) -> str:
    """A name without what could be a link, a mention, markup, a phone or a picture; the id where nothing is left."""
    return _harmless(name, LONGEST, MOST_DIGITS) or f"id {user_id}"


def harmless_title(title: str) -> str:
    """The same for the title of a chat: its admins chose it, and others read it. Nothing in it needs escaping."""
    return apart(_harmless(title, LONGEST_TITLE, MOST_DIGITS_OF_TITLE) or "…")


def _harmless(name: str, longest: int, most_digits: int) -> str:
    # A sign between two letters becomes a space, so that “join.chat” is two words and no address.
    plain = "".join(char if char in JOINTS or unicodedata.category(char)[0] in "LMN" else " " for char in name)
    if sum(char.isnumeric() for char in plain) > most_digits:
        plain = "".join(" " if char.isnumeric() else char for char in plain)
    words = [word for word in plain.split() if word.strip(JOINTS)]
    return visible(" ".join(words), longest) if words else ""


def mention(name: str, user_id: int) -> str:
    """The same as HTML, opening their profile where Telegram lets it. Nothing in a harmless name needs escaping."""
    return f'<a href="tg://user?id={user_id}">{apart(harmless(name, user_id))}</a>'
