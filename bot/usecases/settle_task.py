"""The result of a task."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.delivery import DeliveryResult, DeliveryStatus, PendingLogBatch, PendingTask, TaskKind
from bot.domain.gate import FRESH_CHANCE, QUERY_ANSWERED_WITHIN, RequestState
from bot.domain.journal import Event
from bot.domain.settings import EntryMode
from bot.domain.statistics import EntryReason
from bot.usecases.admin_desk import AdminDesk
from bot.usecases.admit import BY_NOBODY, DecisionReason, joined, let_through, mute, notify_of_deadline, prompt
from bot.usecases.announce import note_announced
from bot.usecases.apply_chat_lookup import CHAT_LOOKUPS, ApplyChatLookup
from bot.usecases.apply_decision import ApplyDecision
from bot.usecases.log_chat import post_to_log
from bot.usecases.operators import Operators
from bot.usecases.personal_links import request_personal_link
from bot.usecases.raid_alerts import OnAlertResult
from bot.usecases.take_leaver import is_gone
from storage.store import Store

LET_THROUGH = ("admin", "added_by_admin")
TOLD_OTHERWISE = (DecisionReason.REVOKED, DecisionReason.MANY)
"""The log gets these when they are decided, or all together."""
WORDLESS = (DeliveryStatus.REFUSED, DeliveryStatus.UNREACHABLE, DeliveryStatus.GONE)


class SettleTask:
    """Applies the result of a task."""

    def __init__(self, desk: AdminDesk, raids: OnAlertResult, operators: Operators) -> None:
        """`operators` get what no admin can get."""
        self._chat_lookup = ApplyChatLookup(desk)
        self._raids = raids
        self._by_hand = ApplyDecision(operators)

    async def __call__(  # noqa: C901 - one line a kind
        self, store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime
    ) -> None:
        match task.kind, receipt.result:
            case TaskKind.OPEN_APP, DeliveryStatus.DONE:
                await self._note(store, Event.APP_OFFERED, task, now)
            case TaskKind.OPEN_APP, _:
                await self._no_app(store, task, now)
            case TaskKind.QUEUE_JOIN, DeliveryStatus.DONE:
                await store.requests.forget_query(int(task.details["gate"]), int(task.details["user_id"]))
            case ((TaskKind.DECLINE_JOIN | TaskKind.KICK), DeliveryStatus.DONE):
                await self._turned_away(store, task, now)
            case TaskKind.KICK, _:
                await self._not_removed(store, task, receipt, now)
            case TaskKind.MUTE, _:
                await self._muted(store, task, receipt, now)
            case TaskKind.PROMPT, result if result in WORDLESS:
                await store.requests.reached([task.user_id or 0], reached=False, gate_id=task.chat_id)
            case TaskKind.GROUP_PROMPT, DeliveryStatus.DONE:
                await self._prompted(store, task, receipt, now)
            case TaskKind.CALL_ADMINS, _ if "raid" in task.details:
                await self._raids.called(store, task, receipt, now)
            case TaskKind.ALERT, _:
                await self._raids.sent(store, task, receipt, now)
            case TaskKind.ANNOUNCE, _:
                await note_announced(store, task, receipt)
            case kind, _ if kind in CHAT_LOOKUPS:
                await self._chat_lookup(store, task, receipt, now)
        if "posted" in receipt.answer:
            # A message for one person, shown to all, and not deleted yet.
            posted: dict[str, str | int] = {"message_id": int(receipt.answer["posted"])}
            await store.tasks.add(TaskKind.DELETE_MESSAGE, task.chat_id, posted, now)
        await self._by_hand(store, task, receipt, now)

    async def log_refused(self, store: Store, log: PendingLogBatch, receipt: DeliveryResult, now: datetime) -> None:
        """Handle a message to a log chat that was given up or sent."""
        await self._by_hand.log_refused(store, log, receipt, now)

    @staticmethod
    async def _note(store: Store, event: Event, task: PendingTask, now: datetime) -> None:
        user_id, gate_id = int(task.details["user_id"]), int(task.details["gate"])
        is_known = await store.requests.get(gate_id, user_id) is not None
        store.journal.add(event, now, user_id=user_id if is_known else None, gate_id=gate_id)

    async def _no_app(self, store: Store, task: PendingTask, now: datetime) -> None:
        """Continue in the chat at once, unless an earlier attempt may have opened the app, or the person has asked
        again since."""
        user_id, gate_id = int(task.details["user_id"]), int(task.details["gate"])
        request = await store.requests.get(gate_id, user_id)
        if task.attempts or request is None or request.query_id != task.details["query_id"]:
            return
        expires_at = request.requested_at + QUERY_ANSWERED_WITHIN
        await store.tasks.add(TaskKind.QUEUE_JOIN, gate_id, task.details, now, expires_at=expires_at)
        await store.screens.hurry(user_id, now)

    async def _turned_away(self, store: Store, task: PendingTask, now: datetime) -> None:
        user_id, gate_id = int(task.details["user_id"]), int(task.details["gate"])
        event = Event.REMOVED if task.kind is TaskKind.KICK else Event.JOIN_DECLINED
        why = str(task.details.get("why", ""))
        gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
        # The journal does not name a person who was erased meanwhile.
        whose = user_id if request is not None else None
        store.journal.add(event, now, user_id=whose, gate_id=gate_id, code=why)
        if gate is None or request is None:
            return
        if request.state is RequestState.DECLINED and task.kind is TaskKind.KICK and why == DecisionReason.DEADLINE:
            await notify_of_deadline(store, gate, request, now)
        if request.state is RequestState.APPROVED:
            # They called while this was in flight: a personal link makes up for it.
            phone = await store.phones.of(user_id)
            verification_id = phone.verification_id if phone else BY_NOBODY
            how = EntryReason.CALLED if phone else EntryReason.OTHER
            await request_personal_link(store, gate_id, user_id, verification_id, now, how=how)
        if why in TOLD_OTHERWISE:
            return
        admin_id = task.details.get("admin_id")
        await post_to_log(
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

    async def _not_removed(self, store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime) -> None:
        """Keep a person waiting if the bot could not remove them, so that they are not left muted with nobody to unmute
        them: the bot has lost the right, or an admin restricted them."""
        gate_id, user_id = task.chat_id, int(task.details["user_id"])
        gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
        is_there = receipt.result is DeliveryStatus.REFUSED or receipt.answer.get("is") == "restricted"
        if gate is None or request is None or request.state is not RequestState.DECLINED or not is_there:
            return
        rest = timedelta(seconds=float(receipt.answer.get("rest", 0.0)))
        await store.requests.reopen_until(gate_id, user_id, now + rest + FRESH_CHANCE)
        if rest:
            await mute(store, request, now, after=rest.total_seconds() + 1)
        store.journal.add(Event.FAILURE, now, user_id=user_id, gate_id=gate_id, code=receipt.error or "restricted")

    async def _muted(self, store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime) -> None:
        """Tell a muted newcomer how to verify; exempt one who need not."""
        gate_id, user_id = task.chat_id, int(task.details["user_id"])
        gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
        if gate is None or request is None or request.way is not EntryMode.MUTE:
            return
        if receipt.result is DeliveryStatus.DONE:
            store.journal.add(Event.MUTED, now, user_id=user_id, gate_id=gate_id)
        if request.state is not RequestState.WAITING or task.details["joined"] != joined(request):
            return
        is_, rest = receipt.answer.get("is"), float(receipt.answer.get("rest", 0.0))
        if receipt.result is DeliveryStatus.DONE and gate.works:
            await prompt(store, gate, request, now)
        elif is_ in LET_THROUGH:
            is_muted = bool(receipt.answer.get("holds"))
            await let_through(store, gate, request, now, str(is_), is_muted=is_muted)
        elif is_ == "away":
            await is_gone(store, request, now)
        elif rest > 0:
            # Somebody else's restriction, which ends at a set time: then the gate mutes them.
            await mute(store, request, now, after=rest + 1)
        elif receipt.result is DeliveryStatus.REFUSED:
            store.journal.add(Event.FAILURE, now, user_id=user_id, gate_id=gate_id, code=receipt.error)

    async def _prompted(self, store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime) -> None:
        """Keep the newest prompt of the group only."""
        extras = await store.gates.extras(task.chat_id)
        if extras.prompt_message_id is not None:
            details: dict[str, str | int] = {"message_id": extras.prompt_message_id}
            await store.tasks.add(TaskKind.DELETE_MESSAGE, task.chat_id, details, now)
        await store.gates.set_extras(task.chat_id, prompt_message_id=receipt.message_id, prompt_at=now)
