""""""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.gates import Gate, Right
from bot.domain.notifications import Notification, Notify, Toast
from bot.domain.setting_choices import Page
from bot.domain.tasks import MakeJoinLink
from bot.features.admins.authorize import AdminDesk
from bot.features.admins.navigation import (
    LINK_ONCE_IN,
    OPENED_ABOUT,
    CallPanel,
    GroupCommand,
    ask_health,
    page_shown,
    show_page,
)
from bot.features.admins.rights import LOOKS
from bot.features.panel.views import BUILDERS
from bot.features.settings.change import change_settings
from storage.store import Store


class OpenPage:
    """An `ActionHandler`: shows the page that `key` names, about `value`. `fresh`: as a new message.

    Opening the card also checks the gate's health.
    """

    async def __call__(self, store: Store, gate: Gate, act: AdminAction) -> Toast:
        try:
            page = Page(str(act.details.get("key") or Page.CARD))
        except ValueError:
            return Toast.UNKNOWN
        if page not in BUILDERS or page is Page.IMPORT:
            # No button opens the page of an imported file.
            return Toast.UNKNOWN
        shown = {"value": act.details.get("value", "")} if page in OPENED_ABOUT else {}
        await show_page(store, gate, act.admin_id, page, shown, fresh=bool(act.details.get("fresh")))
        if page is Page.CARD:
            await ask_health(store, gate.chat_id, act.admin_id)
        return Toast.NOTHING


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

    async def __call__(self, store: Store, gate: Gate, act: AdminAction) -> Toast:
        gate = await store.gates.lock(gate.chat_id) or gate
        chat_id, topic = int(act.details["chat"]), act.details.get("topic")
        settings = replace(gate.settings, log_chat=chat_id, log_topic=int(topic) if topic is not None else None)
        await change_settings(store, gate, settings, act.admin_id, f"log={chat_id}/{topic or ''}")
        language = str(act.details.get("language", ""))
        notice = Notify(Notification.LOG_HERE, title=gate.title, language=language, topic=settings.log_topic)
        await store.tasks.add(notice, chat_id, store.now)
        shown = await page_shown(store, act.admin_id)
        if shown is not None and shown[:2] == (gate.chat_id, Page.LOG):
            await show_page(store, gate, act.admin_id, Page.LOG)
        return Toast.SAVED


class MakeLink:
    """An `ActionHandler`: makes the gate's own invite link, for join requests, once."""

    async def __call__(self, store: Store, gate: Gate, act: AdminAction) -> Toast:
        if (await store.gates.extras(gate.chat_id)).request_link is None:
            key = f"link {gate.chat_id} {int(store.now.timestamp()) // LINK_ONCE_IN}"
            await store.tasks.add(MakeJoinLink(gate.chat_id), act.admin_id, store.now, key=key)
        return Toast.DONE
