"""A verified person left a chat and asks to be admitted again."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.delivery import Toast
from bot.domain.people import Person
from storage.store import Store


class RetryEntry:
    """Make the person's failed grants due again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, person: Person) -> Toast:
        now = self._clock.now()
        owed = await store.grants.retry_failed(now, user_id=person.user_id)
        await store.screens.touch([person.user_id], now)
        return Toast.TRYING_AGAIN if owed else Toast.OVER
