"""Opening the operators' pages. The caller has checked that the person is an operator."""

from __future__ import annotations

from bot.domain.notifications import Toast
from bot.domain.operators import InstallationPage
from bot.domain.people import Person
from bot.domain.screens import ScreenName
from bot.features.admins.navigation import ask_health
from storage.store import Store


async def show_installation(
    store: Store, operator: Person, page: InstallationPage, *, about: int = 0, number: int = 0, fresh: bool = False
) -> None:
    """Show a page. `about`: an operator or a gate; `number`: the page of a list; `fresh`: as a new message.

    Opening the page of a gate also checks the gate's health.
    """
    details: dict[str, str | int] = {"page": page, "id": about, "number": number}
    await store.screens.show(
        operator.user_id, operator.chat_id, ScreenName.INSTALLATION, store.now, details=details, fresh=fresh
    )
    if page is InstallationPage.GATE:
        await check_gate(store, operator, about)


async def check_gate(store: Store, operator: Person, gate_id: int) -> Toast:
    """Request a check of the gate's health; return the toast for the button."""
    if await store.gates.get(gate_id) is None:
        return Toast.UNKNOWN
    await ask_health(store, gate_id, operator.user_id)
    return Toast.CHECKING
