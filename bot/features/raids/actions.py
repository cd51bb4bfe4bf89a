"""Admin actions about a raid."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.eligibility import DecisionReason
from bot.domain.gates import Gate
from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.raids import RaidResponse
from bot.features.admins.authorize import ActionHandler
from bot.features.moderation.mass_decline import decline_many
from bot.features.raids.alerts import update_alert
from bot.features.raids.detect import be_strict
from storage.store import Store

CHANGED = (Toast.DONE, Toast.SAVED)


async def make_strict(store: Store, gate: Gate, act: AdminAction) -> Toast:
    """An `ActionHandler`: makes the gate strict for an hour from now (`value` is "on"), or no longer ("off").

    Verified people who wait are checked again.
    """
    match act.details.get("value"):
        case "on":
            await be_strict(store, gate)
        case "off" if gate.is_strict(store.now):
            await store.gates.set_strict(gate.chat_id, None)
            await store.requests.clear_ineligibility(gate_id=gate.chat_id)
        case _:
            return Toast.DONE_BEFORE
    code = f"strict:{act.details['value']}"
    store.journal.add(Event.GATE_CHANGED, store.now, gate_id=gate.chat_id, code=code, actor_id=act.admin_id)
    return Toast.DONE


async def decline_recent(store: Store, gate: Gate, act: AdminAction) -> Toast:
    """An `ActionHandler`: declines all unverified people of the raid that `value` names; without one, of the last
    minutes.

    Nobody, if that raid is over and deleted, or another has followed.
    """
    now = store.now
    raid, mark = await store.raids.at(gate.chat_id), str(act.details.get("value") or "")
    since, before = now - timedelta(minutes=gate.settings.raid_minutes), now
    if mark:
        if raid is None or mark != str(raid.mark):
            return Toast.OVER
        since, before = raid.since, raid.over_at or now
    job = await decline_many(store, gate, act.admin_id, DecisionReason.RAID, since=since, before=before)
    if job is None:
        return Toast.DONE_BEFORE
    if raid is not None:
        deed = RaidResponse(act.kind, job, act.admin_id)
        await store.raids.put(gate.chat_id, raid.with_deed(deed, job=job))
    return Toast.DONE


class RecordedInAlert:
    """An `ActionHandler` whose effect the alert of a raid shows, if there is one: the action, and who took it."""

    def __init__(self, handler: ActionHandler) -> None:
        self._handler = handler

    async def __call__(self, store: Store, gate: Gate, act: AdminAction) -> Toast:
        toast = await self._handler(store, gate, act)
        raid = await store.raids.at(gate.chat_id)
        changed = await store.gates.get(gate.chat_id)
        if raid is None or changed is None:
            return toast
        if toast in CHANGED and act.kind is not AdminActionKind.DECLINE_RECENT:
            raid = raid.with_deed(RaidResponse(act.kind, str(act.details.get("value", "")), act.admin_id))
            await store.raids.put(gate.chat_id, raid)
        await update_alert(store, changed, raid)
        return toast
