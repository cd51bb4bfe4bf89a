"""An operator asks for the installation's health, or the balance of the gateway account."""

from __future__ import annotations

from datetime import timedelta

from bot.clock import Clock
from bot.domain.delivery import Toast
from bot.domain.people import Person
from bot.domain.tasks import SendBalance, SendHealth
from bot.usecases.answer_button import answer_button
from storage.store import Store

WANTED_FOR = timedelta(days=1)
"""The answer is read when it goes out, so it is never outdated, however long Telegram was away."""


class AskCondition:
    """For operators: the caller has checked that the person is one.

    A task brings the answer, and collects it when it runs. Of several pending requests of one person only the last is
    answered.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, person: Person, work: SendHealth | SendBalance) -> None:
        """Request the answer."""
        await self._request(store, person, work)

    async def press(self, store: Store, person: Person, query_id: str, work: SendHealth | SendBalance) -> None:
        """Handle the button below the message, which refreshes it."""
        await self._request(store, person, work)
        await answer_button(store, person.user_id, query_id, Toast.CHECKING, self._clock.now())

    async def _request(self, store: Store, person: Person, work: SendHealth | SendBalance) -> None:
        now, chat_id = self._clock.now(), person.chat_id
        await store.tasks.cancel(work.kind, chat_id, person.user_id, now)
        await store.tasks.add(work, chat_id, now, expires_at=now + WANTED_FOR, user_id=person.user_id)
