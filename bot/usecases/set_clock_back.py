"""The clock was ahead, and has been corrected."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.delivery import Notification
from bot.domain.tasks import Notify
from bot.usecases.notify_operators import OperatorNotifier
from storage.store import Store


class SetClockBack:
    """Pulls back moments written meanwhile, so that nothing waits longer than it would have; notifies operators
    once."""

    def __init__(self, call_window: timedelta, notify_operators: OperatorNotifier) -> None:
        self._call_window = call_window
        self._notify_operators = notify_operators

    async def __call__(self, store: Store, now: datetime, seconds: float) -> None:
        """Pull back by `seconds`, to `now`."""
        await store.pull_back(now, self._call_window)
        await self._notify_operators(store, Notify(Notification.CLOCK_SET_BACK, seconds=int(seconds)), now)
