"""What admins want done at their gates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from bot.clock import Clock
from bot.domain.delivery import ErrandDue, ErrandKind, Toast
from bot.domain.gate import Gate
from bot.domain.panel import ADMIN_KNOWN_FOR, Act, ActKind, Page
from bot.domain.screen import Face
from bot.usecases.answer_button import ANSWERABLE_FOR, answer_button
from bot.usecases.ports import Store

Doer = Callable[[Store, Gate, Act, datetime], Awaitable[Toast]]
"""Does one kind of act, of somebody who is an admin of that gate now; the toast says what came of it."""

OWN = ("act", "gate", "user_id", "query_id")
"""Details of the errand that are not the act's."""


class AdminDesk:
    """An act is done only when Telegram has said within the last minute that who wants it is an admin of the gate.

    Otherwise Telegram is asked first: the act is a row until the answer is there, so that a crash in between loses
    nothing. Who is no admin (any more) changes nothing, and is told so, only not in a group, where nobody asked; a page
    of that gate is shown them no more.
    """

    def __init__(self, clock: Clock, doers: Mapping[ActKind, Doer]) -> None:
        self._clock = clock
        self._doers = doers

    async def __call__(self, store: Store, act: Act) -> None:
        now = self._clock.now()
        is_admin = await store.admins.of(act.gate_id, act.admin_id, now - ADMIN_KNOWN_FOR)
        if is_admin is not None:
            await self._do(store, act, now, is_admin=is_admin)
            return
        details: dict[str, str | int] = {
            **act.details,
            "act": act.kind,
            "gate": act.gate_id,
            "user_id": act.admin_id,
        }
        if act.query_id is not None:
            details["query_id"] = act.query_id
        expires_at = now + ANSWERABLE_FOR
        await store.errands.add(
            ErrandKind.CHECK_ADMIN, act.admin_id, details, now, expires_at=expires_at, user_id=act.admin_id
        )

    async def told(self, store: Store, errand: ErrandDue, *, is_admin: bool) -> None:
        """Telegram has said whether they are an admin."""
        now = self._clock.now()
        gate_id, admin_id = int(errand.details["gate"]), int(errand.details["user_id"])
        if admin_id not in await store.people.get_many([admin_id]):
            # They were erased meanwhile.
            return
        if await store.gates.get(gate_id) is not None:
            await store.admins.answered(gate_id, admin_id, now, is_admin=is_admin)
            is_admin = bool(await store.admins.of(gate_id, admin_id, now - ADMIN_KNOWN_FOR))
        if not errand.details["act"]:
            # Only asked for the list of their gates.
            await store.screens.touch([admin_id], now)
            return
        details = {name: value for name, value in errand.details.items() if name not in OWN}
        query_id = errand.details.get("query_id")
        act = Act(
            ActKind(str(errand.details["act"])),
            gate_id,
            admin_id,
            details,
            str(query_id) if query_id is not None else None,
        )
        await self._do(store, act, now, is_admin=is_admin)

    async def _do(self, store: Store, act: Act, now: datetime, *, is_admin: bool) -> None:
        gate = await store.gates.get(act.gate_id)
        if gate is None or not is_admin:
            toast = Toast.NOT_ADMIN
            await self._turn_off(store, act, now)
        else:
            doer = self._doers.get(act.kind)
            toast = await doer(store, gate, act, now) if doer is not None else Toast.UNKNOWN
        if act.query_id is not None:
            await answer_button(store, act.admin_id, act.query_id, toast, now)

    @staticmethod
    async def _turn_off(store: Store, act: Act, now: datetime) -> None:
        """Who wrote in private, or followed a link, is answered there too, that they are no admin."""
        if act.query_id is None and act.kind is ActKind.STATS:
            # They wrote a command that is not there for them: it is answered like any other text.
            await store.screens.show(act.admin_id, act.admin_id, Face.WELCOME, now, fresh=True)
            return
        if act.query_id is None and act.kind in (ActKind.OPEN, ActKind.COMMAND) and "group" not in act.details:
            details: dict[str, str | int] = {"gate": act.gate_id, "page": Page.CARD}
            await store.screens.show(act.admin_id, act.admin_id, Face.GATE, now, details=details, fresh=True)
            return
        await store.screens.touch([act.admin_id], now, faces=(Face.GATES, Face.GATE))
