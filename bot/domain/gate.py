"""A gate, and the requests that wait at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

DEADLINE = timedelta(hours=24)
"""How long a request may wait for its person to verify."""
FRESH_CHANCE = timedelta(hours=1)
"""What is left at least to those who waited while their gate was off."""
REACHABLE_FOR = timedelta(minutes=5)
"""How long a join request lets the bot write to a stranger (Bot API: `ChatJoinRequest.user_chat_id`)."""
QUERY_ANSWERED_WITHIN = timedelta(seconds=9)
"""Of the ten that Telegram waits for the bot's word before a guard join is a request like any other (Bot API 10.1)."""
APP_PATIENCE = timedelta(seconds=12)
"""How long a guard join waits for its Mini App to be opened before the person is written to as well."""
OPEN_APP_PATIENCE = timedelta(minutes=3)
"""The same once it was opened; within REACHABLE_FOR, so that who closed it can still be written to."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One chat that lets people in only when verified. `link` opens the chat for its members."""

    chat_id: int
    title: str
    username: str | None
    is_channel: bool
    is_on: bool

    @property
    def link(self) -> str:
        """An address that opens the chat for those who may see it."""
        if self.username:
            return f"https://t.me/{self.username}"
        return f"https://t.me/c/{str(self.chat_id).removeprefix('-100').removeprefix('-')}/1"


class RequestState(StrEnum):
    """Where a join request stands."""

    WAITING = "waiting"
    """Its person has not verified yet."""
    APPROVED = "approved"
    """Decided: they come in. Telling Telegram is the grant's business."""
    DECLINED = "declined"
    """Decided: they do not."""
    GONE = "gone"
    """Withdrawn, or handled by an admin."""


class Reach(StrEnum):
    """Whether the person of a request could be written to."""

    PENDING = "pending"
    REACHED = "reached"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """One person's wish to enter one gate. It can never be listed again at Telegram, so it is kept here.

    `query_id` is there when Telegram waits for the bot's word (a guard join).
    """

    gate_id: int
    user_id: int
    requested_at: datetime
    deadline_at: datetime
    state: RequestState
    query_id: str | None = None


class GrantKind(StrEnum):
    """What a confirmed person is given."""

    JOIN = "join"


class GrantState(StrEnum):
    """Whether the world already matches."""

    DUE = "due"
    DONE = "done"
    TOO_MANY_CHATS = "too_many_chats"
    """The person has to leave a chat first, then can ask for it again."""
    FAILED = "failed"
    """A final no from Telegram; operators were told."""
    GONE = "gone"
    """There was nothing left to grant: the request was withdrawn or declined by an admin."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One thing one person is given at one gate. The three together are its key."""

    gate_id: int
    user_id: int
    kind: GrantKind
    state: GrantState
