"""A person asks in private for the invite link of a gate's chat."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.delivery import Toast
from bot.domain.gate import GrantKind, GrantState, JoinRequest, RequestState
from bot.domain.journal import Event
from bot.domain.screen import Face
from bot.domain.settings import WayIn
from bot.usecases.admit import BY_NOBODY, decide
from bot.usecases.ports import Store
from bot.usecases.ports_people import Person


class AskLink:
    """Who may come in gets a link of their own, which works once and for an hour. Others wait, as with a request to
    join, and get theirs once they have verified. Only of gates that give links; of others nothing is told."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, person: Person, gate_id: int, name: str) -> None:
        now = self._clock.now()
        gate = await store.gates.get(gate_id)
        if gate is not None and gate.works and gate.settings.way is WayIn.LINK:
            deadline_at = now + gate.rules(now).deadline
            request = JoinRequest(
                gate_id, person.user_id, now, deadline_at, RequestState.WAITING, way=WayIn.LINK, name=name
            )
            await store.requests.keep(request)
            store.journal.add(Event.JOIN_ASKED, now, user_id=person.user_id, gate_id=gate_id, code=WayIn.LINK)
            if await decide(store, gate, request, now, told=True):
                store.journal.add(Event.AT_ONCE, now, user_id=person.user_id, gate_id=gate_id)
        await store.screens.show(person.user_id, person.chat_id, Face.PROGRESS, now, fresh=True)


class RenewLinks:
    """Links that were not used in time are made anew, for who may still come in."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, person: Person) -> Toast:
        now = self._clock.now()
        links = [
            gate
            for grant, gate in (await store.grants.of_many([person.user_id])).get(person.user_id, [])
            if grant.kind is GrantKind.LINK and grant.state is GrantState.DONE
        ]
        phone = await store.phones.of(person.user_id)
        for gate in links:
            verification_id = phone.verification_id if phone is not None else BY_NOBODY
            await store.grants.owe(gate.chat_id, person.user_id, GrantKind.LINK, verification_id, now, told=True)
        await store.screens.touch([person.user_id], now)
        return Toast.TRYING_AGAIN if links else Toast.OVER
