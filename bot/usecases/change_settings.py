"""Changing the settings of a gate: the one place that does it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.gate import Gate
from bot.domain.journal import Event
from bot.domain.settings import GateSettings
from bot.usecases.open_panel import redraw_panels
from bot.usecases.settings_effects import settings_changed
from storage.store import Store


async def change_settings(
    store: Store, gate: Gate, settings: GateSettings, now: datetime, admin_id: int | None, what: str
) -> None:
    """Store the settings and apply them at once; `what` says in the journal what changed, as `key=value`. `admin_id` is
    None if the change follows from something else.

    All admins who look at the gate see it. `gate` has to be as stored now, and locked.
    """
    if settings == gate.settings:
        return
    await store.gates.set_settings(gate.chat_id, settings, now)
    before, after = set(gate.settings.further), set(settings.further)
    if before - after:
        await store.gates.unlink(gate.chat_id, before - after)
    if admin_id is not None and after - before:
        await store.gates.link(gate.chat_id, after - before, admin_id)
    store.journal.add(Event.GATE_CHANGED, now, gate_id=gate.chat_id, code=what, actor_id=admin_id)
    await settings_changed(store, gate, replace(gate, settings=settings), now)
    await redraw_panels(store, gate.chat_id, now)
