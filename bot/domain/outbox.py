"""What is owed to the owner's own systems: events of ours, and reports of the gateway that are none of ours."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

RETRY_AFTER = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""The rests after each try that failed; after the last of them it is given up (Standard Webhooks, "Retries")."""
MOST_TRIES = len(RETRY_AFTER) + 1
MESSAGES_KEPT = timedelta(days=7)
"""How long a letter is remembered, whatever became of it. One that is owed for as long, since nothing could be brought
in that time, is given up."""


class Destination(StrEnum):
    """Whom a letter is for."""

    EVENTS = "events"
    RELAY = "relay"


class EventType(StrEnum):
    """The events that the owner's own system is told. Others read these names: never change one."""

    VERIFICATION_CONFIRMED = "verification.confirmed"
    VERIFICATION_EXPIRED = "verification.expired"
    VERIFICATION_REFUSED = "verification.refused"
    ACCESS_GRANTED = "access.granted"
    ACCESS_REVOKED = "access.revoked"
    ACCESS_DECLINED = "access.declined"
    ACCESS_REMOVED = "access.removed"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One thing that is owed from now on. `user_id`: whom it is about; `admin_id`: whom its data, a JSON object, names
    as who decided that."""

    message_id: str
    type: str
    body: bytes = field(repr=False)
    at: datetime
    user_id: int | None = None
    admin_id: int | None = None


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One thing to be brought. `message_id` is the same at every try, so that the receiver knows a repeat. `error`:
    what went wrong last."""

    id: int
    target: Destination
    message_id: str
    type: str
    body: bytes = field(repr=False)
    attempts: int
    error: str = ""


class AttemptResult(StrEnum):
    """What a receiver made of a letter."""

    TAKEN = "taken"
    FAILED = "failed"
    GONE = "gone"
    """It wants nothing more, of any kind."""


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """How one try went; `error` says why it failed."""

    reply: AttemptResult
    error: str = ""


@dataclass(frozen=True, slots=True)
class RetryStats:
    """What failed and is tried again: how much, how often the most tried of it was, when something is tried next, and
    what went wrong last."""

    count: int
    tries: int
    next_at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class DestinationStatus:
    """How it stands with one target: what waits, since when, what of it failed before, and when anything was taken."""

    target: Destination
    queued: int
    oldest: datetime | None
    retries: RetryStats | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class ForeignReport:
    """A report of the gateway's as it came: nothing decoded, `query` percent-encoded without `?`."""

    method: str
    query: str = field(repr=False)
    content_type: str
    body: bytes = field(repr=False)

    def packed(self) -> bytes:
        """In one piece."""
        body = base64.b64encode(self.body).decode()
        return json.dumps([self.method, self.query, self.content_type, body]).encode()

    @classmethod
    def unpacked(cls, packed: bytes) -> ForeignReport:
        """Out of one piece."""
        method, query, content_type, body = json.loads(packed)
        return cls(method, query, content_type, base64.b64decode(body))


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after the `attempts`-th failure; None: not any more."""
    return now + RETRY_AFTER[attempts - 1] if attempts <= len(RETRY_AFTER) else None
