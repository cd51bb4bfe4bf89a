"""An admin declines everybody who has waited for long."""

from __future__ import annotations

from datetime import datetime

from bot.domain.choices import Page
from bot.domain.delivery import Toast
from bot.domain.gate import Gate
from bot.domain.panel import AdminAction
from bot.domain.people_pages import OlderThan
from bot.usecases.admit import DecisionReason
from bot.usecases.decline_many import DeclineMany
from bot.usecases.open_panel import show_page
from storage.store import Store


class DeclineOlder:
    """An `ActionHandler`: declines those who asked longer ago than `value` says, and shows the progress.

    Nobody in a call window, and nobody verified. Only one such job runs at a time.
    """

    def __init__(self, decline_many: DeclineMany) -> None:
        self._decline_many = decline_many

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        try:
            before = now - OlderThan(str(act.details.get("value"))).span
        except ValueError:
            return Toast.UNKNOWN
        newest = await store.mass_declines.newest(gate.chat_id)
        if newest is not None and not newest[1]:
            toast, shown = Toast.DECLINING_ALREADY, {"job": newest[0].job}
        elif not await store.requests.count_declinable(gate.chat_id, before):
            toast, shown = Toast.NOBODY_WAITS, {}
        else:
            job = await self._decline_many.begin(store, gate, act.admin_id, DecisionReason.MANY, before=before)
            toast, shown = Toast.DECLINING, {} if job is None else {"job": job}
        await show_page(store, gate, act.admin_id, Page.PENDING, now, {**shown})
        return toast
