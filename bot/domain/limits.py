"""How often a person, or a phone, may ask for a call number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


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
