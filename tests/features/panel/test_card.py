"""The card and the list of gates: what they show, and what they ask Telegram."""

from __future__ import annotations

from typing import Any

import pytest

from bot.delivery.screens import ScreenRenderer
from bot.domain.admin_actions import AdminActionKind, GateCard, GateList, PresetsPage, SettingsPage
from bot.domain.gate_health import GateHealth, GateIssue
from bot.domain.gates import NO_ADMIN, OWNER
from bot.domain.notifications import Toast
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask, TaskKind
from bot.domain.setting_choices import Page
from bot.features.admins.navigation import list_gates
from bot.i18n.texts import Texts
from tests.features.admin_panel import acts, answered, notes, runs, view
from tests.features.rules import ANNA, BORIS, GATE, MINUTE, OTHER_GATE, Rules
from tests.tasks import said

CAROL = 11


async def test_the_card_tells_what_is_missing_who_waits_and_who_came_round(rules: Rules) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)
    await acts(rules, AdminActionKind.OPEN, Page.CARD)
    for code in ("joined", "added", "approved", "joined"):
        await rules.execute(
            "INSERT INTO journal (at, event, user_id, gate_id, code) SELECT at, 'member_came', 5, gate_id,"
            f" '{code}' FROM journal WHERE event = 'gate_on'"
        )
    card = await view(rules)
    assert isinstance(card, GateCard)
    assert (card.health, card.issues, card.waiting) == (None, (), 1)

    chat_lookup = (await rules.tasks(TaskKind.CHECK_GATE))[-1]
    await answered(rules, chat_lookup, health=GateHealth(rules.now, is_open=True), admins={BORIS: OWNER})

    card = await view(rules)
    assert isinstance(card, GateCard)
    assert card.issues == (GateIssue.CANNOT_INVITE, GateIssue.NO_APPROVAL, GateIssue.OPEN_LINK)
    assert card.joined_unverified == 2
    rules.later(8 * 24 * 60 * MINUTE)
    card = await view(rules)
    assert isinstance(card, GateCard)
    assert card.joined_unverified == 0


async def test_the_pages_of_settings_and_presets_belong_to_the_gate(rules: Rules) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)

    await acts(rules, AdminActionKind.OPEN, Page.SETTINGS)
    settings = await view(rules)
    assert isinstance(settings, SettingsPage)
    assert (settings.gate.chat_id, settings.health) == (GATE.chat_id, None)

    await acts(rules, AdminActionKind.OPEN, Page.PRESETS)
    presets = await view(rules)
    assert isinstance(presets, PresetsPage)
    assert (presets.gate.chat_id, presets.waiting, presets.asks_to_open) == (GATE.chat_id, 1, False)


async def test_check_again_asks_telegram(rules: Rules) -> None:
    await runs(rules)
    await checked(rules)

    assert await acts(rules, AdminActionKind.CHECK) is Toast.CHECKING

    assert len(await rules.tasks(TaskKind.CHECK_GATE)) == 1


async def checked(rules: Rules, chat_lookup: PendingTask | None = None, **health: Any) -> None:
    """Telegram reports the gate's health."""
    chat_lookup = chat_lookup or (await rules.tasks(TaskKind.CHECK_GATE))[-1]
    await answered(rules, chat_lookup, health=GateHealth(rules.now, **health), admins={BORIS: OWNER})


async def test_however_often_and_by_whomever_a_gate_is_looked_at_telegram_is_asked_once_at_a_time(rules: Rules) -> None:
    await runs(rules)
    for _ in range(10):
        for admin_id in (BORIS, ANNA):
            await acts(rules, AdminActionKind.CHECK, admin_id=admin_id)
            await acts(rules, AdminActionKind.OPEN, Page.CARD, admin_id=admin_id)
    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_GATE)

    await checked(rules, chat_lookup)

    assert await rules.tasks(TaskKind.CHECK_GATE) == []


async def test_what_was_asked_for_while_telegram_was_being_asked_is_asked_once_more(rules: Rules) -> None:
    """The answer may describe an earlier state."""
    await runs(rules)
    (under_way,) = await rules.tasks(TaskKind.CHECK_GATE)
    for _ in range(3):
        await acts(rules, AdminActionKind.CHECK)
    assert [one.id for one in await rules.tasks(TaskKind.CHECK_GATE)] == [under_way.id]

    await checked(rules, under_way)
    (again,) = await rules.tasks(TaskKind.CHECK_GATE)
    assert again.id != under_way.id
    await checked(rules, again)

    assert await rules.tasks(TaskKind.CHECK_GATE) == []


async def test_that_a_check_is_to_tell_its_admins_is_not_lost_on_one_that_waits_already(rules: Rules) -> None:
    await runs(rules)
    await checked(rules, can_invite=True)
    await acts(rules, AdminActionKind.CHECK)

    await rules.becomes(GATE, actor_id=BORIS)

    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_GATE)
    assert said(chat_lookup)["tells"] == 1


async def test_everybody_who_looks_at_a_gate_sees_what_came_of_it(rules: Rules) -> None:
    await runs(rules)
    for admin_id in (BORIS, ANNA):
        await acts(rules, AdminActionKind.OPEN, Page.CARD, admin_id=admin_id)
    await rules.execute("UPDATE screens SET shown_revision = revision")

    await checked(rules)

    stale = await rules.rows("SELECT user_id FROM screens WHERE revision > shown_revision ORDER BY user_id")
    assert [row["user_id"] for row in stale] == sorted([ANNA, BORIS])


async def test_the_gates_own_link_is_made_once(rules: Rules) -> None:
    await runs(rules)
    for admin_id in (BORIS, ANNA, BORIS):
        await acts(rules, AdminActionKind.LINK, admin_id=admin_id)
    (making,) = await rules.tasks(TaskKind.MAKE_LINK)

    await answered(rules, making, link="https://t.me/+abc")
    await acts(rules, AdminActionKind.OPEN, Page.CARD)

    card = await view(rules)
    assert isinstance(card, GateCard)
    assert card.link == "https://t.me/+abc"
    rules.later(MINUTE - 1)
    await acts(rules, AdminActionKind.LINK)
    assert await rules.tasks(TaskKind.MAKE_LINK) == []


async def test_where_no_link_can_be_made_the_card_finds_out_why(rules: Rules) -> None:
    await runs(rules)
    await checked(rules)
    await acts(rules, AdminActionKind.LINK)
    (making,) = await rules.tasks(TaskKind.MAKE_LINK)

    await rules.settles(DeliveryResult(making, DeliveryStatus.REFUSED, error="not enough rights"))

    assert len(await rules.tasks(TaskKind.CHECK_GATE)) == 1


async def test_the_list_has_the_gates_that_the_person_runs_now(rules: Rules) -> None:
    await runs(rules)
    await rules.becomes(OTHER_GATE)
    await rules.asks_to_join(CAROL)
    boris = await rules.meets(BORIS)
    rules.later(MINUTE + 1)
    await notes(rules, BORIS, gate=GATE)

    await rules.database.transact(lambda store: list_gates(store, boris, fresh=True))

    listed = await view(rules)
    assert isinstance(listed, GateList)
    assert {(line.gate_id, line.waiting) for line in listed.gates} == {(GATE.chat_id, 1), (OTHER_GATE.chat_id, 0)}
    # Telegram has just answered about the first.
    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_ADMIN)
    await answered(rules, chat_lookup, rights={int(said(chat_lookup)["gate"]): NO_ADMIN})
    listed = await view(rules)
    assert isinstance(listed, GateList)
    assert [line.gate_id for line in listed.gates] == [GATE.chat_id]


async def test_of_more_gates_than_a_list_holds_the_others_are_counted(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.features.panel.views.MOST_GATES", 1)
    await runs(rules)
    await rules.becomes(OTHER_GATE)
    await notes(rules, BORIS, gate=OTHER_GATE)
    boris = await rules.meets(BORIS)
    rules.later(MINUTE + 1)
    await notes(rules, BORIS, gate=GATE)

    await rules.database.transact(lambda store: list_gates(store, boris, fresh=True))

    listed = await view(rules)
    assert isinstance(listed, GateList)
    assert (len(listed.gates), listed.more) == (1, 1)
    drawn = ScreenRenderer(None).draw(listed, Texts("en").in_language("en"), rules.now)
    assert "1 more group is not shown: to open it, send /gate there." in drawn.text


async def test_asked_about_a_gate_telegram_names_all_its_admins_and_nobody_else_is_one(rules: Rules) -> None:
    await runs(rules)
    rules.later(MINUTE + 1)
    chat_lookup = (await rules.tasks(TaskKind.CHECK_GATE))[-1]

    await answered(rules, chat_lookup, health=GateHealth(rules.now), admins={BORIS: OWNER, CAROL: OWNER})

    rows = await rules.rows("SELECT user_id, is_admin FROM admins ORDER BY user_id")
    assert [(row["user_id"], bool(row["is_admin"])) for row in rows] == [(ANNA, False), (BORIS, True), (CAROL, True)]
