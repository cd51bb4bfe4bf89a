"""What a change of settings means for those who wait."""

from __future__ import annotations

from datetime import datetime

from bot.domain.gate import FRESH_CHANCE, Gate
from bot.domain.settings import AtDeadline
from storage.store import Store

ABOUT_PHONES = ("country_rule", "countries", "refused_kinds", "fresh_for", "accounts")
"""What decides whether a verified phone opens the gate."""


async def settings_changed(store: Store, before: Gate, after: Gate, now: datetime) -> None:
    """Have it take effect at once for those who wait. To be called with every change that was kept, whoever made it.

    Whom the old rules hindered is looked at anew. Where who waited too long was left waiting and is to be turned away
    now, everybody has an hour. All else follows by itself: the sweep lets in who may come in now, and unmutes those
    whom the gate wants muted no more; what people are given, and by when, those learn who come from now on.
    """
    old, new = before.settings, after.settings
    if any(getattr(old, name) != getattr(new, name) for name in ABOUT_PHONES):
        await store.requests.undo_pending_rejections(gate_id=after.chat_id)
    if old.at_deadline is AtDeadline.LEAVE and new.at_deadline is AtDeadline.TURN_AWAY:
        await store.requests.clear_ineligibility(after.chat_id, now + FRESH_CHANCE)
