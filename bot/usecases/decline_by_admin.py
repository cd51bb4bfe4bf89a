"""An admin declines a pending request."""

from __future__ import annotations

from datetime import datetime

from bot.domain.delivery import Toast
from bot.domain.gate import Gate, RequestState
from bot.domain.journal import Event
from bot.domain.panel import AdminAction
from bot.domain.screen import Outcome
from bot.domain.settings import EntryMode
from bot.usecases.admit import DecisionReason, turn_away
from bot.usecases.log_chat import post_to_log
from bot.usecases.notify_person import notify_person
from storage.store import Store


async def decline_by_admin(store: Store, gate: Gate, user_id: int, act: AdminAction, now: datetime) -> Toast:
    """A `Decider`. They may ask again, and verify, at any time."""
    gate_id = gate.chat_id
    request = await store.requests.get(gate_id, user_id)
    if request is None or not await store.requests.decide_if_waiting(gate_id, user_id, RequestState.DECLINED, now):
        return Toast.DECIDED_ALREADY
    await store.overrides.drop(gate_id, user_id)
    await turn_away(store, gate, request, now, DecisionReason.BY_ADMIN, admin_id=act.admin_id)
    if request.way is EntryMode.LINK:
        # Telegram knows of no request here. Other requests reach the log once Telegram has declined them.
        await post_to_log(
            store,
            gate,
            Event.JOIN_DECLINED,
            user_id,
            now,
            why=DecisionReason.BY_ADMIN,
            since=request.requested_at,
            admin_id=act.admin_id,
            name=request.name,
        )
    await notify_person(store, gate, user_id, Outcome.DECLINED, now)
    return Toast.DECLINED
