"""An admin declines many who wait, together."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.delivery import Toast
from bot.domain.gate import Gate
from bot.domain.journal import Event
from bot.domain.panel import Act, Page
from bot.domain.people_pages import Age, MassDecline
from bot.domain.screen import Face, Outcome
from bot.usecases.admit import Why, turn_away
from bot.usecases.open_panel import show_page
from bot.usecases.ports import Store
from bot.usecases.record import tell_log
from bot.usecases.tell_person import tell_person

AT_ONCE = 50
"""Decided about in one transaction; what is left comes with the next sweeps, also after a restart. As many as Telegram
takes between two sweeps: more would only keep other transactions waiting."""
SHOWN_EVERY = timedelta(seconds=3)
"""How often the admin's page follows."""


class DeclineMany:
    """A `Doer`: decline those who asked longer ago than `value` says.

    Nobody in a call window, and nobody verified. What is under way is kept with the gate; another one has to wait
    for its end. Telegram is told by errands, so within the budget and after what is more urgent.
    """

    async def __call__(self, store: Store, gate: Gate, act: Act, now: datetime) -> Toast:
        try:
            age = Age(str(act.details.get("value")))
        except ValueError:
            return Toast.UNKNOWN
        running = await store.gates.mass_decline(gate.chat_id)
        before = now - age.span
        if running is not None and not running.is_over:
            toast, mass = Toast.DECLINING_ALREADY, running
        elif not (total := await store.requests.count_declinable(gate.chat_id, before)):
            await show_page(store, gate, act.admin_id, Page.PENDING, now)
            return Toast.NOBODY_WAITS
        else:
            job = f"many:{gate.chat_id}:{int(now.timestamp())}"
            toast, mass = Toast.DECLINING, MassDecline(job, act.admin_id, before, total, shown_at=now)
            await decline_on(store, gate, mass, now)
        await show_page(store, gate, act.admin_id, Page.PENDING, now, {"job": mass.job})
        return toast


async def decline_on(store: Store, gate: Gate, mass: MassDecline, now: datetime) -> None:
    """One more part of it; when there is none left and Telegram was told of all, it is over."""
    found = await store.requests.decline_many(gate.chat_id, now, AT_ONCE, before=mass.before)
    met = await store.people.get_many([request.user_id for request in found])
    for request in found:
        await turn_away(store, gate, request, now, Why.MANY, admin_id=mass.admin_id, job=mass.job)
        if request.user_id in met:
            await tell_person(store, gate, request.user_id, Outcome.DECLINED, now, fresh=False)
    declined = mass.declined + len(found)
    parts, done = await store.errands.job(mass.job)
    is_over = not found and parts == done
    is_shown = is_over or mass.shown_at is None or now >= mass.shown_at + SHOWN_EVERY
    if is_shown:
        await _show(store, mass, now)
    if is_over:
        await tell_log(
            store, gate, Event.JOIN_DECLINED, 0, now, why=Why.MANY, admin_id=mass.admin_id, count=max(declined, 1)
        )
    shown_at = now if is_shown else mass.shown_at
    news = replace(mass, declined=declined, is_over=is_over, shown_at=shown_at)
    await store.gates.set_mass_decline(gate.chat_id, news)


async def _show(store: Store, mass: MassDecline, now: datetime) -> None:
    """The admin's page, if they still look at it."""
    face, details = await store.screens.wanted(mass.admin_id) or (None, {})
    if face is Face.GATE and details.get("page") == Page.PENDING and details.get("job") == mass.job:
        await store.screens.touch([mass.admin_id], now, acted=False)
