"""An admin blocks somebody at a gate, or takes that back."""

from __future__ import annotations

from datetime import datetime

from bot.domain.delivery import Toast
from bot.domain.gate import AccessOverride, Gate, GrantKind, GrantState, Override, RequestState
from bot.domain.journal import Event
from bot.domain.panel import AdminAction
from bot.domain.screen import Outcome
from bot.domain.settings import EntryMode
from bot.domain.tasks import Ban
from bot.usecases.admit import DecisionReason, turn_away
from bot.usecases.admit_by_admin import lift_ban
from bot.usecases.decide_by_admin import only_who_waits, take_back
from bot.usecases.log_chat import post_to_log
from bot.usecases.notify_person import notify_person
from storage.store import Store

IS_IN = (GrantKind.JOIN, GrantKind.UNMUTE)
WAS_IN = "was_in"
"""The code of the journal entry if they lose more than a pending request."""


async def block(store: Store, gate: Gate, user_id: int, act: AdminAction, now: datetime) -> Toast:
    """A `Decider`. A person who waits is rejected, and told only that; one who may be in is banned. Every later request
    is rejected."""
    gate_id, admin_id = gate.chat_id, act.admin_id
    decision = await store.overrides.get(gate_id, user_id)
    if decision is not None and decision.override is Override.BLOCKED:
        return Toast.DECIDED_ALREADY
    request = await store.requests.get(gate_id, user_id)
    waits = await store.requests.decide_if_waiting(gate_id, user_id, RequestState.DECLINED, now)
    if not waits and only_who_waits(act):
        return Toast.DECIDED_ALREADY
    await store.overrides.put(gate_id, user_id, AccessOverride(Override.BLOCKED, now, admin_id))
    taken = await take_back(store, gate, user_id, now)
    is_in = any(grant.kind in IS_IN and grant.state is GrantState.DONE for grant in taken)
    is_in = is_in or (request is not None and request.state is RequestState.APPROVED)
    code = WAS_IN if is_in else ""
    store.journal.add(Event.BLOCKED, now, user_id=user_id, gate_id=gate_id, code=code, actor_id=admin_id)
    if waits:
        await notify_person(store, gate, user_id, Outcome.DECLINED, now)
    if request is not None and waits and request.way is not EntryMode.MUTE:
        await turn_away(store, gate, request, now, DecisionReason.BLOCKED, admin_id=admin_id)
        if request.way is not EntryMode.LINK:
            # The log gets it once Telegram has been told.
            return Toast.BLOCKED
    else:
        if request is not None and not waits:
            await store.requests.set_state(gate_id, user_id, RequestState.GONE, now)
        await store.tasks.add(Ban(user_id, admin_id), gate_id, now, user_id=user_id)
    name = request.name if request is not None else ""
    await post_to_log(store, gate, Event.BLOCKED, user_id, now, admin_id=admin_id, name=name)
    return Toast.BLOCKED


async def unblock(store: Store, gate: Gate, user_id: int, act: AdminAction, now: datetime) -> Toast:
    """A `Decider`. They may ask again, and have to verify like anybody else."""
    gate_id = gate.chat_id
    decision = await store.overrides.get(gate_id, user_id)
    if decision is None or decision.override is not Override.BLOCKED:
        return Toast.NOT_BLOCKED
    await store.overrides.drop(gate_id, user_id)
    store.journal.add(Event.UNBLOCKED, now, user_id=user_id, gate_id=gate_id, actor_id=act.admin_id)
    await lift_ban(store, gate, user_id, now)
    request = await store.requests.get(gate_id, user_id)
    name = request.name if request is not None else ""
    await post_to_log(store, gate, Event.UNBLOCKED, user_id, now, admin_id=act.admin_id, name=name)
    return Toast.UNBLOCKED
