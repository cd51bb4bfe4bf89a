"""The clock was ahead, and is right again."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.delivery import Notification
from bot.usecases.notify_operators import OperatorNotifier
from storage.store import Store


class SetClockBack:
    """Whatever was written meanwhile waits no longer than it would have waited; operators are told once."""

    def __init__(self, call_window: timedelta, notify_operators: OperatorNotifier) -> None:
        self._call_window = call_window
        self._notify_operators = notify_operators

    async def __call__(self, store: Store, now: datetime, seconds: float) -> None:
        """By `seconds`, to `now`."""
        await store.pull_back(now, self._call_window)
        details: dict[str, str | int] = {"notice": Notification.CLOCK_SET_BACK, "seconds": int(seconds)}
        await self._notify_operators(store, details, now)
