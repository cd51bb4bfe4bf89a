"""What this process measures of itself: for minutes, in memory only."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from statistics import median
from typing import Generic, TypeVar

from bot.clock import Clock, DateCheck
from bot.domain.gateway import NOT_THE_PERSONS
from bot.domain.incidents import EPHEMERAL, ERRORS_WITHIN, FLOODS_WITHIN, STORAGE_WITHIN, Measurements

T = TypeVar("T")

COMPARISONS = 5
"""The median of so many dates counts: one odd answer means nothing."""
COMPARED_WITHIN = timedelta(hours=1)
MOST = 10_000
"""Values of one kind; with more, the oldest are dropped sooner."""


class Window(Generic[T]):
    """The values of the last minutes."""

    def __init__(self, clock: Clock, span: timedelta) -> None:
        self._clock = clock
        self._span = span
        self._values: deque[tuple[datetime, T]] = deque(maxlen=MOST)

    def add(self, value: T) -> None:
        """Add a value, now."""
        self._values.append((self._clock.now(), value))

    def values(self) -> list[T]:
        """Return the values that are not too old."""
        since = self._clock.now() - self._span
        while self._values and self._values[0][0] < since:
            self._values.popleft()
        return [value for _, value in self._values]


class RuntimeStats:
    """Measures transactions, requests to the gateway, and calls to Telegram."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._transactions: Window[float] = Window(clock, STORAGE_WITHIN)
        self._unkept: Window[None] = Window(clock, STORAGE_WITHIN)
        self._floods: Window[None] = Window(clock, FLOODS_WITHIN)
        self._gateway: Window[bool] = Window(clock, ERRORS_WITHIN)
        self._asked_at: datetime | None = None
        self._outcome = ""
        self._silent_since: datetime | None = None
        self._answered_at: datetime | None = None
        self._refused_parts: set[str] = set()
        self._ahead: dict[str, deque[float]] = {}
        self._compared_at: dict[str, datetime] = {}

    def transacted(self, seconds: float, is_kept: bool) -> None:  # noqa: FBT001 - the shape of storage's listeners
        """A transaction took so many seconds, and was committed or not."""
        if is_kept:
            self._transactions.add(seconds)
        else:
            self._unkept.add(None)

    def asked_gateway(self, outcome: str) -> None:
        """The bot asked the gateway for a number."""
        self._gateway.add(outcome in NOT_THE_PERSONS)
        self._asked_at, self._outcome = self._clock.now(), outcome

    def flooded(self) -> None:
        """Telegram asked for fewer calls."""
        self._floods.add(None)

    def part_refused(self, part: str) -> None:
        """Messages go out without this part from now on."""
        self._refused_parts.add(part)

    def ephemeral(self, is_known: bool) -> None:  # noqa: FBT001 - the shape of the listener
        """The Bot API server does or does not know messages that one person alone sees."""
        if is_known:
            self._refused_parts.discard(EPHEMERAL)
        else:
            self._refused_parts.add(EPHEMERAL)

    def answers(self, is_answered: bool) -> None:  # noqa: FBT001 - the shape of the connection's listener
        """Telegram did or did not answer a call."""
        now = self._clock.now()
        self._silent_since = None if is_answered else self._silent_since or now
        self._answered_at = now if is_answered else self._answered_at

    def dates_of(self, source: str) -> DateCheck:
        """Return the check for the dates of a source's answers."""

        def told(seconds_ahead: float) -> None:
            self._ahead.setdefault(source, deque(maxlen=COMPARISONS)).append(seconds_ahead)
            self._compared_at[source] = self._clock.now()

        return DateCheck(self._clock, told)

    def readings(self) -> Measurements:
        """Return all measurements."""
        asked = self._gateway.values()
        since = self._clock.now() - COMPARED_WITHIN
        ahead = {source: median(found) for source, found in self._ahead.items() if self._compared_at[source] >= since}
        return Measurements(
            transactions=tuple(self._transactions.values()),
            unkept=len(self._unkept.values()),
            floods=len(self._floods.values()),
            silent_since=self._silent_since,
            answered_at=self._answered_at,
            asked=len(asked),
            failed=sum(asked),
            asked_at=self._asked_at,
            outcome=self._outcome,
            refused_parts=tuple(sorted(self._refused_parts)),
            clock_ahead=ahead,
        )
