"""What follows at once when the settings of a gate change."""

from __future__ import annotations

from datetime import datetime

from bot.domain.gate import Gate
from bot.usecases.ports import Store


async def settings_changed(store: Store, before: Gate, after: Gate, now: datetime) -> None:  # noqa: ARG001 - what changed may matter
    """Who waits with a verified phone is looked at anew."""
    await store.requests.reconsider(gate_id=after.chat_id)
