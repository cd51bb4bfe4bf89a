"""An admin switches a gate on or off, pauses it, or says that its link is protected."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.admin_actions import AdminAction, LinkTest
from bot.domain.gate_health import BY_REQUEST, bypasses_since, is_bypassed
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import FRESH_CHANCE, REACHABLE_FOR, Gate, GateMode
from bot.domain.journal import JOINED, Event
from bot.domain.notifications import Notification, Notify, Toast
from bot.domain.outgoing import DeliveryResult, DeliveryStatus
from bot.domain.screens import ScreenName
from bot.domain.setting_choices import Page
from bot.domain.tasks import MakeJoinLink
from bot.features.access.decide import prompt
from bot.features.admins.navigation import redraw_panels, show_page
from bot.features.gates.lifecycle import notify_admins
from storage.store import Store

MOST_WAITING = 10_000
"""People handled in one transaction; the sweep does the rest for all."""


async def switch_gate(store: Store, gate: Gate, act: AdminAction) -> Toast:
    """An `ActionHandler`: switches the gate on, off or to paused, as `value` says, at once.

    On again: everybody who waits gets at least another hour, is checked again (the sweep admits those who are
    eligible), and is told what to do if the bot can still write to them. Off: the sweep unmutes newcomers; other
    requests are left to the admins, and continue if the gate is switched on again.
    """
    wanted = str(act.details.get("value", ""))
    if wanted not in set(GateMode):
        return Toast.UNKNOWN
    to = GateMode(wanted)
    if to is gate.switch:
        return Toast.DONE_BEFORE
    await store.gates.set_switch(gate.chat_id, to, store.now)
    store.journal.add(Event.GATE_CHANGED, store.now, gate_id=gate.chat_id, code=f"switch:{to}", actor_id=act.admin_id)
    if to is GateMode.ON:
        await _resume(store, gate)
    return Toast.DONE


async def _resume(store: Store, gate: Gate) -> None:
    now = store.now
    await store.requests.extend_deadlines(gate.chat_id, now + FRESH_CHANCE)
    await store.requests.clear_ineligibility(gate_id=gate.chat_id)
    waiting = await store.requests.waiting_at(gate.chat_id, MOST_WAITING)
    people = await store.people.get_many([request.user_id for request in waiting])
    for request in waiting:
        if request.way is EntryMode.MUTE:
            await prompt(store, gate, request)
        person = people.get(request.user_id)
        reach_until = request.requested_at + REACHABLE_FOR
        if person is None or (not person.can_be_written and reach_until <= now):
            continue
        if await store.verifications.open_of(person.user_id) is not None:
            await store.screens.touch([person.user_id], now, acted=False)
            continue
        await store.screens.show(
            person.user_id,
            person.chat_id,
            ScreenName.WELCOME,
            now,
            fresh=True,
            acted=False,
            reach_until=None if person.can_be_written else reach_until,
        )


TO_THE_MINUTE = timedelta(minutes=1)
"""At most one write of the gate's row per minute, even if a flood of people bypasses it."""


async def request_seen(store: Store, gate: Gate) -> None:
    """Record that somebody asked to join, so the link by which they came asks for approval.

    Written once, and again after somebody bypassed the gate. It never waits for the gate's row: while another
    transaction holds it, the next request does this.
    """
    if _is_seen(gate):
        return
    free = await store.gates.lock_if_free(gate.chat_id)
    if free is not None and not _is_seen(free):
        await store.gates.set_extras(gate.chat_id, request_seen_at=store.now)
        await redraw_panels(store, gate.chat_id)


def _is_seen(gate: Gate) -> bool:
    seen_at, bypassed_at = gate.request_seen_at, gate.bypassed_at
    return seen_at is not None and (bypassed_at is None or seen_at > bypassed_at)


def has_to_ask(gate: Gate) -> bool:
    """Return whether people have to ask and verify before they are in the gate's chat."""
    return gate.settings.way in BY_REQUEST and gate.settings.asks_call


def keeps_out(gate: Gate) -> bool:
    """Return whether the gate is active and people have to ask and verify before they are in."""
    return gate.works and has_to_ask(gate)


async def member_bypassed(store: Store, gate: Gate, how: str) -> None:
    """Record that somebody bypassed the gate. `how`: one of `PAST_THE_GATE`.

    The first time in each way, and again once the issue counted as fixed, an admin gets one message that says how to
    fix it: replace the link with a new one that asks for approval, since the gate's own may have been revoked, which no
    bot can find out; or withdraw the permission that lets members add others; or the right of another bot.
    """
    now = store.now
    if not keeps_out(gate):
        return
    is_new_reason = await _is_news(store, gate, how)
    if not is_new_reason and _is_noted(gate, now):
        return
    gate = await store.gates.lock(gate.chat_id) or gate
    # Another transaction may have reported it meanwhile.
    is_new_reason = is_new_reason and await _is_news(store, gate, how)
    if not is_new_reason and _is_noted(gate, now):
        return
    await store.gates.set_extras(gate.chat_id, bypassed_at=now)
    await redraw_panels(store, gate.chat_id)
    if is_new_reason and how == JOINED:
        await store.tasks.add(MakeJoinLink(gate.chat_id, bypassed=True), gate.chat_id, now)
    elif is_new_reason:
        await notify_admins(store, gate, Notify(Notification.GATE_BYPASSED, title=gate.title, how=how))


async def _is_news(store: Store, gate: Gate, how: str) -> bool:
    """Return whether admins have not been notified of this bypass since it counted as fixed."""
    return not is_bypassed(gate, store.now) or not await store.journal.has_come(
        gate.chat_id, how, bypasses_since(gate, store.now)
    )


def _is_noted(gate: Gate, now: datetime) -> bool:
    return is_bypassed(gate, now) and gate.bypassed_at is not None and now - gate.bypassed_at < TO_THE_MINUTE


async def notify_of_bypass(store: Store, gate_id: int, receipt: DeliveryResult) -> None:
    """Notify admins of a bypass: with the new link, or without it if the bot could not make one."""
    gate = await store.gates.get(gate_id)
    if gate is None:
        return
    link = str(receipt.answer["link"]) if receipt.result is DeliveryStatus.DONE else ""
    await notify_admins(store, gate, Notify(Notification.GATE_BYPASSED, title=gate.title, link=link))


async def report_link_test(store: Store, gate: Gate, act: AdminAction) -> Toast:
    """An `ActionHandler`: an admin reports what the link that they share showed them (`key`, see `LinkTest`).

    If it asks for approval, that is evidence; if not, the page says how to fix it, with a link made by the bot.
    """
    try:
        outcome = LinkTest(str(act.details.get("key", "")))
    except ValueError:
        return Toast.UNKNOWN
    if outcome is LinkTest.ASKS:
        await store.gates.set_extras(gate.chat_id, tested_at=store.now)
        await redraw_panels(store, gate.chat_id)
        await show_page(store, gate, act.admin_id, Page.CARD)
        return Toast.SAVED
    if (await store.gates.extras(gate.chat_id)).request_link is None:
        await store.tasks.add(MakeJoinLink(gate.chat_id), act.admin_id, store.now)
    await show_page(store, gate, act.admin_id, Page.LINK_TEST, {"value": outcome})
    return Toast.NOTHING
