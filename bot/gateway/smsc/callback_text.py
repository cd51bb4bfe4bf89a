"""What callbacks and the inbox have in common."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

CALL_TEXT = "[waitcall]"
"""The text under which SMSC files a call among incoming messages (SMSC documentation)."""

MAX_TEXT = 64
_SCHEME = re.compile(r"(?:tel|callto|sips?):", re.IGNORECASE)
_AFTER_NUMBER = re.compile(r"[@;]")


def is_call_text(text: str) -> bool:
    """Return whether the text of an incoming message says that it was a call."""
    return text.strip().lower() == CALL_TEXT


def plain(text: str) -> str:
    """Return `text` without control characters, at most 64 characters: fit for a database column and a log line."""
    return "".join(filter(str.isprintable, text)).strip()[:MAX_TEXT]


def seen(text: str) -> str:
    """Return `text` without invisible characters, such as direction marks."""
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def number(text: str) -> str:
    """Return a phone number as the gateway wrote it, fit for a column, in ASCII digits. Take it out of an address (RFC
    3261 `sip:`, RFC 3966 `tel:`), also when its plus was encoded twice."""
    written = "".join(str(unicodedata.decimal(char, char)) for char in plain(unquote(text)))
    return _AFTER_NUMBER.split(_SCHEME.sub("", written, count=1), maxsplit=1)[0].strip()
