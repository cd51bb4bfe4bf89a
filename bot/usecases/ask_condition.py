"""An operator asks for the installation's health, or the balance of the gateway account."""

from __future__ import annotations

from datetime import timedelta

from bot.clock import Clock
from bot.domain.delivery import Toast
from bot.domain.people import Person
from bot.domain.tasks import SendBalance, SendHealth
from bot.usecases.answer_button import answer_button
from bot.usecases.operators import IsOperator
from storage.store import Store

WANTED_FOR = timedelta(days=1)
"""The answer is read when it goes out, so it is never outdated, however long Telegram was away."""


class AskCondition:
    """Only operators may ask, and nobody else learns that it is possible.

    A task brings the answer, and collects it when it runs. Of several pending requests of one person only the last is
    answered.
    """

    def __init__(self, clock: Clock, is_operator: IsOperator) -> None:
        self._clock = clock
        self._is_operator = is_operator

    async def __call__(self, store: Store, person: Person, work: SendHealth | SendBalance) -> bool:
        """Request the answer; return whether they may ask."""
        if not await self._is_operator(store, person.user_id):
            return False
        await self._request(store, person, work)
        return True

    async def press(self, store: Store, person: Person, query_id: str, work: SendHealth | SendBalance) -> None:
        """Handle the button below the message, which refreshes it."""
        may_ask = await self._is_operator(store, person.user_id)
        if may_ask:
            await self._request(store, person, work)
        toast = Toast.CHECKING if may_ask else Toast.UNKNOWN
        await answer_button(store, person.user_id, query_id, toast, self._clock.now())

    async def _request(self, store: Store, person: Person, work: SendHealth | SendBalance) -> None:
        now, chat_id = self._clock.now(), person.chat_id
        await store.tasks.cancel(work.kind, chat_id, person.user_id, now)
        await store.tasks.add(work, chat_id, now, expires_at=now + WANTED_FOR, user_id=person.user_id)
