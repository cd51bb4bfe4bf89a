"""From the group to the panel, and choosing the log chat."""

from __future__ import annotations

import pytest

from bot.domain.admin_actions import AdminActionKind
from bot.domain.gates import NO_ADMIN, OWNER, AdminRights
from bot.domain.notifications import Notification, Toast
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask, TaskKind
from bot.domain.setting_choices import Page
from bot.features.admins.navigation import CallPanel, GroupCommand
from bot.features.panel.actions import ChooseLogPlace
from tests.features.admin_panel import acts, answered, changed, runs, settings, shown
from tests.features.rules import ANNA, BORIS, GATE, MINUTE, OTHER_GATE, Rules
from tests.tasks import said

LOG_CHAT, TOPIC, CAROL = -100777, 5, 11


def command(sender_id: int | None = BORIS, message_id: int | None = 7, chat_id: int = GATE.chat_id) -> GroupCommand:
    return GroupCommand(chat_id, sender_id, message_id, TOPIC, "en")


async def calls(rules: Rules, given: GroupCommand) -> None:
    """/gate."""
    call_panel = CallPanel(rules.desk)
    await rules.database.transact(lambda store: call_panel(store, given))


async def wants_log(
    rules: Rules, given: GroupCommand, gate_id: int | None = None, there: AdminRights | None = OWNER
) -> None:
    """/log, or the link that names a gate. `there`: their rights in that chat, if Telegram is asked."""
    choose = ChooseLogPlace(rules.desk, CallPanel(rules.desk))
    await rules.database.transact(lambda store: choose(store, given, gate_id))
    for chat_lookup in await rules.tasks(TaskKind.CHECK_ADMIN):
        if there is not None and said(chat_lookup).get("also") == str(LOG_CHAT):
            rights = {int(said(chat_lookup)["gate"]): OWNER, LOG_CHAT: there}
            await answered(rules, chat_lookup, rights=rights)


async def deleted(rules: Rules) -> list[object]:
    return [said(task)["message_id"] for task in await rules.tasks(TaskKind.DELETE_MESSAGE)]


async def ways(rules: Rules) -> list[PendingTask]:
    return await rules.tasks(TaskKind.PRIVATE_CHAT_LINK)


async def test_an_admin_is_shown_the_way_alone_and_their_command_is_taken_away(rules: Rules) -> None:
    await runs(rules)

    await calls(rules, command())

    (way,) = await ways(rules)
    assert (way.chat_id, way.user_id) == (GATE.chat_id, BORIS)
    assert said(way) == {"start": f"gate_{GATE.chat_id}", "topic": TOPIC, "language": "en"}
    assert await deleted(rules) == [7]


async def test_a_command_that_nobody_else_saw_need_not_be_taken_away(rules: Rules) -> None:
    await runs(rules)

    await calls(rules, command(message_id=None))

    assert len(await ways(rules)) == 1
    assert await deleted(rules) == []


async def test_for_an_anonymous_admin_everybody_is_shown_the_way_for_a_moment(rules: Rules) -> None:
    await runs(rules)

    await calls(rules, command(sender_id=None))

    (way,) = await ways(rules)
    assert way.user_id is None
    assert await deleted(rules) == [7]
    await rules.settles(DeliveryResult(way, DeliveryStatus.DONE, message_id=8))
    assert set(await deleted(rules)) == {7, 8}
    due = await rules.rows("SELECT due_at FROM tasks WHERE kind = 'delete_message' ORDER BY id")
    assert due[1]["due_at"] - due[0]["due_at"] == 30_000_000


async def test_who_is_no_admin_is_not_answered(rules: Rules) -> None:
    await runs(rules)
    await calls(rules, command(sender_id=CAROL))
    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_ADMIN)

    await answered(rules, chat_lookup, rights={int(said(chat_lookup)["gate"]): NO_ADMIN})
    await calls(rules, command(chat_id=LOG_CHAT))

    assert await ways(rules) == []
    assert await deleted(rules) == []
    assert await rules.rows("SELECT * FROM screens WHERE user_id = :id", id=CAROL) == []


@pytest.mark.parametrize("result", [DeliveryStatus.REFUSED, DeliveryStatus.UNREACHABLE])
async def test_who_cannot_be_shown_the_way_in_the_group_is_shown_the_panel_itself(
    rules: Rules, result: DeliveryStatus
) -> None:
    await runs(rules)
    await acts(rules, AdminActionKind.OPEN, Page.LOG)
    await calls(rules, command())
    (way,) = await ways(rules)

    await rules.settles(DeliveryResult(way, result, error="USER_ID_INVALID"))

    assert (await shown(rules))[0] == Page.CARD


@pytest.mark.parametrize("by_link", [True, False])
async def test_decisions_are_told_where_an_admin_wants_them(rules: Rules, by_link: bool) -> None:
    await runs(rules)
    await acts(rules, AdminActionKind.OPEN, Page.LOG)

    await wants_log(rules, command(chat_id=LOG_CHAT), GATE.chat_id if by_link else None)

    now = await settings(rules)
    assert (now.log_chat, now.log_topic) == (LOG_CHAT, TOPIC)
    assert await changed(rules) == [(BORIS, f"log={LOG_CHAT}/{TOPIC}")]
    (notification,) = await rules.tasks(TaskKind.NOTIFY)
    assert (notification.chat_id, said(notification)["notice"], said(notification)["topic"]) == (
        LOG_CHAT,
        Notification.LOG_HERE,
        TOPIC,
    )


async def test_the_log_moves_within_its_chat_without_the_page(rules: Rules) -> None:
    await runs(rules)
    await wants_log(rules, GroupCommand(LOG_CHAT, BORIS, 7, None, "en"), GATE.chat_id)
    await acts(rules, AdminActionKind.OPEN, Page.CARD)

    await wants_log(rules, command(chat_id=LOG_CHAT))

    assert (await settings(rules)).log_topic == TOPIC


async def test_of_a_gate_that_one_does_not_run_nothing_is_told_anywhere(rules: Rules) -> None:
    await runs(rules)
    await rules.becomes(OTHER_GATE, actor_id=ANNA)
    rules.later(MINUTE + 1)
    await wants_log(rules, command(CAROL, chat_id=LOG_CHAT), GATE.chat_id, there=None)
    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_ADMIN)
    await answered(rules, chat_lookup, rights={int(said(chat_lookup)["gate"]): NO_ADMIN})
    await wants_log(rules, command(CAROL, chat_id=LOG_CHAT))
    await wants_log(rules, command(None, chat_id=LOG_CHAT), GATE.chat_id)

    assert (await settings(rules)).log_chat is None
    assert await rules.tasks(TaskKind.NOTIFY) == []


async def test_into_a_chat_that_they_do_not_run_the_bot_writes_nothing_and_says_why_in_private(rules: Rules) -> None:
    await runs(rules)

    await wants_log(rules, command(chat_id=LOG_CHAT), GATE.chat_id, there=NO_ADMIN)

    assert (await settings(rules)).log_chat is None
    (notification,) = await rules.tasks(TaskKind.NOTIFY)
    assert (notification.chat_id, said(notification)["why"]) == (BORIS, Toast.NOT_ADMIN_THERE)


async def test_in_a_gates_own_group_it_leads_to_the_panel(rules: Rules) -> None:
    await runs(rules)

    await wants_log(rules, command())

    assert len(await ways(rules)) == 1
    assert (await settings(rules)).log_chat is None
