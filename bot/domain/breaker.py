"""The circuit breaker: after an error that affects everybody, the bot leaves the gateway alone for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.gateway import GatewayReason

FIRST_PAUSE = timedelta(seconds=30)
SILENT_PAUSE = timedelta(seconds=5)
"""A gateway that does not answer may be back at any moment; meanwhile nobody waits for it."""
BLOCKED_PAUSE = timedelta(minutes=5)
"""Requests from a blocked address make the block longer."""
FIRST_PAUSES = {GatewayReason.ADDRESS_BLOCKED: BLOCKED_PAUSE, GatewayReason.UNAVAILABLE: SILENT_PAUSE}
LONGEST_PAUSE = timedelta(minutes=15)
LONGEST_SILENT_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """Closed while `reason` is None. While open, there is no request before `retry_at`; then one tests the gateway."""

    reason: GatewayReason | None = None
    retry_at: datetime | None = None
    trips: int = 0

    def allows(self, now: datetime) -> bool:
        """Whether the gateway may be asked now."""
        return self.retry_at is None or now >= self.retry_at

    def open(self, reason: GatewayReason, now: datetime) -> CircuitBreaker:
        """Open, or open longer: each failed try doubles the pause.

        Requests that were in flight when it opened fail for the same reason and change nothing.
        """
        if reason is self.reason and not self.allows(now):
            return self
        first = FIRST_PAUSES.get(reason, FIRST_PAUSE)
        longest = LONGEST_SILENT_PAUSE if reason is GatewayReason.UNAVAILABLE else LONGEST_PAUSE
        pause = min(first * 2 ** min(self.trips, 10), longest)
        return CircuitBreaker(reason, now + pause, self.trips + 1)

    def is_new_reason(self, reason: GatewayReason) -> bool:
        """Whether operators do not know this reason yet."""
        return self.reason is not reason
