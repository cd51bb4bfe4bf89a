"""What must be done outside, and how it went. The courier carries; these are its parcels and receipts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from bot.domain.gate import GrantKind
from bot.domain.screen import View

RETRY_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 15, 30, 60))
"""How long a delivery rests after each failure that may pass; the last repeats."""


def pause_after(attempts: int) -> timedelta:
    """The rest after the `attempts`-th failure in a row (1 is the first)."""
    return RETRY_PAUSES[min(attempts, len(RETRY_PAUSES)) - 1]


class ErrandKind(StrEnum):
    """One-off things to do in Telegram that are neither a grant nor a screen."""

    OPEN_APP = "open_app"
    """Have Telegram open the Mini App for a guard join."""
    QUEUE_JOIN = "queue_join"
    """Tell Telegram to treat a guard join like any other request."""
    ANSWER_BUTTON = "answer_button"
    """Tell Telegram that a pressed button was heard."""
    DECLINE_JOIN = "decline_join"
    DELETE_MESSAGE = "delete_message"
    NOTIFY = "notify"
    """A message to an operator, an admin or, about a failure, to a person."""


class Urgency(IntEnum):
    """Which errands go first."""

    AT_ONCE = 0
    """Telegram itself waits, and only for seconds: guard joins."""
    SOON = 1
    """A person looks at it: pressed buttons, messages to take away."""
    LATER = 2


URGENCY = {
    ErrandKind.OPEN_APP: Urgency.AT_ONCE,
    ErrandKind.QUEUE_JOIN: Urgency.AT_ONCE,
    ErrandKind.ANSWER_BUTTON: Urgency.SOON,
    ErrandKind.DELETE_MESSAGE: Urgency.SOON,
    ErrandKind.DECLINE_JOIN: Urgency.LATER,
    ErrandKind.NOTIFY: Urgency.LATER,
}


class Notice(StrEnum):
    """What a NOTIFY errand says."""

    GATE_ON = "gate_on"
    GATE_LACKS_RIGHT = "gate_lacks_right"
    GATE_OFF = "gate_off"
    GATEWAY_TROUBLE = "gateway_trouble"
    GATEWAY_WRONG_PARAMETERS = "gateway_wrong_parameters"
    GRANT_FAILED = "grant_failed"
    FAILURE = "failure"
    FAILURE_FOR_PERSON = "failure_for_person"


class Toast(StrEnum):
    """The short answer to a pressed button."""

    NOTHING = "nothing"
    OVER = "over"
    NOT_YOURS = "not_yours"
    CANCELLED = "cancelled"
    ASKING = "asking"
    TRYING_AGAIN = "trying_again"
    ALREADY_VERIFIED = "already_verified"
    LIMITED = "limited"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GrantDue:
    """A grant to be made at Telegram. `owed_at` tells it from one that is owed anew while it is carried;
    `query_id` is that of the guard join it answers."""

    gate_id: int
    user_id: int
    kind: GrantKind
    owed_at: datetime
    attempts: int
    query_id: str | None = None


@dataclass(frozen=True, slots=True)
class ErrandDue:
    """An errand to be run. `chat_id` is where Telegram counts it; `details` depend on the kind."""

    id: int
    kind: ErrandKind
    chat_id: int
    language: str
    details: Mapping[str, str | int]
    attempts: int


@dataclass(frozen=True, slots=True)
class ScreenDue:
    """A screen to be drawn. `message_id` is the message that shows it now; `is_fresh` asks for a new one."""

    user_id: int
    chat_id: int
    revision: int
    view: View
    language: str
    message_id: int | None
    is_editable: bool
    is_fresh: bool
    shown_digest: str | None
    is_refresh: bool
    attempts: int


Parcel = GrantDue | ErrandDue | ScreenDue


class Result(StrEnum):
    """How a delivery went."""

    DONE = "done"
    RETRY = "retry"
    """Not now: the network, Telegram's own failure, or its flood control."""
    REFUSED = "refused"
    """A final no."""
    UNREACHABLE = "unreachable"
    """The person cannot be written to."""
    TOO_MANY_CHATS = "too_many_chats"
    GONE = "gone"
    """There was nothing left to do it to."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of one parcel. For a drawn screen: the message that now shows it and the digest of its words."""

    parcel: Parcel
    result: Result
    retry_after: float | None = None
    error: str = ""
    message_id: int | None = None
    is_editable: bool = True
    digest: str | None = None
    replaced: tuple[int, ...] = field(default=())
    """Messages that the new one makes superfluous; they are deleted."""
