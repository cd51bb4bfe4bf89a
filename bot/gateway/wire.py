"""What callbacks and the inbox have in common."""

from __future__ import annotations

CALL_TEXT = "[waitcall]"
"""The text under which SMSC files a call among incoming messages (SMSC documentation)."""

MAX_TEXT = 64


def is_call_text(text: str) -> bool:
    """Whether the text of an incoming message says that it was a call."""
    return text.strip().lower() == CALL_TEXT


def plain(text: str) -> str:
    """`text` without control characters, at most 64 characters: fit for a database column and a log line."""
    return "".join(filter(str.isprintable, text)).strip()[:MAX_TEXT]
