"""Applying the results of deliveries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.delivery.lookups import ApplyChatLookup
from bot.domain import notifications, tasks
from bot.domain.eligibility import DecisionReason
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import FRESH_CHANCE, QUERY_ANSWERED_WITHIN, RequestState
from bot.domain.journal import Event
from bot.domain.operators import AnnouncementProgress
from bot.domain.outgoing import (
    DeliveryResult,
    DeliveryStatus,
    MemberStatus,
    PendingGrant,
    PendingLogBatch,
    PendingScreen,
    PendingTask,
    Work,
    pause_after,
)
from bot.domain.screens import NumberShown, next_refresh
from bot.domain.statistics import EntryReason
from bot.domain.tasks import DeleteMessage
from bot.features.access.decide import BY_NOBODY, is_gone, joined, let_through, mute, notify_of_deadline, prompt
from bot.features.access.grant_results import SettleGrant
from bot.features.access.links import request_personal_link
from bot.features.admins.authorize import AdminDesk
from bot.features.admins.log_chat import post_to_log
from bot.features.announcements.actions import note_announced, note_shown
from bot.features.gates.lifecycle import move_chat
from bot.features.moderation.results import ApplyDecision, not_removed
from bot.features.operators.registry import Operators, ReportFailure
from bot.features.raids.alerts import OnAlertResult
from storage.store import Store

LET_THROUGH = (MemberStatus.ADMIN, MemberStatus.ADDED_BY_ADMIN)
TOLD_OTHERWISE = (DecisionReason.REVOKED, DecisionReason.MANY)
"""Reasons that the log chat got when the decision was made, or gets in one line for all."""
WORDLESS = (DeliveryStatus.REFUSED, DeliveryStatus.UNREACHABLE, DeliveryStatus.GONE)

OnResult = Callable[[Store, PendingTask, Any, DeliveryResult], Awaitable[None]]
"""Applies the result of a task; the third argument is its work."""


class SettleTask:
    """Applies the result of a task."""

    def __init__(self, desk: AdminDesk, raids: OnAlertResult, operators: Operators) -> None:
        """`operators` get what no admin can get."""
        lookups, self._decisions = ApplyChatLookup(desk), ApplyDecision(operators)
        self.on_result: Mapping[type[Work], OnResult] = {
            tasks.OpenApp: self._app_opened,
            tasks.QueueJoin: self._queued,
            tasks.DeclineJoin: self._declined,
            tasks.Kick: self._kicked,
            tasks.Ban: self._decisions.banned,
            tasks.Mute: self._muted,
            tasks.Prompt: self._prompted,
            tasks.GroupPrompt: self._group_prompted,
            tasks.CallAdmins: self._decisions.called,
            tasks.CallRaidAdmins: raids.called,
            notifications.SendAppeal: self._decisions.appealed,
            notifications.SendAlert: raids.sent,
            notifications.SendAnnouncement: note_announced,
            tasks.CheckAdminRights: lookups.rights_checked,
            tasks.CheckWhoAdded: lookups.adder_checked,
            tasks.CheckGateHealth: lookups.health_checked,
            tasks.MakeJoinLink: lookups.link_made,
            tasks.FetchFile: lookups.file_fetched,
            tasks.SendPrivateLink: lookups.private_link_sent,
            tasks.AnswerButton: nothing,
            tasks.Unban: nothing,
            tasks.Untag: nothing,
            tasks.RevokeLink: nothing,
            tasks.DeleteMessage: nothing,
            tasks.RemoveServiceMessage: nothing,
            notifications.CloseAppeal: nothing,
            notifications.Notify: nothing,
            notifications.NotifyIncident: nothing,
            tasks.LogLine: nothing,
            tasks.SendChart: nothing,
            tasks.SendGateButtons: nothing,
            tasks.AskWhichGate: nothing,
            tasks.SayUnknownGate: nothing,
            notifications.SendHealth: nothing,
            notifications.SendBalance: nothing,
            tasks.SendFile: nothing,
            tasks.SendMyData: nothing,
            tasks.SendExport: nothing,
        }
        """For each class of work, the function that applies its result."""

    async def __call__(self, store: Store, task: PendingTask, receipt: DeliveryResult) -> None:
        await self.on_result[type(task.work)](store, task, task.work, receipt)
        if receipt.posted_to_all is not None:
            await store.tasks.add(tasks.DeleteMessage(receipt.posted_to_all), task.chat_id, store.now)

    async def log_refused(self, store: Store, log: PendingLogBatch, receipt: DeliveryResult) -> None:
        """Handle a message to a log chat that was given up or sent."""
        await self._decisions.log_refused(store, log, receipt)

    @staticmethod
    async def _app_opened(store: Store, task: PendingTask, work: tasks.OpenApp, receipt: DeliveryResult) -> None:
        """Record that the app opened. Otherwise continue in the chat at once, unless an earlier attempt may have opened
        the app, or the person has asked again since."""
        now = store.now
        user_id, gate_id = work.user_id, work.gate_id
        request = await store.requests.get(gate_id, user_id)
        if receipt.result is DeliveryStatus.DONE:
            whose = user_id if request is not None else None
            store.journal.add(Event.APP_OFFERED, now, user_id=whose, gate_id=gate_id)
            return
        if task.attempts or request is None or request.query_id != work.query_id:
            return
        queue = tasks.QueueJoin(gate_id, user_id, work.query_id)
        await store.tasks.add(queue, gate_id, now, expires_at=request.requested_at + QUERY_ANSWERED_WITHIN)
        await store.screens.hurry(user_id, now)

    @staticmethod
    async def _queued(
        store: Store,
        task: PendingTask,  # noqa: ARG004 - `OnResult`
        work: tasks.QueueJoin,
        receipt: DeliveryResult,
    ) -> None:
        if receipt.result is DeliveryStatus.DONE:
            await store.requests.forget_query(work.gate_id, work.user_id)

    @staticmethod
    async def _declined(
        store: Store,
        task: PendingTask,  # noqa: ARG004 - `OnResult`
        work: tasks.DeclineJoin,
        receipt: DeliveryResult,
    ) -> None:
        if receipt.result is DeliveryStatus.DONE:
            await _turned_away(store, work, Event.JOIN_DECLINED)

    @staticmethod
    async def _kicked(store: Store, task: PendingTask, work: tasks.Kick, receipt: DeliveryResult) -> None:
        if receipt.result is DeliveryStatus.DONE:
            await _turned_away(store, work, Event.REMOVED)
        else:
            await _keep_waiting(store, work, receipt)
            await not_removed(store, task, work, receipt)

    @staticmethod
    async def _muted(store: Store, task: PendingTask, work: tasks.Mute, receipt: DeliveryResult) -> None:
        """Tell a muted newcomer how to verify; exempt one who need not."""
        gate_id, user_id = task.chat_id, work.user_id
        gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
        if gate is None or request is None or request.way is not EntryMode.MUTE:
            return
        if receipt.result is DeliveryStatus.DONE:
            store.journal.add(Event.MUTED, store.now, user_id=user_id, gate_id=gate_id)
        if request.state is not RequestState.WAITING or work.joined != joined(request):
            return
        member = receipt.member
        if receipt.result is DeliveryStatus.DONE and gate.works:
            await prompt(store, gate, request)
        elif member is not None and member.status in LET_THROUGH:
            await let_through(store, gate, request, member.status, is_muted=member.is_muted)
        elif member is not None and member.status is MemberStatus.AWAY:
            await is_gone(store, request)
        elif member is not None and member.rest:
            # Somebody else's restriction, which ends at a set time: then the gate mutes them.
            await mute(store, request, after=member.rest.total_seconds() + 1)
        elif receipt.result is DeliveryStatus.REFUSED:
            store.journal.add(Event.FAILURE, store.now, user_id=user_id, gate_id=gate_id, code=receipt.error)

    @staticmethod
    async def _prompted(
        store: Store,
        task: PendingTask,
        work: tasks.Prompt,  # noqa: ARG004 - `OnResult`
        receipt: DeliveryResult,
    ) -> None:
        if receipt.result in WORDLESS:
            await store.requests.reached([task.user_id or 0], reached=False, gate_id=task.chat_id)

    @staticmethod
    async def _group_prompted(
        store: Store,
        task: PendingTask,
        work: tasks.GroupPrompt,  # noqa: ARG004 - `OnResult`
        receipt: DeliveryResult,
    ) -> None:
        """Keep the newest prompt of the group only."""
        if receipt.result is not DeliveryStatus.DONE:
            return
        extras = await store.gates.extras(task.chat_id)
        if extras.prompt_message_id is not None:
            await store.tasks.add(tasks.DeleteMessage(extras.prompt_message_id), task.chat_id, store.now)
        await store.gates.set_extras(task.chat_id, prompt_message_id=receipt.message_id, prompt_at=store.now)


async def nothing(store: Store, task: PendingTask, work: Work, receipt: DeliveryResult) -> None:
    """Apply a result that has no consequence."""


async def _turned_away(store: Store, work: tasks.Kick | tasks.DeclineJoin, event: Event) -> None:
    user_id, gate_id = work.user_id, work.gate_id
    gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
    # The journal does not name a person who was erased meanwhile.
    whose = user_id if request is not None else None
    store.journal.add(event, store.now, user_id=whose, gate_id=gate_id, code=work.reason)
    if gate is None or request is None:
        return
    is_overdue = event is Event.REMOVED and work.reason == DecisionReason.DEADLINE
    if request.state is RequestState.DECLINED and is_overdue:
        await notify_of_deadline(store, gate, request)
    if request.state is RequestState.APPROVED:
        # They called while this was in flight: a personal link makes up for it.
        phone = await store.phones.of(user_id)
        verification_id = phone.verification_id if phone else BY_NOBODY
        how = EntryReason.CALLED if phone else EntryReason.OTHER
        await request_personal_link(store, gate_id, user_id, verification_id, how=how)
    if work.reason in TOLD_OTHERWISE:
        return
    await post_to_log(
        store,
        gate,
        event,
        user_id,
        why=work.reason,
        since=request.requested_at,
        admin_id=work.admin_id,
        name=request.name,
    )


async def _keep_waiting(store: Store, work: tasks.Kick, receipt: DeliveryResult) -> None:
    """Keep a person waiting if the bot could not remove them, so that they are not left muted with nobody to unmute
    them: the bot has lost the right, or an admin restricted them."""
    gate_id, user_id, member = work.gate_id, work.user_id, receipt.member
    gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
    is_restricted = member is not None and member.status is MemberStatus.RESTRICTED
    is_there = receipt.result is DeliveryStatus.REFUSED or is_restricted
    if gate is None or request is None or request.state is not RequestState.DECLINED or not is_there:
        return
    rest = member.rest if member is not None else timedelta()
    await store.requests.reopen_until(gate_id, user_id, store.now + rest + FRESH_CHANCE)
    if rest:
        await mute(store, request, after=rest.total_seconds() + 1)
    store.journal.add(Event.FAILURE, store.now, user_id=user_id, gate_id=gate_id, code=receipt.error or "restricted")


class ApplyResults:
    """Applies every result: done, retried later, or given up.

    A person who cannot be written to keeps their requests; they count as not reached. If a group turns out to have
    become a supergroup, everything moves to that chat, and the item is sent there.
    """

    def __init__(self, grants: SettleGrant, tasks: SettleTask, report: ReportFailure) -> None:
        self._grants = grants
        self._tasks = tasks
        self._report = report

    async def __call__(self, store: Store, receipts: Sequence[DeliveryResult]) -> None:  # noqa: C901 - one line a kind
        now = store.now
        tasks_done: list[int] = []
        told: list[int] = []
        for receipt in receipts:
            if receipt.error_id:
                # The person sees the id in the message itself, if there is one.
                await self._report(store, receipt.error_id, _what_failed(receipt), None)
            if receipt.result is DeliveryStatus.MOVED:
                await self._move(store, receipt)
                continue
            match receipt.item:
                case PendingGrant() as grant if receipt.result is DeliveryStatus.RETRY:
                    await store.grants.retry(grant, self._later(receipt, now), receipt.error)
                case PendingGrant() as grant:
                    await self._grants(store, grant, receipt)
                case PendingTask() as task if receipt.result is DeliveryStatus.RETRY:
                    await store.tasks.retry(task.id, self._later(receipt, now), receipt.error)
                case PendingTask() as task:
                    tasks_done.append(task.id)
                    await self._tasks(store, task, receipt)
                case PendingLogBatch() as log if receipt.result is DeliveryStatus.RETRY:
                    for task in log.tasks:
                        await store.tasks.retry(task.id, self._later(receipt, now), receipt.error)
                case PendingLogBatch() as log:
                    tasks_done += [task.id for task in log.tasks]
                    await self._tasks.log_refused(store, log, receipt)
                case PendingScreen() as screen:
                    if await self._screen(store, screen, receipt):
                        told.append(screen.user_id)
        await self._note_reach(store, told, reached=True)
        if tasks_done:
            await store.tasks.done(tasks_done, now)

    def _later(self, receipt: DeliveryResult, now: datetime) -> datetime:
        if receipt.retry_after is not None:
            return now + timedelta(seconds=receipt.retry_after)
        return now + pause_after(receipt.item.attempts + 1)

    async def _move(self, store: Store, receipt: DeliveryResult) -> None:
        """Move the item to the new chat, due at once; with a pause if it was tried before, so that one that still leads
        to the old chat is not retried without end."""
        item = receipt.item
        await move_chat(store, int(receipt.answer["from"]), int(receipt.answer["to"]))
        due_at = self._later(receipt, store.now) if item.attempts else store.now
        match item:
            case PendingGrant():
                # A moved grant is another row by now, and due.
                await store.grants.retry(item, due_at, receipt.error)
            case PendingTask():
                await store.tasks.retry(item.id, due_at, receipt.error)
            case PendingLogBatch():
                for task in item.tasks:
                    await store.tasks.retry(task.id, due_at, receipt.error)

    async def _screen(self, store: Store, screen: PendingScreen, receipt: DeliveryResult) -> bool:
        """Save the result; return whether the person now sees the newest state."""
        now = store.now
        match receipt.result:
            case DeliveryStatus.RETRY:
                await store.screens.retry(screen.user_id, screen.revision, self._later(receipt, now))
            case DeliveryStatus.DONE:
                refresh_at = None
                if isinstance(screen.view, NumberShown):
                    moments = (next_refresh(screen.view.window_ends_at, now), screen.view.hint_at)
                    refresh_at = min((moment for moment in moments if moment is not None), default=None)
                if isinstance(screen.view, AnnouncementProgress):
                    await note_shown(store, screen.user_id, screen.view.announcement)
                # An older drawing does not show a request that came meanwhile; the next one will.
                is_newest = await store.screens.drawn(receipt, refresh_at)
                for message_id in receipt.replaced:
                    await store.tasks.add(DeleteMessage(message_id), screen.chat_id, now)
                return is_newest
            case DeliveryStatus.UNREACHABLE:
                await store.screens.give_up([(screen.user_id, screen.revision)])
                await store.people.lost([screen.user_id])
                await self._note_reach(store, [screen.user_id], reached=False)
            case _:
                await store.screens.give_up([(screen.user_id, screen.revision)])
                is_known = screen.user_id in await store.people.get_many([screen.user_id])
                whose = screen.user_id if is_known else None
                store.journal.add(Event.FAILURE, now, user_id=whose, code=receipt.error[:64])
        return False

    async def _note_reach(self, store: Store, user_ids: Sequence[int], *, reached: bool) -> None:
        event = Event.JOIN_REACHED if reached else Event.JOIN_NOT_REACHED
        for gate_id, user_id in await store.requests.reached(user_ids, reached=reached):
            store.journal.add(event, store.now, user_id=user_id, gate_id=gate_id)


def _what_failed(receipt: DeliveryResult) -> str:
    if receipt.is_our_fault:
        return f"A delivery failed ({receipt.error})"
    return f"Telegram refused a message: {receipt.error}"
