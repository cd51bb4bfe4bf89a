"""A person asked to see something: where they stand, the help, or what is kept about them."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.journal import Event
from bot.domain.people import Person
from bot.domain.screen import ScreenName
from storage.store import Store


class ShowScreen:
    """Show `face`. As a new message when the person wrote something, in place when they pressed a button.

    WELCOME means "where I stand": with a verification under way that is its progress.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(
        self, store: Store, person: Person, face: ScreenName, *, fresh: bool, started: bool = False
    ) -> None:
        """`started`: they sent /start, which the statistics count."""
        now = self._clock.now()
        if started:
            store.journal.add(Event.STARTED, now, user_id=person.user_id)
        if face is ScreenName.WELCOME and await store.verifications.open_of(person.user_id) is not None:
            face = ScreenName.PROGRESS
        await store.screens.show(person.user_id, person.chat_id, face, now, fresh=fresh)
