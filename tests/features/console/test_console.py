"""The console: who gets it, what it reads, and that it does nothing without Telegram's word about the rights."""

from __future__ import annotations

import pytest

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.gate_health import GateState
from bot.domain.gates import AccessOverride, AdminRights, Override, Right
from bot.domain.notifications import Toast
from bot.domain.outgoing import TaskKind
from bot.features.console.actions import ConsoleOutcome, run_console_action
from bot.features.console.views import ConsoleGate, ConsoleGates, opens_console, read_gate, read_gates
from tests.features.admin_panel import notes, runs
from tests.features.rules import ANNA, BORIS, GATE, MINUTE, OTHER_GATE, Rules

CAROL, DORA = 11, 12


async def gates(rules: Rules, user_id: int = BORIS) -> ConsoleGates:
    return await rules.database.transact(lambda store: read_gates(store, rules.desk, user_id))


async def gate(rules: Rules, search: str = "", *, user_id: int = BORIS, limit: int = 25) -> ConsoleGate | Toast | None:
    return await rules.database.transact(
        lambda store: read_gate(store, rules.desk, user_id, GATE.chat_id, search, limit)
    )


async def presses(
    rules: Rules, kind: AdminActionKind, person_id: int = 0, *, user_id: int = BORIS, is_undo: bool = False
) -> ConsoleOutcome | None:
    return await rules.database.transact(
        lambda store: run_console_action(store, rules.desk, user_id, GATE.chat_id, kind, person_id, is_undo=is_undo)
    )


async def decides(rules: Rules, override: Override) -> None:
    """Another admin does, about Carol."""
    made = AccessOverride(override, rules.now, ANNA)
    await rules.database.transact(lambda store: store.overrides.put(GATE.chat_id, CAROL, made))


async def decision(rules: Rules) -> AccessOverride | None:
    """Return the one in force about Carol."""
    return await rules.database.transact(lambda store: store.overrides.get(GATE.chat_id, CAROL))


async def found(rules: Rules, search: str, limit: int = 25) -> list[int]:
    view = await gate(rules, search, limit=limit)
    assert isinstance(view, ConsoleGate)
    return [applicant.user_id for applicant in view.applicants]


async def opens(rules: Rules, user_id: int) -> bool:
    return await rules.database.transact(lambda store: opens_console(store, user_id))


async def test_it_is_for_admins_who_wait_nowhere_and_verify_nothing(rules: Rules) -> None:
    await runs(rules)
    await rules.meets(CAROL)

    assert [await opens(rules, one) for one in (BORIS, ANNA, CAROL)] == [True, True, False]
    await rules.gets_number(ANNA)
    assert not await opens(rules, ANNA)
    await rules.becomes(OTHER_GATE)
    await rules.asks_to_join(BORIS, OTHER_GATE)
    assert not await opens(rules, BORIS)


async def test_a_gate_is_listed_while_telegrams_word_is_fresh_and_asked_about_once_else(rules: Rules) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)
    told = await gates(rules)
    assert [(line.gate_id, line.state, line.waiting) for line in told.gates] == [(GATE.chat_id, GateState.ON, 1)]

    rules.later(2 * MINUTE)
    for _ in range(3):
        assert await gates(rules) == ConsoleGates("en", (), unchecked=1)
        assert await gate(rules) is None
    assert len(await rules.tasks(TaskKind.CHECK_ADMIN)) == 1

    await notes(rules, BORIS, is_admin=False)
    assert await gates(rules) == ConsoleGates("en", ())
    assert await gate(rules) is Toast.NOT_ADMIN


async def test_a_search_finds_words_of_the_name_and_the_id(rules: Rules) -> None:
    await runs(rules)
    for user_id, name in ((CAROL, "Carol Smith"), (DORA, "Дора")):
        await rules.asks_to_join(user_id)
        await rules.execute(f"UPDATE join_requests SET name = '{name}' WHERE user_id = {user_id}")

    assert await found(rules, "") == [CAROL, DORA]
    assert await found(rules, "", limit=1) == [CAROL]
    assert await found(rules, "SMI car") == [CAROL]
    assert await found(rules, "дор") == [DORA]
    assert await found(rules, str(DORA)) == [DORA]
    assert await found(rules, "mith") == []


async def test_the_list_decides_about_people_who_wait_and_undo_reaches_the_others(rules: Rules) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)

    let_in = await presses(rules, AdminActionKind.LET_IN, CAROL)
    assert let_in == ConsoleOutcome(Toast.LET_IN, AdminActionKind.REVOKE)
    assert await presses(rules, AdminActionKind.DECLINE, CAROL) == ConsoleOutcome(Toast.DECIDED_ALREADY)
    revoked = await presses(rules, AdminActionKind.REVOKE, CAROL, is_undo=True)
    assert revoked == ConsoleOutcome(Toast.REVOKED, AdminActionKind.RESTORE)
    restored = await presses(rules, AdminActionKind.RESTORE, CAROL, is_undo=True)
    assert restored == ConsoleOutcome(Toast.RESTORED, AdminActionKind.REVOKE)


@pytest.mark.parametrize("since", [Override.BLOCKED, Override.REVOKED, Override.ALLOWED])
async def test_an_undo_leaves_what_another_admin_decided_since(rules: Rules, since: Override) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)
    declined = await presses(rules, AdminActionKind.DECLINE, CAROL)
    assert declined == ConsoleOutcome(Toast.DECLINED, AdminActionKind.LET_IN)
    await decides(rules, since)

    again = await presses(rules, AdminActionKind.LET_IN, CAROL, is_undo=True)

    assert again == ConsoleOutcome(Toast.DECIDED_ALREADY)
    assert await decision(rules) == AccessOverride(since, rules.now, ANNA)


async def test_a_revocation_is_not_taken_back_once_another_admin_has_let_them_in(rules: Rules) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)
    await presses(rules, AdminActionKind.LET_IN, CAROL)
    await presses(rules, AdminActionKind.REVOKE, CAROL, is_undo=True)
    await decides(rules, Override.ALLOWED)

    again = await presses(rules, AdminActionKind.RESTORE, CAROL, is_undo=True)

    assert again == ConsoleOutcome(Toast.DECIDED_ALREADY)
    assert await decision(rules) == AccessOverride(Override.ALLOWED, rules.now, ANNA)


@pytest.mark.parametrize(
    ("kind", "is_undo"),
    [
        (AdminActionKind.REVOKE, False),
        (AdminActionKind.RESTORE, False),
        (AdminActionKind.DECLINE, True),
        (AdminActionKind.DECLINE_MANY, True),
    ],
)
async def test_some_actions_only_undo_and_others_never_do(
    rules: Rules, kind: AdminActionKind, *, is_undo: bool
) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)

    assert await presses(rules, kind, CAROL, is_undo=is_undo) == ConsoleOutcome(Toast.UNKNOWN)
    assert await rules.requests() == ["waiting"]
    assert await decision(rules) is None


async def test_nothing_happens_until_telegram_has_confirmed_the_rights(rules: Rules) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)
    rules.later(2 * MINUTE)

    assert await presses(rules, AdminActionKind.LET_IN, CAROL) is None
    assert await presses(rules, AdminActionKind.DECLINE_MANY) is None
    assert await rules.requests() == ["waiting"]
    await notes(rules, BORIS)

    assert await presses(rules, AdminActionKind.LET_IN, CAROL) == ConsoleOutcome(Toast.LET_IN, AdminActionKind.REVOKE)


async def test_many_are_declined_once_and_the_progress_is_told_while_it_runs(rules: Rules) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)
    await rules.asks_to_join(DORA)
    rules.later(1)

    assert await presses(rules, AdminActionKind.DECLINE_MANY) == ConsoleOutcome(Toast.DECLINING)
    assert await presses(rules, AdminActionKind.DECLINE_MANY) == ConsoleOutcome(Toast.DECLINING_ALREADY)

    view = await gate(rules)
    assert isinstance(view, ConsoleGate)
    assert (view.done, view.of, view.found) == (0, 2, 0)
    assert await rules.requests() == ["declined", "declined"]


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        (AdminActionKind.LET_IN, Toast.NEEDS_INVITE),
        (AdminActionKind.DECLINE, Toast.NEEDS_INVITE),
        (AdminActionKind.DECLINE_MANY, Toast.NEEDS_INVITE),
        (AdminActionKind.BLOCK, Toast.UNKNOWN),
        (AdminActionKind.SET, Toast.UNKNOWN),
        (AdminActionKind.ERASE, Toast.UNKNOWN),
    ],
)
async def test_an_admin_with_other_rights_reads_why_not_and_nothing_else_is_offered(
    rules: Rules, kind: AdminActionKind, refusal: Toast
) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)
    some = AdminRights(is_admin=True, held=frozenset({Right.RESTRICT, Right.CHANGE_INFO}))
    await rules.database.transact(lambda store: store.admins.note(GATE.chat_id, ANNA, rules.now, some))

    assert await presses(rules, kind, CAROL, user_id=ANNA) == ConsoleOutcome(refusal)

    view = await gate(rules, user_id=ANNA)
    assert isinstance(view, ConsoleGate)
    assert set(view.refusals.values()) == {Toast.NEEDS_INVITE}
    assert await rules.requests() == ["waiting"]


async def test_actions_that_concern_other_chats_are_not_run_for_a_caller_that_waits(rules: Rules) -> None:
    await runs(rules)
    act = AdminAction(AdminActionKind.LOG_HERE, GATE.chat_id, BORIS, {"chat": -1005})

    assert await rules.database.transact(lambda store: rules.desk.run_now(store, act)) is Toast.UNKNOWN
