"""The bot's own place in a chat changed: a gate appears, or is switched off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.clock import Clock
from bot.domain.delivery import ErrandKind, Notice
from bot.domain.gate import FRESH_CHANCE, Gate
from bot.domain.journal import Event
from bot.domain.trouble import Sighting, Trouble
from bot.usecases.ports import Store
from bot.usecases.raise_alarm import RaiseAlarm
from bot.usecases.tell_operators import TellOperators


class FollowRights:
    """With `can_invite_users` a gate exists and is on; without the right, or the chat, it is off.

    Who gave the right learns in private what happens now; that a gate went off the operators learn. Those who
    waited while a gate was off get time to verify, and grants that failed are tried again.
    """

    def __init__(self, clock: Clock, tell_operators: TellOperators) -> None:
        self._clock = clock
        self._raise_alarm = RaiseAlarm(tell_operators)

    async def __call__(self, store: Store, chat: Gate, actor_id: int, *, is_admin: bool) -> None:
        """`chat` as Telegram describes it now; `chat.is_on` says whether the right is there."""
        now = self._clock.now()
        known = await store.gates.get(chat.chat_id)
        was_on = known is not None and known.is_on
        details: dict[str, str | int] = {"title": chat.title}
        if chat.is_on:
            await store.gates.save(chat, now, added_by=actor_id)
            if not was_on:
                store.journal.add(Event.GATE_ON, now, gate_id=chat.chat_id)
                await store.requests.give_chance(chat.chat_id, now + FRESH_CHANCE)
                await store.grants.owe_again(now, gate_id=chat.chat_id)
                await self._tell(store, [actor_id], details | {"notice": Notice.GATE_ON, "gate": chat.chat_id})
        elif was_on and known is not None:
            await store.gates.save(replace(known, title=chat.title, is_on=False), now)
            store.journal.add(Event.GATE_OFF, now, gate_id=chat.chat_id)
            await self._raise_alarm(store, Sighting(Trouble.GATE_OFF, str(chat.chat_id), details=details), now)
        elif is_admin:
            await self._tell(store, [actor_id], details | {"notice": Notice.GATE_LACKS_RIGHT})

    async def _tell(self, store: Store, whom: Sequence[int], details: dict[str, str | int]) -> None:
        for user_id in whom:
            await store.errands.add(ErrandKind.NOTIFY, user_id, details, self._clock.now())
