"""Through the bot an admin can only do what Telegram lets them do themselves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.gate_settings import STANDARD, EntryMode
from bot.domain.gates import NO_ADMIN, OWNER, SOME_ADMIN, AdminRights, Right
from bot.domain.notifications import Notification, Toast
from bot.domain.outgoing import LISTED_CHECKS, MOST_CHECKS, TaskKind
from bot.domain.setting_choices import Page
from bot.features.admins.navigation import list_gates
from bot.features.admins.rights import NEEDED
from tests.features.admin_panel import acts, answered, notes, runs, settings, shown, writes
from tests.features.rules import ANNA, BORIS, GATE, MINUTE, OTHER_GATE, Rules
from tests.tasks import said

INVITE, RESTRICT, CHANGE = Right.INVITE, Right.RESTRICT, Right.CHANGE_INFO
CAROL = 9
MISSING = {INVITE: Toast.NEEDS_INVITE, RESTRICT: Toast.NEEDS_RESTRICT, CHANGE: Toast.NEEDS_CHANGE_INFO}


async def holds(rules: Rules, *rights: Right, user_id: int = BORIS) -> None:
    """Telegram reports somebody as an admin with only these rights."""
    held = AdminRights(is_admin=True, held=frozenset(rights))
    await rules.database.transact(lambda store: store.admins.note(GATE.chat_id, user_id, rules.now, held))


def all_but(right: Right) -> Collection[Right]:
    return [other for other in Right if other is not right]


ACTS = [
    (AdminActionKind.LET_IN, "", str(CAROL), INVITE, Toast.LET_IN),
    (AdminActionKind.DECLINE, "", str(CAROL), INVITE, Toast.DECLINED),
    (AdminActionKind.DECLINE_MANY, "", "1h", INVITE, Toast.NOBODY_WAITS),
    (AdminActionKind.DECLINE_RECENT, "", "", INVITE, Toast.DONE),
    (AdminActionKind.LINK, "", "", INVITE, Toast.DONE),
    (AdminActionKind.BLOCK, "", str(CAROL), RESTRICT, Toast.BLOCKED),
    (AdminActionKind.UNBLOCK, "", str(CAROL), RESTRICT, Toast.NOT_BLOCKED),
    (AdminActionKind.REVOKE, "", str(CAROL), RESTRICT, Toast.REVOKED),
    (AdminActionKind.RESTORE, "", str(CAROL), RESTRICT, Toast.DECIDED_ALREADY),
    (AdminActionKind.SET, "accounts", "5", CHANGE, Toast.SAVED),
    (AdminActionKind.SWITCH, "", "paused", CHANGE, Toast.DONE),
    (AdminActionKind.STRICT, "", "on", CHANGE, Toast.DONE),
    (AdminActionKind.PRESET, "", "standard", CHANGE, Toast.STANDARD_APPLIED),
    (AdminActionKind.EXPORT, "", "", CHANGE, Toast.DONE),
    (AdminActionKind.APPLY, "", "", CHANGE, Toast.OVER),
]


@pytest.mark.parametrize(("kind", "key", "value", "right", "done"), ACTS)
async def test_each_act_needs_its_own_right_and_the_button_names_the_one_that_is_missing(
    rules: Rules, kind: AdminActionKind, key: str, value: str, right: Right, done: Toast
) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)
    before = await rules.journal()

    await holds(rules, *all_but(right))
    assert await acts(rules, kind, key, value) is MISSING[right]

    assert await rules.journal() == before
    assert await rules.rows("SELECT * FROM access_overrides") == []
    assert await rules.requests() == ["waiting"]
    assert await settings(rules) == STANDARD

    rules.later(1)
    await holds(rules, right)
    assert await acts(rules, kind, key, value) is done


def test_what_an_act_needs_is_said_of_every_kind_that_an_admin_can_do(rules: Rules) -> None:
    of_operators = {AdminActionKind.FREE_PHONE, AdminActionKind.ERASE}
    assert set(NEEDED) == set(AdminActionKind) - of_operators
    assert set(rules.desk._handlers) == set(NEEDED)


async def test_an_admin_who_may_nothing_still_sees_the_pages(rules: Rules) -> None:
    await runs(rules)
    await holds(rules)

    assert await acts(rules, AdminActionKind.OPEN, Page.PENDING) is Toast.NOTHING

    assert (await shown(rules))[0] == Page.PENDING


async def test_who_is_muted_until_verified_is_removed_by_those_only_who_may_remove(rules: Rules) -> None:
    await runs(rules)
    await rules.chooses(GATE, way=EntryMode.MUTE)
    await rules.joins(CAROL)

    await holds(rules, INVITE, CHANGE)
    assert await acts(rules, AdminActionKind.DECLINE, value=str(CAROL)) is Toast.NEEDS_RESTRICT
    assert await acts(rules, AdminActionKind.DECLINE_MANY, value="1h") is Toast.NEEDS_RESTRICT
    assert await acts(rules, AdminActionKind.DECLINE_RECENT) is Toast.NEEDS_RESTRICT
    assert await rules.requests() == ["waiting"]

    rules.later(1)
    await holds(rules, RESTRICT)
    assert await acts(rules, AdminActionKind.DECLINE, value=str(CAROL)) is Toast.DECLINED


async def test_a_block_ends_by_the_hand_of_those_only_who_may_block(rules: Rules) -> None:
    await runs(rules)
    assert await acts(rules, AdminActionKind.BLOCK, value=str(CAROL)) is Toast.BLOCKED

    await holds(rules, INVITE)
    assert await acts(rules, AdminActionKind.LET_IN, value=str(CAROL)) is Toast.NEEDS_RESTRICT

    rules.later(1)
    await holds(rules, INVITE, RESTRICT)
    assert await acts(rules, AdminActionKind.LET_IN, value=str(CAROL)) is Toast.LET_IN_LATER


@pytest.mark.parametrize("command", ["block", "revoke", "unblock"])
async def test_a_command_does_no_more_than_the_button_and_its_page_says_why(rules: Rules, command: str) -> None:
    await runs(rules)
    await holds(rules, INVITE, CHANGE)
    act = AdminAction(AdminActionKind.COMMAND, GATE.chat_id, BORIS, {"key": command, "value": CAROL})

    await rules.database.transact(lambda store: rules.desk(store, act))

    page, details = await shown(rules)
    assert (page, details["said"]) == (Page.WHO, Toast.NEEDS_RESTRICT)
    assert await rules.rows("SELECT * FROM access_overrides") == []


async def test_what_is_written_without_the_right_changes_nothing_and_is_answered(rules: Rules) -> None:
    await runs(rules)
    await acts(rules, AdminActionKind.OPEN, Page.ACCOUNTS)
    await holds(rules, INVITE, RESTRICT)

    await writes(rules, Page.ACCOUNTS, "5")

    assert await settings(rules) == STANDARD
    (notification,) = await rules.tasks(TaskKind.NOTIFY)
    assert (notification.chat_id, said(notification)["notice"]) == (BORIS, Notification.NOT_ALLOWED)
    assert said(notification)["why"] == Toast.NEEDS_CHANGE_INFO


async def test_an_admin_of_whom_no_rights_are_known_is_asked_about_and_may_nothing_until_then(rules: Rules) -> None:
    await runs(rules)
    rules.later(MINUTE + 1)
    # A row from before rights were stored.
    await rules.database.transact(lambda store: store.admins.answered(GATE.chat_id, BORIS, rules.now, SOME_ADMIN))
    act = AdminAction(AdminActionKind.SET, GATE.chat_id, BORIS, {"key": "accounts", "value": "5"}, "a query")
    await rules.database.transact(lambda store: rules.desk(store, act))
    assert await settings(rules) == STANDARD
    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_ADMIN)

    await answered(rules, chat_lookup, rights={GATE.chat_id: OWNER})

    assert (await settings(rules)).accounts == 5


async def test_that_somebody_added_the_bot_says_nothing_of_their_rights(rules: Rules) -> None:
    await rules.meets(BORIS)
    await rules.becomes(GATE)
    act = AdminAction(AdminActionKind.SET, GATE.chat_id, BORIS, {"key": "accounts", "value": "5"}, "a query")
    await rules.database.transact(lambda store: rules.desk(store, act))
    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_ADMIN)

    await answered(rules, chat_lookup, rights={GATE.chat_id: AdminRights(is_admin=True, held=frozenset({INVITE}))})

    assert await settings(rules) == STANDARD
    (answer,) = await rules.tasks(TaskKind.ANSWER_BUTTON)
    assert said(answer)["toast"] == Toast.NEEDS_CHANGE_INFO


async def test_rights_taken_since_telegram_was_asked_count_no_more(rules: Rules) -> None:
    await runs(rules)
    rules.later(MINUTE + 1)
    act = AdminAction(AdminActionKind.BLOCK, GATE.chat_id, BORIS, {"value": CAROL}, "a query")
    await rules.database.transact(lambda store: rules.desk(store, act))
    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_ADMIN)

    await holds(rules, INVITE)
    await answered(rules, chat_lookup, rights={GATE.chat_id: OWNER})

    assert await rules.rows("SELECT * FROM access_overrides") == []


async def test_links_into_a_further_chat_are_for_who_may_make_links_there(rules: Rules) -> None:
    await runs(rules)
    await rules.becomes(OTHER_GATE, actor_id=ANNA)
    value = f"+{OTHER_GATE.chat_id}"
    some = AdminRights(is_admin=True, held=frozenset({RESTRICT, CHANGE}))
    await rules.database.transact(lambda store: store.admins.note(OTHER_GATE.chat_id, BORIS, rules.now, some))
    assert await acts(rules, AdminActionKind.SET, "further", value) is Toast.NEEDS_INVITE

    # Somebody unknown there is looked up at both gates.
    await notes(rules, ANNA)
    act = AdminAction(AdminActionKind.SET, GATE.chat_id, ANNA, {"key": "further", "value": value}, "a query")
    rules.later(MINUTE + 1)
    await rules.database.transact(lambda store: rules.desk(store, act))
    (chat_lookup,) = [task for task in await rules.tasks(TaskKind.CHECK_ADMIN) if task.chat_id == ANNA]
    assert said(chat_lookup)["also"] == str(OTHER_GATE.chat_id)
    await answered(rules, chat_lookup, rights={GATE.chat_id: OWNER, OTHER_GATE.chat_id: NO_ADMIN})
    assert await settings(rules) == STANDARD

    rules.later(MINUTE + 1)
    await rules.database.transact(lambda store: rules.desk(store, act))
    chat_lookup = [task for task in await rules.tasks(TaskKind.CHECK_ADMIN) if task.chat_id == ANNA][-1]
    await answered(rules, chat_lookup, rights={GATE.chat_id: OWNER, OTHER_GATE.chat_id: OWNER})
    assert (await settings(rules)).further == (OTHER_GATE.chat_id,)


async def test_about_a_gate_that_does_not_exist_telegram_is_not_asked(rules: Rules) -> None:
    await rules.meets(BORIS)
    nowhere = replace(GATE, chat_id=-1009999)

    assert await acts(rules, AdminActionKind.CHECK, gate=nowhere) is Toast.NOT_ADMIN
    for kind in AdminActionKind:
        act = AdminAction(kind, nowhere.chat_id, BORIS, {"key": "card", "value": "1", "chat": nowhere.chat_id}, "query")
        await rules.database.transact(lambda store, act=act: rules.desk(store, act))  # type: ignore[misc] # of this turn

    assert await rules.rows("SELECT kind FROM tasks WHERE kind <> 'answer_button'") == []
    assert await rules.rows("SELECT gate_id FROM admins") == []


async def test_somebody_who_presses_faster_than_telegram_answers_is_asked_to_wait(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.meets(CAROL)
    for number in range(MOST_CHECKS + 20):
        act = AdminAction(AdminActionKind.CHECK, GATE.chat_id, CAROL, {}, f"query {number}")
        await rules.database.transact(lambda store, act=act: rules.desk(store, act))  # type: ignore[misc] # of this turn

    checks = await rules.rows("SELECT id FROM tasks WHERE kind = 'check_admin'")
    answers = await rules.rows("SELECT details FROM tasks WHERE kind = 'answer_button'")
    assert len(checks) == MOST_CHECKS
    assert len(answers) == 20
    assert all(Toast.TOO_FAST in str(row["details"]) for row in answers)


async def test_a_list_of_very_many_gates_asks_about_a_few_at_a_time_and_leaves_room_for_buttons(rules: Rules) -> None:
    person = await rules.meets(BORIS)
    for number in range(2 * LISTED_CHECKS):
        gate = replace(GATE, chat_id=-2000 - number)
        await rules.becomes(gate)
        await notes(rules, BORIS, gate=gate)
    rules.later(2 * MINUTE)

    for _ in range(3):
        await rules.database.transact(lambda store: list_gates(store, person, fresh=True))
    first = await rules.tasks(TaskKind.CHECK_ADMIN)
    assert len(first) == LISTED_CHECKS < MOST_CHECKS
    for one in first:
        await answered(rules, one, rights={int(said(one)["gate"]): OWNER})
    await rules.database.transact(lambda store: list_gates(store, person, fresh=True))

    second = await rules.tasks(TaskKind.CHECK_ADMIN)
    asked = {said(one)["gate"] for one in (*first, *second)}
    assert len(asked) == 2 * LISTED_CHECKS
