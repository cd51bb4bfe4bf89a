"""Opening the panel: an admin's gates, or a page of one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.clock import Clock
from bot.domain.choices import Page
from bot.domain.delivery import LISTED_CHECKS, PendingTask, TaskKind, Toast
from bot.domain.gate import Gate
from bot.domain.panel import ADMIN_KNOWN_FOR, AdminAction
from bot.domain.people import Person
from bot.domain.screen import ScreenName
from bot.domain.tasks import CheckAdminRights, CheckGateHealth
from bot.usecases.panel_views import BUILDERS
from storage.store import Store

PANEL = (ScreenName.GATES, ScreenName.GATE)
OPENED_ABOUT = frozenset({Page.PENDING, Page.WHO})
"""Pages that need a `value`: a part of a list, or a person."""


class ListGates:
    """Shows the gates that the person is known to administer, and asks Telegram again about each where they ever were
    an admin."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, person: Person, *, fresh: bool) -> None:
        now = self._clock.now()
        await store.screens.show(person.user_id, person.chat_id, ScreenName.GATES, now, fresh=fresh)
        await ask_about_gates(store, person, now)


async def ask_about_gates(store: Store, person: Person, now: datetime) -> None:
    """Ask Telegram at which gates the person is an admin: gates where they ever were one and that were not checked
    within the last minute; a few at a time, the oldest check first."""
    room = LISTED_CHECKS - await store.tasks.undone((TaskKind.CHECK_ADMIN,), person.user_id)
    for gate_id in (await store.admins.to_ask(person.user_id, now - ADMIN_KNOWN_FOR))[: max(0, room)]:
        check = CheckAdminRights(gate_id, person.user_id, act=None)
        await store.tasks.add(check, person.user_id, now, user_id=person.user_id)


class OpenPage:
    """An `ActionHandler`: shows the page that `key` names, about `value`. `fresh`: as a new message.

    Opening the card also checks the gate's health.
    """

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        try:
            page = Page(str(act.details.get("key") or Page.CARD))
        except ValueError:
            return Toast.UNKNOWN
        if page not in BUILDERS or page is Page.IMPORT:
            # No button opens the page of an imported file.
            return Toast.UNKNOWN
        shown = {"value": act.details.get("value", "")} if page in OPENED_ABOUT else {}
        await show_page(store, gate, act.admin_id, page, now, shown, fresh=bool(act.details.get("fresh")))
        if page is Page.CARD:
            await ask_health(store, gate.chat_id, act.admin_id, now)
        return Toast.NOTHING


class CheckGate:
    """An `ActionHandler`: checks the gate's health again."""

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        await ask_health(store, gate.chat_id, act.admin_id, now)
        return Toast.CHECKING


async def ask_health(
    store: Store, gate_id: int, admin_id: int, now: datetime, *, tells: bool = False, answers: bool = False
) -> None:
    """Request a check of a gate's health for this admin. `tells`: its admins are notified of new issues. `answers`: the
    admin gets the result as a message.

    A gate has one such task at a time. If one may be in flight, another check follows it; then everybody who looks at a
    page of the gate sees the result.
    """
    check = CheckGateHealth(gate_id, notify_admins=tells, answer_to=admin_id if answers else None)
    job = f"check {gate_id}"
    if not await store.tasks.ask_again(job, check):
        await store.tasks.add(check, admin_id, now, job=job)


async def ask_health_again(store: Store, task: PendingTask, check: CheckGateHealth, now: datetime) -> None:
    """Request the next check if one was asked for during this one."""
    again = await store.tasks.asked_since(task.id, check)
    if again is not None:
        # Whoever got their answer needs no other.
        answer_to = again.answer_to if again.answer_to != check.answer_to else None
        following = CheckGateHealth(again.gate_id, again.notify_admins, answer_to)
        await store.tasks.add(following, task.chat_id, now, job=f"check {again.gate_id}")


async def show_page(
    store: Store,
    gate: Gate,
    admin_id: int,
    page: Page,
    now: datetime,
    details: Mapping[str, str | int] | None = None,
    *,
    fresh: bool = False,
    after: float = 0.0,
) -> None:
    """Show a page of a gate's panel on an admin's screen; `details` are the page's own."""
    named: dict[str, str | int] = {**(details or {}), "gate": gate.chat_id, "page": page}
    await store.screens.show(admin_id, admin_id, ScreenName.GATE, now, details=named, fresh=fresh, after=after)


async def page_shown(store: Store, admin_id: int) -> tuple[int, Page, Mapping[str, str | int]] | None:
    """Return the gate, the page and its details on somebody's screen; None if it is not a page of a panel."""
    wanted = await store.screens.wanted(admin_id)
    if wanted is None or wanted[0] is not ScreenName.GATE:
        return None
    details = wanted[1]
    try:
        return int(details["gate"]), Page(str(details["page"])), details
    except (KeyError, ValueError):
        return None


async def redraw_panels(store: Store, gate_id: int, now: datetime) -> None:
    """Redraw the panels of a gate's admins after a change."""
    await store.screens.touch(await store.admins.at(gate_id), now, acted=False, faces=PANEL)


def panel_start(gate_id: int) -> str:
    """Return the start parameter of a link that opens the panel of a gate."""
    return f"gate_{gate_id}"
