"""Text or a file from an admin whose panel page asks for it."""

from __future__ import annotations

from bot.domain.choices import TYPED
from bot.domain.panel import EXPECTS_FILE, AdminAction, AdminActionKind
from bot.domain.people import Person
from bot.usecases.admin_desk import AdminDesk
from bot.usecases.open_panel import page_shown
from storage.store import Store

LONGEST_TYPED = 1000
"""Characters; longer text is just as invalid."""


class OnPanelText:
    """Runs the text as an admin action; returns whether a page asked for it."""

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def __call__(self, store: Store, person: Person, text: str, message_id: int) -> bool:
        shown = await page_shown(store, person.user_id)
        if shown is None or shown[1] not in TYPED:
            return False
        gate_id, page, _ = shown
        details: dict[str, str | int] = {"page": page, "text": text[:LONGEST_TYPED], "message": message_id}
        await self._desk(store, AdminAction(AdminActionKind.TYPE, gate_id, person.user_id, details))
        return True

    async def file(self, store: Store, person: Person, file_id: str, size: int) -> bool:
        """Do the same for a file of `size` bytes."""
        shown = await page_shown(store, person.user_id)
        if shown is None or shown[1] not in EXPECTS_FILE:
            return False
        details: dict[str, str | int] = {"file_id": file_id, "size": size}
        await self._desk(store, AdminAction(AdminActionKind.IMPORT, shown[0], person.user_id, details))
        return True
