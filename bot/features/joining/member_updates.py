"""Updates about members of a gate's chat, and about people who block the bot."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.gates import AdminRights
from bot.features.joining.newcomers import Newcomer, OnMemberJoined, OnMemberLeft, OnMemberRestricted, RestrictionChange
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


class OnMemberUpdated:
    """Records an admin's rights at a known gate, and reacts to whoever joined, left, or was restricted or freed."""

    def __init__(self, on_joined: OnMemberJoined, on_left: OnMemberLeft, on_restricted: OnMemberRestricted) -> None:
        self._on_joined = on_joined
        self._on_left = on_left
        self._on_restricted = on_restricted

    async def __call__(self, store: Store, gate_id: int, update: MemberUpdate) -> None:
        if update.rights is not None and await store.gates.get(gate_id) is not None:
            await store.admins.note(gate_id, update.user_id, store.now, update.rights)
        match update.change:
            case Newcomer():
                await self._on_joined(store, gate_id, update.change)
            case Departure():
                await self._on_left(store, gate_id, update.user_id, by_bot=update.change.by_bot)
            case RestrictionChange():
                await self._on_restricted(store, gate_id, update.change)


async def on_bot_blocked(store: Store, user_id: int) -> None:
    """Record that the bot cannot write to them; their next message undoes it."""
    await store.people.lost([user_id])
