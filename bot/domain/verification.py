"""A verification: one attempt of one person to prove that their phone is theirs; and how many attempts are allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.gateway import AssignedNumber, EventSource, GatewayReason
from bot.domain.phone import Fingerprint, NumberKind

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How much older than the request for its number a call may look: the gateway's clock is not ours."""
INBOX_GRACE = timedelta(seconds=5)
"""The bot reads the inbox at the very end of a window; an entry seen this late was placed inside it."""
LATE_REPORT = timedelta(hours=24)
"""A call placed in time still counts if the gateway reports it this long after its window ended."""
PHONE_KEPT = timedelta(hours=1)
"""How long the encrypted phone of a failed attempt is stored, so that trying again takes one tap."""


class VerificationState(StrEnum):
    """The state of an attempt. All but OPEN are ends; of those only EXPIRED may still become CONFIRMED."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class IllegalTransitionError(Exception):
    """A verification cannot go from its state to the requested one."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call the gateway heard. `called` is `+` and digits, or empty when the gateway did not say; `reference` see
    `AssignedNumber`."""

    caller: Fingerprint
    called: str
    placed_at: datetime | None
    reported_at: datetime
    source: EventSource
    reference: str = ""


@dataclass(frozen=True, slots=True)
class CallNumber:
    """A number the gateway assigned for this verification, and the window in which calling it counts."""

    offer: AssignedNumber
    asked_at: datetime
    window_ends_at: datetime
    inbox_after: int | None = None
    """Id of the newest inbox entry when the number was requested; only later entries can be calls to it. None: unknown,
    so no entry is trusted for this number."""

    def matches(self, call: Call, inbox_id: int | None = None) -> bool:
        """Whether `call` is a call to this number inside its window."""
        if call.reference != self.offer.reference:
            return False
        if call.called and call.called not in self.offer:
            return False
        if call.source is EventSource.INBOX and call.reference:
            # The status of this very number: the gateway itself checked that the call came in time.
            return self.asked_at <= call.reported_at <= self.window_ends_at + LATE_REPORT
        if call.source is EventSource.INBOX and (
            self.inbox_after is None or inbox_id is None or inbox_id <= self.inbox_after
        ):
            return False
        if call.placed_at is not None:
            return self.asked_at - CLOCK_TOLERANCE <= call.placed_at <= self.window_ends_at
        grace = INBOX_GRACE if call.source is EventSource.INBOX else timedelta(0)
        return self.asked_at <= call.reported_at <= self.window_ends_at + grace


@dataclass(frozen=True, slots=True)
class Verification:
    """One attempt. `numbers` are those given so far, oldest first; `asking` says that one more is on its way."""

    id: int
    token: str
    user_id: int
    fingerprint: Fingerprint
    mask: str
    region: str
    state: VerificationState
    opened_at: datetime
    ended_at: datetime | None = None
    reason: GatewayReason | None = None
    numbers: tuple[CallNumber, ...] = ()
    asking: bool = False
    kind: NumberKind = NumberKind.UNKNOWN
    gate_id: int | None = None
    """The gate at which the person waited longest when they began; statistics count the attempt there."""

    @property
    def is_open(self) -> bool:
        """Whether a call can be awaited or requested."""
        return self.state is VerificationState.OPEN

    @property
    def number(self) -> CallNumber | None:
        """The number to show: the newest."""
        return self.numbers[-1] if self.numbers else None

    @property
    def window_ends_at(self) -> datetime | None:
        """When the last window closes; None while there is no number."""
        return max((number.window_ends_at for number in self.numbers), default=None)

    def matching_number(self, call: Call, inbox_id: int | None = None) -> CallNumber | None:
        """The number by which `call` confirms this verification, or None when it does not.

        An expired verification may still be confirmed, by a call placed in time and reported late.
        """
        if self.state not in (VerificationState.OPEN, VerificationState.EXPIRED):
            return None
        if call.caller != self.fingerprint:
            return None
        ends_at = self.window_ends_at
        if ends_at is None or call.reported_at > ends_at + LATE_REPORT:
            return None
        return next((number for number in reversed(self.numbers) if number.matches(call, inbox_id)), None)

    def confirm(self, now: datetime) -> Verification:
        """Confirmed by a call."""
        if self.state not in (VerificationState.OPEN, VerificationState.EXPIRED):
            raise IllegalTransitionError(f"{self.state} cannot be confirmed")
        return replace(self, state=VerificationState.CONFIRMED, ended_at=now)

    def expire(self, now: datetime) -> Verification:
        """Ended without a call. Only once every window has closed."""
        ends_at = self.window_ends_at
        if not self.is_open or self.asking or ends_at is None or now <= ends_at:
            raise IllegalTransitionError(f"{self.state} cannot expire at {now}")
        return replace(self, state=VerificationState.EXPIRED, ended_at=now)

    def cancel(self, now: datetime) -> Verification:
        """Cancelled by the person, or made needless by another confirmation."""
        if not self.is_open:
            raise IllegalTransitionError(f"{self.state} cannot be cancelled")
        return replace(self, state=VerificationState.CANCELLED, ended_at=now)

    def refuse(self, reason: GatewayReason, now: datetime) -> Verification:
        """Ended because the gateway gave no number at all."""
        if not self.is_open or self.numbers:
            raise IllegalTransitionError(f"{self.state} with {len(self.numbers)} numbers cannot be refused")
        return replace(self, state=VerificationState.REFUSED, reason=reason, ended_at=now)


@dataclass(frozen=True, slots=True)
class KeptCall:
    """A stored call, with its number as it arrived. `inbox_id`: of its entry in the gateway's inbox."""

    event_id: int
    call: Call
    inbox_id: int | None


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` numbers in any `span`."""

    count: int
    span: timedelta


LIMITS = (
    Limit(3, timedelta(minutes=10)),
    Limit(5, timedelta(hours=1)),
    Limit(10, timedelta(days=1)),
)
LONGEST_SPAN = max(limit.span for limit in LIMITS)


def next_opening(asked: Iterable[datetime], now: datetime) -> datetime | None:
    """When the next number may be requested, given the moments of those before; None: right away.

    Only moments within `LONGEST_SPAN` of `now` matter; order does not.
    """
    newest_first = sorted(asked, reverse=True)
    openings = [
        newest_first[limit.count - 1] + limit.span
        for limit in LIMITS
        if len(newest_first) >= limit.count and newest_first[limit.count - 1] + limit.span > now
    ]
    return max(openings, default=None)
