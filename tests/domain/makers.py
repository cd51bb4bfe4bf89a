"""A verification and its parts, in the middle of a quiet day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain.gateway import AssignedNumber, EventSource
from bot.domain.phone import Fingerprint
from bot.domain.verification import Call, CallNumber, Verification, VerificationState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=15)
TICK = timedelta(microseconds=1)
FINGERPRINT = Fingerprint("ab" * 32)
NUMBER, ALTERNATIVE = "+74950000001", "+74950000002"


def number(asked_at: datetime = NOW, inbox_after: int | None = None, called: str = NUMBER) -> CallNumber:
    """A call number given at once."""
    return CallNumber(AssignedNumber(called, (ALTERNATIVE,)), asked_at, asked_at + WINDOW, inbox_after)


def verification(
    state: VerificationState = VerificationState.OPEN, *numbers: CallNumber, asking: bool = False
) -> Verification:
    """An attempt in this state, with these numbers."""
    return Verification(1, "token", 7, FINGERPRINT, "+7 ••• ••• 00-01", "RU", state, NOW, None, None, numbers, asking)


def callback(
    reported_at: datetime,
    placed_at: datetime | None = None,
    called: str = "",
    caller: Fingerprint = FINGERPRINT,
) -> Call:
    """A call reported by callback."""
    return Call(caller, called, placed_at, reported_at, EventSource.CALLBACK)


def inbox_entry(reported_at: datetime, placed_at: datetime | None = None) -> Call:
    """A call found in the inbox."""
    return Call(FINGERPRINT, "", placed_at, reported_at, EventSource.INBOX)
