"""What came of the deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.delivery import (
    ErrandDue,
    ErrandKind,
    GrantDue,
    Notice,
    Receipt,
    Result,
    ScreenDue,
    pause_after,
)
from bot.domain.gate import QUERY_ANSWERED_WITHIN, GrantState, RequestState
from bot.domain.journal import Event
from bot.domain.screen import Face, NumberShown, next_refresh
from bot.usecases.ports import Store

GRANT_STATES = {
    Result.DONE: GrantState.DONE,
    Result.GONE: GrantState.GONE,
    Result.TOO_MANY_CHATS: GrantState.TOO_MANY_CHATS,
}
GRANT_EVENTS = {GrantState.DONE: Event.GRANT_DONE, GrantState.GONE: Event.GRANT_GONE}


class SettleParcels:
    """Note every receipt: done, to be tried again later, or given up.

    A grant given up is told to the operators and shown on the person's screen. A person who cannot be written
    to keeps their requests; they count as not reached.
    """

    def __init__(self, clock: Clock, operators: Sequence[int]) -> None:
        self._clock = clock
        self._operators = operators

    async def __call__(self, store: Store, receipts: Sequence[Receipt]) -> None:
        now = self._clock.now()
        errands_done: list[int] = []
        told: list[int] = []
        for receipt in receipts:
            match receipt.parcel:
                case GrantDue() as grant:
                    await self._grant(store, grant, receipt, now)
                case ErrandDue() as errand if receipt.result is Result.RETRY:
                    await store.errands.retry(errand.id, self._later(receipt, now), receipt.error)
                case ErrandDue() as errand:
                    errands_done.append(errand.id)
                    await self._errand(store, errand, receipt, now)
                case ScreenDue() as screen:
                    if await self._screen(store, screen, receipt, now):
                        told.append(screen.user_id)
        await self._note_reach(store, told, now, reached=True)
        if errands_done:
            await store.errands.done(errands_done, now)

    def _later(self, receipt: Receipt, now: datetime) -> datetime:
        if receipt.retry_after is not None:
            return now + timedelta(seconds=receipt.retry_after)
        return now + pause_after(receipt.parcel.attempts + 1)

    async def _grant(self, store: Store, grant: GrantDue, receipt: Receipt, now: datetime) -> None:
        if receipt.result is Result.RETRY:
            await store.grants.retry(grant, self._later(receipt, now), receipt.error)
            return
        state = GRANT_STATES.get(receipt.result, GrantState.FAILED)
        is_told = await store.grants.settle(grant, state, now, receipt.error)
        if is_told is None:
            return
        event = GRANT_EVENTS.get(state, Event.GRANT_FAILED)
        store.journal.add(event, now, user_id=grant.user_id, gate_id=grant.gate_id, code=receipt.error[:64])
        if state is GrantState.GONE:
            await store.requests.set_state(grant.gate_id, grant.user_id, RequestState.GONE, now)
        if state is GrantState.FAILED:
            await self._tell_operators(store, grant, receipt, now)
        if is_told:
            await store.screens.touch([grant.user_id], now)
        elif state is GrantState.TOO_MANY_CHATS:
            person = (await store.people.get_many([grant.user_id]))[grant.user_id]
            await store.screens.show(person.user_id, person.chat_id, Face.PROGRESS, now, fresh=True)

    async def _tell_operators(self, store: Store, grant: GrantDue, receipt: Receipt, now: datetime) -> None:
        gate = await store.gates.get(grant.gate_id)
        for operator in self._operators:
            await store.errands.add(
                ErrandKind.NOTIFY,
                operator,
                {
                    "notice": Notice.GRANT_FAILED,
                    "title": gate.title if gate else "",
                    "user_id": grant.user_id,
                    "error": receipt.error[:200],
                },
                now,
                key=f"{Notice.GRANT_FAILED}:{grant.gate_id}:{receipt.error[:60]}:{now:%Y-%m-%dT%H}:{operator}",
            )

    async def _errand(self, store: Store, errand: ErrandDue, receipt: Receipt, now: datetime) -> None:
        match errand.kind, receipt.result:
            case ErrandKind.OPEN_APP, Result.DONE:
                self._note(store, Event.APP_OFFERED, errand, now)
            case ErrandKind.OPEN_APP, _:
                await self._no_app(store, errand, now)
            case ErrandKind.QUEUE_JOIN, Result.DONE:
                await store.requests.forget_query(int(errand.details["gate"]), int(errand.details["user_id"]))
            case ErrandKind.DECLINE_JOIN, Result.DONE:
                self._note(store, Event.JOIN_DECLINED, errand, now)

    @staticmethod
    def _note(store: Store, event: Event, errand: ErrandDue, now: datetime) -> None:
        user_id, gate_id = int(errand.details["user_id"]), int(errand.details["gate"])
        store.journal.add(event, now, user_id=user_id, gate_id=gate_id)

    async def _no_app(self, store: Store, errand: ErrandDue, now: datetime) -> None:
        """The person goes on in the chat, and at once; unless an earlier try may have opened the app all the same,
        or they have asked anew since."""
        user_id, gate_id = int(errand.details["user_id"]), int(errand.details["gate"])
        request = await store.requests.get(gate_id, user_id)
        if errand.attempts or request is None or request.query_id != errand.details["query_id"]:
            return
        expires_at = request.requested_at + QUERY_ANSWERED_WITHIN
        await store.errands.add(ErrandKind.QUEUE_JOIN, gate_id, errand.details, now, expires_at=expires_at)
        await store.screens.hurry(user_id, now)

    async def _screen(self, store: Store, screen: ScreenDue, receipt: Receipt, now: datetime) -> bool:
        """Note it; whether the person has now been told all there is to tell."""
        match receipt.result:
            case Result.RETRY:
                await store.screens.retry(screen.user_id, screen.revision, self._later(receipt, now))
            case Result.DONE:
                refresh_at = None
                if isinstance(screen.view, NumberShown):
                    refresh_at = next_refresh(screen.view.window_ends_at, now)
                # An older one says nothing of a request that came meanwhile; the next drawing will tell.
                is_newest = await store.screens.drawn(receipt, refresh_at)
                for message_id in receipt.replaced:
                    await store.errands.add(ErrandKind.DELETE_MESSAGE, screen.chat_id, {"message_id": message_id}, now)
                return is_newest
            case Result.UNREACHABLE:
                await store.screens.give_up(screen.user_id, screen.revision)
                await store.people.lost([screen.user_id])
                await self._note_reach(store, [screen.user_id], now, reached=False)
            case _:
                await store.screens.give_up(screen.user_id, screen.revision)
                store.journal.add(Event.FAILURE, now, user_id=screen.user_id, code=receipt.error[:64])
        return False

    async def _note_reach(self, store: Store, user_ids: Sequence[int], now: datetime, *, reached: bool) -> None:
        event = Event.JOIN_REACHED if reached else Event.JOIN_NOT_REACHED
        for gate_id, user_id in await store.requests.reached(user_ids, reached=reached):
            store.journal.add(event, now, user_id=user_id, gate_id=gate_id)
