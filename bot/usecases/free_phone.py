"""An operator frees a verified phone for another account."""

from __future__ import annotations

from datetime import datetime

from bot.domain.delivery import Toast
from bot.domain.gate import Gate, Grant, GrantState, Override
from bot.domain.journal import Event
from bot.domain.panel import AdminAction, AdminActionKind
from bot.usecases.admit import BY_NOBODY
from bot.usecases.decide_by_admin import ByHand
from bot.usecases.revoke import revoke
from bot.usecases.settle_grant import ENTRIES
from storage.store import Store

REVOKE = ByHand(revoke)


async def free_phone(store: Store, user_id: int, operator_id: int, now: datetime) -> Toast:
    """Unlink their phone. Where they came in by it they have to verify again, since one phone brings in no more
    accounts than a gate allows; people admitted by an admin stay, and so do admins. A running attempt with that phone
    is cancelled, so that it does not block the next account."""
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
        await REVOKE(
            store, gate, AdminAction(AdminActionKind.REVOKE, gate.chat_id, operator_id, {"value": user_id}), now
        )
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
