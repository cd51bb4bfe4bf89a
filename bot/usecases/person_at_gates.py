"""A person's state at every gate, and the possible actions there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.gate import RequestState
from bot.domain.operator_pages import AT_A_GATE, TO_STRANGERS
from bot.domain.panel import AdminActionKind
from bot.domain.people_pages import MemberCard
from bot.usecases.stages import applicants
from storage.store import Store


async def at_gates(store: Store, user_id: int, now: datetime) -> list[MemberCard]:
    """Return their card at each gate: first where they asked to enter, newest first; then the others, by title. Without
    phone and history."""
    requests = await store.requests.of_person(user_id)
    decisions = await store.overrides.of_person(user_id)
    runs = {gate.chat_id for gate in await store.admins.gates_of(user_id)}
    waiting = [request for request in requests if request.state is RequestState.WAITING]
    found = await applicants(store, waiting, now)
    waits = {request.gate_id: applicant for request, applicant in zip(waiting, found, strict=True)}
    asked = {request.gate_id: request for request in requests}
    order = {request.gate_id: at for at, request in enumerate(requests)}
    gates = sorted(
        await store.gates.all(),
        key=lambda gate: (order.get(gate.chat_id, len(order)), gate.chat_id not in decisions, gate.title.casefold()),
    )
    return [
        MemberCard(
            gate,
            user_id,
            asked[gate.chat_id].name if gate.chat_id in asked else "",
            is_known=gate.chat_id in asked,
            is_admin=gate.chat_id in runs,
            state=asked[gate.chat_id].state if gate.chat_id in asked else None,
            asked_at=asked[gate.chat_id].requested_at if gate.chat_id in asked else None,
            applicant=waits.get(gate.chat_id),
            decision=decisions.get(gate.chat_id),
        )
        for gate in gates
    ]


def has_anything(at: MemberCard) -> bool:
    """Return whether the gate knows a request or decision of theirs."""
    return at.is_known or at.decision is not None


def where_possible(places: Sequence[MemberCard], act: AdminActionKind) -> list[MemberCard]:
    """Return the gates where this action is possible now and the bot has its rights."""
    return [at for at in places if at.gate.is_on and act in at.possible and (act in TO_STRANGERS or has_anything(at))]


def possible_acts(places: Sequence[MemberCard]) -> tuple[AdminActionKind, ...]:
    """Return the actions that are possible at any gate."""
    return tuple(act for act in AT_A_GATE if where_possible(places, act))
