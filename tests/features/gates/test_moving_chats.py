"""A group became a supergroup: its data moves to the new chat, and nothing else does."""

from __future__ import annotations

import pytest

from bot.domain.gates import OWNER
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask, TaskKind
from bot.domain.screens import ScreenName
from bot.features.gates.lifecycle import move_chat
from tests.features.rules import ANNA, GATE, HOUR, OTHER_GATE, Rules
from tests.tasks import said, work

NEW, STAFF, NEW_STAFF = -1009999999999, -5, -1008888888888


async def moves(rules: Rules, old_id: int, new_id: int) -> None:
    await rules.database.transact(lambda store: move_chat(store, old_id, new_id))


async def gates(rules: Rules) -> list[int]:
    return [row["chat_id"] for row in await rules.rows("SELECT chat_id FROM gates ORDER BY chat_id")]


async def sums(rules: Rules, gate_id: int) -> dict[tuple[object, ...], int]:
    rows = await rules.rows("SELECT * FROM sums WHERE gate_id = :id", id=gate_id)
    return {(row["grain"], row["span"], row["dimension"], row["key"], row["event"]): row["count"] for row in rows}


async def asks_about_two_chats(rules: Rules) -> PendingTask:
    """The bot asks Telegram about an action that needs a right in another chat, too."""
    details: dict[str, str | int] = {"act": "log_here", "gate": GATE.chat_id, "user_id": ANNA}
    details |= {"chat": STAFF, "also": str(STAFF)}
    await rules.database.transact(
        lambda store: store.tasks.add(work(TaskKind.CHECK_ADMIN, **details), ANNA, rules.now, user_id=ANNA)
    )
    (task,) = await rules.tasks(TaskKind.CHECK_ADMIN)
    return task


async def test_a_gate_that_moves_to_where_it_is_stays(rules: Rules) -> None:
    await rules.asks_to_join()

    await moves(rules, GATE.chat_id, GATE.chat_id)

    assert await gates(rules) == [GATE.chat_id]
    assert await rules.requests() == ["waiting"]


async def test_the_statistics_of_a_gate_move_with_it_and_are_added_to_what_the_new_chat_has(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.asks_to_join(gate=OTHER_GATE)
    rules.later(60 * HOUR)
    await rules.sweeps()
    before = await sums(rules, GATE.chat_id)
    other = await sums(rules, OTHER_GATE.chat_id)
    assert before
    assert other

    await moves(rules, GATE.chat_id, OTHER_GATE.chat_id)

    assert await sums(rules, GATE.chat_id) == {}
    together = await sums(rules, OTHER_GATE.chat_id)
    assert together == {key: before.get(key, 0) + other.get(key, 0) for key in before | other}


@pytest.mark.parametrize("face", [ScreenName.DECIDED, ScreenName.GATE, ScreenName.OPERATOR])
async def test_every_screen_that_names_the_gate_names_the_new_chat(rules: Rules, face: ScreenName) -> None:
    await rules.asks_to_join()
    details: dict[str, str | int] = {"gate": GATE.chat_id, "outcome": "declined"}
    await rules.database.transact(lambda store: store.screens.show(ANNA, ANNA, face, rules.now, details=details))

    await moves(rules, GATE.chat_id, NEW)

    assert await rules.database.transact(lambda store: store.screens.wanted(ANNA)) == (face, details | {"gate": NEW})


async def test_only_the_chat_moves_of_which_telegram_said_so(rules: Rules) -> None:
    await rules.asks_to_join()
    asked = await asks_about_two_chats(rules)

    await rules.settles(DeliveryResult(asked, DeliveryStatus.MOVED, answer={"from": STAFF, "to": NEW_STAFF}))

    assert await gates(rules) == [GATE.chat_id]
    (asked,) = await rules.tasks(TaskKind.CHECK_ADMIN)
    assert (said(asked)["gate"], said(asked)["chat"]) == (GATE.chat_id, NEW_STAFF)
    assert said(asked)["also"] == str(NEW_STAFF)
    await rules.settles(
        DeliveryResult(asked, DeliveryStatus.DONE, answer={"rights": {GATE.chat_id: OWNER, NEW_STAFF: OWNER}})
    )
    gate = await rules.database.transact(lambda store: store.gates.get(GATE.chat_id))
    assert gate is not None
    assert gate.settings.log_chat == NEW_STAFF


async def test_what_leads_to_the_old_chat_all_the_same_is_tried_again_after_a_pause(rules: Rules) -> None:
    await rules.asks_to_join()
    asked, moved = await asks_about_two_chats(rules), {"from": NEW, "to": NEW}
    await rules.settles(DeliveryResult(asked, DeliveryStatus.MOVED, answer=moved))
    (asked,) = await rules.tasks(TaskKind.CHECK_ADMIN)

    await rules.settles(DeliveryResult(asked, DeliveryStatus.MOVED, answer=moved))

    ((due_at, attempts),) = [
        row.values() for row in await rules.rows("SELECT due_at, attempts FROM tasks WHERE kind = 'check_admin'")
    ]
    assert due_at > rules.now.timestamp() * 1_000_000
    assert attempts == 2
    assert await gates(rules) == [GATE.chat_id]
