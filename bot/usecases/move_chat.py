"""A basic group became a supergroup, which is another chat for Telegram."""

from __future__ import annotations

from datetime import datetime

from bot.domain.journal import Event
from storage.store import Store


async def move_chat(store: Store, old_id: int, new_id: int, now: datetime) -> None:
    """Move everything to the new chat: the gate, its requests and tasks, and what other gates' settings say of it.
    Repeating it does nothing."""
    if old_id == new_id:
        return
    if await store.gates.get(old_id) is not None:
        await store.gates.move(old_id, new_id)
        store.journal.add(Event.GATE_MOVED, now, gate_id=new_id)
    await store.gates.move_mentions(old_id, new_id, now)
    await store.tasks.move(old_id, new_id)
