"""Results of the tasks that ask admins, and of those that carry out their decisions."""

from __future__ import annotations

from bot.domain.eligibility import DecisionReason
from bot.domain.error_text import shortened
from bot.domain.gates import SOME_ADMIN
from bot.domain.journal import Event
from bot.domain.notifications import Notification, Notify, SendAppeal
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, MemberStatus, PendingLogBatch, PendingTask
from bot.domain.tasks import AdminsWantedFor, Ban, CallAdmins, Kick
from bot.features.admins.log_chat import disable_log, post_to_log
from bot.features.moderation import appeals
from bot.features.operators.registry import Operators
from storage.store import Store

NOT_WRITTEN = (DeliveryStatus.REFUSED, DeliveryStatus.UNREACHABLE)


class ApplyDecision:
    """Each method applies the result of one class of work."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def called(
        self,
        store: Store,
        task: PendingTask,  # noqa: ARG002 - as all of these
        work: CallAdmins,
        receipt: DeliveryResult,
    ) -> None:
        """Continue what waited for the admins of a gate."""
        await appeals.called(store, work, receipt, self._operators)

    async def appealed(self, store: Store, task: PendingTask, work: SendAppeal, receipt: DeliveryResult) -> None:
        """Record the message of an appeal, or write to others."""
        if receipt.result is DeliveryStatus.DONE:
            await appeals.told(store, task.chat_id, work, receipt.message_id or 0)
        elif receipt.result in NOT_WRITTEN:
            if receipt.result is DeliveryStatus.UNREACHABLE and task.chat_id < 0:
                await self.log_lost(store, task.chat_id)
            await appeals.not_told(store, task.chat_id, work, self._operators)

    async def banned(self, store: Store, task: PendingTask, work: Ban, receipt: DeliveryResult) -> None:
        """Record that the bot removed a blocked person who came in by another way."""
        if receipt.result is not DeliveryStatus.DONE:
            await not_removed(store, task, work, receipt)
            return
        if work.admin_id is not None:
            return
        gate_id, user_id = task.chat_id, work.user_id
        gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
        store.journal.add(Event.REMOVED, store.now, user_id=user_id, gate_id=gate_id, code=DecisionReason.BLOCKED)
        if gate is not None:
            name = request.name if request is not None else ""
            await post_to_log(store, gate, Event.REMOVED, user_id, why=DecisionReason.BLOCKED, name=name)

    async def log_refused(self, store: Store, log: PendingLogBatch, receipt: DeliveryResult) -> None:
        """Handle a message to a log chat that the worker gave up."""
        if receipt.result is DeliveryStatus.UNREACHABLE:
            await self.log_lost(store, log.chat_id)

    async def log_lost(self, store: Store, log_chat: int) -> None:
        """Disable a log chat that cannot be written to, and notify the admins."""
        for gate in await disable_log(store, log_chat):
            await appeals.call_admins(store, gate, AdminsWantedFor.LOG)


async def not_removed(store: Store, task: PendingTask, work: Ban | Kick, receipt: DeliveryResult) -> None:
    """Drop the decision about a person who has become an admin of the chat. Tell the admin who made it if Telegram
    refused."""
    gate_id, user_id, member = task.chat_id, work.user_id, receipt.member
    if member is not None and member.status is MemberStatus.ADMIN:
        await _is_admin(store, gate_id, work)
    elif receipt.result in NOT_WRITTEN and work.admin_id is not None:
        gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
        store.journal.add(Event.FAILURE, store.now, user_id=user_id, gate_id=gate_id, code=receipt.error)
        notice = Notify(
            Notification.NOT_REMOVED,
            title=gate.title if gate is not None else "",
            user_id=user_id,
            name=request.name if request is not None else "",
            error=shortened(receipt.error),
        )
        await store.tasks.add(notice, work.admin_id, store.now)


async def _is_admin(store: Store, gate_id: int, work: Ban | Kick) -> None:
    now = store.now
    await store.admins.answered(gate_id, work.user_id, now, SOME_ADMIN)
    if await store.overrides.get(gate_id, work.user_id) is None:
        return
    await store.overrides.drop(gate_id, work.user_id)
    store.journal.add(Event.RESTORED, now, user_id=work.user_id, gate_id=gate_id, code="admin")
    if work.admin_id is not None:
        await store.screens.touch([work.admin_id], now)
