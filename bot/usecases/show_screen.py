"""A person asked for their status, the help, or the privacy page."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.journal import Event
from bot.domain.people import Person
from bot.domain.screen import ScreenName
from storage.store import Store


class ShowScreen:
    """Shows the screen `face`: as a new message if the person wrote something, in place if they pressed a button.
    WELCOME means "my status": during a verification that is its progress."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(
        self, store: Store, person: Person, face: ScreenName, *, fresh: bool, started: bool = False
    ) -> None:
        """Show it. `started`: they sent /start, which the statistics count."""
        now = self._clock.now()
        if started:
            store.journal.add(Event.STARTED, now, user_id=person.user_id)
        if face is ScreenName.WELCOME and await store.verifications.open_of(person.user_id) is not None:
            face = ScreenName.PROGRESS
        await store.screens.show(person.user_id, person.chat_id, face, now, fresh=fresh)
