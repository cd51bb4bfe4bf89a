"""An admin switches a gate on or off, or pauses it."""

from __future__ import annotations

from datetime import datetime

from bot.domain.delivery import Toast
from bot.domain.gate import FRESH_CHANCE, REACHABLE_FOR, Gate, GateMode
from bot.domain.journal import Event
from bot.domain.panel import AdminAction
from bot.domain.screen import ScreenName
from bot.domain.settings import EntryMode
from bot.usecases.admit import prompt
from storage.store import Store

MOST_WAITING = 10_000
"""People handled in one transaction; the sweep does the rest for all."""


class SwitchGate:
    """An `ActionHandler`: switches the gate on, off or to paused, as `value` says, at once.

    On again: everybody who waits gets at least another hour, is checked again (the sweep admits those who are
    eligible), and is told what to do if the bot can still write to them. Off: the sweep unmutes newcomers; other
    requests are left to the admins, and continue if the gate is switched on again.
    """

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        wanted = str(act.details.get("value", ""))
        if wanted not in set(GateMode):
            return Toast.UNKNOWN
        to = GateMode(wanted)
        if to is gate.switch:
            return Toast.DONE_BEFORE
        await store.gates.set_switch(gate.chat_id, to, now)
        store.journal.add(Event.GATE_CHANGED, now, gate_id=gate.chat_id, code=f"switch:{to}", actor_id=act.admin_id)
        if to is GateMode.ON:
            await self._resume(store, gate, now)
        return Toast.DONE

    async def _resume(self, store: Store, gate: Gate, now: datetime) -> None:
        await store.requests.extend_deadlines(gate.chat_id, now + FRESH_CHANCE)
        await store.requests.clear_ineligibility(gate_id=gate.chat_id)
        waiting = await store.requests.waiting_at(gate.chat_id, MOST_WAITING)
        people = await store.people.get_many([request.user_id for request in waiting])
        for request in waiting:
            if request.way is EntryMode.MUTE:
                await prompt(store, gate, request, now)
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
