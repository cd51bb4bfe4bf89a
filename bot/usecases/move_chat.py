"""A basic group became a supergroup, which is another chat to Telegram."""

from __future__ import annotations

from datetime import datetime

from bot.domain.journal import Event
from storage.store import Store


async def move_chat(store: Store, old_id: int, new_id: int, now: datetime) -> None:
    """Everything that was the old chat's is the new one's: the gate and who waits there, what is still to be done
    there, and what other gates' settings say of it. Told twice, it does nothing."""
    if old_id == new_id:
        return
    if await store.gates.get(old_id) is not None:
        await store.gates.move(old_id, new_id)
        store.journal.add(Event.GATE_MOVED, now, gate_id=new_id)
    await store.gates.move_mentions(old_id, new_id, now)
    await store.tasks.move(old_id, new_id)
