"""An admin decides about one person: admit, decline, block, unblock, revoke, restore."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.eligibility import WAS_IN, DecisionReason, ineligibility
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import (
    AccessOverride,
    Gate,
    Grant,
    GrantKind,
    GrantState,
    Ineligibility,
    JoinRequest,
    Override,
    RequestState,
)
from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.outgoing import TaskKind
from bot.domain.screens import Outcome, ScreenName
from bot.domain.setting_choices import Page
from bot.domain.statistics import EntryReason
from bot.domain.tasks import Ban, Kick, Unban, Untag
from bot.features.access.decide import BY_NOBODY, decide, let_in, mute, reward, turn_away
from bot.features.access.links import request_personal_link, take_back_extra_links, take_back_link
from bot.features.admins.log_chat import post_to_log
from bot.features.admins.navigation import show_page
from bot.features.moderation.appeals import close_appeal
from storage.store import Store

GRANTS_FIRST = 1.0
"""Seconds the screen waits, so that it is drawn once, with the grants already made."""


async def notify_person(store: Store, gate: Gate, user_id: int, outcome: Outcome, *, fresh: bool = True) -> None:
    """Show it on their screen, as a new message if they can be written to. People who never met the bot get nothing."""
    person = (await store.people.get_many([user_id])).get(user_id)
    if person is None:
        return
    await store.screens.show(
        user_id,
        person.chat_id,
        ScreenName.DECIDED,
        store.now,
        details={"gate": gate.chat_id, "outcome": outcome},
        fresh=fresh and person.can_be_written,
        acted=fresh,
        after=GRANTS_FIRST if outcome is Outcome.LET_IN else 0.0,
    )


async def decline_by_admin(store: Store, gate: Gate, user_id: int, act: AdminAction) -> Toast:
    """A `Decider`. They may ask again, and verify, at any time."""
    gate_id = gate.chat_id
    request = await store.requests.get(gate_id, user_id)
    if request is None or not await store.requests.decide_if_waiting(
        gate_id, user_id, RequestState.DECLINED, store.now
    ):
        return Toast.DECIDED_ALREADY
    await store.overrides.drop(gate_id, user_id)
    await turn_away(store, gate, request, DecisionReason.BY_ADMIN, admin_id=act.admin_id)
    if request.way is EntryMode.LINK:
        # Telegram knows of no request here. Other requests reach the log once Telegram has declined them.
        await post_to_log(
            store,
            gate,
            Event.JOIN_DECLINED,
            user_id,
            why=DecisionReason.BY_ADMIN,
            since=request.requested_at,
            admin_id=act.admin_id,
            name=request.name,
        )
    await notify_person(store, gate, user_id, Outcome.DECLINED)
    return Toast.DECLINED


Decider = Callable[[Store, Gate, int, AdminAction], Awaitable[Toast]]
"""Decides about the person with this id, as the action says."""

FROM_APPEAL, FROM_PENDING, FROM_WHO, FROM_LOG, FROM_CONSOLE = "appeal", "pending", "who", "log", "console"
"""Where the button is that decides about somebody: the `key` of its action. `FROM_CONSOLE`: one there that undoes."""
IN_FORCE: Mapping[AdminActionKind, Override | None] = {
    AdminActionKind.LET_IN: None,
    AdminActionKind.RESTORE: Override.REVOKED,
}
"""What is in force after the action that this one undoes. The console offers an undo for as long as its page is open;
anything else was decided since, and stays."""
HARMFUL = (AdminActionKind.BLOCK, AdminActionKind.REVOKE)
DECIDED = (Toast.LET_IN, Toast.DECLINED, Toast.BLOCKED)


class ByHand:
    """An `ActionHandler` around a `Decider`.

    It does nothing harmful to a known admin of the gate. It locks the person, so that of two admins, or an admin and a
    call, one comes first and the other finds the decision made. The place of the button shows the outcome: the messages
    of an appeal, the list of pending requests, the person's page.
    """

    def __init__(self, decide: Decider) -> None:
        self._decide = decide

    async def __call__(self, store: Store, gate: Gate, act: AdminAction) -> Toast:
        user_id = act.person_id
        if user_id is None:
            return Toast.UNKNOWN
        if act.kind in HARMFUL and await _is_admin(store, gate, user_id, act):
            toast = Toast.IS_ADMIN
        else:
            await store.people.lock(user_id)
            if await _is_decided_since(store, gate, user_id, act):
                toast = Toast.DECIDED_ALREADY
            else:
                toast = await self._decide(store, gate, user_id, act)
        if toast in DECIDED:
            await close_appeal(store, gate, user_id, toast, act.admin_id)
        key = act.details.get("key")
        if key == FROM_APPEAL and toast is Toast.DECIDED_ALREADY:
            await close_appeal(store, gate, user_id, toast)
        if key == FROM_PENDING:
            await store.screens.touch([act.admin_id], store.now)
        if key == FROM_WHO:
            shown: dict[str, str | int] = {"value": user_id, "did": act.kind, "said": toast}
            await show_page(store, gate, act.admin_id, Page.WHO, shown)
        return toast


def only_who_waits(act: AdminAction) -> bool:
    """Return whether the button is only about pending requests: a decision made meanwhile stays."""
    return act.details.get("key") in (FROM_APPEAL, FROM_PENDING)


async def _is_decided_since(store: Store, gate: Gate, user_id: int, act: AdminAction) -> bool:
    """Return whether somebody has decided about the person after what this undoes."""
    if act.details.get("key") != FROM_CONSOLE or act.kind not in IN_FORCE:
        return False
    decision = await store.overrides.get(gate.chat_id, user_id)
    return (decision.override if decision is not None else None) is not IN_FORCE[act.kind]


async def take_back(store: Store, gate: Gate, user_id: int) -> list[Grant]:
    """Revoke what they were given at the gate: the tag, if the bot set it, and links, including those into extra chats.
    Return the grants they had at the gate."""
    link = await take_back_link(store, gate.chat_id, user_id)
    taken = await store.grants.take_back(gate.chat_id, user_id)
    if link is not None:
        taken.append(link)
    await take_back_extra_links(store, gate, user_id)
    for grant in taken:
        if grant.kind is GrantKind.TAG and grant.state is GrantState.DONE:
            await store.tasks.add(Untag(user_id, grant.detail), gate.chat_id, store.now, user_id=user_id)
    return taken


async def _is_admin(store: Store, gate: Gate, user_id: int, act: AdminAction) -> bool:
    return user_id == act.admin_id or bool(await store.admins.is_admin(gate.chat_id, user_id))


async def admit_by_admin(store: Store, gate: Gate, user_id: int, act: AdminAction) -> Toast:
    """A `Decider`. A person who waits comes in now; anyone else as soon as they ask, with a link if they were rejected
    before. Any block is lifted. Their phone is not marked as verified."""
    now = store.now
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
        await lift_ban(store, gate, user_id)
    if request is not None and (waits or await _is_on_the_way_out(store, request)):
        await let_in(store, gate, request, BY_NOBODY, DecisionReason.BY_ADMIN, told=True, admin_id=act.admin_id)
        await notify_person(store, gate, user_id, Outcome.LET_IN)
        return Toast.LET_IN
    if request is not None and request.state is RequestState.DECLINED:
        await invite(store, gate, user_id)
    name = request.name if request is not None else ""
    await post_to_log(store, gate, Event.ALLOWED, user_id, admin_id=act.admin_id, name=name)
    return Toast.LET_IN_LATER


async def invite(store: Store, gate: Gate, user_id: int) -> None:
    """Send a personal link to somebody whom the bot cannot admit, because no request of theirs waits at Telegram."""
    person = (await store.people.get_many([user_id])).get(user_id)
    if person is not None and person.can_be_written:
        await request_personal_link(store, gate.chat_id, user_id, BY_NOBODY, how=EntryReason.OTHER)
        await notify_person(store, gate, user_id, Outcome.LET_IN)


async def lift_ban(store: Store, gate: Gate, user_id: int) -> None:
    """Request the unban."""
    gate_id = gate.chat_id
    # A ban that may be in flight has to come first: the other way round it would stay.
    pending = await store.tasks.cancel(TaskKind.BAN, gate_id, user_id, store.now)
    await store.tasks.add(Unban(user_id), gate_id, store.now, user_id=user_id, after=5.0 if pending else 0.0)


async def _is_on_the_way_out(store: Store, request: JoinRequest) -> bool:
    """Return whether they were rejected but Telegram does not know yet; if so, cancel the rejection."""
    if request.state is not RequestState.DECLINED:
        return False
    kinds = (TaskKind.DECLINE_JOIN, TaskKind.KICK)
    return any([await store.tasks.cancel(kind, request.gate_id, request.user_id, store.now) for kind in kinds])


IS_IN = (GrantKind.JOIN, GrantKind.UNMUTE)


async def block(store: Store, gate: Gate, user_id: int, act: AdminAction) -> Toast:
    """A `Decider`. A person who waits is rejected, and told only that; one who may be in is banned. Every later request
    is rejected."""
    now = store.now
    gate_id, admin_id = gate.chat_id, act.admin_id
    decision = await store.overrides.get(gate_id, user_id)
    if decision is not None and decision.override is Override.BLOCKED:
        return Toast.DECIDED_ALREADY
    request = await store.requests.get(gate_id, user_id)
    waits = await store.requests.decide_if_waiting(gate_id, user_id, RequestState.DECLINED, now)
    if not waits and only_who_waits(act):
        return Toast.DECIDED_ALREADY
    await store.overrides.put(gate_id, user_id, AccessOverride(Override.BLOCKED, now, admin_id))
    taken = await take_back(store, gate, user_id)
    is_in = any(grant.kind in IS_IN and grant.state is GrantState.DONE for grant in taken)
    is_in = is_in or (request is not None and request.state is RequestState.APPROVED)
    code = WAS_IN if is_in else ""
    store.journal.add(Event.BLOCKED, now, user_id=user_id, gate_id=gate_id, code=code, actor_id=admin_id)
    if waits:
        await notify_person(store, gate, user_id, Outcome.DECLINED)
    if request is not None and waits and request.way is not EntryMode.MUTE:
        await turn_away(store, gate, request, DecisionReason.BLOCKED, admin_id=admin_id)
        if request.way is not EntryMode.LINK:
            # The log gets it once Telegram has been told.
            return Toast.BLOCKED
    else:
        if request is not None and not waits:
            await store.requests.set_state(gate_id, user_id, RequestState.GONE, now)
        await store.tasks.add(Ban(user_id, admin_id), gate_id, now, user_id=user_id)
    name = request.name if request is not None else ""
    await post_to_log(store, gate, Event.BLOCKED, user_id, admin_id=admin_id, name=name)
    return Toast.BLOCKED


async def unblock(store: Store, gate: Gate, user_id: int, act: AdminAction) -> Toast:
    """A `Decider`. They may ask again, and have to verify like anybody else."""
    gate_id = gate.chat_id
    decision = await store.overrides.get(gate_id, user_id)
    if decision is None or decision.override is not Override.BLOCKED:
        return Toast.NOT_BLOCKED
    await store.overrides.drop(gate_id, user_id)
    store.journal.add(Event.UNBLOCKED, store.now, user_id=user_id, gate_id=gate_id, actor_id=act.admin_id)
    await lift_ban(store, gate, user_id)
    request = await store.requests.get(gate_id, user_id)
    name = request.name if request is not None else ""
    await post_to_log(store, gate, Event.UNBLOCKED, user_id, admin_id=act.admin_id, name=name)
    return Toast.UNBLOCKED


async def revoke(store: Store, gate: Gate, user_id: int, act: AdminAction) -> Toast:
    """A `Decider`. Revokes what they were given at this gate; only a later verification opens it again. If the gate
    mutes newcomers, they are muted again; elsewhere, or if they were there before the bot, they are removed and may
    come again. Pending requests keep waiting."""
    now = store.now
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
        await take_back(store, gate, user_id)
        if gate.settings.way is EntryMode.MUTE and request is not None:
            await _mute(store, gate, user_id, request.name)
        else:
            await _remove(store, gate, user_id, act.admin_id)
    await post_to_log(store, gate, Event.REVOKED, user_id, admin_id=act.admin_id, name=request.name if request else "")
    return Toast.REVOKED


async def restore(store: Store, gate: Gate, user_id: int, act: AdminAction) -> Toast:
    """A `Decider`. Undoes a revocation: verified people come in by their verification, others are admitted by an admin.
    For people who were admitted by an admin, it drops that decision."""
    now = store.now
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
        await _bring_back(store, gate, user_id, request, verified_by=phone.verification_id if phone else None)
    await post_to_log(store, gate, Event.RESTORED, user_id, admin_id=act.admin_id, name=request.name if request else "")
    return Toast.RESTORED


async def _wait_anew(store: Store, request: JoinRequest) -> None:
    if await store.phones.of(request.user_id) is not None:
        await store.requests.set_ineligibility(request.gate_id, request.user_id, Ineligibility.STALE)


async def _mute(store: Store, gate: Gate, user_id: int, name: str) -> None:
    now = store.now
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
    await mute(store, request)
    person = (await store.people.get_many([user_id])).get(user_id)
    if person is not None and person.can_be_written and await store.verifications.open_of(user_id) is None:
        await store.screens.show(user_id, person.chat_id, ScreenName.WELCOME, now, fresh=True, acted=False)


async def _remove(store: Store, gate: Gate, user_id: int, admin_id: int) -> None:
    gate_id = gate.chat_id
    await store.requests.set_state(gate_id, user_id, RequestState.GONE, store.now)
    work = Kick(gate_id, user_id, DecisionReason.REVOKED, admin_id)
    await store.tasks.add(work, gate_id, store.now, user_id=user_id)
    await notify_person(store, gate, user_id, Outcome.REVOKED)


async def _bring_back(
    store: Store, gate: Gate, user_id: int, request: JoinRequest | None, *, verified_by: int | None
) -> None:
    gate_id = gate.chat_id
    if request is not None and request.state is RequestState.WAITING:
        await store.requests.set_ineligibility(gate_id, user_id, None)
        if verified_by is None:
            await let_in(store, gate, request, BY_NOBODY, DecisionReason.BY_ADMIN, told=True)
        else:
            await decide(store, gate, replace(request, ineligibility=None), told=True)
        await notify_person(store, gate, user_id, Outcome.LET_IN)
    elif request is not None and request.state is RequestState.APPROVED:
        # They have verified again since, and are in.
        return
    elif await store.tasks.cancel(TaskKind.KICK, gate_id, user_id, store.now):
        # The removal was still pending.
        await store.requests.set_state(gate_id, user_id, RequestState.APPROVED, store.now)
        await reward(store, gate, user_id, verified_by or BY_NOBODY)
        await notify_person(store, gate, user_id, Outcome.LET_IN)
    else:
        await invite(store, gate, user_id)


DECIDERS: Mapping[AdminActionKind, Decider] = {
    AdminActionKind.LET_IN: admit_by_admin,
    AdminActionKind.DECLINE: decline_by_admin,
    AdminActionKind.BLOCK: block,
    AdminActionKind.UNBLOCK: unblock,
    AdminActionKind.REVOKE: revoke,
    AdminActionKind.RESTORE: restore,
}
