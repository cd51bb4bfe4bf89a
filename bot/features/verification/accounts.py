"""Whether a phone may start a verification: enough for the gates, and not used by too many accounts."""

from __future__ import annotations

from bot.domain.eligibility import number_ineligibility
from bot.domain.gates import Ineligibility
from bot.domain.phone import ContactRefusal, Fingerprint, Phone
from storage.store import Store


async def needs_call(store: Store, user_id: int) -> bool:
    """Return whether a call by this person would open anything: they are not verified, or a gate requires a more recent
    call."""
    if await store.phones.of(user_id) is None:
        return True
    waiting = (await store.requests.waiting_of_many([user_id])).get(user_id, [])
    return any(request.ineligibility is Ineligibility.STALE for request, _ in waiting)


async def has_room(store: Store, user_id: int, fingerprint: Fingerprint) -> bool:
    """Return whether this phone may verify this account too, besides the accounts it has verified before, including
    erased ones."""
    kept = [phone for phone in await store.phones.owners(fingerprint) if phone.user_id != user_id]
    erased = [owner for owner in await store.phones.forgotten_owners(fingerprint, user_id) if not owner.is_same]
    others = len(kept) + len(erased)
    if not others:
        return True
    waiting = (await store.requests.waiting_of_many([user_id])).get(user_id, [])
    return others < max((gate.rules(store.now).accounts for _, gate in waiting), default=1)


async def rejected_by_all_gates(store: Store, user_id: int, phone: Phone) -> ContactRefusal | None:
    """Return why a call from this phone would open no gate at which the person waits; None if it may open one, or they
    wait nowhere."""
    waiting = (await store.requests.waiting_of_many([user_id])).get(user_id, [])
    found = [number_ineligibility(gate.rules(store.now), phone.region, phone.kind) for _, gate in waiting]
    if not found or None in found:
        return None
    return ContactRefusal.COUNTRY if Ineligibility.COUNTRY in found else ContactRefusal.KIND
