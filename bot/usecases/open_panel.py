"""An admin wants to see their gates, or a page of one."""

from __future__ import annotations

from datetime import datetime

from bot.clock import Clock
from bot.domain.delivery import ErrandKind, Toast
from bot.domain.gate import Gate
from bot.domain.panel import Act, Page
from bot.domain.screen import Face
from bot.usecases.ports import Store
from bot.usecases.ports_people import Person


class ListGates:
    """Show the gates whose admin the person is, as far as is known; Telegram is asked about each anew."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, person: Person, *, fresh: bool) -> None:
        now = self._clock.now()
        await store.screens.show(person.user_id, person.chat_id, Face.GATES, now, fresh=fresh)
        for gate in await store.admins.gates_of(person.user_id):
            details: dict[str, str | int] = {"act": "", "gate": gate.chat_id, "user_id": person.user_id}
            await store.errands.add(ErrandKind.CHECK_ADMIN, person.user_id, details, now, user_id=person.user_id)


class OpenPage:
    """A `Doer`: show the page that `key` names, about `value`. `fresh`: as a new message.

    Opening the card has Telegram asked how it stands with the gate.
    """

    async def __call__(self, store: Store, gate: Gate, act: Act, now: datetime) -> Toast:
        page = Page(str(act.details.get("key") or Page.CARD))
        shown = {"value": act.details.get("value", "")}
        await show_page(store, gate, act.admin_id, page, now, shown, fresh=bool(act.details.get("fresh")))
        if page is Page.CARD:
            await store.errands.add(ErrandKind.CHECK_GATE, act.admin_id, {"gate": gate.chat_id}, now)
        return Toast.NOTHING


async def show_page(
    store: Store,
    gate: Gate,
    admin_id: int,
    page: Page,
    now: datetime,
    details: dict[str, str | int] | None = None,
    *,
    fresh: bool = False,
    after: float = 0.0,
) -> None:
    """Show a page of a gate's panel on an admin's screen; `details` are the page's own."""
    named: dict[str, str | int] = {**(details or {}), "gate": gate.chat_id, "page": page}
    await store.screens.show(admin_id, admin_id, Face.GATE, now, details=named, fresh=fresh, after=after)
