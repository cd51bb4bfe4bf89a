"""An admin asks for the panel from within the group, or wants decisions told somewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.clock import Clock
from bot.domain.delivery import Notification, TaskKind, Toast
from bot.domain.gate import Gate
from bot.domain.panel import AdminAction, AdminActionKind, Page
from bot.domain.rights import Right
from bot.usecases.admin_desk import AdminDesk
from bot.usecases.change_settings import change_settings
from bot.usecases.needed_rights import LOOKS
from bot.usecases.open_panel import page_shown, panel_start, show_page
from storage.store import Store

LINK_ONCE_IN = 30
"""Seconds; who presses twice, or two admins at once, want one link."""


@dataclass(frozen=True, slots=True)
class GroupCommand:
    """A command as it came in a group. `sender_id` is None when an admin wrote as the group itself; `message_id` when
    nobody else saw it, so that nothing has to be taken away. `language` is the sender's."""

    chat_id: int
    sender_id: int | None
    message_id: int | None
    topic: int | None
    language: str

    def details(self) -> dict[str, str | int]:
        """As details of an act, or of a task."""
        named = {"topic": self.topic, "message": self.message_id}
        given: dict[str, str | int] = {name: value for name, value in named.items() if value is not None}
        return given | {"language": self.language}


class CallPanel:
    """An admin of a gate is shown the way to its panel, and their command is taken away; others are not answered.

    Who writes as the group itself is an admin, but cannot be told from the others: for them everybody is shown the
    way, for a moment.
    """

    def __init__(self, clock: Clock, desk: AdminDesk) -> None:
        self._clock = clock
        self._desk = desk

    async def __call__(self, store: Store, command: GroupCommand) -> None:
        gate = await store.gates.get(command.chat_id)
        if gate is None:
            return
        if command.sender_id is None:
            await _point(store, gate, None, command.details(), self._clock.now())
            return
        await self._desk(
            store, AdminAction(AdminActionKind.PRIVATE_CHAT_LINK, command.chat_id, command.sender_id, command.details())
        )


class SendPanelLink:
    """An `ActionHandler`: see `CallPanel`."""

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        await _point(store, gate, act.admin_id, dict(act.details), now)
        return Toast.NOTHING


async def _point(store: Store, gate: Gate, admin_id: int | None, details: dict[str, str | int], now: datetime) -> None:
    message_id = details.pop("message", None)
    details["start"] = panel_start(gate.chat_id)
    details["language"] = details["language"] or gate.settings.language
    await store.tasks.add(TaskKind.PRIVATE_CHAT_LINK, gate.chat_id, details, now, user_id=admin_id)
    if message_id is not None:
        said = {"message_id": message_id}
        await store.tasks.add(TaskKind.DELETE_MESSAGE, gate.chat_id, said, now, user_id=admin_id)


class ChooseLogPlace:
    """Somebody wants decisions to be told where they write: at the gate that they name, or whose page about that they
    see in private, or else at those gates of theirs whose decisions are told in this chat already. Only admins of both
    can; where they see no such page, and it is the chat of a gate, they are shown the way to its panel."""

    def __init__(self, desk: AdminDesk, call_panel: CallPanel) -> None:
        self._desk = desk
        self._call_panel = call_panel

    async def __call__(self, store: Store, command: GroupCommand, gate_id: int | None = None) -> None:
        if command.sender_id is None:
            return
        gates = [gate_id] if gate_id is not None else await self._meant(store, command, command.sender_id)
        details = command.details() | {"chat": command.chat_id}
        for chosen in gates:
            await self._desk(store, AdminAction(AdminActionKind.LOG_HERE, chosen, command.sender_id, details))
        if not gates:
            await self._call_panel(store, command)

    @staticmethod
    async def _meant(store: Store, command: GroupCommand, admin_id: int) -> list[int]:
        shown = await page_shown(store, admin_id)
        if shown is not None and shown[1] is Page.LOG:
            return [shown[0]]
        mine = await store.admins.gates_of(admin_id)
        return [gate.chat_id for gate in mine if gate.settings.log_chat == command.chat_id]


async def log_place(store: Store, gate: Gate, act: AdminAction) -> Mapping[int, tuple[Right, ...]]:  # noqa: ARG001 - `Elsewhere`
    """The chat in which decisions are to be told; only who runs it may have the bot write there."""
    return {int(act.details["chat"]): LOOKS}


class LogHere:
    """An `ActionHandler`: decisions at the gate are told in `chat`, in `topic` of it; and that is told there."""

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        gate = await store.gates.lock(gate.chat_id) or gate
        chat_id, topic = int(act.details["chat"]), act.details.get("topic")
        settings = replace(gate.settings, log_chat=chat_id, log_topic=int(topic) if topic is not None else None)
        await change_settings(store, gate, settings, now, act.admin_id, f"log={chat_id}/{topic or ''}")
        details: dict[str, str | int] = {
            "notice": Notification.LOG_HERE,
            "title": gate.title,
            "language": act.details.get("language", ""),
        }
        if topic is not None:
            details["topic"] = topic
        await store.tasks.add(TaskKind.NOTIFY, chat_id, details, now)
        shown = await page_shown(store, act.admin_id)
        if shown is not None and shown[:2] == (gate.chat_id, Page.LOG):
            await show_page(store, gate, act.admin_id, Page.LOG, now)
        return Toast.SAVED


class MakeLink:
    """An `ActionHandler`: make the gate's own link, by which people ask to join; once."""

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        if (await store.gates.extras(gate.chat_id)).request_link is None:
            key = f"link {gate.chat_id} {int(now.timestamp()) // LINK_ONCE_IN}"
            await store.tasks.add(TaskKind.MAKE_LINK, act.admin_id, {"gate": gate.chat_id}, now, key=key)
        return Toast.DONE
