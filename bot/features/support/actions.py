"""Operators' requests and actions about people, at all gates, and freeing a phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.gates import Gate, Grant, GrantState, Override
from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.operator_pages import OperatorPage
from bot.domain.people import Person
from bot.domain.screens import ScreenName
from bot.domain.tasks import DeleteMessage
from bot.features.access.decide import BY_NOBODY
from bot.features.access.grant_results import ENTRIES
from bot.features.admins.popups import answer_button
from bot.features.moderation.decisions import DECIDERS, ByHand, revoke
from bot.features.privacy.erase import AskDeletion
from bot.features.support.search import FindPeople, at_gates, chosen, where_possible
from storage.store import Store

REVOKE = ByHand(revoke)


async def free_phone(store: Store, user_id: int, operator_id: int) -> Toast:
    """Unlink their phone. Where they came in by it they have to verify again, since one phone brings in no more
    accounts than a gate allows; people admitted by an admin stay, and so do admins. A running attempt with that phone
    is cancelled, so that it does not block the next account."""
    now = store.now
    await store.people.lock(user_id)
    phone = await store.phones.of(user_id)
    if phone is None:
        return Toast.DONE_BEFORE
    attempt = await store.verifications.open_of(user_id)
    if attempt is not None and attempt.fingerprint == phone.fingerprint:
        await store.verifications.save(attempt.cancel(now))
        store.journal.about(Event.CANCELLED, now, attempt)
    gates = await came_in_by_phone(store, user_id)
    await store.phones.drop(user_id)
    store.journal.add(Event.PHONE_FREED, now, user_id=user_id, actor_id=operator_id)
    await store.requests.clear_ineligibility(user_id=user_id)
    for gate in gates:
        await REVOKE(store, gate, AdminAction(AdminActionKind.REVOKE, gate.chat_id, operator_id, {"value": user_id}))
    await store.screens.touch([user_id], now, acted=False)
    return Toast.PHONE_FREED


async def came_in_by_phone(store: Store, user_id: int) -> list[Gate]:
    """Return the gates that the person's phone has opened, or is opening right now; by title."""
    decisions = await store.overrides.of_person(user_id)
    gate_ids = {grant.gate_id for grant in await store.grants.of_person(user_id) if _is_entry(grant)}
    by_admin = {gate_id for gate_id, decision in decisions.items() if decision.override is Override.ALLOWED}
    gates = await store.gates.get_many(gate_ids - by_admin)
    return sorted(
        (gate for gate in gates.values() if gate.is_on), key=lambda gate: (gate.title.casefold(), gate.chat_id)
    )


def _is_entry(grant: Grant) -> bool:
    is_made = grant.state in (GrantState.DONE, GrantState.DUE)
    return grant.kind in ENTRIES and is_made and grant.verification_id != BY_NOBODY


GRANTS_FIRST = 1.0
"""Seconds the card waits after an action, so that it is drawn once, with the results."""
NOTHING_NEW = (Toast.DECIDED_ALREADY, Toast.NOT_BLOCKED)


@dataclass(frozen=True, slots=True)
class OperatorRequest:
    """A pressed button of an operator: the page to show, or the action (confirmed if `is_sure`), the person and the
    gate (0: all, or none). `at`: the page of a list, or the entry before or after which (`turn`) the next page
    begins."""

    page: OperatorPage
    user_id: int = 0
    act: AdminActionKind | None = None
    gate_id: int = 0
    at: int = 0
    turn: str = ""
    is_sure: bool = False


class OperatorDesk:
    """Operators see everybody at all gates, and decide at each as its admins do, without being one. Every change needs
    a confirmation. The caller has checked that the person is an operator."""

    def __init__(self, find: FindPeople, ask_deletion: AskDeletion) -> None:
        self._find = find
        self._ask_deletion = ask_deletion
        self._by_hand = {kind: ByHand(decide) for kind, decide in DECIDERS.items()}

    async def recent(self, store: Store, person: Person) -> None:
        """Show recent events."""
        await self._show(store, person, {"page": OperatorPage.RECENT}, fresh=True)

    async def look_up(self, store: Store, person: Person, asked: str, message_id: int) -> None:
        """Look somebody up by id, name or phone. Delete a message that may contain a phone."""
        search = await self._find(store, asked)
        if search.held_phone:
            await store.tasks.add(DeleteMessage(message_id), person.chat_id, store.now)
        details: dict[str, str | int] = {"page": OperatorPage.FOUND, "why": search.why}
        if search.phones:
            details["looked_for"] = "\n".join(search.phones)
        if len(search.user_ids) == 1:
            details = {"page": OperatorPage.PERSON, "user": search.user_ids[0]}
        elif search.user_ids:
            details["found"] = " ".join(map(str, search.user_ids))
        await self._show(store, person, details, fresh=True)

    async def press(self, store: Store, person: Person, query_id: str, pressed: OperatorRequest) -> None:
        """Handle a pressed button."""
        toast = await self._pressed(store, person, pressed)
        await answer_button(store, person.user_id, query_id, toast)

    async def _pressed(self, store: Store, person: Person, pressed: OperatorRequest) -> Toast:
        card: dict[str, str | int] = {"page": OperatorPage.PERSON, "user": pressed.user_id}
        match pressed.page:
            case OperatorPage.RECENT:
                turned = {pressed.turn: pressed.at} if pressed.turn else {}
                await self._show(store, person, {"page": OperatorPage.RECENT, **turned})
            case OperatorPage.FOUND:
                return await self._turn(store, person, pressed)
            case OperatorPage.PERSON:
                await self._show(store, person, card | {"at": pressed.at})
            case OperatorPage.GATES | OperatorPage.CONFIRM if pressed.act is not None and pressed.is_sure:
                toast = await self._do(store, person.user_id, pressed.act, pressed)
                await self._show(store, person, card | {"said": toast}, after=GRANTS_FIRST)
                return toast
            case OperatorPage.GATES | OperatorPage.CONFIRM if pressed.act is not None:
                return await self._ask(store, person, pressed.act, pressed)
            case _:
                return Toast.UNKNOWN
        return Toast.NOTHING

    async def _turn(self, store: Store, person: Person, pressed: OperatorRequest) -> Toast:
        """Show another page of search results, which the screen's row holds."""
        face, details = await store.screens.wanted(person.user_id) or (None, {})
        if face is not ScreenName.OPERATOR or "found" not in details:
            return Toast.OVER
        await self._show(store, person, {**details, "page": OperatorPage.FOUND, "at": pressed.at})
        return Toast.NOTHING

    async def _ask(self, store: Store, person: Person, act: AdminActionKind, pressed: OperatorRequest) -> Toast:
        """Ask for the gate, if there are several, and for confirmation."""
        if act is AdminActionKind.ERASE:
            await self._ask_deletion.of(store, person, str(pressed.user_id), fresh=False)
            return Toast.NOTHING
        details: dict[str, str | int] = {"page": OperatorPage.CONFIRM, "user": pressed.user_id, "act": act}
        if act in self._by_hand:
            places = where_possible(await at_gates(store, pressed.user_id), act)
            gate_id = pressed.gate_id
            if pressed.page is OperatorPage.GATES:
                if len(places) > 1:
                    details |= {"page": OperatorPage.GATES, "at": pressed.at}
                elif places:
                    gate_id = places[0].gate.chat_id
            details["gate"] = gate_id
            if not places or (pressed.page is OperatorPage.CONFIRM and not chosen(places, act, gate_id)):
                card: dict[str, str | int] = {"page": OperatorPage.PERSON, "user": pressed.user_id}
                await self._show(store, person, card | {"said": Toast.DECIDED_ALREADY})
                return Toast.DECIDED_ALREADY
        await self._show(store, person, details)
        return Toast.NOTHING

    async def _do(self, store: Store, operator_id: int, act: AdminActionKind, pressed: OperatorRequest) -> Toast:
        user_id = pressed.user_id
        if act is AdminActionKind.FREE_PHONE:
            return await free_phone(store, user_id, operator_id)
        if act not in self._by_hand:
            return Toast.UNKNOWN
        if pressed.gate_id:
            gate = await store.gates.get(pressed.gate_id)
            gates = [gate] if gate is not None and gate.is_on else []
        else:
            gates = [at.gate for at in chosen(await at_gates(store, user_id), act, 0)]
        toasts = [
            await self._by_hand[act](store, gate, AdminAction(act, gate.chat_id, operator_id, {"value": user_id}))
            for gate in gates
        ]
        done = [toast for toast in toasts if toast not in NOTHING_NEW]
        return next(iter(done or toasts), Toast.DECIDED_ALREADY)

    async def _show(
        self,
        store: Store,
        person: Person,
        details: Mapping[str, str | int],
        *,
        fresh: bool = False,
        after: float = 0.0,
    ) -> None:
        await store.screens.show(
            person.user_id,
            person.chat_id,
            ScreenName.OPERATOR,
            store.now,
            details=details,
            fresh=fresh,
            after=after,
        )
