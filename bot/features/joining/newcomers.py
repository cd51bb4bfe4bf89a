"""Somebody joined a gate's chat, left it, or was restricted there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.admin_actions import ADMIN_KNOWN_FOR
from bot.domain.eligibility import DecisionReason, ineligibility
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import (
    ANONYMOUS_ADMIN,
    GRANT_OF,
    AccessOverride,
    Gate,
    GrantKind,
    GrantState,
    Ineligibility,
    JoinRequest,
    Override,
    RequestState,
)
from bot.domain.journal import (
    ADDED,
    ADDED_BY_MEMBER,
    APPROVED,
    APPROVED_BY_BOT,
    JOINED,
    JOINED_FREELY,
    PAST_THE_GATE,
    Event,
)
from bot.domain.outgoing import MOST_CHECKS, DeliveryResult, TaskKind
from bot.domain.screens import ScreenName
from bot.domain.tasks import Ban, CheckWhoAdded
from bot.features.access.decide import BY_NOBODY, call_off, is_gone, let_through, mute, reward
from bot.features.access.links import is_still_given, link_of, take_back_link
from bot.features.admins.log_chat import post_to_log
from bot.features.gates.switch import has_to_ask, keeps_out, member_bypassed
from bot.features.raids.detect import notice_raid
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A join, as reported by Telegram. `actor_id`: who caused it, themselves or somebody who added or approved
    them. `asked`: they came by an approved request. `is_admin`: they joined as an administrator. `is_muted`: they left
    earlier before they had verified, and the bot's restriction is still in force. `is_by_bot`: another bot approved
    their request."""

    user_id: int
    name: str
    is_bot: bool
    is_admin: bool
    actor_id: int
    asked: bool
    is_muted: bool = False
    is_by_bot: bool = False


async def on_member_joined(store: Store, gate_id: int, newcomer: Newcomer) -> None:
    """A person admitted by the bot gets what else the gate gives; nothing more happens.

    If the gate mutes newcomers, others are muted at once and told how to verify, unless they may come in as they are:
    bots, admins, people whom an admin added or admitted, to whom the bot gave a link, or whom the gate's rules admit.
    Before muting, the bot asks Telegram who added them. At other gates their arrival is only recorded: they bypassed
    the gate, or an admin decided in the bot's place. People added by a member who is not an admin, or admitted by
    another bot, bypassed it as well; an admin vouches for people they add.

    If they are allowed to write, any restriction left from an earlier join is lifted.
    """
    gate = await store.gates.get(gate_id)
    if gate is None or not gate.is_on or newcomer.is_bot:
        return
    if await _may_write(store, gate, newcomer) and newcomer.is_muted:
        await store.grants.request(gate_id, newcomer.user_id, GrantKind.UNMUTE, BY_NOBODY, store.now, told=False)


async def _may_write(store: Store, gate: Gate, newcomer: Newcomer) -> bool:
    now = store.now
    gate_id, user_id = gate.chat_id, newcomer.user_id
    request = await store.requests.get(gate_id, user_id)
    state = request.state if request is not None else None
    if newcomer.asked and state is RequestState.APPROVED:
        if request is not None and request.way is EntryMode.LINK and await take_back_link(store, gate_id, user_id):
            # The link is used up.
            await store.screens.touch([user_id], now, acted=False)
        return True
    is_mute = request is not None and request.way is EntryMode.MUTE
    if request is not None and state is RequestState.WAITING and not is_mute and (newcomer.asked or not gate.mutes):
        await _admitted_by_admin(store, gate, request, newcomer)
        return True
    decision = await store.overrides.get(gate_id, user_id)
    if decision is not None and decision.override is Override.BLOCKED and gate.works:
        await _note_arrival(store, gate, newcomer)
        await store.tasks.add(Ban(user_id), gate_id, now, user_id=user_id)
        return False
    if not newcomer.asked and await _came_by_link(store, gate, request, newcomer):
        store.journal.add(Event.MEMBER_CAME, now, user_id=user_id, gate_id=gate_id, code=_how(newcomer))
        return True
    await _note_arrival(store, gate, newcomer)
    if not gate.mutes or newcomer.is_admin:
        return True
    ineligible, may_write, verification_id = await _is_known(store, gate, decision, user_id)
    if may_write:
        await reward(store, gate, user_id, verification_id)
        why = (
            DecisionReason.VERIFIED
            if verification_id
            else DecisionReason.BY_ADMIN
            if decision is not None
            else DecisionReason.OPEN
        )
        await post_to_log(store, gate, Event.GRANT_DONE, user_id, why=why, name=newcomer.name)
        return True
    await _keep(store, gate, newcomer, ineligible)
    return newcomer.actor_id == ANONYMOUS_ADMIN


async def _note_arrival(store: Store, gate: Gate, newcomer: Newcomer, *, waited: bool = False) -> None:
    """Record their arrival, and whether they bypassed the gate. `waited`: they had asked to join.

    The person who added them counts as an admin only if Telegram has confirmed it within the last minute; otherwise
    the bot asks first.
    """
    how, is_admin = _how(newcomer), newcomer.is_admin or newcomer.actor_id == ANONYMOUS_ADMIN
    if how == ADDED and not is_admin and (waited or keeps_out(gate)):
        rights = await store.admins.rights_of(gate.chat_id, newcomer.actor_id, store.now - ADMIN_KNOWN_FOR)
        if rights is None:
            checks = await store.tasks.undone((TaskKind.CHECK_ADMIN,), gate.chat_id)
            if waited or checks < MOST_CHECKS:
                await ask_who_added(store, gate, newcomer, waited=waited)
                return
        # Of additions that the bot does ask about, admins hear if a member made them.
        is_admin = rights is None or rights.is_admin
    await note_arrival(store, gate, newcomer.user_id, newcomer.actor_id, how, is_admin=is_admin, waited=waited)


async def _admitted_by_admin(store: Store, gate: Gate, request: JoinRequest, newcomer: Newcomer) -> None:
    """Handle a request that an admin approved in the group's own list, or a person who found another way in."""
    now = store.now
    user_id = newcomer.user_id
    await store.requests.set_state(gate.chat_id, user_id, RequestState.APPROVED, now)
    await _note_arrival(store, gate, newcomer, waited=True)
    await store.grants.made(gate.chat_id, user_id, GRANT_OF[request.way], now)
    await store.screens.touch([user_id], now, acted=False)


async def _came_by_link(store: Store, gate: Gate, request: JoinRequest | None, newcomer: Newcomer) -> bool:
    """Return whether they had a personal link, which ends now: they came in another way, but could have used it."""
    now = store.now
    user_id = newcomer.user_id
    link = await link_of(store, gate.chat_id, user_id)
    if link is None or link.state is not GrantState.DONE:
        return False
    await take_back_link(store, gate.chat_id, user_id)
    if not await is_still_given(store, gate, user_id, link.how):
        return False
    if link.how is not None:
        store.journal.add(
            Event.GRANT_DONE,
            now,
            user_id=user_id,
            gate_id=gate.chat_id,
            verification_id=link.verification_id or None,
            code=link.how,
        )
    await store.grants.made(gate.chat_id, user_id, GrantKind.JOIN, now)
    await store.screens.touch([user_id], now, acted=False)
    if request is not None and request.way is EntryMode.LINK:
        phone = await store.phones.of(user_id)
        await reward(store, gate, user_id, phone.verification_id if phone is not None else BY_NOBODY)
    return True


async def _is_known(
    store: Store, gate: Gate, decision: AccessOverride | None, user_id: int
) -> tuple[Ineligibility | None, bool, int]:
    """Return what keeps them out although verified; whether they may come in as they are; and by which
    verification."""
    if decision is not None and decision.override is Override.ALLOWED:
        return None, True, BY_NOBODY
    if not gate.rules(store.now).asks_call:
        return None, True, BY_NOBODY
    phone = await store.phones.of(user_id)
    if phone is None:
        return None, False, BY_NOBODY
    found = ineligibility(gate, phone, decision, store.now)
    return found, found is None, phone.verification_id


async def _keep(store: Store, gate: Gate, newcomer: Newcomer, ineligible: Ineligibility | None) -> None:
    now = store.now
    user_id = newcomer.user_id
    request = JoinRequest(
        gate.chat_id,
        user_id,
        now,
        now + gate.rules(now).deadline,
        RequestState.WAITING,
        way=EntryMode.MUTE,
        name=newcomer.name,
        ineligibility=ineligible,
    )
    await store.requests.keep(request)
    if newcomer.actor_id == ANONYMOUS_ADMIN:
        await let_through(store, gate, request, "added_by_admin", is_muted=False)
        return
    gate = await notice_raid(store, gate)
    actor_id = newcomer.actor_id if newcomer.actor_id != user_id else None
    crowd = gate.is_raided(now)
    await mute(store, request, actor_id=actor_id, crowd=crowd)
    person = (await store.people.get_many([user_id])).get(user_id)
    if person is not None and person.can_be_written and gate.works:
        if await store.verifications.open_of(user_id) is None:
            await store.screens.show(
                user_id, person.chat_id, ScreenName.WELCOME, now, fresh=True, acted=False, crowd=crowd
            )
        else:
            await store.screens.touch([user_id], now)


async def ask_who_added(store: Store, gate: Gate, newcomer: Newcomer, *, waited: bool) -> None:
    """Ask Telegram whether the person who added a newcomer is an admin; `who_added_is_known` continues."""
    check = CheckWhoAdded(gate.chat_id, newcomer.actor_id, waited=waited)
    await store.tasks.add(check, gate.chat_id, store.now, user_id=newcomer.user_id)


async def who_added_is_known(store: Store, user_id: int | None, check: CheckWhoAdded, receipt: DeliveryResult) -> None:
    """Continue once Telegram has said whether the person who added a newcomer (`user_id`) is an admin of the gate."""
    gate = await store.gates.get(check.gate_id)
    if gate is None:
        return
    is_admin = receipt.answer["rights"][gate.chat_id].is_admin
    await note_arrival(store, gate, user_id, check.user_id, ADDED, is_admin=is_admin, waited=check.waited)


async def note_arrival(
    store: Store, gate: Gate, user_id: int | None, actor_id: int, how: str, *, is_admin: bool, waited: bool
) -> None:
    """Record an arrival: `how`, by `actor_id`; `is_admin`: that is an admin, or the newcomer is one.

    Anyone who came by themselves, was added by a member or admitted by another bot bypassed the gate. Anyone who
    `waited` and was added or approved by an admin was admitted by them. `user_id` is None if the newcomer was erased
    meanwhile.
    """
    if waited and actor_id != user_id and (how == APPROVED or (how == ADDED and is_admin)):
        store.journal.add(Event.ALLOWED, store.now, user_id=user_id, gate_id=gate.chat_id, code=how, actor_id=actor_id)
        if user_id is not None and (request := await store.requests.get(gate.chat_id, user_id)) is not None:
            since, name = request.requested_at, request.name
            await post_to_log(store, gate, Event.ALLOWED, user_id, since=since, admin_id=actor_id, name=name)
        return
    code = how
    if how == ADDED and not is_admin and (waited or keeps_out(gate)):
        code = ADDED_BY_MEMBER
    elif how == JOINED and not has_to_ask(gate):
        code = JOINED_FREELY
    store.journal.add(Event.MEMBER_CAME, store.now, user_id=user_id, gate_id=gate.chat_id, code=code)
    if code in PAST_THE_GATE and not is_admin:
        await member_bypassed(store, gate, code)


def _how(newcomer: Newcomer) -> str:
    if newcomer.asked:
        return APPROVED_BY_BOT if newcomer.is_by_bot else APPROVED
    return JOINED if newcomer.actor_id == newcomer.user_id else ADDED


UNDECIDED = (RequestState.WAITING, RequestState.DECLINED)


async def on_member_left(store: Store, gate_id: int, user_id: int, *, by_bot: bool) -> None:
    """A muted newcomer stops waiting, and pending tasks about them are cancelled: they may come again before those run.
    A member counts as gone, and gets no more grants.

    `by_bot`: the bot removed them, and may not have finished.
    """
    request = await store.requests.get(gate_id, user_id)
    if request is not None and request.state is RequestState.APPROVED and not by_bot:
        # The decision behind the removal has set their state already.
        await store.requests.set_state(gate_id, user_id, RequestState.GONE, store.now)
    if request is None or request.way is not EntryMode.MUTE or request.state not in UNDECIDED:
        return
    if not by_bot:
        await call_off(store, gate_id, user_id)
    if request.state is RequestState.WAITING:
        await is_gone(store, request)


class ChangeKind(StrEnum):
    """What the admin did."""

    RESTRICTED = "restricted"
    FREED = "freed"
    PROMOTED = "promoted"


@dataclass(frozen=True, slots=True)
class RestrictionChange:
    """An admin or a bot (`actor_id`) changed the restriction of a member; `until`: when it ends."""

    user_id: int
    change: ChangeKind
    actor_id: int
    until: datetime | None = None


async def on_member_restricted(store: Store, gate_id: int, treatment: RestrictionChange) -> None:
    """React only to changes of muted newcomers who wait.

    If an admin frees or promotes one, they need not verify. A person whom an admin restricts stays restricted, whatever
    they do: if that ends while they have not verified, the gate mutes them.
    """
    gate, now = await store.gates.get(gate_id), store.now
    if gate is None or not gate.mutes:
        return
    request = await store.requests.get(gate_id, treatment.user_id)
    if request is None or request.way is not EntryMode.MUTE or request.state is not RequestState.WAITING:
        return
    if treatment.change is not ChangeKind.RESTRICTED:
        why = f"{treatment.change}_by_admin"
        await let_through(store, gate, request, why, is_muted=False, admin_id=treatment.actor_id)
        return
    await store.tasks.cancel(TaskKind.MUTE, gate_id, treatment.user_id, now, resting=True)
    if treatment.until is not None and treatment.until > now:
        await mute(store, request, after=(treatment.until - now).total_seconds() + 1)
