"""Updates about members of a gate's chat, and about people who block the bot."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.gates import AdminRights
from bot.features.joining.newcomers import (
    Newcomer,
    RestrictionChange,
    on_member_joined,
    on_member_left,
    on_member_restricted,
)
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Departure:
    """They left, or were removed; `by_bot`: by this bot."""

    by_bot: bool


@dataclass(frozen=True, slots=True)
class MemberUpdate:
    """`rights`: their present rights, if they are or were an admin. `change`: what else happened, if anything did."""

    user_id: int
    rights: AdminRights | None = None
    change: Newcomer | Departure | RestrictionChange | None = None


async def on_member_updated(store: Store, gate_id: int, update: MemberUpdate) -> None:
    """Record an admin's rights at a known gate, and react to whoever joined, left, or was restricted or freed."""
    if update.rights is not None and await store.gates.get(gate_id) is not None:
        await store.admins.note(gate_id, update.user_id, store.now, update.rights)
    match update.change:
        case Newcomer():
            await on_member_joined(store, gate_id, update.change)
        case Departure():
            await on_member_left(store, gate_id, update.user_id, by_bot=update.change.by_bot)
        case RestrictionChange():
            await on_member_restricted(store, gate_id, update.change)


async def on_bot_blocked(store: Store, user_id: int) -> None:
    """Record that the bot cannot write to them; their next message undoes it."""
    await store.people.lost([user_id])
