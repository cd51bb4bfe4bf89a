"""An admin revokes somebody's access, or restores it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.admission import ineligibility
from bot.domain.delivery import TaskKind, Toast
from bot.domain.gate import AccessOverride, Gate, Ineligibility, JoinRequest, Override, RequestState
from bot.domain.journal import Event
from bot.domain.panel import AdminAction
from bot.domain.screen import Outcome, ScreenName
from bot.domain.settings import EntryMode
from bot.domain.tasks import Kick
from bot.usecases.admit import BY_NOBODY, DecisionReason, decide, let_in, mute, reward
from bot.usecases.admit_by_admin import invite
from bot.usecases.decide_by_admin import take_back
from bot.usecases.log_chat import post_to_log
from bot.usecases.notify_person import notify_person
from storage.store import Store


async def revoke(store: Store, gate: Gate, user_id: int, act: AdminAction, now: datetime) -> Toast:
    """A `Decider`. Revokes what they were given at this gate; only a later verification opens it again. If the gate
    mutes newcomers, they are muted again; elsewhere, or if they were there before the bot, they are removed and may
    come again. Pending requests keep waiting."""
    gate_id = gate.chat_id
    decision, request = await store.overrides.get(gate_id, user_id), await store.requests.get(gate_id, user_id)
    is_in = request is not None and request.state is RequestState.APPROVED
    override = decision.override if decision is not None else None
    if override is Override.BLOCKED or (override is Override.REVOKED and not is_in):
        return Toast.DECIDED_ALREADY
    await store.overrides.put(gate_id, user_id, AccessOverride(Override.REVOKED, now, act.admin_id))
    store.journal.add(Event.REVOKED, now, user_id=user_id, gate_id=gate_id, actor_id=act.admin_id)
    if request is not None and request.state is RequestState.WAITING:
        await _wait_anew(store, request)
        await store.screens.touch([user_id], now, acted=False)
    else:
        await take_back(store, gate, user_id, now)
        if gate.settings.way is EntryMode.MUTE and request is not None:
            await _mute(store, gate, user_id, request.name, now)
        else:
            await _remove(store, gate, user_id, act.admin_id, now)
    await post_to_log(
        store, gate, Event.REVOKED, user_id, now, admin_id=act.admin_id, name=request.name if request else ""
    )
    return Toast.REVOKED


async def restore(store: Store, gate: Gate, user_id: int, act: AdminAction, now: datetime) -> Toast:
    """A `Decider`. Undoes a revocation: verified people come in by their verification, others are admitted by an admin.
    For people who were admitted by an admin, it drops that decision."""
    gate_id = gate.chat_id
    decision = await store.overrides.get(gate_id, user_id)
    if decision is None or decision.override is Override.BLOCKED:
        return Toast.DECIDED_ALREADY
    store.journal.add(Event.RESTORED, now, user_id=user_id, gate_id=gate_id, actor_id=act.admin_id)
    request, phone = await store.requests.get(gate_id, user_id), await store.phones.of(user_id)
    if phone is not None and ineligibility(gate, phone, None, now) is not None:
        # The phone no longer opens the gate.
        phone = None
    if decision.override is Override.REVOKED and phone is None:
        await store.overrides.put(gate_id, user_id, AccessOverride(Override.ALLOWED, now, act.admin_id))
    else:
        await store.overrides.drop(gate_id, user_id)
    if decision.override is Override.REVOKED:
        await _bring_back(
            store,
            gate,
            user_id,
            request,
            now,
            verified_by=phone.verification_id if phone else None,
        )
    await post_to_log(
        store, gate, Event.RESTORED, user_id, now, admin_id=act.admin_id, name=request.name if request else ""
    )
    return Toast.RESTORED


async def _wait_anew(store: Store, request: JoinRequest) -> None:
    if await store.phones.of(request.user_id) is not None:
        await store.requests.set_ineligibility(request.gate_id, request.user_id, Ineligibility.STALE)


async def _mute(store: Store, gate: Gate, user_id: int, name: str, now: datetime) -> None:
    request = JoinRequest(
        gate.chat_id,
        user_id,
        now,
        now + gate.rules(now).deadline,
        RequestState.WAITING,
        way=EntryMode.MUTE,
        name=name,
    )
    await store.requests.keep(request)
    await _wait_anew(store, request)
    await mute(store, request, now)
    person = (await store.people.get_many([user_id])).get(user_id)
    if person is not None and person.can_be_written and await store.verifications.open_of(user_id) is None:
        await store.screens.show(user_id, person.chat_id, ScreenName.WELCOME, now, fresh=True, acted=False)


async def _remove(store: Store, gate: Gate, user_id: int, admin_id: int, now: datetime) -> None:
    gate_id = gate.chat_id
    await store.requests.set_state(gate_id, user_id, RequestState.GONE, now)
    work = Kick(gate_id, user_id, DecisionReason.REVOKED, admin_id)
    await store.tasks.add(work, gate_id, now, user_id=user_id)
    await notify_person(store, gate, user_id, Outcome.REVOKED, now)


async def _bring_back(
    store: Store, gate: Gate, user_id: int, request: JoinRequest | None, now: datetime, *, verified_by: int | None
) -> None:
    gate_id = gate.chat_id
    if request is not None and request.state is RequestState.WAITING:
        await store.requests.set_ineligibility(gate_id, user_id, None)
        if verified_by is None:
            await let_in(store, gate, request, BY_NOBODY, now, DecisionReason.BY_ADMIN, told=True)
        else:
            await decide(store, gate, replace(request, ineligibility=None), now, told=True)
        await notify_person(store, gate, user_id, Outcome.LET_IN, now)
    elif request is not None and request.state is RequestState.APPROVED:
        # They have verified again since, and are in.
        return
    elif await store.tasks.cancel(TaskKind.KICK, gate_id, user_id, now):
        # The removal was still pending.
        await store.requests.set_state(gate_id, user_id, RequestState.APPROVED, now)
        await reward(store, gate, user_id, verified_by or BY_NOBODY, now)
        await notify_person(store, gate, user_id, Outcome.LET_IN, now)
    else:
        await invite(store, gate, user_id, now)
