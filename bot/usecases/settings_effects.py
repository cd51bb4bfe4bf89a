"""Effects of changed settings on people who wait."""

from __future__ import annotations

from datetime import datetime

from bot.domain.choices import SETTINGS, is_changed
from bot.domain.gate import FRESH_CHANCE, Gate
from bot.domain.settings import AtDeadline
from storage.store import Store


async def settings_changed(store: Store, before: Gate, after: Gate, now: datetime) -> None:
    """Apply a change at once to people who wait. Call it with every stored change, whoever made it.

    People whom the old rules kept out are checked again. If overdue requests were left waiting and are now declined,
    everybody gets an hour. The rest needs nothing here: the sweep admits people who are eligible now, and unmutes those
    whom no gate wants muted; new grants and deadlines apply to people who come from now on.
    """
    old, new = before.settings, after.settings
    if any(spec.affects_phones and is_changed(setting, old, new) for setting, spec in SETTINGS.items()):
        await store.requests.clear_ineligibility(gate_id=after.chat_id)
    if old.at_deadline is AtDeadline.LEAVE and new.at_deadline is AtDeadline.TURN_AWAY:
        await store.requests.extend_deadlines(after.chat_id, now + FRESH_CHANCE)
