"""The panel's pages, built from the current state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.domain.admin_actions import (
    GateCard,
    GateLine,
    GateList,
    LinkTest,
    LinkTestPage,
    NoAdmin,
    PanelView,
    PresetsPage,
    SettingsPage,
)
from bot.domain.gate_health import bypasses_since, gate_state, issues
from bot.domain.gate_settings import Preset
from bot.domain.gates import Gate
from bot.domain.outgoing import ScreenRow
from bot.domain.people_pages import PeopleView
from bot.domain.screens import ScreenName
from bot.domain.setting_choices import Page
from bot.features.moderation import views
from bot.features.settings.change import SETTING_BUILDERS
from storage.store import Store

Builder = Callable[[Store, Gate, ScreenRow], Awaitable[PanelView | PeopleView]]
MOST_GATES = 50


async def panel_view(store: Store, row: ScreenRow) -> PanelView | PeopleView:
    """Return the page that the row names. Raises KeyError or ValueError for one that this version does not know.

    Anyone found not to be an admin sees nothing of the gate. Drawing shows only what an action requested, so Telegram
    is not asked again.
    """
    if row.face is ScreenName.GATES and "then" in row.details:
        return await views.gate_choice(store, row)
    if row.face is ScreenName.GATES:
        return await _gates(store, row)
    gate_id = int(row.details["gate"])
    gate = await store.gates.get(gate_id)
    is_admin = await store.admins.is_admin(gate_id, row.user_id)
    if gate is None or is_admin is False:
        return NoAdmin()
    return await BUILDERS[Page(str(row.details["page"]))](store, gate, row)


async def _gates(store: Store, row: ScreenRow) -> GateList:
    lines, gates = [], await store.admins.gates_of(row.user_id)
    for gate in gates[:MOST_GATES]:
        waiting = await store.requests.count_waiting(gate.chat_id)
        health = (await store.gates.extras(gate.chat_id)).health
        lines.append(GateLine(gate.chat_id, gate.title, gate_state(gate, health, store.now), waiting))
    return GateList(tuple(lines), more=max(0, len(gates) - MOST_GATES))


async def _card(store: Store, gate: Gate, row: ScreenRow) -> GateCard:  # noqa: ARG001 - a Builder
    extras = await store.gates.extras(gate.chat_id)
    joined_unverified = await store.journal.joined_unverified(gate.chat_id, bypasses_since(gate, store.now))
    found = issues(gate, extras.health, joined_unverified) if extras.health is not None else []
    waiting = await store.requests.count_waiting(gate.chat_id)
    state = gate_state(gate, extras.health, store.now)
    return GateCard(gate, extras.health, tuple(found), waiting, joined_unverified, extras.request_link or "", state)


async def _link_test(store: Store, gate: Gate, row: ScreenRow) -> LinkTestPage:
    said = str(row.details.get("value", ""))
    link = (await store.gates.extras(gate.chat_id)).request_link or ""
    return LinkTestPage(gate, link, LinkTest(said) if said else None)


async def _settings(store: Store, gate: Gate, row: ScreenRow) -> SettingsPage:  # noqa: ARG001 - a Builder
    return SettingsPage(gate, (await store.gates.extras(gate.chat_id)).health)


async def _presets(store: Store, gate: Gate, row: ScreenRow) -> PresetsPage:
    waiting = await store.requests.count_waiting(gate.chat_id)
    return PresetsPage(gate, waiting, asks_to_open=row.details.get("value") == Preset.OPEN)


BUILDERS: dict[Page, Builder] = {
    Page.CARD: _card,
    Page.SETTINGS: _settings,
    Page.PRESETS: _presets,
    Page.PENDING: views.pending,
    Page.WHO: views.who,
    Page.LINK_TEST: _link_test,
    **SETTING_BUILDERS,
}
