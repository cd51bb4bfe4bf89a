"""Somebody asks to enter a gate."""

from __future__ import annotations

from datetime import datetime

from bot.clock import Clock
from bot.domain.delivery import ErrandKind
from bot.domain.gate import (
    APP_PATIENCE,
    DEADLINE,
    QUERY_ANSWERED_WITHIN,
    REACHABLE_FOR,
    Gate,
    JoinRequest,
    RequestState,
)
from bot.domain.journal import Event
from bot.domain.screen import Face
from bot.usecases.ports import Person, Store
from bot.usecases.take_gateway_event import owe_entry


class TakeJoinRequest:
    """A verified person comes in at once, without a word. Others are kept waiting and get their screen.

    That Telegram tells the bot of the request proves its right to decide, so an unknown gate is made and one
    that was switched off is switched on. With a verification under way its screen stays where it is.

    When Telegram waits for the bot's word (a guard join, `query_id`), the Mini App is opened, and the screen rests
    to see whether the person goes on there. Without an app the request is left to be like any other.
    """

    def __init__(self, clock: Clock, *, has_app: bool) -> None:
        self._clock = clock
        self._has_app = has_app

    async def __call__(
        self,
        store: Store,
        person: Person,
        gate: Gate,
        query_id: str | None = None,
        asked_at: datetime | None = None,
    ) -> None:
        """`asked_at`: when Telegram began to wait; the update may have been on its way for long."""
        now = self._clock.now()
        if await store.gates.get(gate.chat_id) != gate:
            await store.gates.save(gate, now)
        request = JoinRequest(gate.chat_id, person.user_id, now, now + DEADLINE, RequestState.WAITING, query_id)
        await store.requests.keep(request)
        store.journal.add(Event.JOIN_ASKED, now, user_id=person.user_id, gate_id=gate.chat_id)
        phone = await store.phones.of(person.user_id)
        if phone is not None:
            await owe_entry(store, gate.chat_id, person.user_id, phone.verification_id, now, told=False)
            return
        expires_at = min(now, asked_at or now) + QUERY_ANSWERED_WITHIN
        opens_app = query_id is not None and self._has_app and now < expires_at
        if query_id is not None and now < expires_at:
            await store.errands.add(
                ErrandKind.OPEN_APP if opens_app else ErrandKind.QUEUE_JOIN,
                request.gate_id,
                {"query_id": query_id, "gate": request.gate_id, "user_id": request.user_id},
                now,
                expires_at=expires_at,
            )
        if await store.verifications.open_of(person.user_id) is not None:
            await store.screens.touch([person.user_id], now)
            return
        await store.screens.show(
            person.user_id,
            person.chat_id,
            Face.WELCOME,
            now,
            fresh=True,
            acted=False,
            after=APP_PATIENCE.total_seconds() if opens_app else 0.0,
            reach_until=None if person.can_be_written else now + REACHABLE_FOR,
        )
