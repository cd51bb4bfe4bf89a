"""Somebody left a gate's chat, or was removed from it."""

from __future__ import annotations

from datetime import datetime

from bot.clock import Clock
from bot.domain.gate import JoinRequest, RequestState
from bot.domain.journal import Event
from bot.domain.settings import EntryMode
from bot.usecases.admit import call_off
from storage.store import Store

UNDECIDED = (RequestState.WAITING, RequestState.DECLINED)


class OnMemberLeft:
    """Who was muted and waited waits no more, and what was still to be done to them is not done: they may come again
    before it would be. Who was in is in no more, and so is given nothing more as one who is."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, gate_id: int, user_id: int, *, by_bot: bool) -> None:
        """`by_bot`: the bot removed them, and may not have come to the end of that."""
        request = await store.requests.get(gate_id, user_id)
        if request is not None and request.state is RequestState.APPROVED and not by_bot:
            # Whoever had the bot remove them has decided how they stand.
            await store.requests.set_state(gate_id, user_id, RequestState.GONE, self._clock.now())
        if request is None or request.way is not EntryMode.MUTE or request.state not in UNDECIDED:
            return
        now = self._clock.now()
        if not by_bot:
            await call_off(store, gate_id, user_id, now)
        if request.state is RequestState.WAITING:
            await is_gone(store, request, now)


async def is_gone(store: Store, request: JoinRequest, now: datetime) -> None:
    """Somebody who waited is not in the chat any more."""
    await store.requests.set_state(request.gate_id, request.user_id, RequestState.GONE, now)
    store.journal.add(Event.GONE, now, user_id=request.user_id, gate_id=request.gate_id)
    await store.screens.touch([request.user_id], now, acted=False)
