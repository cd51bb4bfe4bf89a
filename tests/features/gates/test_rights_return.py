"""The bot uses a regained right at once, whether or not Telegram has reported it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.gate_health import GateHealth
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import GrantKind
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, TaskKind
from bot.features.gates.lifecycle import GATES_AT_ONCE, LOOK_AGAIN
from tests.features.admin_panel import answered
from tests.features.rules import ANNA, BORIS, GATE, MINUTE, OFF, Rules
from tests.tasks import said

NO_RIGHT = "Bad Request: not enough rights to manage chat join requests"


async def fails(rules: Rules, error: str = NO_RIGHT) -> None:
    """Somebody verifies, and Telegram does not let the bot admit them."""
    await rules.asks_to_join()
    await rules.verifies()
    await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.REFUSED, error=error))
    assert await rules.rows("SELECT state FROM grants") == [{"state": "failed"}]
    rules.later(MINUTE + 1)


async def looks(rules: Rules, **health: Any) -> int:
    """Run a sweep; Telegram reports the health of each gate that it asks about. Return how many those are."""
    await rules.execute("UPDATE tasks SET done_at = 1 WHERE kind = 'check_gate'")
    await rules.sweeps()
    asked = await rules.tasks(TaskKind.CHECK_GATE)
    for chat_lookup in asked:
        await answered(rules, chat_lookup, health=GateHealth(rules.now, **health), admins={})
    return len(asked)


async def state(rules: Rules) -> list[str]:
    return [row["state"] for row in await rules.rows("SELECT state FROM grants")]


async def test_what_failed_for_want_of_a_right_is_owed_again_once_a_look_finds_it(rules: Rules) -> None:
    await rules.becomes(GATE)
    await fails(rules)

    assert await looks(rules, can_invite=False, can_restrict=True) == 1
    assert await state(rules) == ["failed"]
    rules.later(MINUTE + 1)
    assert await looks(rules, can_invite=True) == 1

    assert (await rules.grant()).kind is GrantKind.JOIN
    assert await looks(rules, can_invite=True) == 0


async def test_what_failed_for_another_reason_is_not_tried_for_ever(rules: Rules) -> None:
    await rules.becomes(GATE)
    await fails(rules, "Bad Request: USER_DEACTIVATED")

    assert await looks(rules, can_invite=True) == 0

    assert await state(rules) == ["failed"]


async def test_what_fails_while_telegram_is_being_asked_waits_for_the_next_look(rules: Rules) -> None:
    await rules.becomes(GATE)
    before = rules.now
    rules.later(1)
    await fails(rules)
    await rules.sweeps()
    chat_lookup = (await rules.tasks(TaskKind.CHECK_GATE))[-1]

    await answered(rules, chat_lookup, health=GateHealth(before, can_invite=True), admins={})

    assert await state(rules) == ["failed"]


async def test_a_gate_that_is_off_is_on_again_once_a_look_finds_the_right(rules: Rules) -> None:
    await rules.becomes(GATE)
    await fails(rules)
    await rules.becomes(OFF)

    await looks(rules, can_invite=True)

    assert [bool(row["is_on"]) for row in await rules.rows("SELECT is_on FROM gates")] == [True]
    assert await state(rules) == ["due"]


@pytest.mark.parametrize("can_restrict", [True, False])
async def test_whom_the_bot_could_not_mute_is_muted_once_a_look_finds_the_right(
    rules: Rules, can_restrict: bool
) -> None:
    await rules.becomes(GATE)
    await rules.chooses(GATE, way=EntryMode.MUTE)
    await looks(rules, can_invite=True)
    await rules.becomes(GATE, actor_id=BORIS, fixed=())
    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_GATE)
    await answered(
        rules,
        chat_lookup,
        health=GateHealth(rules.now, can_invite=True, can_restrict=False, is_supergroup=True),
        admins={},
    )
    await rules.joins(ANNA)
    await rules.execute("UPDATE tasks SET done_at = 1 WHERE kind = 'mute'")
    rules.later(MINUTE + 1)

    assert await looks(rules, can_invite=True, can_restrict=can_restrict, is_supergroup=True) == 1

    assert len(await rules.tasks(TaskKind.MUTE)) == int(can_restrict)


async def test_gates_are_compared_a_few_at_a_time_those_first_of_which_telegram_was_asked_longest_ago(
    rules: Rules,
) -> None:
    gates = [replace(GATE, chat_id=GATE.chat_id - number) for number in range(GATES_AT_ONCE + 2)]
    for gate in gates:
        await rules.becomes(gate)
    health = GateHealth(rules.now, can_invite=True)
    for number, gate in enumerate(gates):
        since = replace(health, checked_at=rules.now - timedelta(minutes=number))
        await rules.database.transact(
            lambda store, gate=gate, since=since: store.gates.set_extras(gate.chat_id, health=since)  # type: ignore[misc]
        )
    rules.later(MINUTE)

    assert await looks(rules, can_invite=True) == GATES_AT_ONCE
    checked = await rules.rows("SELECT chat_id FROM gates ORDER BY chat_id DESC")
    left = [row["chat_id"] for row in checked][:2]
    rules.later(LOOK_AGAIN.total_seconds())
    await rules.execute("UPDATE tasks SET done_at = 1 WHERE kind = 'check_gate'")
    await rules.sweeps()
    asked = await rules.tasks(TaskKind.CHECK_GATE)
    assert len(asked) == GATES_AT_ONCE
    assert {*left} <= {int(said(task)["gate"]) for task in asked}


async def test_since_when_a_right_is_missing_is_kept_through_every_look(rules: Rules) -> None:
    await rules.becomes(GATE)
    await fails(rules)
    begun = rules.now

    for _ in range(3):
        assert await looks(rules, can_invite=False) == 1
        rules.later(MINUTE)
    (known,) = await rules.database.transact(lambda store: store.monitoring.rights())
    assert known[1].lacks_since == begun

    await looks(rules, can_invite=True)
    (known,) = await rules.database.transact(lambda store: store.monitoring.rights())
    assert known[1].lacks_since is None
