"""What the console shows an admin: their gates, and the people who wait at one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.admin_actions import AdminAction, AdminActionKind, GateLine
from bot.domain.gate_health import GateIssue, GateState, bypasses_since, gate_state, issues
from bot.domain.gates import Gate, JoinRequest
from bot.domain.notifications import Toast
from bot.domain.people_pages import PendingApplicant
from bot.domain.statistics import Statistics, period
from bot.features.admins.authorize import AdminDesk
from bot.features.admins.rights import refusal_of
from bot.features.moderation.views import applicants, decline_progress
from bot.features.statistics.actions import read_statistics
from storage.store import Store

MOST_GATES = 50
MOST_SEARCHED = 2000
"""A search reads so many of the people who wait, those who have waited longest."""
OFFERED = (AdminActionKind.LET_IN, AdminActionKind.DECLINE, AdminActionKind.DECLINE_MANY)


@dataclass(frozen=True, slots=True)
class ConsoleGates:
    """The gates whose admin the reader is, as Telegram confirmed within the last minute. `unchecked`: how many others
    the bot is still asking about; `more`: how many it leaves out."""

    language: str
    gates: tuple[GateLine, ...]
    unchecked: int = 0
    more: int = 0


@dataclass(frozen=True, slots=True)
class ConsoleGate:
    """A gate, and the people who wait there, longest first; those who match the search, if there is one.

    `found`: how many wait, or match. `declinable`: how many are not verified and in no call window. `done` and `of`:
    the progress of a mass decline that runs. `refusals`: why the reader may not do some of what the page offers.
    """

    gate: Gate
    state: GateState
    issues: tuple[GateIssue, ...]
    joined_unverified: int
    applicants: tuple[PendingApplicant, ...]
    found: int
    declinable: int
    done: int | None
    of: int | None
    refusals: dict[AdminActionKind, Toast]


async def opens_console(store: Store, user_id: int) -> bool:
    """Return whether the Mini App shows this person the console: they are an admin of a gate, wait at none, and have no
    verification open."""
    if not await store.admins.gates_of(user_id):
        return False
    if (await store.requests.waiting_of_many([user_id])).get(user_id):
        return False
    return await store.verifications.open_of(user_id) is None


async def read_gates(store: Store, desk: AdminDesk, user_id: int) -> ConsoleGates:
    """Return the reader's gates. As `read_gate`, it needs rights that Telegram confirmed within the last minute."""
    now, lines, unchecked = store.now, [], 0
    mine = await store.admins.gates_of(user_id)
    for gate in mine[:MOST_GATES]:
        rights = await desk.rights_now(store, gate.chat_id, user_id)
        if rights is None:
            unchecked += 1
        elif rights.is_admin:
            health = (await store.gates.extras(gate.chat_id)).health
            waiting = await store.requests.count_waiting(gate.chat_id)
            lines.append(GateLine(gate.chat_id, gate.title, gate_state(gate, health, now), waiting))
    more = max(0, len(mine) - MOST_GATES)
    return ConsoleGates(await language_of(store, user_id), tuple(lines), unchecked, more)


async def read_gate(
    store: Store, desk: AdminDesk, user_id: int, gate_id: int, search: str, limit: int
) -> ConsoleGate | Toast | None:
    """Return a gate with up to `limit` people who wait; a toast that refuses; None while the bot asks Telegram."""
    rights = await desk.rights_now(store, gate_id, user_id)
    if rights is None:
        return None
    gate = await store.gates.get(gate_id)
    if gate is None or not rights.is_admin:
        return Toast.NOT_ADMIN
    now, extras = store.now, await store.gates.extras(gate_id)
    joined_unverified = await store.journal.joined_unverified(gate_id, bypasses_since(gate, now))
    requests = await store.requests.waiting_at(gate_id, MOST_SEARCHED if search else limit)
    if search:
        requests = [request for request in requests if _matches(request, search)]
    refusals = {}
    for kind in OFFERED:
        refusal = await refusal_of(store, gate, AdminAction(kind, gate_id, user_id), rights)
        if refusal is not None:
            refusals[kind] = refusal
    done, of = await decline_progress(store, gate)
    return ConsoleGate(
        gate=gate,
        state=gate_state(gate, extras.health, now),
        issues=tuple(issues(gate, extras.health, joined_unverified)) if extras.health is not None else (),
        joined_unverified=joined_unverified,
        applicants=tuple(await applicants(store, requests[:limit])),
        found=len(requests) if search else await store.requests.count_waiting(gate_id),
        declinable=await store.requests.count_declinable(gate_id, now),
        done=done,
        of=of,
        refusals=refusals,
    )


async def read_gate_statistics(
    store: Store, desk: AdminDesk, user_id: int, gate_id: int, name: str
) -> Statistics | Toast | None:
    """Return the numbers of a period of `PERIODS`; a toast that refuses; None while the bot asks Telegram."""
    rights = await desk.rights_now(store, gate_id, user_id)
    if rights is None:
        return None
    gate, asked = await store.gates.get(gate_id), period(name, store.now)
    if gate is None:
        return Toast.NOT_ADMIN
    refusal = await refusal_of(store, gate, AdminAction(AdminActionKind.STATS, gate_id, user_id), rights)
    if refusal is not None or asked is None:
        return refusal or Toast.UNKNOWN
    return await read_statistics(store, asked, gate_id)


async def language_of(store: Store, user_id: int) -> str:
    """Return the language of the reader; empty if it is unknown."""
    person = (await store.people.get_many([user_id])).get(user_id)
    return person.language if person is not None else ""


def _matches(request: JoinRequest, search: str) -> bool:
    """Return whether every word of the search begins a word of the name, or is the id."""
    words: Sequence[str] = request.name.casefold().split()
    return all(
        part == str(request.user_id) or any(word.startswith(part) for word in words)
        for part in search.casefold().split()
    )
