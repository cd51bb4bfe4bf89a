"""What stands in links that open the private chat: `https://t.me/<bot>?start=…` (64 characters of `A-Za-z0-9_-`)."""

from __future__ import annotations

import re
from enum import StrEnum

WITH_CHAT = re.compile(r"[a-z]+_(-?\d{1,15})(?:_(\d{1,15}))?")


class Start(StrEnum):
    """What a link is for; where it names a gate, `_<id>` follows, and where a person too, `_<id>` of theirs."""

    CONTACT = "contact"
    VERIFY = "verify"
    IN = "in"
    """A link into the chat of this gate."""
    GATE = "gate"
    """The panel of this gate."""
    WHO = "who"
    """This person at this gate."""
    PENDING = "pending"
    """Who waits at this gate."""
    LOG = "log"
    """In a group: the log of this gate goes here."""


def payload(start: Start, gate_id: int, user_id: int | None = None) -> str:
    """What stands behind `start=`."""
    return f"{start}_{gate_id}" + (f"_{user_id}" if user_id is not None else "")


def chat_id_of(text: str | None) -> int:
    """The gate that a payload names; 0, which is none, for one that names none."""
    match = WITH_CHAT.fullmatch(text or "")
    return int(match[1]) if match else 0


def user_id_of(text: str | None) -> int:
    """The person that a payload names; 0 for one that names nobody."""
    match = WITH_CHAT.fullmatch(text or "")
    return int(match[2]) if match and match[2] else 0
