"""When a raid begins, goes on, and is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.admin_actions import AdminActionKind
from bot.domain.gate_settings import RaidReaction
from bot.domain.gates import STRICT_FOR, Gate, GateMode
from bot.domain.journal import Event
from bot.domain.raids import ITSELF, NOTED_EVERY, RAID_KEPT, Raid, RaidResponse
from bot.features.raids.alerts import post_alert, post_summary, update_alert
from storage.store import Store


async def notice_raid(store: Store, gate: Gate) -> Gate:
    """Check for a raid after a join request or muted newcomer is stored; return the gate as it is then.

    More than `raid_requests` of them in `raid_minutes` begin a raid, unless the gate is not active or ignores raids.
    The bot alerts its admins once, and the gate responds as its settings say. The raid lasts until that many minutes
    have passed without as many requests.
    """
    now = store.now
    settings = gate.settings
    if settings.raid is RaidReaction.OFF or not gate.is_on or gate.switch is GateMode.OFF:
        return gate
    goes_on = gate.is_raided(now)
    if goes_on and gate.raid_at is not None and now < gate.raid_at + NOTED_EVERY:
        return gate
    window = timedelta(minutes=settings.raid_minutes)
    count = await store.requests.recent(gate.chat_id, now - window, settings.raid_requests)
    if count <= settings.raid_requests:
        return gate
    if goes_on:
        await store.raids.goes_on(gate.chat_id, now)
    elif gate.works:
        if not await store.raids.begin(gate.chat_id, now, now - window):
            return _as_raided(await store.gates.get(gate.chat_id) or gate, now)
        await _begin(store, gate, count)
    return await store.gates.get(gate.chat_id) or gate


def _as_raided(gate: Gate, now: datetime) -> Gate:
    """Return the gate as it will be once the transaction that begins the raid commits.

    It is not treated as paused: the person would never be asked to call, should the raid not begin after all.
    """
    if gate.is_raided(now):
        return gate
    is_strict = gate.settings.raid is RaidReaction.STRICT
    return replace(gate, raid_at=now, strict_until=_strict_until(gate, now) if is_strict else gate.strict_until)


async def _begin(store: Store, gate: Gate, count: int) -> None:
    now = store.now
    last = await store.raids.at(gate.chat_id)
    if last is not None and last.over_at is None:
        # No sweep has run since it ended, for example because the bot was down.
        await post_summary(store, gate, last)
    raid = Raid(gate.chat_id, now - timedelta(minutes=gate.settings.raid_minutes), now)
    match gate.settings.raid:
        case RaidReaction.STRICT:
            await be_strict(store, gate)
            raid = raid.with_deed(RaidResponse(AdminActionKind.STRICT, "on", ITSELF))
        case RaidReaction.PAUSE:
            await store.gates.set_switch(gate.chat_id, GateMode.PAUSED, now)
            raid = raid.with_deed(RaidResponse(AdminActionKind.SWITCH, GateMode.PAUSED, ITSELF))
    store.journal.add(Event.RAID, now, gate_id=gate.chat_id, code=f"{count}:{gate.settings.raid}")
    await store.raids.put(gate.chat_id, raid)
    await post_alert(store, gate.chat_id, raid)


async def be_strict(store: Store, gate: Gate) -> None:
    """Make a gate strict for an hour from now, also towards those who wait."""
    await store.gates.set_strict(gate.chat_id, _strict_until(gate, store.now))
    await store.requests.clear_ineligibility(gate_id=gate.chat_id)


def _strict_until(gate: Gate, now: datetime) -> datetime:
    return max(now + STRICT_FOR, gate.strict_until or now)


async def follow_raids(store: Store) -> None:
    """Post the summary of raids that are over, once; keep the alerts of others up to date, and afterwards those of
    past raids, with the progress of their declines, until they are deleted (a step of the sweep)."""
    for gate in await store.raids.gates():
        raid = await store.raids.at(gate.chat_id)
        if raid is None:
            continue
        if raid.over_at is None and not gate.is_raided(store.now):
            await post_summary(store, gate, raid)
        elif raid.over_at is not None and store.now > raid.over_at + RAID_KEPT:
            await store.raids.put(gate.chat_id, None)
        else:
            await update_alert(store, gate, raid)


async def end_strict_periods(store: Store) -> None:
    """End the strict period of gates, and admit those whom only that kept out (a step of the
    sweep)."""
    for gate_id in await store.raids.strict_before(store.now):
        await store.gates.set_strict(gate_id, None)
        await store.requests.clear_ineligibility(gate_id=gate_id)
