"""Alerts about a raid: one message that is kept up to date, and a summary at the end.

Each is built from the current state: how many asked, what the gate does, which actions were taken and by whom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from bot.domain.admin_actions import AdminActionKind
from bot.domain.gates import AdminRights, Gate, RequestState
from bot.domain.journal import Event
from bot.domain.notifications import SendAlert
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask
from bot.domain.raids import ITSELF, TOLD_EVERY, AlertMessage, Raid
from bot.domain.tasks import CallRaidAdmins
from bot.features.operators.registry import Operators
from storage.store import Store

FIGURES = frozenset({"count", "minutes", "total", "done", "approved", "declined", "waiting"})
"""Fields that change all the time, and are updated only now and then."""


async def post_alert(store: Store, gate_id: int, raid: Raid) -> None:
    """Post to the log chat, or else ask Telegram who the admins are."""
    gate = await store.gates.get(gate_id)
    if gate is None:
        return
    said = await _alert(store, gate, raid)
    await store.raids.put(gate_id, replace(raid, said=said, said_at=store.now))
    if gate.settings.log_chat is not None:
        await _send(store, raid, gate.settings.log_chat, said, topic=gate.settings.log_topic)
    else:
        await _call_admins(store, raid)


async def update_alert(store: Store, gate: Gate, raid: Raid) -> None:
    """Update the alerts: actions at once, figures now and then.

    Only when no earlier message is in flight: of two edits the older one could arrive last.
    """
    said = await _alert(store, gate, raid)
    news = {field.name for field in fields(said) if getattr(said, field.name) != getattr(raid.said, field.name, None)}
    if not news or not raid.messages or (news <= FIGURES and store.now < raid.said_at + TOLD_EVERY):
        return
    parts, done = await store.tasks.job(raid.name)
    if done < parts:
        return
    for told in raid.messages:
        await _send(store, raid, told.chat_id, said, topic=told.topic, message_id=told.message_id)
    await store.raids.put(gate.chat_id, replace(raid, said=said, said_at=store.now))


async def post_summary(store: Store, gate: Gate, raid: Raid) -> None:
    """Post a summary wherever the raid was announced, and remove the buttons of the old message."""
    now = store.now
    store.journal.add(Event.RAID_OVER, now, gate_id=gate.chat_id)
    over = replace(raid, over_at=now, messages=(), said_at=now)
    said = await _alert(store, gate, over)
    for told in raid.messages:
        if raid.said is not None:
            closed = replace(raid.said, closed=True)
            await _send(store, raid, told.chat_id, closed, topic=told.topic, message_id=told.message_id)
        await _send(store, raid, told.chat_id, said, topic=told.topic)
    await store.raids.put(gate.chat_id, replace(over, said=said))


class OnAlertResult:
    """Handles results of alerts. If the log chat does not accept it, the reachable admins get it; if there are none,
    the operators."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def called(
        self,
        store: Store,
        task: PendingTask,  # noqa: ARG002 - `OnResult`
        work: CallRaidAdmins,
        receipt: DeliveryResult,
    ) -> None:
        """Continue once Telegram has named the admins, or has not."""
        found = await self._found(store, work)
        if found is None:
            return
        gate, raid = found
        admins: Mapping[int, AdminRights] = (
            receipt.answer.get("admins", {}) if receipt.result is DeliveryStatus.DONE else {}
        )
        for admin_id, rights in admins.items():
            await store.admins.answered(gate.chat_id, admin_id, store.now, rights)
        people = await store.people.get_many(admins)
        reachable = [admin_id for admin_id in admins if admin_id in people and people[admin_id].can_be_written]
        said = await _alert(store, gate, raid)
        for admin_id in reachable:
            await _send(store, raid, people[admin_id].chat_id, said)
        if not reachable:
            await self._notify_operators(store, raid, said)

    async def sent(self, store: Store, task: PendingTask, work: SendAlert, receipt: DeliveryResult) -> None:
        """Record a message that was sent, or could not be."""
        found = await self._found(store, work)
        if found is None or work.message_id is not None:
            return
        gate, raid = found
        if receipt.result is DeliveryStatus.DONE and receipt.message_id is not None:
            told = AlertMessage(task.chat_id, receipt.message_id, work.topic)
            await store.raids.put(gate.chat_id, replace(raid, messages=(*raid.messages, told)))
            return
        await store.tasks.done([task.id], store.now)
        parts, done = await store.tasks.job(raid.name)
        if task.chat_id == gate.settings.log_chat:
            await _call_admins(store, raid)
        elif not raid.messages and done == parts and not await self._operators.is_operator(store, task.chat_id):
            await self._notify_operators(store, raid, await _alert(store, gate, raid))

    async def _notify_operators(self, store: Store, raid: Raid, said: SendAlert) -> None:
        for operator in await self._operators.now(store):
            # They cannot decide at gates where they are not admins.
            await _send(store, raid, operator, replace(said, closed=True))

    @staticmethod
    async def _found(store: Store, work: CallRaidAdmins | SendAlert) -> tuple[Gate, Raid] | None:
        """Return the gate and the raid of a task, if that raid is still the newest one."""
        gate, raid = await store.gates.get(work.gate_id), await store.raids.at(work.gate_id)
        if gate is None or raid is None or raid.mark != work.raid:
            return None
        return gate, raid


async def _call_admins(store: Store, raid: Raid) -> None:
    await store.tasks.add(CallRaidAdmins(raid.gate_id, raid.mark), raid.gate_id, store.now, job=raid.name)


async def _send(
    store: Store, raid: Raid, chat_id: int, said: SendAlert, *, topic: int | None = None, message_id: int | None = None
) -> None:
    await store.tasks.add(replace(said, topic=topic, message_id=message_id), chat_id, store.now, job=raid.name)


async def _alert(store: Store, gate: Gate, raid: Raid) -> SendAlert:
    """Return everything that the message says."""
    now = store.now
    until = raid.over_at or now
    tally = await store.requests.tally(gate.chat_id, raid.since, until)
    is_strict, is_over = gate.is_strict(now), raid.over_at is not None
    total, done = await store.tasks.job(raid.job) if raid.job else (None, 0)
    return SendAlert(
        gate_id=gate.chat_id,
        raid=raid.mark,
        title=gate.title,
        language=gate.settings.language,
        count=sum(tally.values()),
        minutes=round((until - raid.since).total_seconds() / 60),
        switch=gate.switch,
        asks_call=gate.rules(now).asks_call,
        switch_by=raid.by(AdminActionKind.SWITCH, gate.switch),
        strict_until=int(gate.strict_until.timestamp()) if is_strict and gate.strict_until is not None else None,
        strict_by=raid.by(AdminActionKind.STRICT, "on" if is_strict else "off"),
        total=total,
        done=done,
        is_chosen=await store.mass_declines.is_chosen(raid.job) if raid.job else False,
        decline_by=(raid.by(AdminActionKind.DECLINE_RECENT) or ITSELF) if raid.job else None,
        over=is_over,
        approved=tally.get(RequestState.APPROVED, 0) if is_over else 0,
        declined=tally.get(RequestState.DECLINED, 0) if is_over else 0,
        waiting=tally.get(RequestState.WAITING, 0) if is_over else 0,
    )
