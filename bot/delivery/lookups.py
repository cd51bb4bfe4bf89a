"""Results of chat lookups, and of showing admins the way to the panel."""

from __future__ import annotations

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask
from bot.domain.setting_choices import Page
from bot.domain.tasks import (
    CheckAdminRights,
    CheckGateHealth,
    CheckWhoAdded,
    DeleteMessage,
    FetchFile,
    MakeJoinLink,
    SendPrivateLink,
)
from bot.features.admins.authorize import AdminDesk
from bot.features.admins.navigation import (
    LINK_SHOWN_FOR,
    ask_health,
    ask_health_again,
    panel_start,
    redraw_panels,
    send_private_chat_link,
    show_page,
)
from bot.features.gates.lifecycle import answer_with_health, take_health
from bot.features.gates.switch import notify_of_bypass
from bot.features.joining.newcomers import who_added_is_known
from storage.store import Store


class ApplyChatLookup:
    """Stores what Telegram answered, and continues what waited for it. Each method applies the result of one class of
    work."""

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def rights_checked(
        self,
        store: Store,
        task: PendingTask,  # noqa: ARG002 - as all of these
        work: CheckAdminRights,
        receipt: DeliveryResult,
    ) -> None:
        """Run the action that waited."""
        if receipt.result is DeliveryStatus.DONE:
            await self._desk.told(store, work, receipt.answer["rights"])

    @staticmethod
    async def adder_checked(store: Store, task: PendingTask, work: CheckWhoAdded, receipt: DeliveryResult) -> None:
        """Record the newcomer's arrival."""
        if receipt.result is DeliveryStatus.DONE:
            await who_added_is_known(store, task.user_id, work, receipt)

    @staticmethod
    async def health_checked(store: Store, task: PendingTask, work: CheckGateHealth, receipt: DeliveryResult) -> None:
        """Store a gate's health and admins."""
        await ask_health_again(store, task, work)
        gate = await store.gates.get(work.gate_id)
        if receipt.result is not DeliveryStatus.DONE or gate is None:
            return
        if (admins := receipt.answer.get("admins")) is not None:
            await store.admins.are(gate.chat_id, admins, store.now)
        await take_health(store, gate, receipt.answer["health"], tells=work.notify_admins)
        if work.answer_to is not None:
            await answer_with_health(store, gate, work.answer_to, receipt.answer["health"])
        await redraw_panels(store, gate.chat_id)
        # Also a screen that shows no page yet: it waits for this.
        await store.screens.touch({task.chat_id, *await store.screens.showing(gate.chat_id)}, store.now)

    @staticmethod
    async def link_made(store: Store, task: PendingTask, work: MakeJoinLink, receipt: DeliveryResult) -> None:
        """Show the new link."""
        if work.bypassed:
            await notify_of_bypass(store, work.gate_id, receipt)
        if receipt.result is not DeliveryStatus.DONE:
            # The card shows which right is missing.
            await ask_health(store, work.gate_id, task.chat_id)
            return
        await store.gates.set_extras(work.gate_id, request_link=receipt.answer["link"])
        await redraw_panels(store, work.gate_id)

    async def file_fetched(
        self,
        store: Store,
        task: PendingTask,
        work: FetchFile,
        receipt: DeliveryResult,
    ) -> None:
        """Pass on the text of the file, or that there is none."""
        text = receipt.answer.get("text") if receipt.result is DeliveryStatus.DONE else None
        details = {} if text is None else {"text": text}
        await self._desk(store, AdminAction(AdminActionKind.IMPORT, work.gate_id, task.chat_id, details))

    @staticmethod
    async def private_link_sent(
        store: Store, task: PendingTask, work: SendPrivateLink, receipt: DeliveryResult
    ) -> None:
        """Delete the public link soon. If the bot could not show it to the admin alone, show them the panel itself, or
        else the public link, unless nobody asked for it."""
        is_shown = receipt.result is DeliveryStatus.DONE
        if task.user_id is None:
            if is_shown:
                delete = DeleteMessage(receipt.message_id or 0)
                await store.tasks.add(delete, task.chat_id, store.now, after=LINK_SHOWN_FOR)
            return
        if is_shown or work.is_quiet:
            return
        gate = await store.gates.get(task.chat_id)
        person = (await store.people.get_many([task.user_id])).get(task.user_id)
        can_be_written = person is not None and person.can_be_written
        if work.start == panel_start(task.chat_id) and gate is not None and can_be_written:
            await show_page(store, gate, task.user_id, Page.CARD, fresh=True)
            return
        await send_private_chat_link(store, task.chat_id, work.start, topic=work.topic, language=work.language)
