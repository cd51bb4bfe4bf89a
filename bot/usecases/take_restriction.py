"""An admin changed what somebody in a gate's chat may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.clock import Clock
from bot.domain.delivery import TaskKind
from bot.domain.gate import RequestState
from bot.domain.settings import EntryMode
from bot.usecases.admit import let_through, mute
from storage.store import Store


class ChangeKind(StrEnum):
    """What the admin did."""

    RESTRICTED = "restricted"
    FREED = "freed"
    PROMOTED = "promoted"


@dataclass(frozen=True, slots=True)
class RestrictionChange:
    """What was done to whom, by whom; `until` when it ends."""

    user_id: int
    change: ChangeKind
    actor_id: int
    until: datetime | None = None


class OnMemberRestricted:
    """Reacts only to changes of muted newcomers who wait.

    If an admin frees or promotes one, they need not verify. A person whom an admin restricts stays restricted, whatever
    they do: if that ends while they have not verified, the gate mutes them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, gate_id: int, treatment: RestrictionChange) -> None:
        gate, now = await store.gates.get(gate_id), self._clock.now()
        if gate is None or not gate.mutes:
            return
        request = await store.requests.get(gate_id, treatment.user_id)
        if request is None or request.way is not EntryMode.MUTE or request.state is not RequestState.WAITING:
            return
        if treatment.change is not ChangeKind.RESTRICTED:
            why = f"{treatment.change}_by_admin"
            await let_through(store, gate, request, now, why, is_muted=False, admin_id=treatment.actor_id)
            return
        await store.tasks.cancel(TaskKind.MUTE, gate_id, treatment.user_id, now, resting=True)
        if treatment.until is not None and treatment.until > now:
            await mute(store, request, now, after=(treatment.until - now).total_seconds() + 1)
