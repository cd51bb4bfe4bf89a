"""What time does to raids, and to gates that are strict for a while."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.raid import RAID_KEPT
from bot.usecases.raid_alerts import post_summary, update_alert
from storage.store import Store


class FollowRaids:
    """Two steps of the sweep."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def follow(self, store: Store) -> None:
        """Raids that are over are told so, once; what is told of the others, and later of how those they declined
        fare, stays up to date until they are forgotten."""
        now = self._clock.now()
        for gate in await store.raids.gates():
            raid = await store.raids.at(gate.chat_id)
            if raid is None:
                continue
            if raid.over_at is None and not gate.is_raided(now):
                await post_summary(store, gate, raid, now)
            elif raid.over_at is not None and now > raid.over_at + RAID_KEPT:
                await store.raids.put(gate.chat_id, None)
            else:
                await update_alert(store, gate, raid, now)

    async def relax(self, store: Store) -> None:
        """Gates that were strict long enough: who was hindered only by that comes in."""
        for gate_id in await store.raids.strict_before(self._clock.now()):
            await store.gates.set_strict(gate_id, None)
            await store.requests.undo_pending_rejections(gate_id=gate_id)
