"""An admin declines many people at once: all of a raid, or all older than some age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.admin_actions import AdminAction
from bot.domain.eligibility import DecisionReason
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import Gate, JoinRequest
from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.people_pages import OlderThan
from bot.domain.raids import MassDecline
from bot.domain.screens import Outcome, ScreenName
from bot.domain.setting_choices import Page
from bot.features.access.decide import call_off, refusal
from bot.features.admins.log_chat import post_to_log
from bot.features.admins.navigation import show_page
from bot.features.moderation.decisions import FROM_CONSOLE, notify_person
from storage.store import Store

CHUNK = 500
"""Requests selected in one transaction; meanwhile others wait for the database."""
JOBS_KEPT = timedelta(hours=48)


async def decline_many(
    store: Store,
    gate: Gate,
    admin_id: int,
    why: DecisionReason,
    *,
    since: datetime | None = None,
    before: datetime | None = None,
) -> str | None:
    """Decline all who wait at a gate, asked at `since` or later and before `before`, are not verified and not in a call
    window. Return the name of the job; None if one is running at that gate, or there is nobody to decline.

    The first chunk is selected at once, the others by `continue_mass_declines`, so a crash in between loses nothing.
    Each decline at Telegram is a task of the job. Screens that wait for strangers among them are dropped: Telegram
    allows the bot to write to strangers only until their request is decided.
    """
    if await store.mass_declines.unchosen(gate.chat_id):
        return None
    job = f"many{gate.chat_id}:{int(store.now.timestamp())}"
    decline = MassDecline(job, gate.chat_id, admin_id, why, since, before or store.now)
    if not await store.mass_declines.add(decline):
        return None
    await _choose(store, decline)
    parts, _ = await store.tasks.job(job)
    return job if parts else None


async def continue_mass_declines(store: Store) -> None:
    """Continue each job (a step of the sweep)."""
    for decline in await store.mass_declines.unchosen():
        await _choose(store, decline)
        await _show(store, decline)
    for decline in await store.mass_declines.told():
        await _follow(store, decline)
    await store.mass_declines.forget(store.now - JOBS_KEPT)


async def _follow(store: Store, decline: MassDecline) -> None:
    """Post one log line once Telegram has been told of all."""
    parts, done = await store.tasks.job(decline.job)
    if parts == done:
        await store.mass_declines.over(decline.job, store.now)
        gate = await store.gates.get(decline.gate_id)
        if gate is not None and parts:
            await post_to_log(
                store, gate, Event.JOIN_DECLINED, 0, why=decline.why, admin_id=decline.admin_id, count=parts
            )
    await _show(store, decline)


async def _show(store: Store, decline: MassDecline) -> None:
    """Update the admin's page, if they still look at it."""
    face, details = await store.screens.wanted(decline.admin_id) or (None, {})
    if face is ScreenName.GATE and details.get("page") == Page.PENDING and details.get("job") == decline.job:
        await store.screens.touch([decline.admin_id], store.now, acted=False)


async def _choose(store: Store, decline: MassDecline) -> None:
    now = store.now
    found = await store.requests.decline_many(decline.gate_id, now, CHUNK, before=decline.before, since=decline.since)
    if not found:
        # Only now: if there were fewer than the limit, other transactions may have held some.
        await store.mass_declines.chosen(decline.job, now)
        return
    why = DecisionReason(decline.why)
    refusals = []
    for request in found:
        store.journal.add(
            Event.DECLINED_BY_ADMIN,
            now,
            user_id=request.user_id,
            gate_id=request.gate_id,
            code=why,
            actor_id=decline.admin_id,
        )
        if request.way is EntryMode.MUTE:
            await call_off(store, request.gate_id, request.user_id)
        if request.way is not EntryMode.LINK:
            refusals.append((request.user_id, refusal(request, why, decline.admin_id)))
    await store.tasks.add_many(decline.gate_id, refusals, now, job=decline.job)
    gate = await store.gates.get(decline.gate_id)
    if gate is not None:
        await _tidy_screens(store, gate, found)


async def _tidy_screens(store: Store, gate: Gate, declined: Sequence[JoinRequest]) -> None:
    user_ids = [request.user_id for request in declined]
    people = await store.people.get_many(user_ids)
    elsewhere = await store.requests.waiting_of_many(user_ids)
    writable = {user_id for user_id, person in people.items() if person.can_be_written}
    for user_id in writable - elsewhere.keys():
        await notify_person(store, gate, user_id, Outcome.DECLINED, fresh=False)
    await store.screens.touch(elsewhere.keys(), store.now, acted=False)
    await store.screens.drop(set(user_ids) - writable - elsewhere.keys())


async def decline_older(store: Store, gate: Gate, act: AdminAction) -> Toast:
    """An `ActionHandler`: declines those who asked longer ago than `value` says, and shows the progress.

    Nobody in a call window, and nobody verified. Only one such job runs at a time.
    """
    try:
        before = store.now - OlderThan(str(act.details.get("value"))).span
    except ValueError:
        return Toast.UNKNOWN
    newest = await store.mass_declines.newest(gate.chat_id)
    if newest is not None and not newest[1]:
        toast, shown = Toast.DECLINING_ALREADY, {"job": newest[0].job}
    elif not await store.requests.count_declinable(gate.chat_id, before):
        toast, shown = Toast.NOBODY_WAITS, {}
    else:
        job = await decline_many(store, gate, act.admin_id, DecisionReason.MANY, before=before)
        toast, shown = Toast.DECLINING, {} if job is None else {"job": job}
    if act.details.get("key") != FROM_CONSOLE:
        await show_page(store, gate, act.admin_id, Page.PENDING, {**shown})
    return toast
