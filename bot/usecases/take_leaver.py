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
    """A muted newcomer stops waiting, and pending tasks about them are cancelled: they may come again before those run.
    A member counts as gone, and gets no more grants."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, gate_id: int, user_id: int, *, by_bot: bool) -> None:
        """`by_bot`: the bot removed them, and may not have finished."""
        request = await store.requests.get(gate_id, user_id)
        if request is not None and request.state is RequestState.APPROVED and not by_bot:
            # The decision behind the removal has set their state already.
            await store.requests.set_state(gate_id, user_id, RequestState.GONE, self._clock.now())
        if request is None or request.way is not EntryMode.MUTE or request.state not in UNDECIDED:
            return
        now = self._clock.now()
        if not by_bot:
            await call_off(store, gate_id, user_id, now)
        if request.state is RequestState.WAITING:
            await is_gone(store, request, now)


async def is_gone(store: Store, request: JoinRequest, now: datetime) -> None:
    """Record that somebody who waited has left the chat."""
    await store.requests.set_state(request.gate_id, request.user_id, RequestState.GONE, now)
    store.journal.add(Event.GONE, now, user_id=request.user_id, gate_id=request.gate_id)
    await store.screens.touch([request.user_id], now, acted=False)
