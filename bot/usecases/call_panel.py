"""Commands in a group: an admin asks for the panel, or chooses the log chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.clock import Clock
from bot.domain.choices import Page
from bot.domain.delivery import Notification, Toast
from bot.domain.gate import Gate
from bot.domain.panel import AdminAction, AdminActionKind
from bot.domain.rights import Right
from bot.domain.tasks import DeleteMessage, MakeJoinLink, Notify, SendPrivateLink
from bot.usecases.admin_desk import AdminDesk
from bot.usecases.change_settings import change_settings
from bot.usecases.needed_rights import LOOKS
from bot.usecases.open_panel import page_shown, panel_start, show_page
from storage.store import Store

LINK_ONCE_IN = 30
"""Seconds; two presses, or two admins at once, want one link."""


@dataclass(frozen=True, slots=True)
class GroupCommand:
    """A command sent in a group. `sender_id` is None when an admin wrote as the group itself; `message_id` when nobody
    else saw it, so that there is nothing to delete. `language` is the sender's."""

    chat_id: int
    sender_id: int | None
    message_id: int | None
    topic: int | None
    language: str

    @classmethod
    def of(cls, act: AdminAction) -> GroupCommand:
        """Return the command from which an action came."""
        topic, message_id = act.details.get("topic"), act.details.get("message")
        return cls(
            act.gate_id,
            act.admin_id,
            int(message_id) if message_id is not None else None,
            int(topic) if topic is not None else None,
            str(act.details.get("language", "")),
        )

    def details(self) -> dict[str, str | int]:
        """Return the details for an action."""
        named = {"topic": self.topic, "message": self.message_id}
        given: dict[str, str | int] = {name: value for name, value in named.items() if value is not None}
        return given | {"language": self.language}


class CallPanel:
    """Shows an admin of a gate the way to its panel, and deletes their command; ignores everybody else.

    Anyone who writes as the group itself is an admin, but the bot cannot tell which: then it shows everybody the way,
    for a moment.
    """

    def __init__(self, clock: Clock, desk: AdminDesk) -> None:
        self._clock = clock
        self._desk = desk

    async def __call__(self, store: Store, command: GroupCommand) -> None:
        gate = await store.gates.get(command.chat_id)
        if gate is None:
            return
        if command.sender_id is None:
            await _point(store, gate, None, command, self._clock.now())
            return
        await self._desk(
            store, AdminAction(AdminActionKind.PRIVATE_CHAT_LINK, command.chat_id, command.sender_id, command.details())
        )


class SendPanelLink:
    """An `ActionHandler`: see `CallPanel`."""

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        command = GroupCommand.of(act)
        await _point(store, gate, act.admin_id, command, now)
        return Toast.NOTHING


async def _point(store: Store, gate: Gate, admin_id: int | None, command: GroupCommand, now: datetime) -> None:
    language = command.language or gate.settings.language
    work = SendPrivateLink(panel_start(gate.chat_id), language, command.topic)
    await store.tasks.add(work, gate.chat_id, now, user_id=admin_id)
    if command.message_id is not None:
        await store.tasks.add(DeleteMessage(command.message_id), gate.chat_id, now, user_id=admin_id)


class ChooseLogPlace:
    """Posts a gate's decisions to the chat where an admin writes the command: of the gate that they name, or whose log
    page they see in private, or else of those of their gates whose log chat this already is. Only admins of both can do
    this. Without any such gate, in a gate's own chat, the bot shows them the way to its panel."""

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
    """Return the future log chat: only its admins may have the bot write there."""
    return {int(act.details["chat"]): LOOKS}


class LogHere:
    """An `ActionHandler`: makes `chat`, with its `topic`, the gate's log chat, and announces that there."""

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        gate = await store.gates.lock(gate.chat_id) or gate
        chat_id, topic = int(act.details["chat"]), act.details.get("topic")
        settings = replace(gate.settings, log_chat=chat_id, log_topic=int(topic) if topic is not None else None)
        await change_settings(store, gate, settings, now, act.admin_id, f"log={chat_id}/{topic or ''}")
        language = str(act.details.get("language", ""))
        notice = Notify(Notification.LOG_HERE, title=gate.title, language=language, topic=settings.log_topic)
        await store.tasks.add(notice, chat_id, now)
        shown = await page_shown(store, act.admin_id)
        if shown is not None and shown[:2] == (gate.chat_id, Page.LOG):
            await show_page(store, gate, act.admin_id, Page.LOG, now)
        return Toast.SAVED


class MakeLink:
    """An `ActionHandler`: makes the gate's own invite link, for join requests, once."""

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        if (await store.gates.extras(gate.chat_id)).request_link is None:
            key = f"link {gate.chat_id} {int(now.timestamp()) // LINK_ONCE_IN}"
            await store.tasks.add(MakeJoinLink(gate.chat_id), act.admin_id, now, key=key)
        return Toast.DONE
