"""Posting decisions to a gate's log chat."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.gates import Gate
from bot.domain.journal import Event
from bot.domain.tasks import LogLine
from storage.store import Store

GATHERS_FOR = 2.0
"""Seconds a line waits, so that simultaneous events become one message."""


async def post_to_log(
    store: Store,
    gate: Gate,
    event: Event,
    user_id: int,
    *,
    why: str = "",
    since: datetime | None = None,
    admin_id: int | None = None,
    name: str = "",
    count: int = 1,
) -> None:
    """Post one line to the log chat, if the gate has one: what happened to whom, why, by whom, and how long it took.

    `since`: when they asked. `count`: of how many people the line is; if more than one, `user_id` is 0.
    """
    settings = gate.settings
    if settings.log_chat is None:
        return
    phone = await store.phones.of(user_id)
    line = LogLine(
        event=event,
        gate_id=gate.chat_id,
        title=gate.title if await store.gates.shares_log(settings.log_chat) else "",
        user_id=user_id,
        name=name,
        reason=why,
        mask=phone.mask if phone is not None else "",
        language=settings.language,
        seconds=int((store.now - since).total_seconds()) if since is not None else None,
        admin_id=admin_id,
        topic=settings.log_topic,
        count=count if count > 1 else None,
    )
    await store.tasks.add(line, settings.log_chat, store.now, user_id=user_id or None, after=GATHERS_FOR)


async def disable_log(store: Store, log_chat: int) -> list[Gate]:
    """Disable a log chat that is gone or that the bot may not write to. Return the gates it served."""
    gates = await store.gates.with_log(log_chat)
    for gate in gates:
        await store.gates.set_settings(gate.chat_id, replace(gate.settings, log_chat=None, log_topic=None), store.now)
        store.journal.add(Event.GATE_CHANGED, store.now, gate_id=gate.chat_id, code="log_chat: lost")
    return gates
