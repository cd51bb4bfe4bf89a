"""Results of chat lookups, and of showing admins the way to the panel."""

from __future__ import annotations

from datetime import datetime

from bot.domain.choices import Page
from bot.domain.delivery import DeliveryResult, DeliveryStatus, PendingTask, TaskKind
from bot.domain.panel import AdminAction, AdminActionKind
from bot.usecases.admin_desk import AdminDesk
from bot.usecases.follow_rights import answer_with_health, take_health
from bot.usecases.open_panel import ANSWERS, ask_health, ask_health_again, panel_start, redraw_panels, show_page
from bot.usecases.private_chat_link import LINK_SHOWN_FOR, send_private_chat_link
from bot.usecases.protect import notify_of_bypass
from bot.usecases.take_newcomer import who_added_is_known
from storage.store import Store

CHAT_LOOKUPS = frozenset(
    {
        TaskKind.CHECK_ADMIN,
        TaskKind.CHECK_GATE,
        TaskKind.MAKE_LINK,
        TaskKind.FETCH_FILE,
        TaskKind.PRIVATE_CHAT_LINK,
    }
)


class ApplyChatLookup:
    """Stores what Telegram answered, and continues what waited for it."""

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def __call__(self, store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime) -> None:
        if task.kind is TaskKind.CHECK_GATE:
            await ask_health_again(store, task, now)
        match task.kind, receipt.result:
            case TaskKind.CHECK_ADMIN, DeliveryStatus.DONE if "added" in task.details:
                await who_added_is_known(store, task, receipt, now)
            case TaskKind.CHECK_ADMIN, DeliveryStatus.DONE:
                await self._desk.told(store, task, receipt.answer["rights"])
            case TaskKind.CHECK_GATE, DeliveryStatus.DONE:
                await self._checked(store, task, receipt, now)
            case TaskKind.MAKE_LINK, _:
                await self._link_made(store, task, receipt, now)
            case TaskKind.FETCH_FILE, _:
                text = receipt.answer.get("text") if receipt.result is DeliveryStatus.DONE else None
                details = {} if text is None else {"text": text}
                await self._desk(
                    store, AdminAction(AdminActionKind.IMPORT, int(task.details["gate"]), task.chat_id, details)
                )
            case TaskKind.PRIVATE_CHAT_LINK, _:
                await self._link_sent(store, task, receipt, now)

    @staticmethod
    async def _checked(store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime) -> None:
        """Store a gate's health and admins."""
        gate = await store.gates.get(int(task.details["gate"]))
        if gate is None:
            return
        if (admins := receipt.answer.get("admins")) is not None:
            await store.admins.are(gate.chat_id, admins, now)
        await take_health(store, gate, receipt.answer["health"], now, tells="tells" in task.details)
        if ANSWERS in task.details:
            await answer_with_health(store, gate, int(task.details[ANSWERS]), receipt.answer["health"], now)
        await redraw_panels(store, gate.chat_id, now)
        # Also a screen that shows no page yet: it waits for this.
        await store.screens.touch({task.chat_id, *await store.screens.showing(gate.chat_id)}, now)

    @staticmethod
    async def _link_made(store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime) -> None:
        gate_id = int(task.details["gate"])
        if "bypassed" in task.details:
            await notify_of_bypass(store, task, receipt, now)
        if receipt.result is not DeliveryStatus.DONE:
            # The card shows which right is missing.
            await ask_health(store, gate_id, task.chat_id, now)
            return
        await store.gates.set_extras(gate_id, request_link=receipt.answer["link"])
        await redraw_panels(store, gate_id, now)

    @staticmethod
    async def _link_sent(store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime) -> None:
        """Delete the public link soon. If the bot could not show it to the admin alone, show them the panel itself, or
        else the public link, unless the task is `quiet`: then nobody asked for it."""
        is_shown = receipt.result is DeliveryStatus.DONE
        if task.user_id is None:
            if is_shown:
                details: dict[str, str | int] = {"message_id": receipt.message_id or 0}
                await store.tasks.add(TaskKind.DELETE_MESSAGE, task.chat_id, details, now, after=LINK_SHOWN_FOR)
            return
        if is_shown or "quiet" in task.details:
            return
        start, topic = str(task.details["start"]), task.details.get("topic")
        gate = await store.gates.get(task.chat_id)
        person = (await store.people.get_many([task.user_id])).get(task.user_id)
        if start == panel_start(task.chat_id) and gate is not None and person is not None and person.can_be_written:
            await show_page(store, gate, task.user_id, Page.CARD, now, fresh=True)
            return
        await send_private_chat_link(
            store,
            task.chat_id,
            start,
            now,
            topic=int(topic) if topic is not None else None,
            language=str(task.details.get("language", "")),
        )
