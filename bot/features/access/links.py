"""Personal invite links: each admits one person and nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.eligibility import VerifiedPhone, ineligibility
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import (
    AccessOverride,
    Gate,
    GateMode,
    Grant,
    GrantKind,
    GrantState,
    JoinRequest,
    Override,
    RequestState,
)
from bot.domain.journal import Event
from bot.domain.outgoing import TaskKind
from bot.domain.statistics import EntryReason
from bot.domain.tasks import RevokeLink
from storage.store import Store

LINKS_PER_HOUR = 3
"""Links per person and gate."""
AN_HOUR = timedelta(hours=1)


async def request_personal_link(
    store: Store, gate_id: int, user_id: int, verification_id: int, *, how: EntryReason | None = None
) -> None:
    """Request a link for one person; it replaces the previous one, which is revoked.

    A link that is being made stays. At most `LINKS_PER_HOUR` are made; the next one waits.
    """
    before = await link_of(store, gate_id, user_id)
    if before is not None and before.state is GrantState.DUE:
        return
    if before is not None:
        await _end(store, before, user_id)
    due_at = await next_link_at(store, gate_id, user_id)
    await store.grants.request(
        gate_id, user_id, GrantKind.LINK, verification_id, store.now, told=True, how=how, due_at=max(store.now, due_at)
    )


async def next_link_at(store: Store, gate_id: int, user_id: int) -> datetime:
    """Return when another link may be made for this person at this gate; not later than now if at once."""
    made = await store.journal.links_made(gate_id, user_id, store.now - AN_HOUR)
    return made[-LINKS_PER_HOUR] + AN_HOUR if len(made) >= LINKS_PER_HOUR else store.now


async def link_of(store: Store, gate_id: int, user_id: int) -> Grant | None:
    """Return the link that somebody got at a gate, is getting, or could not be given."""
    grants = await store.grants.get(gate_id, user_id)
    return next(
        (grant for grant in grants if grant.kind is GrantKind.LINK and grant.state is not GrantState.GONE), None
    )


async def take_back_link(store: Store, gate_id: int, user_id: int) -> Grant | None:
    """Revoke their link, and return it."""
    taken = await store.grants.take_back(gate_id, user_id, GrantKind.LINK)
    for grant in taken:
        await _end(store, grant, user_id)
    return taken[0] if taken else None


async def take_back_extra_links(store: Store, gate: Gate, user_id: int) -> None:
    """Revoke links into the extra chats of a gate that they are no longer in, unless another gate gives them too."""
    for chat_id in gate.settings.further:
        link = await link_of(store, chat_id, user_id)
        if link is not None and link.how is None and not await _is_given_extra(store, chat_id, user_id):
            await take_back_link(store, chat_id, user_id)


async def end_link(store: Store, gate_id: int, user_id: int, url: str, *, job: str | None = None) -> None:
    """Request that Telegram revokes a link."""
    await store.tasks.add(RevokeLink(url), gate_id, store.now, user_id=user_id, job=job)


async def live_links(store: Store, user_id: int) -> list[tuple[int, str]]:
    """Return all links that somebody has, as gate id and address."""
    return [(grant.gate_id, grant.detail) for grant in await store.grants.of_person(user_id) if _is_made(grant)]


async def enter_by_own_link(store: Store, gate: Gate, request: JoinRequest, url: str) -> bool:
    """Admit somebody who asks by their own link; return whether it was theirs and is still valid.

    By anybody else's link a request is like any other. At a gate that is off the bot decides only about holders of its
    links; while the gate is paused it decides nothing.
    """
    now = store.now
    gate_id, user_id = request.gate_id, request.user_id
    link = await link_of(store, gate_id, user_id)
    if link is None or not _is_made(link) or link.detail != url or not is_open_to_links(gate):
        return False
    if not await is_still_given(store, gate, user_id, link.how):
        return False
    wish = await store.requests.get(gate_id, user_id)
    since = wish.requested_at if wish is not None and wish.way is EntryMode.LINK else request.requested_at
    await store.requests.keep(
        JoinRequest(
            gate_id,
            user_id,
            since,
            request.deadline_at,
            RequestState.APPROVED,
            request.query_id,
            way=EntryMode.LINK,
            name=request.name,
        )
    )
    await store.tasks.cancel(TaskKind.DECLINE_JOIN, gate_id, user_id, now)
    await store.grants.request(gate_id, user_id, GrantKind.JOIN, link.verification_id, now, told=True, how=link.how)
    store.journal.add(
        Event.GRANT_DUE,
        now,
        user_id=user_id,
        gate_id=gate_id,
        verification_id=link.verification_id or None,
        code=f"{GrantKind.JOIN}:{EntryMode.LINK}",
    )
    return True


def is_open_to_links(gate: Gate) -> bool:
    """Return whether the bot admits anybody to the chat by a personal link."""
    return gate.is_on and gate.switch is not GateMode.PAUSED


async def is_still_given(store: Store, gate: Gate, user_id: int, how: EntryReason | None) -> bool:
    """Return whether they would get that link now. `how` they come in by it; None for a link into an extra chat, which
    is valid as long as a gate that they are in lists the chat."""
    known = await store.overrides.known(gate.chat_id, user_id)
    if known.decision is not None and known.decision.override is Override.BLOCKED:
        return False
    if how is None:
        is_revoked = _is_revoked(known.decision, known.phone)
        return not is_revoked and await _is_given_extra(store, gate.chat_id, user_id)
    return _may_enter(gate, known.decision, known.phone, store.now)


async def _is_given_extra(store: Store, chat_id: int, user_id: int) -> bool:
    for gate in await store.gates.all():
        is_listed = chat_id in gate.settings.further and gate.chat_id != chat_id
        if is_listed and gate.is_on and gate.switch is not GateMode.OFF and await _is_in(store, gate, user_id):
            return True
    return False


async def _is_in(store: Store, gate: Gate, user_id: int) -> bool:
    """Return whether they came in at this gate, with no decision against them since."""
    known = await store.overrides.known(gate.chat_id, user_id)
    if _is_revoked(known.decision, known.phone):
        return False
    request = await store.requests.get(gate.chat_id, user_id)
    if request is None:
        # Newcomers who need not be muted leave no request.
        return gate.mutes and _may_enter(gate, known.decision, known.phone, store.now)
    return request.state is RequestState.APPROVED


def _is_revoked(decision: AccessOverride | None, phone: VerifiedPhone | None) -> bool:
    """Return whether an admin blocked them, or revoked their access and they have not verified again."""
    match decision.override if decision is not None else None:
        case Override.BLOCKED:
            return True
        case Override.REVOKED:
            return decision is None or phone is None or phone.verified_at <= decision.at
    return False


def _may_enter(gate: Gate, decision: AccessOverride | None, phone: VerifiedPhone | None, now: datetime) -> bool:
    """Return whether the gate's rules admit them."""
    override = decision.override if decision is not None else None
    if override is Override.ALLOWED or not gate.rules(now).asks_call:
        return True
    return phone is not None and ineligibility(gate, phone, decision, now) is None


def _is_made(grant: Grant) -> bool:
    return grant.kind is GrantKind.LINK and grant.state is GrantState.DONE and bool(grant.detail)


async def _end(store: Store, grant: Grant, user_id: int) -> None:
    if _is_made(grant):
        await end_link(store, grant.gate_id, user_id, grant.detail)
