"""Telegram's join and leave messages in a group."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.gate import GateMode
from bot.domain.tasks import RemoveServiceMessage
from storage.store import Store


class DeleteServiceMessage:
    """Deletes them if the gate's settings say so: names of newcomers can be adverts, too. Without the right they stay,
    and nobody is notified."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, chat_id: int, message_id: int) -> None:
        gate = await store.gates.get(chat_id)
        if gate is None or not gate.settings.tidies_joins or not gate.is_on or gate.switch is GateMode.OFF:
            return
        await store.tasks.add(RemoveServiceMessage(message_id), chat_id, self._clock.now())
