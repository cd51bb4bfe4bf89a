"""Notifying a person of an admin's decision."""

from __future__ import annotations

from datetime import datetime

from bot.domain.gate import Gate
from bot.domain.screen import Outcome, ScreenName
from storage.store import Store

GRANTS_FIRST = 1.0
"""Seconds the screen waits, so that it is drawn once, with the grants already made."""


async def notify_person(
    store: Store, gate: Gate, user_id: int, outcome: Outcome, now: datetime, *, fresh: bool = True
) -> None:
    """Show it on their screen, as a new message if they can be written to. People who never met the bot get nothing."""
    person = (await store.people.get_many([user_id])).get(user_id)
    if person is None:
        return
    await store.screens.show(
        user_id,
        person.chat_id,
        ScreenName.DECIDED,
        now,
        details={"gate": gate.chat_id, "outcome": outcome},
        fresh=fresh and person.can_be_written,
        acted=fresh,
        after=GRANTS_FIRST if outcome is Outcome.LET_IN else 0.0,
    )
