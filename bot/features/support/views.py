"""The operators' pages about people, built from the current state."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from bot.domain.admin_actions import AdminActionKind
from bot.domain.eligibility import VerifiedPhone
from bot.domain.gates import Gate, GrantState
from bot.domain.journal import Event, JournalEntry
from bot.domain.operator_pages import (
    ENDS,
    HISTORY,
    Confirmation,
    Found,
    FoundPerson,
    GatesToActAt,
    KnownPhone,
    NoResults,
    NoResultsReason,
    OperatorPage,
    OperatorView,
    PersonCard,
    Recent,
    RecentEntry,
    StuckItem,
    StuckItemKind,
)
from bot.domain.outgoing import TASKS, ScreenRow
from bot.domain.people_pages import HistoryEntry
from bot.domain.verification import Verification
from bot.features.moderation.views import how_far
from bot.features.operators.registry import IsOperator
from bot.features.support.actions import came_in_by_phone
from bot.features.support.search import at_gates, chosen, has_anything, is_known, possible_acts, where_possible
from storage.store import Store

ON_A_PAGE = 6
LINES = 10
"""Of a person's history, per page."""
MOST_TROUBLES = 5
FAILED_LATELY = timedelta(days=7)
ABOUT_MEMBERS = [kind for kind, its_type in TASKS.items() if its_type.is_about_member]
NOT_MADE = {
    GrantState.DUE: StuckItemKind.GRANT_DUE,
    GrantState.FAILED: StuckItemKind.GRANT_FAILED,
    GrantState.TOO_MANY_CHATS: StuckItemKind.TOO_MANY_CHATS,
}


class OperatorViews:
    """The page that a screen's row names; None for anyone who is not an operator. Raises KeyError or ValueError for a
    page that this version does not know."""

    def __init__(self, is_operator: IsOperator) -> None:
        self._is_operator = is_operator

    async def __call__(self, store: Store, row: ScreenRow) -> OperatorView | None:
        # They may have ceased to be one since the page was opened.
        if not await self._is_operator(store, row.user_id):
            return None
        details = row.details
        match OperatorPage(str(details["page"])):
            case OperatorPage.RECENT:
                return await _recent(store, details)
            case OperatorPage.FOUND:
                return await _found(store, details)
            case OperatorPage.PERSON:
                return await self._person(store, details)
            case OperatorPage.GATES:
                return await self._gates(store, details)
            case OperatorPage.CONFIRM:
                return await self._confirm(store, details)

    async def _person(self, store: Store, details: Mapping[str, str | int]) -> PersonCard | NoResults:
        user_id, page, said = int(details["user"]), int(details.get("at", 0)), str(details.get("said", ""))
        if not await is_known(store, user_id):
            return NoResults(NoResultsReason.ID, said)
        places = await at_gates(store, user_id)
        theirs = [at for at in places if has_anything(at)]
        gates = {at.gate.chat_id: at.gate for at in places}
        phone = await store.phones.of(user_id)
        attempt = (await store.verifications.latest_of_many([user_id])).get(user_id)
        reached = None
        if phone is None or (attempt is not None and attempt.is_open):
            reached = await how_far(store, user_id, attempt)
        entries = await store.journal.of_person(user_id, HISTORY, LINES + 1, page * LINES)
        titles = _titles(entries, gates) if len(theirs) > 1 else {}
        person = (await store.people.get_many([user_id])).get(user_id)
        possible = [*possible_acts(places), *([AdminActionKind.FREE_PHONE] if phone else [])]
        return PersonCard(
            user_id=user_id,
            name=(await store.requests.names([user_id])).get(user_id, ""),
            can_be_written=person.can_be_written if person is not None else None,
            phone=_known(phone, attempt),
            stage=reached[0] if reached is not None else None,
            why=reached[1] if reached is not None else "",
            until=reached[2] if reached is not None else None,
            gates=tuple(theirs),
            troubles=tuple(await _troubles(store, user_id, gates)),
            history=tuple(_history_entry(entry, titles) for entry in reversed(entries[:LINES])),
            page=page,
            has_older=len(entries) > LINES,
            possible=(*possible, AdminActionKind.ERASE),
            said=said,
        )

    async def _gates(self, store: Store, details: Mapping[str, str | int]) -> GatesToActAt | PersonCard | NoResults:
        user_id, act = int(details["user"]), AdminActionKind(str(details["act"]))
        places = where_possible(await at_gates(store, user_id), act)
        if not places:
            return await self._person(store, details)
        page, pages = _page(details, len(places))
        shown = places[page * ON_A_PAGE : (page + 1) * ON_A_PAGE]
        name = (await store.requests.names([user_id])).get(user_id, "")
        lines = tuple((at.gate.chat_id, at.gate.title) for at in shown)
        return GatesToActAt(user_id, name, act, lines, page, pages, len(places))

    async def _confirm(self, store: Store, details: Mapping[str, str | int]) -> Confirmation | PersonCard | NoResults:
        user_id, act, gate_id = int(details["user"]), AdminActionKind(str(details["act"])), int(details.get("gate", 0))
        name = (await store.requests.names([user_id])).get(user_id, "")
        phone = await store.phones.of(user_id)
        if act is AdminActionKind.FREE_PHONE and phone is not None:
            gates = await came_in_by_phone(store, user_id)
            others = len(await store.phones.owners(phone.fingerprint)) - 1
            return Confirmation(user_id, name, act, tuple(gate.title for gate in gates), 0, phone.mask, others)
        places = chosen(await at_gates(store, user_id), act, gate_id)
        if not places:
            # Meanwhile it was done, or became impossible.
            return await self._person(store, {"user": user_id})
        return Confirmation(user_id, name, act, tuple(at.gate.title for at in places), gate_id)


async def _recent(store: Store, details: Mapping[str, str | int]) -> Recent:
    before, after = details.get("before"), details.get("after")
    newer = older = False
    entries = []
    if after is not None:
        entries = await store.journal.lately(ENDS, ON_A_PAGE + 1, after=int(after))
        newer, older, entries = len(entries) > ON_A_PAGE, True, entries[-ON_A_PAGE:]
    if not newer:
        # The newest page is always full.
        entries = await store.journal.lately(ENDS, ON_A_PAGE + 1, before=int(before) if before is not None else None)
        newer, older, entries = before is not None, len(entries) > ON_A_PAGE, entries[:ON_A_PAGE]
    user_ids = {entry.user_id for entry in entries if entry.user_id is not None}
    masks, names = await _masks(store, user_ids), await store.requests.names(user_ids)
    titles = _titles(entries, await store.gates.get_many({entry.gate_id for entry in entries if entry.gate_id}))
    lines = [
        RecentEntry(user_id, names.get(user_id, ""), masks.get(user_id, ""), _history_entry(entry, titles))
        for entry in entries
        if (user_id := entry.user_id) is not None
    ]
    return Recent(
        tuple(lines), entries[0].id if newer and entries else None, entries[-1].id if older and entries else None
    )


async def _masks(store: Store, user_ids: Collection[int]) -> dict[int, str]:
    """Return the mask of each person's verified phone, or else of the one they tried last."""
    tried = await store.verifications.latest_of_many(user_ids)
    verified = await store.phones.of_many(user_ids)
    masks = {user_id: attempt.mask for user_id, attempt in tried.items()}
    return masks | {user_id: phone.mask for user_id, phone in verified.items()}


async def _found(store: Store, details: Mapping[str, str | int]) -> Found | NoResults:
    user_ids = [int(user_id) for user_id in str(details.get("found", "")).split()]
    if not user_ids:
        looked_for = tuple(str(details.get("looked_for", "")).splitlines())
        return NoResults(NoResultsReason(str(details["why"])), looked_for=looked_for)
    page, pages = _page(details, len(user_ids))
    shown = user_ids[page * ON_A_PAGE : (page + 1) * ON_A_PAGE]
    masks, names = await _masks(store, shown), await store.requests.names(shown)
    phones = await store.phones.of_many(shown)
    people = [
        FoundPerson(
            user_id,
            names.get(user_id, ""),
            masks.get(user_id, ""),
            phones[user_id].verified_at if user_id in phones else None,
        )
        for user_id in shown
    ]
    return Found(tuple(people), page, pages, len(user_ids), page * ON_A_PAGE + 1)


async def _troubles(store: Store, user_id: int, gates: Mapping[int, Gate]) -> list[StuckItem]:
    """Return overdue grants and tasks, and those that failed within a week."""

    def title(gate_id: int | None) -> str:
        return gates[gate_id].title if gate_id is not None and gate_id in gates else ""

    grants = [
        StuckItem(
            NOT_MADE[grant.state],
            grant.settled_at,
            title(grant.gate_id),
            grant.kind,
            grant.attempts,
            grant.error,
        )
        for grant in await store.grants.of_person(user_id)
        if grant.state in NOT_MADE
    ]
    tasks = [
        StuckItem(StuckItemKind.TASK_DUE, left.since, title(left.chat_id), left.kind, left.attempts, left.error)
        for left in await store.tasks.left_about(user_id, ABOUT_MEMBERS)
    ]
    failures = [
        StuckItem(StuckItemKind.FAILURE, entry.at, title(entry.gate_id), error=entry.code)
        for entry in await store.journal.of_person(user_id, {Event.FAILURE}, MOST_TROUBLES)
        if entry.at >= store.now - FAILED_LATELY
    ]
    return [*grants, *tasks, *failures][:MOST_TROUBLES]


def _known(phone: VerifiedPhone | None, attempt: Verification | None) -> KnownPhone | None:
    if phone is not None:
        return KnownPhone(phone.mask, phone.region, phone.kind, phone.rank, phone.verified_at)
    return KnownPhone(attempt.mask, attempt.region, attempt.kind) if attempt is not None else None


def _titles(entries: Sequence[JournalEntry], gates: Mapping[int, Gate]) -> dict[int, str]:
    gate_ids = {entry.gate_id for entry in entries if entry.gate_id is not None}
    return {gate_id: gates[gate_id].title for gate_id in gate_ids if gate_id in gates}


def _history_entry(entry: JournalEntry, titles: Mapping[int, str]) -> HistoryEntry:
    gate = titles.get(entry.gate_id, "") if entry.gate_id is not None else ""
    return HistoryEntry(entry.at, entry.event, entry.code, entry.actor_id, gate)


def _page(details: Mapping[str, str | int], total: int) -> tuple[int, int]:
    """Return which page to show, and how many there are."""
    pages = max(-(-total // ON_A_PAGE), 1)
    return max(0, min(int(details.get("at", 0)), pages - 1)), pages
