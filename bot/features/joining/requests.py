"""Join requests."""

from __future__ import annotations

from datetime import datetime

from bot.domain.gate_settings import EntryMode
from bot.domain.gates import APP_PATIENCE, QUERY_ANSWERED_WITHIN, REACHABLE_FOR, Gate, JoinRequest, RequestState
from bot.domain.journal import Event
from bot.domain.outgoing import TaskKind
from bot.domain.people import Person
from bot.domain.screens import ScreenName
from bot.domain.tasks import OpenApp, QueueJoin
from bot.features.access.decide import decide
from bot.features.access.links import enter_by_own_link
from bot.features.gates.switch import request_seen
from bot.features.raids.detect import notice_raid
from storage.store import Store


class OnJoinRequest:
    """Admits eligible people at once, without a message. Others wait and get their screen, unless the gate is off or
    paused: then the request waits for its admins.

    The update about the request proves the bot's right to decide, so an unknown gate is created and an inactive one is
    switched on. During a verification its screen stays where it is. A person who asks by their own valid link comes in;
    by an invalid one, or somebody else's, they are like anybody else. In a raid people form a crowd: the bot writes to
    others before them.

    If Telegram waits for an answer (a guard join, `query_id`), the bot opens the Mini App, and the screen waits to see
    whether the person continues there. Without an app the request becomes an ordinary one.
    """

    def __init__(self, *, has_app: bool) -> None:
        self._has_app = has_app

    async def __call__(
        self,
        store: Store,
        person: Person,
        gate: Gate,
        query_id: str | None = None,
        asked_at: datetime | None = None,
        name: str = "",
        link: str = "",
    ) -> None:
        """`asked_at`: when Telegram began to wait; the update may have been delayed. `link`: the personal link by which
        they ask."""
        now = store.now
        gate = await self._known(store, gate)
        deadline_at = now + gate.rules(now).deadline
        request = JoinRequest(gate.chat_id, person.user_id, now, deadline_at, RequestState.WAITING, query_id, name=name)
        if link and await enter_by_own_link(store, gate, request, link):
            if gate.settings.way is EntryMode.LINK:
                await request_seen(store, gate)
            return
        await request_seen(store, gate)
        await store.requests.keep(request)
        store.journal.add(Event.JOIN_ASKED, now, user_id=person.user_id, gate_id=gate.chat_id)
        gate = await notice_raid(store, gate)
        known = await store.overrides.known(gate.chat_id, person.user_id)
        if known.is_being_declined:
            # That is about an earlier request; Telegram would decline this one.
            await store.tasks.cancel(TaskKind.DECLINE_JOIN, gate.chat_id, person.user_id, now)
        if await decide(store, gate, request, told=False, known=known):
            store.journal.add(Event.AT_ONCE, now, user_id=person.user_id, gate_id=gate.chat_id)
            return
        if not gate.works:
            await self._leave(store, request)
            return
        expires_at = min(now, asked_at or now) + QUERY_ANSWERED_WITHIN
        opens_app = query_id is not None and self._has_app and now < expires_at
        if query_id is not None and now < expires_at:
            work = (OpenApp if opens_app else QueueJoin)(request.gate_id, request.user_id, query_id)
            await store.tasks.add(work, request.gate_id, now, expires_at=expires_at)
        if known.is_verifying:
            await store.screens.touch([person.user_id], now)
            return
        await store.screens.show(
            person.user_id,
            person.chat_id,
            ScreenName.WELCOME,
            now,
            fresh=True,
            acted=False,
            crowd=gate.is_raided(now),
            after=APP_PATIENCE.total_seconds() if opens_app else 0.0,
            reach_until=None if person.can_be_written else now + REACHABLE_FOR,
        )

    async def _known(self, store: Store, gate: Gate) -> Gate:
        """Return the stored gate, with its admins' settings."""
        known = await store.gates.get(gate.chat_id)
        if known is None or not known.looks_like(gate):
            await store.gates.save(gate, store.now)
            known = await store.gates.get(gate.chat_id)
        return known or gate

    async def _leave(self, store: Store, request: JoinRequest) -> None:
        """Leave a guard join at a gate that is off or paused to its admins, like any other request."""
        if request.query_id is not None:
            work = QueueJoin(request.gate_id, request.user_id, request.query_id)
            expires_at = store.now + QUERY_ANSWERED_WITHIN
            await store.tasks.add(work, request.gate_id, store.now, expires_at=expires_at, user_id=request.user_id)
