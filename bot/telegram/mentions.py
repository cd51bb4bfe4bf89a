"""People's names as admins see them: short, free of advertising, and linked to the profile."""

from __future__ import annotations

import re
import unicodedata

from bot.telegram.texts import apart, drawn, shown, visible

LONGEST = 16
MOST_DIGITS = 3
"""More could be a phone, or a price."""
JOINTS = "-'’"


PHONE = re.compile(r"\+?\d(?:[\s().+-]*\d){6,}")
"""Streets and years have fewer digits in a row."""
LINKING = re.compile(
    r"""
    [@#$]               # mentions, and what is searched for
    | :(?=//)           # a scheme
    | (?<!\d)/|/(?!\d)  # paths and commands; 12/3 is a house
    | (?<=\w)[.\u3002\uff0e\uff61](?=[^\W\d])  # a dot before letters, as in addresses
    """,
    re.VERBOSE,
)
"""What turns part of a title into a link in a client."""


def harmless(name: str, user_id: int) -> str:
    """Return a name without anything that could be a link, a mention, markup, a phone or a picture; the id if nothing
    is left."""
    # A sign between two letters becomes a space, so that “join.chat” is two words and not an address.
    plain = "".join(char if char in JOINTS or unicodedata.category(char)[0] in "LMN" else " " for char in drawn(name))
    if sum(char.isnumeric() for char in plain) > MOST_DIGITS:
        plain = "".join(" " if char.isnumeric() else char for char in plain)
    words = [word for word in plain.split() if any(unicodedata.category(char)[0] in "LN" for char in word)]
    return visible(" ".join(words), LONGEST) if words else f"id {user_id}"


def harmless_title(title: str) -> str:
    """Return a chat's title as HTML, without anything that could be a link, a mention or a phone: its admins chose it,
    and others read it."""
    return apart(shown(PHONE.sub(" ", LINKING.sub(" ", visible(title)))))


def mention(name: str, user_id: int) -> str:
    """Return the harmless name as HTML that opens the profile where Telegram allows it. Nothing in it needs
    escaping."""
    return f'<a href="tg://user?id={user_id}">{apart(harmless(name, user_id))}</a>'
