"""Reporting unexpected failures."""

from __future__ import annotations

from datetime import timedelta

from bot.clock import Clock
from bot.domain.delivery import Notification
from bot.domain.journal import Event
from bot.domain.tasks import Notify
from bot.usecases.notify_operators import OperatorNotifier
from storage.store import Store


class ReportFailure:
    """Notifies the operators, once an hour per kind of failure, and the person it happened to, with the same id."""

    def __init__(self, clock: Clock, notify_operators: OperatorNotifier) -> None:
        self._clock = clock
        self._notify_operators = notify_operators

    async def __call__(self, store: Store, error_id: str, what: str, person_chat: int | None) -> None:
        """Report it. `what` names the failure without personal data; `person_chat` is the person's private chat."""
        now = self._clock.now()
        store.journal.add(Event.FAILURE, now, user_id=person_chat, code=error_id)
        notice = Notify(Notification.FAILURE, error=what, error_id=error_id)
        await self._notify_operators(store, notice, now, key=f"{Notification.FAILURE}:{what[:60]}:{now:%Y-%m-%dT%H}")
        if person_chat is not None:
            await store.tasks.add(
                Notify(Notification.FAILURE_FOR_PERSON, error_id=error_id),
                person_chat,
                now,
                expires_at=now + timedelta(minutes=10),
            )
