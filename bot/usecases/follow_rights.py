"""The bot's own place in a chat changed: a gate appears, or is switched off."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from bot.clock import Clock
from bot.domain.delivery import ErrandKind, Notice
from bot.domain.gate import FRESH_CHANCE, Gate
from bot.domain.health import Ailment
from bot.domain.journal import Event
from bot.domain.settings import WayIn
from bot.usecases.admit import mute
from bot.usecases.ports import Store

MOST_WAITING = 10_000
"""Of how many who wait at a gate something is done in one transaction."""


class FollowRights:
    """With `can_invite_users` a gate exists and is on; without the right, or the chat, it is off.

    Who gave the right learns in private what happens now; that a gate went off the operators learn. Those who
    waited while a gate was off get time to verify, and grants that failed are tried again; so are those that failed
    for want of another right, and the mutes.
    """

    def __init__(self, clock: Clock, operators: Sequence[int]) -> None:
        self._clock = clock
        self._operators = operators

    async def __call__(
        self, store: Store, chat: Gate, actor_id: int, *, is_admin: bool, mended: Collection[Ailment] = ()
    ) -> None:
        """`chat` as Telegram describes it now; `chat.is_on` says whether the right is there. `mended`: what other
        rights mend that the bot had not before."""
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
            elif mended:
                await store.grants.owe_again(now, gate_id=chat.chat_id)
            if Ailment.CANNOT_RESTRICT in mended:
                await self._mute(store, chat.chat_id, now)
        elif was_on and known is not None:
            await store.gates.save(replace(known, title=chat.title, is_on=False), now)
            store.journal.add(Event.GATE_OFF, now, gate_id=chat.chat_id)
            await self._tell(store, self._operators, details | {"notice": Notice.GATE_OFF})
        elif is_admin:
            await self._tell(store, [actor_id], details | {"notice": Notice.GATE_LACKS_RIGHT})

    @staticmethod
    async def _mute(store: Store, gate_id: int, now: datetime) -> None:
        """Those whom the bot could not mute when they joined; of others Telegram tells that they are muted."""
        gate = await store.gates.get(gate_id)
        if gate is None or not gate.mutes:
            return
        under_way = await store.errands.about(ErrandKind.MUTE, gate_id)
        for request in await store.requests.waiting_at(gate_id, MOST_WAITING):
            if request.way is WayIn.MUTE and request.user_id not in under_way:
                await mute(store, request, now)

    async def _tell(self, store: Store, whom: Sequence[int], details: dict[str, str | int]) -> None:
        for user_id in whom:
            await store.errands.add(ErrandKind.NOTIFY, user_id, details, self._clock.now())
