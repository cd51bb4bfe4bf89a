"""An admin admits somebody."""

from __future__ import annotations

from datetime import datetime

from bot.domain.delivery import TaskKind, Toast
from bot.domain.gate import AccessOverride, Gate, JoinRequest, Override, RequestState
from bot.domain.journal import Event
from bot.domain.panel import AdminAction
from bot.domain.screen import Outcome
from bot.domain.statistics import EntryReason
from bot.domain.tasks import Unban
from bot.usecases.admit import BY_NOBODY, DecisionReason, let_in
from bot.usecases.decide_by_admin import only_who_waits
from bot.usecases.log_chat import post_to_log
from bot.usecases.notify_person import notify_person
from bot.usecases.personal_links import request_personal_link
from storage.store import Store


async def admit_by_admin(store: Store, gate: Gate, user_id: int, act: AdminAction, now: datetime) -> Toast:
    """A `Decider`. A person who waits comes in now; anyone else as soon as they ask, with a link if they were rejected
    before. Any block is lifted. Their phone is not marked as verified."""
    gate_id = gate.chat_id
    request, decision = await store.requests.get(gate_id, user_id), await store.overrides.get(gate_id, user_id)
    override = decision.override if decision is not None else None
    waits = await store.requests.decide_if_waiting(gate_id, user_id, RequestState.APPROVED, now)
    if not waits and (only_who_waits(act) or override is Override.ALLOWED):
        return Toast.DECIDED_ALREADY
    if not waits and override is None and request is not None and request.state is RequestState.APPROVED:
        return Toast.IN_ALREADY
    await store.overrides.put(gate_id, user_id, AccessOverride(Override.ALLOWED, now, act.admin_id))
    store.journal.add(Event.ALLOWED, now, user_id=user_id, gate_id=gate_id, actor_id=act.admin_id)
    if override is Override.BLOCKED:
        await lift_ban(store, gate, user_id, now)
    if request is not None and (waits or await _is_on_the_way_out(store, request, now)):
        await let_in(store, gate, request, BY_NOBODY, now, DecisionReason.BY_ADMIN, told=True, admin_id=act.admin_id)
        await notify_person(store, gate, user_id, Outcome.LET_IN, now)
        return Toast.LET_IN
    if request is not None and request.state is RequestState.DECLINED:
        await invite(store, gate, user_id, now)
    name = request.name if request is not None else ""
    await post_to_log(store, gate, Event.ALLOWED, user_id, now, admin_id=act.admin_id, name=name)
    return Toast.LET_IN_LATER


async def invite(store: Store, gate: Gate, user_id: int, now: datetime) -> None:
    """Send a personal link to somebody whom the bot cannot admit, because no request of theirs waits at Telegram."""
    person = (await store.people.get_many([user_id])).get(user_id)
    if person is not None and person.can_be_written:
        await request_personal_link(store, gate.chat_id, user_id, BY_NOBODY, now, how=EntryReason.OTHER)
        await notify_person(store, gate, user_id, Outcome.LET_IN, now)


async def lift_ban(store: Store, gate: Gate, user_id: int, now: datetime) -> None:
    """Request the unban."""
    gate_id = gate.chat_id
    # A ban that may be in flight has to come first: the other way round it would stay.
    pending = await store.tasks.cancel(TaskKind.BAN, gate_id, user_id, now)
    await store.tasks.add(Unban(user_id), gate_id, now, user_id=user_id, after=5.0 if pending else 0.0)


async def _is_on_the_way_out(store: Store, request: JoinRequest, now: datetime) -> bool:
    """Return whether they were rejected but Telegram does not know yet; if so, cancel the rejection."""
    if request.state is not RequestState.DECLINED:
        return False
    kinds = (TaskKind.DECLINE_JOIN, TaskKind.KICK)
    return any([await store.tasks.cancel(kind, request.gate_id, request.user_id, now) for kind in kinds])
