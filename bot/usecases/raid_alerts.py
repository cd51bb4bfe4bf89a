"""Alerts about a raid: one message that is kept up to date, and a summary at the end.

Each is built from the current state: how many asked, what the gate does, which actions were taken and by whom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.domain.delivery import DeliveryResult, DeliveryStatus, PendingTask, TaskKind
from bot.domain.gate import Gate, RequestState
from bot.domain.journal import Event
from bot.domain.panel import AdminActionKind
from bot.domain.raid import TOLD_EVERY, AlertMessage, Raid
from bot.domain.rights import AdminRights
from bot.usecases.operators import Operators
from storage.store import Store

Details = dict[str, str | int]
FIGURES = frozenset({"count", "minutes", "total", "done", "approved", "declined", "waiting"})
"""Details that change all the time, and are updated only now and then."""


async def post_alert(store: Store, gate_id: int, raid: Raid, now: datetime) -> None:
    """Post to the log chat, or else ask Telegram who the admins are."""
    gate = await store.gates.get(gate_id)
    if gate is None:
        return
    said = await _details(store, gate, raid, now)
    await store.raids.put(gate_id, replace(raid, said=said, said_at=now))
    if gate.settings.log_chat is not None:
        await _send(store, raid, gate.settings.log_chat, said, now, topic=gate.settings.log_topic)
    else:
        await _call_admins(store, raid, now)


async def update_alert(store: Store, gate: Gate, raid: Raid, now: datetime) -> None:
    """Update the alerts: actions at once, figures now and then.

    Only when no earlier message is in flight: of two edits the older one could arrive last.
    """
    said = await _details(store, gate, raid, now)
    news = {name for name in said.keys() | raid.said.keys() if said.get(name) != raid.said.get(name)}
    if not news or not raid.messages or (news <= FIGURES and now < raid.said_at + TOLD_EVERY):
        return
    parts, done = await store.tasks.job(raid.name)
    if done < parts:
        return
    for told in raid.messages:
        await _send(store, raid, told.chat_id, said, now, topic=told.topic, message_id=told.message_id)
    await store.raids.put(gate.chat_id, replace(raid, said=said, said_at=now))


async def post_summary(store: Store, gate: Gate, raid: Raid, now: datetime) -> None:
    """Post a summary wherever the raid was announced, and remove the buttons of the old message."""
    store.journal.add(Event.RAID_OVER, now, gate_id=gate.chat_id)
    over = replace(raid, over_at=now, messages=(), said_at=now)
    said = await _details(store, gate, over, now)
    for told in raid.messages:
        closed = {**raid.said, "closed": 1}
        await _send(store, raid, told.chat_id, closed, now, topic=told.topic, message_id=told.message_id)
        await _send(store, raid, told.chat_id, said, now, topic=told.topic)
    await store.raids.put(gate.chat_id, replace(over, said=said))


class OnAlertResult:
    """Handles results of alerts. If the log chat does not accept it, the reachable admins get it; if there are none,
    the operators."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def called(self, store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime) -> None:
        """Continue once Telegram has named the admins, or has not."""
        found = await self._found(store, task)
        if found is None:
            return
        gate, raid = found
        admins: Mapping[int, AdminRights] = (
            receipt.answer.get("admins", {}) if receipt.result is DeliveryStatus.DONE else {}
        )
        for admin_id, rights in admins.items():
            await store.admins.answered(gate.chat_id, admin_id, now, rights)
        people = await store.people.get_many(admins)
        reachable = [admin_id for admin_id in admins if admin_id in people and people[admin_id].can_be_written]
        said = await _details(store, gate, raid, now)
        for admin_id in reachable:
            await _send(store, raid, people[admin_id].chat_id, said, now)
        if not reachable:
            await self._notify_operators(store, raid, said, now)

    async def sent(self, store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime) -> None:
        """Record a message that was sent, or could not be."""
        found = await self._found(store, task)
        if found is None or "message_id" in task.details:
            return
        gate, raid = found
        if receipt.result is DeliveryStatus.DONE and receipt.message_id is not None:
            topic = task.details.get("topic")
            told = AlertMessage(task.chat_id, receipt.message_id, int(topic) if topic is not None else None)
            await store.raids.put(gate.chat_id, replace(raid, messages=(*raid.messages, told)))
            return
        await store.tasks.done([task.id], now)
        parts, done = await store.tasks.job(raid.name)
        if task.chat_id == gate.settings.log_chat:
            await _call_admins(store, raid, now)
        elif not raid.messages and done == parts and not await self._operators.is_operator(store, task.chat_id):
            await self._notify_operators(store, raid, await _details(store, gate, raid, now), now)

    async def _notify_operators(self, store: Store, raid: Raid, said: Details, now: datetime) -> None:
        for operator in await self._operators.now(store):
            # They cannot decide at gates where they are not admins.
            await _send(store, raid, operator, {**said, "closed": 1}, now)

    @staticmethod
    async def _found(store: Store, task: PendingTask) -> tuple[Gate, Raid] | None:
        """Return the gate and the raid of a task, if that raid is still the newest one."""
        gate_id = int(task.details["gate"])
        gate, raid = await store.gates.get(gate_id), await store.raids.at(gate_id)
        if gate is None or raid is None or raid.mark != task.details["raid"]:
            return None
        return gate, raid


async def _call_admins(store: Store, raid: Raid, now: datetime) -> None:
    details: Details = {"gate": raid.gate_id, "raid": raid.mark}
    await store.tasks.add(TaskKind.CALL_ADMINS, raid.gate_id, details, now, job=raid.name)


async def _send(
    store: Store,
    raid: Raid,
    chat_id: int,
    said: Mapping[str, str | int],
    now: datetime,
    *,
    topic: int | None = None,
    message_id: int | None = None,
) -> None:
    details: Details = {**said}
    if topic is not None:
        details["topic"] = topic
    if message_id is not None:
        details["message_id"] = message_id
    await store.tasks.add(TaskKind.ALERT, chat_id, details, now, job=raid.name)


async def _details(store: Store, gate: Gate, raid: Raid, now: datetime) -> Details:
    """Return everything that the message says."""
    until = raid.over_at or now
    tally = await store.requests.tally(gate.chat_id, raid.since, until)
    said: Details = {
        "gate": gate.chat_id,
        "raid": raid.mark,
        "title": gate.title,
        "language": gate.settings.language,
        "count": sum(tally.values()),
        "minutes": round((until - raid.since).total_seconds() / 60),
        "switch": gate.switch,
        "asks_call": int(gate.rules(now).asks_call),
    }
    if (by := raid.by(AdminActionKind.SWITCH, gate.switch)) is not None:
        said["switch_by"] = by
    if gate.is_strict(now) and gate.strict_until is not None:
        said["strict_until"] = int(gate.strict_until.timestamp())
    if (by := raid.by(AdminActionKind.STRICT, "on" if gate.is_strict(now) else "off")) is not None:
        said["strict_by"] = by
    if raid.job:
        said["total"], said["done"] = await store.tasks.job(raid.job)
        said["is_chosen"] = int(await store.mass_declines.is_chosen(raid.job))
        said["decline_by"] = raid.by(AdminActionKind.DECLINE_RECENT) or 0
    if raid.over_at is not None:
        said["over"] = 1
        for state in (RequestState.APPROVED, RequestState.DECLINED, RequestState.WAITING):
            said[state] = tally.get(state, 0)
    return said
