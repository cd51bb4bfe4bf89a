"""Messages to the owner's own systems: our events, and unrelated reports of the gateway."""

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
"""The delays after each failed try; after the last try the bot gives up (Standard Webhooks, "Retries")."""
MOST_TRIES = len(RETRY_AFTER) + 1
MESSAGES_KEPT = timedelta(days=7)
"""How long a message is stored, whatever became of it. One that could not be delivered for so long is given up."""


class Destination(StrEnum):
    """The destination of a message."""

    EVENTS = "events"
    RELAY = "relay"


class EventType(StrEnum):
    """The events for the owner's own system. Others read these names: never change one."""

    VERIFICATION_CONFIRMED = "verification.confirmed"
    VERIFICATION_EXPIRED = "verification.expired"
    VERIFICATION_REFUSED = "verification.refused"
    ACCESS_GRANTED = "access.granted"
    ACCESS_REVOKED = "access.revoked"
    ACCESS_DECLINED = "access.declined"
    ACCESS_REMOVED = "access.removed"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One message to add. `user_id`: whom it is about; `admin_id`: who decided that, according to its data, a JSON
    object."""

    message_id: str
    type: str
    body: bytes = field(repr=False)
    at: datetime
    user_id: int | None = None
    admin_id: int | None = None


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message to deliver. `message_id` stays the same, so that the receiver recognises a repeat; `error` is the
    last."""

    id: int
    target: Destination
    message_id: str
    type: str
    body: bytes = field(repr=False)
    attempts: int
    error: str = ""


class AttemptResult(StrEnum):
    """A receiver's answer to a message."""

    TAKEN = "taken"
    FAILED = "failed"
    GONE = "gone"
    """It wants no more messages of any kind."""


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """The result of one try; `error` says why it failed."""

    reply: AttemptResult
    error: str = ""


@dataclass(frozen=True, slots=True)
class RetryStats:
    """Failed messages to retry: how many, the most tries of one, when the next try is, and the last error."""

    count: int
    tries: int
    next_at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class DestinationStatus:
    """The status of one destination: what waits, since when, what of it failed, and when it last accepted any."""

    target: Destination
    queued: int
    oldest: datetime | None
    retries: RetryStats | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class ForeignReport:
    """A report of the gateway as it came: nothing decoded, `query` percent-encoded without `?`."""

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
    """When to try again after the `attempts`-th failure; None: never."""
    return now + RETRY_AFTER[attempts - 1] if attempts <= len(RETRY_AFTER) else None
