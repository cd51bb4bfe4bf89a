"""A person cancels an attempt."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.delivery import Toast
from bot.domain.journal import Event
from bot.domain.people import Person
from bot.domain.screen import ScreenName
from storage.store import Store


class CancelVerification:
    """End the person's open verification. With an id (an old button): only if it is that one, and theirs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, person: Person, verification_id: int | None) -> Toast:
        now = self._clock.now()
        if verification_id is None:
            verification = await store.verifications.open_of(person.user_id)
        else:
            verification = await store.verifications.get(verification_id)
            if verification is not None and verification.user_id != person.user_id:
                return Toast.NOT_YOURS
        fresh = verification_id is None
        if verification is None or not verification.is_open:
            if fresh:
                await store.screens.show(person.user_id, person.chat_id, ScreenName.WELCOME, now, fresh=True)
            else:
                await store.screens.touch([person.user_id], now)
            return Toast.OVER
        await store.verifications.save(verification.cancel(now))
        store.journal.about(Event.CANCELLED, now, verification)
        await store.screens.show(person.user_id, person.chat_id, ScreenName.PROGRESS, now, fresh=fresh)
        return Toast.CANCELLED
