"""Admin actions over the use cases."""

from __future__ import annotations

import itertools
from typing import Any

from bot.domain.admin_actions import AdminAction, AdminActionKind, PanelView
from bot.domain.gate_settings import GateSettings
from bot.domain.gates import NO_ADMIN, OWNER, Gate
from bot.domain.notifications import Toast
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask, TaskKind
from bot.domain.people_pages import PeopleView
from bot.domain.setting_choices import Page
from bot.features.panel.views import panel_view
from storage.store import Store
from tests.features.rules import ANNA, BORIS, GATE, Rules
from tests.tasks import said

QUERIES = itertools.count(1)


async def runs(rules: Rules, gate: Gate = GATE, *admins: int) -> None:
    """Boris, the owner of the chat, has added the bot; Anna, or whoever is named, is an admin too."""
    await rules.meets(BORIS)
    await rules.becomes(gate)
    await notes(rules, BORIS, gate=gate)
    for user_id in admins or (ANNA,):
        await rules.meets(user_id)
        await notes(rules, user_id, gate=gate)


async def notes(rules: Rules, user_id: int, *, is_admin: bool = True, gate: Gate = GATE) -> None:
    """Telegram has said whether somebody is an admin."""
    await rules.database.transact(
        lambda store: store.admins.note(gate.chat_id, user_id, rules.now, OWNER if is_admin else NO_ADMIN)
    )


async def acts(
    rules: Rules, kind: AdminActionKind, key: str = "", value: str = "", *, admin_id: int = BORIS, gate: Gate = GATE
) -> Toast:
    """Press a button of the panel; return the answer if Telegram need not be asked."""
    query_id = f"query {next(QUERIES)}"
    act = AdminAction(kind, gate.chat_id, admin_id, {"key": key, "value": value}, query_id)
    await rules.database.transact(lambda store: rules.desk(store, act))
    (answer,) = [e for e in await rules.tasks(TaskKind.ANSWER_BUTTON) if said(e)["query_id"] == query_id]
    return Toast(str(said(answer)["toast"]))


async def sets(rules: Rules, setting: str, value: str, **how: Any) -> Toast:
    """Choose a setting with its button."""
    return await acts(rules, AdminActionKind.SET, setting, value, **how)


async def writes(rules: Rules, page: Page, text: str, message_id: int = 50, admin_id: int = BORIS) -> None:
    """Write to a page of the panel that is open."""
    details: dict[str, str | int] = {"page": page, "text": text, "message": message_id}
    act = AdminAction(AdminActionKind.TYPE, GATE.chat_id, admin_id, details)
    await rules.database.transact(lambda store: rules.desk(store, act))


async def settings(rules: Rules, gate: Gate = GATE) -> GateSettings:
    """Return the stored settings."""
    stored = await rules.database.transact(lambda store: store.gates.get(gate.chat_id))
    assert stored is not None
    return stored.settings


async def shown(rules: Rules, user_id: int = BORIS) -> tuple[str, dict[str, Any]]:
    """Return the page on somebody's screen, and its details."""
    wanted = await rules.database.transact(lambda store: store.screens.wanted(user_id))
    assert wanted is not None
    return str(wanted[1].get("page", "")), dict(wanted[1])


async def view(rules: Rules, user_id: int = BORIS) -> PanelView | PeopleView:
    """Return the view of somebody's screen."""

    async def build(store: Store) -> PanelView | PeopleView:
        await store.screens.touch([user_id], rules.now)
        (row,) = [row for row in await store.screens.due(rules.now, 50, ()) if row.user_id == user_id]
        return await panel_view(store, row)

    return await rules.database.transact(build)


async def changed(rules: Rules) -> list[tuple[int | None, str]]:
    """Return who changed what, oldest first."""
    rows = await rules.rows("SELECT actor_id, code FROM journal WHERE event = 'gate_changed' ORDER BY id")
    return [(row["actor_id"], row["code"]) for row in rows]


async def answered(rules: Rules, chat_lookup: PendingTask, **answer: Any) -> None:
    """Telegram answers a lookup."""
    await rules.settles(DeliveryResult(chat_lookup, DeliveryStatus.DONE, answer=answer))
