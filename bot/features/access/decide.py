"""Deciding about join requests: the one place that admits or rejects people."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.eligibility import Applicant, DecisionReason, ineligibility
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import GRANT_OF, Gate, GrantKind, JoinRequest, Override, RequestState
from bot.domain.journal import Event
from bot.domain.outgoing import TaskKind
from bot.domain.screens import ScreenName
from bot.domain.statistics import EntryReason
from bot.domain.tasks import DeclineJoin, Kick, Mute, Prompt
from bot.features.access.links import request_personal_link
from bot.features.admins.log_chat import post_to_log
from storage.store import Store


async def is_gone(store: Store, request: JoinRequest) -> None:
    """Record that somebody who waited has left the chat."""
    now = store.now
    await store.requests.set_state(request.gate_id, request.user_id, RequestState.GONE, now)
    store.journal.add(Event.GONE, now, user_id=request.user_id, gate_id=request.gate_id)
    await store.screens.touch([request.user_id], now, acted=False)


PROMPT_PATIENCE = timedelta(minutes=2)
"""How long a muted newcomer has to come to the private chat before the group gets the prompt."""
BY_NOBODY = 0
"""In place of a verification's id, for people who came in without one."""


async def decide(
    store: Store, gate: Gate, request: JoinRequest, *, told: bool, called: bool = False, known: Applicant | None = None
) -> bool:
    """Admit or reject somebody if a decision is possible; return whether it was.

    An admin's decision about the person goes first. Then a gate that requires no call admits everybody. Then the
    verified phone is checked; an ineligibility is stored, and the person's screen shows it. A gate that is not active
    decides nothing. `told`: the person's screen shows the outcome. `called`: they have called just now. `known`: the
    applicant, if loaded before.
    """
    now = store.now
    if not gate.works:
        return False
    user_id = request.user_id
    known = known or await store.overrides.known(gate.chat_id, user_id)
    decision, phone = known.decision, known.phone
    override = decision.override if decision is not None else None
    if override is Override.BLOCKED:
        await turn_away(store, gate, request, DecisionReason.BLOCKED)
        return True
    if override is Override.ALLOWED:
        await let_in(store, gate, request, BY_NOBODY, DecisionReason.BY_ADMIN, told=told)
        return True
    if not gate.rules(now).asks_call:
        await let_in(store, gate, request, BY_NOBODY, DecisionReason.OPEN, told=told)
        return True
    if phone is None:
        return False
    found = ineligibility(gate, phone, decision, now)
    if found is None:
        how = EntryReason.CALLED if called or phone.verified_at > request.requested_at else EntryReason.KNOWN
        await let_in(store, gate, request, phone.verification_id, DecisionReason.VERIFIED, told=told, how=how)
        return True
    if found is not request.ineligibility:
        await store.requests.set_ineligibility(gate.chat_id, user_id, found)
        await store.screens.touch([user_id], now, acted=False)
        store.journal.add(Event.HINDERED, now, user_id=user_id, gate_id=gate.chat_id, code=found)
    return False


async def let_in(
    store: Store,
    gate: Gate,
    request: JoinRequest,
    verification_id: int,
    why: DecisionReason,
    *,
    told: bool,
    how: EntryReason = EntryReason.OTHER,
    admin_id: int | None = None,
) -> None:
    """Admit a person; the delivery worker tells Telegram."""
    now = store.now
    gate_id, user_id = gate.chat_id, request.user_id
    await store.requests.set_state(gate_id, user_id, RequestState.APPROVED, now)
    if request.way is EntryMode.MUTE:
        await call_off(store, gate_id, user_id)
    kind = GRANT_OF[request.way]
    if kind is GrantKind.LINK:
        await request_personal_link(store, gate_id, user_id, verification_id, how=how)
    else:
        await store.grants.request(gate_id, user_id, kind, verification_id, now, told=told, how=how)
    store.journal.add(
        Event.GRANT_DUE,
        now,
        user_id=user_id,
        gate_id=gate_id,
        verification_id=verification_id or None,
        code=f"{kind}:{why}" if why is not DecisionReason.VERIFIED else kind,
        actor_id=admin_id,
    )


async def turn_away(
    store: Store,
    gate: Gate,
    request: JoinRequest,
    why: DecisionReason,
    *,
    admin_id: int | None = None,
    job: str | None = None,
) -> None:
    """Reject a person. A muted newcomer is removed, and may come again."""
    now = store.now
    gate_id, user_id = gate.chat_id, request.user_id
    await store.requests.set_state(gate_id, user_id, RequestState.DECLINED, now)
    events = {DecisionReason.DEADLINE: Event.JOIN_EXPIRED}
    event = events.get(why, Event.DECLINED_BY_ADMIN)
    store.journal.add(event, now, user_id=user_id, gate_id=gate_id, code=why, actor_id=admin_id)
    if request.way is EntryMode.LINK:
        return
    if request.way is EntryMode.MUTE:
        await call_off(store, gate_id, user_id)
    await store.tasks.add(refusal(request, why, admin_id), gate_id, now, user_id=user_id, job=job)


def refusal(request: JoinRequest, why: DecisionReason, admin_id: int | None) -> Kick | DeclineJoin:
    """Return the task that rejects a person at Telegram."""
    gate_id, user_id = request.gate_id, request.user_id
    if request.way is not EntryMode.MUTE:
        return DeclineJoin(gate_id, user_id, why, request.query_id, admin_id)
    # Removing somebody whom an admin restricted would lift the admin's restriction.
    return Kick(gate_id, user_id, why, admin_id, spare_restricted=why is DecisionReason.DEADLINE)


async def notify_of_deadline(store: Store, gate: Gate, request: JoinRequest) -> None:
    """Tell a person that their request expired, unless they never met the bot."""
    person = (await store.people.get_many([request.user_id])).get(request.user_id)
    if person is None:
        return
    await store.screens.show(
        person.user_id,
        person.chat_id,
        ScreenName.DEADLINE,
        store.now,
        details={"gate": gate.title, "way": request.way},
        fresh=person.can_be_written,
        acted=False,
    )


async def let_through(
    store: Store, gate: Gate, newcomer: JoinRequest, why: str, *, is_muted: bool, admin_id: int | None = None
) -> None:
    """Exempt a newcomer from verification: an admin wants them to write, or they are an admin. `is_muted`: the bot's
    own restriction holds, and is lifted."""
    now = store.now
    gate_id, user_id = gate.chat_id, newcomer.user_id
    await store.requests.set_state(gate_id, user_id, RequestState.APPROVED, now)
    await call_off(store, gate_id, user_id)
    store.journal.add(Event.EXEMPTED, now, user_id=user_id, gate_id=gate_id, code=why, actor_id=admin_id)
    await store.screens.touch([user_id], now, acted=False)
    if is_muted:
        await store.grants.request(
            gate_id, user_id, GrantKind.UNMUTE, BY_NOBODY, now, told=False, how=EntryReason.OTHER
        )
        return
    await reward(store, gate, user_id, BY_NOBODY)
    await post_to_log(
        store, gate, Event.EXEMPTED, user_id, why=DecisionReason.BY_ADMIN, admin_id=admin_id, name=newcomer.name
    )


async def mute(
    store: Store, request: JoinRequest, *, actor_id: int | None = None, after: float = 0.0, crowd: bool = False
) -> None:
    """Request the mute of a newcomer, unless `actor_id`, who added them, is an admin. `crowd`: they are part of a
    raid's crowd and do not go before others."""
    work = Mute(request.user_id, joined(request), actor_id)
    await store.tasks.add(work, request.gate_id, store.now, user_id=request.user_id, after=after, crowd=crowd)


async def prompt(store: Store, gate: Gate, request: JoinRequest) -> None:
    """Tell a muted newcomer once how to verify, in a message that only they see; with a short expiry if the group gets
    a prompt otherwise."""
    work = Prompt(gate.settings.language)
    key = f"{TaskKind.PROMPT}:{gate.chat_id}:{request.user_id}:{joined(request)}"
    expires_at = store.now + PROMPT_PATIENCE if gate.settings.prompts_group else request.deadline_at
    await store.tasks.add(work, gate.chat_id, store.now, key=key, expires_at=expires_at, user_id=request.user_id)


def joined(request: JoinRequest) -> int:
    """Return when they joined, which distinguishes tasks of this join from those of earlier ones."""
    return int(request.requested_at.timestamp())


async def call_off(store: Store, gate_id: int, user_id: int) -> None:
    """Cancel the pending tasks of a muted newcomer. A mute that may be in flight continues: the unmute waits for it."""
    await store.tasks.cancel(TaskKind.MUTE, gate_id, user_id, store.now, resting=True)
    for kind in (TaskKind.PROMPT, TaskKind.KICK):
        await store.tasks.cancel(kind, gate_id, user_id, store.now)


async def reward(store: Store, gate: Gate, user_id: int, verification_id: int) -> None:
    """Request what else the gate gives to a person who is in: its tag, and links to its extra chats."""
    settings = gate.settings
    if settings.tag:
        await store.grants.request(
            gate.chat_id, user_id, GrantKind.TAG, verification_id, store.now, told=False, detail=settings.tag
        )
    further = await store.gates.get_many(settings.further)
    for chat_id in settings.further:
        if chat_id in further and further[chat_id].is_on:
            await request_personal_link(store, chat_id, user_id, verification_id)
