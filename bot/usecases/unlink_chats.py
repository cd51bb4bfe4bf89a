"""A gate gives links into an extra chat only as long as that chat's own admin wants it."""

from __future__ import annotations

from dataclasses import replace

from bot.clock import Clock
from bot.domain.choices import Setting
from bot.usecases.change_settings import change_settings
from storage.store import Store


class UnlinkChats:
    """Removes an extra chat from a gate when the admin who added it is no longer an admin of that chat (a step of the
    sweep). An admin of it can add it again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store) -> None:
        for gate_id, chat_id in await store.gates.abandoned_links():
            gate = await store.gates.lock(gate_id)
            await store.gates.unlink(gate_id, [chat_id])
            if gate is not None and chat_id in gate.settings.further:
                left = tuple(other for other in gate.settings.further if other != chat_id)
                settings = replace(gate.settings, further=left)
                await change_settings(store, gate, settings, self._clock.now(), None, f"{Setting.FURTHER}=-{chat_id}")
