"""What came of an errand."""

from __future__ import annotations

from datetime import datetime

from bot.domain.delivery import ErrandDue, ErrandKind, Receipt, Result
from bot.domain.gate import QUERY_ANSWERED_WITHIN, GrantKind, JoinRequest, RequestState
from bot.domain.journal import Event
from bot.domain.settings import WayIn
from bot.usecases.admin_desk import AdminDesk
from bot.usecases.admit import BY_NOBODY, Why, reward
from bot.usecases.ports import Store
from bot.usecases.record import tell_log

LONGEST_REST = 30 * 24 * 3600.0
LET_THROUGH = ("admin", "added_by_admin")
WORDLESS = (Result.REFUSED, Result.UNREACHABLE, Result.GONE)


class SettleErrand:
    """Note it, and do what follows from it."""

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def __call__(self, store: Store, errand: ErrandDue, receipt: Receipt, now: datetime) -> None:
        match errand.kind, receipt.result:
            case ErrandKind.OPEN_APP, Result.DONE:
                await self._note(store, Event.APP_OFFERED, errand, now)
            case ErrandKind.OPEN_APP, _:
                await self._no_app(store, errand, now)
            case ErrandKind.QUEUE_JOIN, Result.DONE:
                await store.requests.forget_query(int(errand.details["gate"]), int(errand.details["user_id"]))
            case ((ErrandKind.DECLINE_JOIN | ErrandKind.KICK), Result.DONE):
                await self._turned_away(store, errand, now)
            case ErrandKind.MUTE, _:
                await self._muted(store, errand, receipt, now)
            case ErrandKind.PROMPT, result if result in WORDLESS:
                await store.requests.reached([errand.user_id or 0], reached=False)
            case ErrandKind.GROUP_PROMPT, Result.DONE:
                await self._prompted(store, errand, receipt, now)
            case ErrandKind.CHECK_ADMIN, Result.DONE:
                await self._desk.told(store, errand, is_admin=bool(receipt.answer["is_admin"]))
            case ErrandKind.CHECK_GATE, Result.DONE:
                await store.gates.set_extras(int(errand.details["gate"]), health=receipt.answer["health"])
                await store.screens.touch([errand.chat_id], now)

    @staticmethod
    async def _note(store: Store, event: Event, errand: ErrandDue, now: datetime) -> None:
        user_id, gate_id = int(errand.details["user_id"]), int(errand.details["gate"])
        is_known = await store.requests.get(gate_id, user_id) is not None
        store.journal.add(event, now, user_id=user_id if is_known else None, gate_id=gate_id)

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

    async def _turned_away(self, store: Store, errand: ErrandDue, now: datetime) -> None:
        user_id, gate_id = int(errand.details["user_id"]), int(errand.details["gate"])
        event = Event.REMOVED if errand.kind is ErrandKind.KICK else Event.JOIN_DECLINED
        why = str(errand.details.get("why", ""))
        gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
        # Who was erased meanwhile is named nowhere any more.
        whose = user_id if request is not None else None
        store.journal.add(event, now, user_id=whose, gate_id=gate_id, code=why)
        if gate is None or request is None:
            return
        if request.state is RequestState.APPROVED:
            # They called just as this was under way: a link of their own makes up for it.
            phone = await store.phones.of(user_id)
            await store.grants.owe(
                gate_id, user_id, GrantKind.LINK, phone.verification_id if phone else BY_NOBODY, now, told=True
            )
        admin_id = errand.details.get("admin_id")
        await tell_log(
            store,
            gate,
            event,
            user_id,
            now,
            why=why,
            since=request.requested_at,
            admin_id=int(admin_id) if admin_id is not None else None,
            name=request.name,
        )

    async def _muted(self, store: Store, errand: ErrandDue, receipt: Receipt, now: datetime) -> None:
        """Who may not write is told how to verify; who need not was let through."""
        gate_id, user_id = errand.chat_id, int(errand.details["user_id"])
        gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
        if gate is None or request is None or request.way is not WayIn.MUTE:
            return
        is_, is_waiting = receipt.answer.get("is"), request.state is RequestState.WAITING
        if receipt.result is Result.DONE:
            store.journal.add(Event.MUTED, now, user_id=user_id, gate_id=gate_id)
            if is_waiting and gate.works:
                details: dict[str, str | int] = {"language": gate.settings.language}
                await store.errands.add(ErrandKind.PROMPT, gate_id, details, now, user_id=user_id)
        elif is_ in LET_THROUGH and is_waiting:
            await self._let_through(store, request, str(is_), now)
        elif is_ == "restricted" and is_waiting and 0 < (rest := float(receipt.answer["rest"])) < LONGEST_REST:
            # Somebody else's restriction, which ends by itself: then it is the gate's turn.
            await store.errands.add(ErrandKind.MUTE, gate_id, errand.details, now, user_id=user_id, after=rest + 1)
        elif receipt.result is Result.REFUSED:
            store.journal.add(Event.FAILURE, now, user_id=user_id, gate_id=gate_id, code=receipt.error)

    async def _let_through(self, store: Store, request: JoinRequest, why: str, now: datetime) -> None:
        gate = await store.gates.get(request.gate_id)
        await store.requests.set_state(request.gate_id, request.user_id, RequestState.APPROVED, now)
        store.journal.add(Event.LEFT_ALONE, now, user_id=request.user_id, gate_id=request.gate_id, code=why)
        await store.screens.touch([request.user_id], now, acted=False)
        if gate is not None and why == "added_by_admin":
            await reward(store, gate, request.user_id, BY_NOBODY, now)
            await tell_log(store, gate, Event.LEFT_ALONE, request.user_id, now, why=Why.BY_HAND, name=request.name)

    async def _prompted(self, store: Store, errand: ErrandDue, receipt: Receipt, now: datetime) -> None:
        """The group has one such message, the newest."""
        extras = await store.gates.extras(errand.chat_id)
        if extras.prompt_message_id is not None:
            details: dict[str, str | int] = {"message_id": extras.prompt_message_id}
            await store.errands.add(ErrandKind.DELETE_MESSAGE, errand.chat_id, details, now)
        await store.gates.set_extras(errand.chat_id, prompt_message_id=receipt.message_id, prompt_at=now)
