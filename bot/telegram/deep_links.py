"""Payloads of links that open the private chat: `https://t.me/<bot>?start=…` (64 characters of `A-Za-z0-9_-`)."""

from __future__ import annotations

import re
from enum import StrEnum

WITH_CHAT = re.compile(r"[a-z]+_(-?\d{1,15})(?:_(\d{1,15}))?")


class Start(StrEnum):
    """What a link is for; followed by `_<id>` of the gate and `_<id>` of the person, where it names them."""

    CONTACT = "contact"
    VERIFY = "verify"
    IN = "in"
    """A link into the chat of this gate."""
    GATE = "gate"
    """The panel of this gate."""
    WHO = "who"
    """This person at this gate."""
    PENDING = "pending"
    """The list of people waiting at this gate."""
    LOG = "log"
    """In a group: post the log of this gate here."""


GROUP_RIGHTS = "invite_users+restrict_members+delete_messages"
CHANNEL_RIGHTS = "invite_users+restrict_members"
"""The rights that the bot asks for; without a tag or other extras it needs no more."""


def to_add_to_group(chat_url: str) -> str:
    """Return the link that lets somebody choose a group and make the bot an administrator there."""
    return f"{chat_url}?startgroup&admin={GROUP_RIGHTS}"


def to_add_to_channel(chat_url: str) -> str:
    """Return the link that does the same for a channel."""
    return f"{chat_url}?startchannel&admin={CHANNEL_RIGHTS}"


def payload(start: Start, gate_id: int, user_id: int | None = None) -> str:
    """Return the value of `start=`."""
    return f"{start}_{gate_id}" + (f"_{user_id}" if user_id is not None else "")


def chat_id_of(text: str | None) -> int:
    """Return the gate that a payload names; 0, which is no gate, if it names none."""
    match = WITH_CHAT.fullmatch(text or "")
    return int(match[1]) if match else 0


def user_id_of(text: str | None) -> int:
    """Return the person that a payload names; 0 if it names nobody."""
    match = WITH_CHAT.fullmatch(text or "")
    return int(match[2]) if match and match[2] else 0
