"""Somebody asks to enter a gate."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.gate import DEADLINE, REACHABLE_FOR, Gate, JoinRequest, RequestState
from bot.domain.journal import Event
from bot.domain.screen import Face
from bot.usecases.ports import Person, Store
from bot.usecases.take_gateway_event import owe_entry


class TakeJoinRequest:
    """A verified person comes in at once, without a word. Others are kept waiting and get their screen.

    That Telegram tells the bot of the request proves its right to decide, so an unknown gate is made and one
    that was switched off is switched on. With a verification under way its screen stays where it is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, person: Person, gate: Gate) -> None:
        now = self._clock.now()
        if await store.gates.get(gate.chat_id) != gate:
            await store.gates.save(gate, now)
        request = JoinRequest(gate.chat_id, person.user_id, now, now + DEADLINE, RequestState.WAITING)
        await store.requests.keep(request)
        store.journal.add(Event.JOIN_ASKED, now, user_id=person.user_id, gate_id=gate.chat_id)
        phone = await store.phones.of(person.user_id)
        if phone is not None:
            await owe_entry(store, gate.chat_id, person.user_id, phone.verification_id, now, told=False)
            return
        under_way = await store.verifications.open_of(person.user_id) is not None
        await store.screens.show(
            person.user_id,
            person.chat_id,
            Face.PROGRESS if under_way else Face.WELCOME,
            now,
            fresh=not under_way,
            acted=False,
            reach_until=None if person.can_be_written else now + REACHABLE_FOR,
        )
