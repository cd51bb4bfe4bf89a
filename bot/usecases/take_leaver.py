"""Somebody left a gate's chat, or was removed from it."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.delivery import ErrandKind
from bot.domain.gate import RequestState
from bot.domain.journal import Event
from bot.domain.settings import WayIn
from bot.usecases.ports import Store


class TakeLeaver:
    """Who was muted and waited waits no more. Whatever they were is forgotten with their place in the chat."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, gate_id: int, user_id: int) -> None:
        request = await store.requests.get(gate_id, user_id)
        if request is None or request.way is not WayIn.MUTE or request.state is not RequestState.WAITING:
            return
        now = self._clock.now()
        await store.requests.set_state(gate_id, user_id, RequestState.GONE, now)
        for kind in (ErrandKind.MUTE, ErrandKind.PROMPT):
            await store.errands.cancel(kind, gate_id, user_id, now)
        store.journal.add(Event.GONE, now, user_id=user_id, gate_id=gate_id)
        await store.screens.touch([user_id], now, acted=False)
