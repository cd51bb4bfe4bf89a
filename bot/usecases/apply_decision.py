"""Results of the tasks that ask admins, and of those that carry out their decisions."""

from __future__ import annotations

from datetime import datetime

from bot.domain.delivery import DeliveryResult, DeliveryStatus, Notification, PendingLogBatch, PendingTask, TaskKind
from bot.domain.journal import Event
from bot.domain.rights import SOME_ADMIN
from bot.usecases import appeals
from bot.usecases.admit import DecisionReason
from bot.usecases.log_chat import disable_log, post_to_log
from bot.usecases.operators import Operators
from storage.store import Store

NOT_WRITTEN = (DeliveryStatus.REFUSED, DeliveryStatus.UNREACHABLE)
REMOVALS = (TaskKind.BAN, TaskKind.KICK)


class ApplyDecision:
    """Apply the result of such a task; ignore other tasks."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def __call__(self, store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime) -> None:
        match task.kind, receipt.result:
            case TaskKind.CALL_ADMINS, _ if "for" in task.details:
                await appeals.called(store, task, receipt, self._operators, now)
            case TaskKind.APPEAL, DeliveryStatus.DONE:
                await appeals.told(store, task, receipt.message_id or 0, now)
            case TaskKind.APPEAL, result if result in NOT_WRITTEN:
                if result is DeliveryStatus.UNREACHABLE and task.chat_id < 0:
                    await self.log_lost(store, task.chat_id, now)
                await appeals.not_told(store, task, self._operators, now)
            case TaskKind.BAN, DeliveryStatus.DONE if "admin_id" not in task.details:
                await self._banned(store, task, now)
            case kind, DeliveryStatus.GONE if kind in REMOVALS and receipt.answer.get("is") == "admin":
                await self._is_admin(store, task, now)
            case kind, result if kind in REMOVALS and result in NOT_WRITTEN and "admin_id" in task.details:
                await self._not_removed(store, task, receipt, now)

    async def log_refused(self, store: Store, log: PendingLogBatch, receipt: DeliveryResult, now: datetime) -> None:
        """Handle a message to a log chat that the worker gave up."""
        if receipt.result is DeliveryStatus.UNREACHABLE:
            await self.log_lost(store, log.chat_id, now)

    async def log_lost(self, store: Store, log_chat: int, now: datetime) -> None:
        """Disable a log chat that cannot be written to, and notify the admins."""
        for gate in await disable_log(store, log_chat, now):
            await appeals.call_admins(store, gate, appeals.FOR_LOG, now)

    async def _banned(self, store: Store, task: PendingTask, now: datetime) -> None:
        """Record that the bot removed a blocked person who came in by another way."""
        gate_id, user_id = task.chat_id, int(task.details["user_id"])
        gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
        store.journal.add(Event.REMOVED, now, user_id=user_id, gate_id=gate_id, code=DecisionReason.BLOCKED)
        if gate is not None:
            name = request.name if request is not None else ""
            await post_to_log(store, gate, Event.REMOVED, user_id, now, why=DecisionReason.BLOCKED, name=name)

    async def _is_admin(self, store: Store, task: PendingTask, now: datetime) -> None:
        """Drop the decision about a person who has become an admin of the chat."""
        gate_id, user_id = task.chat_id, int(task.details["user_id"])
        await store.admins.answered(gate_id, user_id, now, SOME_ADMIN)
        if await store.overrides.get(gate_id, user_id) is None:
            return
        await store.overrides.drop(gate_id, user_id)
        store.journal.add(Event.RESTORED, now, user_id=user_id, gate_id=gate_id, code="admin")
        if "admin_id" in task.details:
            await store.screens.touch([int(task.details["admin_id"])], now)

    async def _not_removed(self, store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime) -> None:
        gate_id, user_id = task.chat_id, int(task.details["user_id"])
        gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
        store.journal.add(Event.FAILURE, now, user_id=user_id, gate_id=gate_id, code=receipt.error)
        details: dict[str, str | int] = {
            "notice": Notification.NOT_REMOVED,
            "title": gate.title if gate is not None else "",
            "user_id": user_id,
            "name": request.name if request is not None else "",
            "error": receipt.error[:200],
        }
        await store.tasks.add(TaskKind.NOTIFY, int(task.details["admin_id"]), details, now)
