"""The panel's pages about people, and how far each person has come, from the current state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.domain.admin_actions import AdminActionKind, GateLine, id_in
from bot.domain.eligibility import VerifiedPhone
from bot.domain.gate_health import gate_state
from bot.domain.gates import APPEAL_EVERY, Gate, GrantKind, GrantState, JoinRequest, RequestState
from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.outgoing import ScreenRow
from bot.domain.people_pages import (
    DeclineChoice,
    GateChoice,
    HistoryEntry,
    MemberCard,
    OlderThan,
    PendingApplicant,
    PendingList,
    Stage,
    TargetError,
    UnknownTarget,
)
from bot.domain.screens import ScreenName
from bot.domain.setting_choices import Page
from bot.domain.verification import Verification, VerificationState
from storage.store import Store

ENDS = {
    VerificationState.EXPIRED: Stage.EXPIRED,
    VerificationState.CANCELLED: Stage.CANCELLED,
    VerificationState.REFUSED: Stage.GATEWAY_REFUSED,
}
Found = tuple[Stage, str, datetime | None]


async def applicants(store: Store, requests: Sequence[JoinRequest]) -> list[PendingApplicant]:
    """Return each with the stage they have reached, in this order."""
    if not requests:
        return []
    user_ids = [request.user_id for request in requests]
    phones = await store.phones.of_many(user_ids)
    attempts = await store.verifications.latest_of_many(user_ids)
    people = await store.people.get_many(user_ids)
    appeals = await store.appeals.of_many(user_ids, store.now - APPEAL_EVERY)
    found = []
    for request in requests:
        user_id = request.user_id
        phone, person = phones.get(user_id), people.get(user_id)
        stage = _verified(request, phone)
        if stage is None:
            stage = await how_far(store, user_id, attempts.get(user_id), request.requested_at)
        if stage is None:
            wrote = person is not None and person.can_be_written
            stage = (Stage.WROTE if wrote else Stage.ASKED, "", None)
        has_appealed = appeals.get(user_id, {}).get(request.gate_id, False)
        mask = phone.mask if phone is not None else ""
        found.append(PendingApplicant(user_id, request.name, request.requested_at, *stage, has_appealed, mask))
    return found


def _verified(request: JoinRequest, phone: VerifiedPhone | None) -> Found | None:
    if phone is None or request.ineligibility is None:
        return None
    return Stage.HINDERED, request.ineligibility, None


async def how_far(
    store: Store, user_id: int, attempt: Verification | None, since: datetime | None = None
) -> Found | None:
    """Return the stage that somebody's screen shows, or that of their newest attempt unless it began before `since`;
    None if they have not begun."""
    if attempt is not None and attempt.is_open:
        if attempt.number is None:
            return Stage.SHARED, "", None
        return Stage.NUMBER_SHOWN, "", attempt.number.window_ends_at
    face, details = await store.screens.wanted(user_id) or (None, {})
    if face is ScreenName.CONTACT_REFUSED:
        return Stage.CONTACT_REFUSED, str(details.get("reason", "")), None
    if face is ScreenName.LIMITED:
        return Stage.LIMITED, "", datetime.fromtimestamp(int(details["until"]), UTC)
    if attempt is None or attempt.state not in ENDS or (since is not None and attempt.opened_at < since):
        return None
    return ENDS[attempt.state], attempt.reason or "", None


PER_PAGE = 6
HOW_MANY = "many"
"""In place of a page's number: the choice of whom to decline together."""
LOOKED_AT, TOLD = 60, 10
"""Journal entries read for a person's history, and its maximum number of lines."""
MOST_GATES = 50
PASSED_OVER = frozenset(
    {
        Event.STARTED,
        Event.APP_OFFERED,
        Event.JOIN_REACHED,
        Event.GRANT_DUE,
        Event.NUMBER_ASKED,
        Event.OPERATOR_ADDED,
        Event.OPERATOR_REMOVED,
        Event.FAILURE,
    }
)
"""Internal events that do not concern an admin."""


async def pending(store: Store, gate: Gate, row: ScreenRow) -> PendingList | DeclineChoice:
    """Return the people who wait, longest first; `value` is the page."""
    value = str(row.details.get("value", ""))
    if value == HOW_MANY:
        counts = [(age, await store.requests.count_declinable(gate.chat_id, store.now - age.span)) for age in OlderThan]
        return DeclineChoice(gate, tuple(counts))
    total = await store.requests.count_waiting(gate.chat_id)
    pages = max((total + PER_PAGE - 1) // PER_PAGE, 1)
    page = min(int(value), pages - 1) if value.isascii() and value.isdigit() and len(value) <= len(str(pages)) else 0
    requests = await store.requests.waiting_at(gate.chat_id, PER_PAGE, page * PER_PAGE)
    done, of = await decline_progress(store, gate, str(row.details.get("job", "")))
    first = page * PER_PAGE + 1
    return PendingList(gate, tuple(await applicants(store, requests)), page, pages, total, first, done, of)


async def decline_progress(store: Store, gate: Gate, job: str = "") -> tuple[int | None, int | None]:
    """Return how many of how many a mass decline has declined: while it runs, and afterwards on a page that names its
    `job`."""
    newest = await store.mass_declines.newest(gate.chat_id)
    if newest is None:
        return None, None
    decline, is_over = newest
    if is_over and decline.job != job:
        return None, None
    parts, done = await store.tasks.job(decline.job)
    left = 0
    if not await store.mass_declines.is_chosen(decline.job):
        left = await store.requests.count_declinable(gate.chat_id, decline.before)
    return done, parts + left


async def who(store: Store, gate: Gate, row: ScreenRow) -> MemberCard | UnknownTarget:
    """Return one person's card at this gate. If they never asked to enter here, it shows only what was decided here:
    otherwise anybody who runs some group could look up anyone."""
    value = str(row.details.get("value", ""))
    user_id = id_in(value)
    if user_id is None:
        # Anybody can send any data: a value that no button of ours holds names nobody.
        return UnknownTarget(gate, TargetError(value) if value in frozenset(TargetError) else TargetError.NOBODY_NAMED)
    gate_id = gate.chat_id
    request, decision = await store.requests.get(gate_id, user_id), await store.overrides.get(gate_id, user_id)
    did = AdminActionKind(str(row.details["did"])) if "did" in row.details else None
    said = Toast(str(row.details["said"])) if "said" in row.details else ""
    is_admin = bool(await store.admins.is_admin(gate_id, user_id))
    if request is None:
        return MemberCard(gate, user_id, "", is_known=False, is_admin=is_admin, decision=decision, did=did, said=said)
    phone = await store.phones.of(user_id)
    is_waiting = request.state is RequestState.WAITING
    applicant = (await applicants(store, [request]))[0] if is_waiting else None
    tags = [
        grant.detail
        for grant in await store.grants.get(gate_id, user_id)
        if grant.kind is GrantKind.TAG and grant.state is GrantState.DONE
    ]
    return MemberCard(
        gate=gate,
        user_id=user_id,
        name=request.name,
        is_known=True,
        is_admin=is_admin,
        state=request.state,
        asked_at=request.requested_at,
        applicant=applicant,
        mask=phone.mask if phone is not None else "",
        verified_at=phone.verified_at if phone is not None else None,
        decision=decision,
        tag=tags[0] if tags else "",
        history=await _history(store, gate_id, user_id),
        did=did,
        said=said,
    )


async def _history(store: Store, gate_id: int, user_id: int) -> tuple[HistoryEntry, ...]:
    """Return recent events, oldest first."""
    entries = await store.journal.of(gate_id, user_id, LOOKED_AT)
    told = [entry for entry in entries if entry.event not in PASSED_OVER][:TOLD]
    return tuple(HistoryEntry(entry.at, entry.event, entry.code, entry.actor_id) for entry in reversed(told))


async def gate_choice(store: Store, row: ScreenRow) -> GateChoice:
    """Return the choice of the gate at which to run a command; for `/pending` with how many wait at each."""
    command = str(row.details["then"])
    gates = await store.admins.gates_of(row.user_id)
    lines = []
    for gate in gates[:MOST_GATES]:
        health = (await store.gates.extras(gate.chat_id)).health
        waiting = await store.requests.count_waiting(gate.chat_id) if command == Page.PENDING else 0
        lines.append(GateLine(gate.chat_id, gate.title, gate_state(gate, health, store.now), waiting))
    more = max(0, len(gates) - MOST_GATES)
    return GateChoice(tuple(lines), command, str(row.details.get("value", "")), more)
