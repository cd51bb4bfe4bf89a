"""Updating raids, and ending strict periods."""

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
        """Post the summary of raids that are over, once; keep the alerts of others up to date, and afterwards those of
        past raids, with the progress of their declines, until they are deleted."""
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
        """End the strict period of gates, and admit those whom only that kept out."""
        for gate_id in await store.raids.strict_before(self._clock.now()):
            await store.gates.set_strict(gate_id, None)
            await store.requests.clear_ineligibility(gate_id=gate_id)
