"""A person asks the admins of the gates at which they wait to admit them."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.delivery import Toast
from bot.domain.gate import APPEAL_EVERY, GateMode
from bot.domain.journal import Event
from bot.domain.people import Person
from bot.domain.screen import ScreenName
from bot.usecases.appeals import announce
from storage.store import Store


class AskAdmins:
    """At most once a day at each gate, while the bot can decide there. Their screen then says that they asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, person: Person, *, fresh: bool) -> Toast:
        """Send the appeals. `fresh`: the screen comes as a new message, because they wrote one."""
        now, user_id = self._clock.now(), person.user_id
        waiting = (await store.requests.waiting_of_many([user_id])).get(user_id, [])
        asked = 0
        for request, gate in waiting:
            if not gate.is_on or gate.switch is GateMode.OFF:
                continue
            if await store.appeals.open(gate.chat_id, user_id, now, APPEAL_EVERY):
                store.journal.add(Event.APPEALED, now, user_id=user_id, gate_id=gate.chat_id)
                await announce(store, gate, request, now)
                asked += 1
        if fresh:
            face, details = await store.screens.wanted(user_id) or (ScreenName.WELCOME, {})
            await store.screens.show(user_id, person.chat_id, face, now, details=details, fresh=True)
        else:
            await store.screens.touch([user_id], now)
        if asked:
            return Toast.ASKED_ADMINS
        return Toast.ASKED_BEFORE if waiting else Toast.OVER
