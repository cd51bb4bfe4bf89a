"""Somebody joined a gate's chat."""

from __future__ import annotations

from dataclasses import dataclass

from bot.clock import Clock
from bot.domain.admission import hindrance
from bot.domain.delivery import ErrandKind
from bot.domain.gate import GRANT_OF, Decision, Gate, Hindrance, JoinRequest, RequestState, Standing, Switch
from bot.domain.journal import Event
from bot.domain.screen import Face
from bot.domain.settings import WayIn
from bot.usecases.admit import BY_NOBODY, Why, reward
from bot.usecases.ports import Store
from bot.usecases.record import tell_log


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who joined, as Telegram tells it. `actor_id`: who made it so, themselves or somebody who added or approved them.

    `asked`: they came by a request that somebody approved. `is_admin`: they joined as an administrator.
    """

    user_id: int
    name: str
    is_bot: bool
    is_admin: bool
    actor_id: int
    asked: bool


class TakeNewcomer:
    """Who was let in by the bot is given what else the gate gives; nothing more is to be done about them.

    Where newcomers are muted until verified, others are muted at once and told how to verify, unless they may come
    in as they are: bots, admins, whom an admin added or let in by hand, and whom the gate's rules let in. Who added
    them Telegram is asked before anybody is muted. Anywhere else that they came is only noted: they went round the
    gate, or an admin decided in the bot's place.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, gate_id: int, newcomer: Newcomer) -> None:
        gate = await store.gates.get(gate_id)
        if gate is None or not gate.is_on or newcomer.is_bot:
            return
        now, user_id = self._clock.now(), newcomer.user_id
        request = await store.requests.get(gate_id, user_id)
        if request is not None and request.state is RequestState.WAITING and request.way is not WayIn.MUTE:
            await self._let_in_by_hand(store, gate, request, newcomer)
            return
        if request is not None and request.state is RequestState.APPROVED and newcomer.asked:
            return
        store.journal.add(Event.MEMBER_CAME, now, user_id=user_id, gate_id=gate_id, code=_how(newcomer))
        decision = await store.standings.get(gate_id, user_id)
        if decision is not None and decision.standing is Standing.BLOCKED and gate.works:
            await store.errands.add(ErrandKind.BAN, gate_id, {"user_id": user_id}, now, user_id=user_id)
            return
        if gate.settings.way is not WayIn.MUTE or gate.switch is Switch.OFF or newcomer.is_admin:
            return
        hindered, may_write, verification_id = await self._may_write(store, gate, decision, user_id)
        if may_write:
            await reward(store, gate, user_id, verification_id, now)
            why = Why.VERIFIED if verification_id else Why.BY_HAND if decision is not None else Why.OPEN
            await tell_log(store, gate, Event.GRANT_DONE, user_id, now, why=why, name=newcomer.name)
            return
        await self._mute(store, gate, newcomer, hindered)

    async def _let_in_by_hand(self, store: Store, gate: Gate, request: JoinRequest, newcomer: Newcomer) -> None:
        """An admin approved the request in the group's own list, or they found another way in."""
        now, user_id = self._clock.now(), newcomer.user_id
        await store.requests.set_state(gate.chat_id, user_id, RequestState.APPROVED, now)
        actor_id = newcomer.actor_id if newcomer.actor_id != user_id else None
        event = Event.ALLOWED if actor_id is not None else Event.MEMBER_CAME
        store.journal.add(event, now, user_id=user_id, gate_id=gate.chat_id, code=_how(newcomer), actor_id=actor_id)
        await store.grants.made(gate.chat_id, user_id, GRANT_OF[request.way], now)
        if actor_id is not None:
            since, name = request.requested_at, newcomer.name
            await tell_log(store, gate, event, user_id, now, since=since, admin_id=actor_id, name=name)
        await store.screens.touch([user_id], now, acted=False)

    async def _may_write(
        self, store: Store, gate: Gate, decision: Decision | None, user_id: int
    ) -> tuple[Hindrance | None, bool, int]:
        """What hinders them although verified; whether they may come in as they are; and by which verification."""
        now = self._clock.now()
        if decision is not None and decision.standing is Standing.ALLOWED:
            return None, True, BY_NOBODY
        if not gate.rules(now).asks_call:
            return None, True, BY_NOBODY
        phone = await store.phones.of(user_id)
        if phone is None:
            return None, False, BY_NOBODY
        found = hindrance(gate, phone, decision, now)
        return found, found is None, phone.verification_id

    async def _mute(self, store: Store, gate: Gate, newcomer: Newcomer, hindered: Hindrance | None) -> None:
        now, user_id = self._clock.now(), newcomer.user_id
        request = JoinRequest(
            gate.chat_id,
            user_id,
            now,
            now + gate.rules(now).deadline,
            RequestState.WAITING,
            way=WayIn.MUTE,
            name=newcomer.name,
            hindrance=hindered,
        )
        await store.requests.keep(request)
        details: dict[str, str | int] = {"user_id": user_id, "until": int(request.muted_until.timestamp())}
        if newcomer.actor_id != user_id:
            details["actor_id"] = newcomer.actor_id
        await store.errands.add(ErrandKind.MUTE, gate.chat_id, details, now, user_id=user_id)
        person = (await store.people.get_many([user_id])).get(user_id)
        if person is not None and person.can_be_written and gate.works:
            if await store.verifications.open_of(user_id) is None:
                await store.screens.show(user_id, person.chat_id, Face.WELCOME, now, fresh=True, acted=False)
            else:
                await store.screens.touch([user_id], now)


def _how(newcomer: Newcomer) -> str:
    if newcomer.asked:
        return "approved"
    return "joined" if newcomer.actor_id == newcomer.user_id else "added"
