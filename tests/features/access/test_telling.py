"""Who is notified of gates that go on and off, and of failures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime

from bot.domain.gate_health import GateHealth
from bot.domain.gates import OWNER
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask, Priority, TaskKind
from tests.domain.makers import NOW
from tests.features.rules import ANNA, BORIS, GATE, HOUR, MINUTE, OFF, OPERATOR, OTHER_GATE, OTHER_PHONE, Rules
from tests.tasks import said

HEALTHY = GateHealth(NOW, can_invite=True, is_supergroup=True)
OPEN = dataclasses.replace(HEALTHY, is_open=True)


def says(chat_lookup: PendingTask, health: GateHealth, now: datetime, *, admins: Iterable[int]) -> DeliveryResult:
    """Return Telegram's report about a gate."""
    health = dataclasses.replace(health, checked_at=now)
    return DeliveryResult(
        chat_lookup, DeliveryStatus.DONE, answer={"health": health, "admins": dict.fromkeys(admins, OWNER)}
    )


async def told(rules: Rules) -> list[tuple[int, str]]:
    """Return the notifications and their receivers, oldest first."""
    due = await rules.database.transact(lambda store: store.tasks.due(rules.now, 100, (), Priority.LATER))
    return [(task.chat_id, str(said(task)["notice"])) for task in due]


async def test_who_gave_the_right_gets_the_card_once_and_is_an_admin(rules: Rules) -> None:
    await rules.meets(BORIS)
    for _ in range(2):
        await rules.becomes(GATE)

    assert await rules.face(BORIS) == "gate"
    assert await told(rules) == []
    assert await rules.tasks(TaskKind.PRIVATE_CHAT_LINK) == []
    assert await rules.journal() == ["gate_on"]
    assert await rules.rows("SELECT is_on, added_by FROM gates") == [{"is_on": True, "added_by": BORIS}]
    assert await rules.rows("SELECT user_id, is_admin FROM admins") == [{"user_id": BORIS, "is_admin": True}]
    assert await rules.rows("SELECT fresh_revision, revision FROM screens") == [{"fresh_revision": 1, "revision": 1}]


async def test_who_cannot_be_written_to_is_shown_the_way_in_the_group_alone_and_in_a_channel_not(
    rules: Rules,
) -> None:
    await rules.becomes(GATE)
    await rules.becomes(dataclasses.replace(OTHER_GATE, is_channel=True))

    (way,) = await rules.tasks(TaskKind.PRIVATE_CHAT_LINK)
    assert (way.chat_id, way.user_id, said(way)["start"]) == (GATE.chat_id, BORIS, f"gate_{GATE.chat_id}")
    assert await told(rules) == []


async def test_in_the_middle_of_a_verification_a_short_word_has_to_do(rules: Rules) -> None:
    await rules.gets_number(BORIS)

    await rules.becomes(GATE)
    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_GATE)
    await rules.settles(says(chat_lookup, HEALTHY, rules.now, admins={BORIS: OWNER}))

    assert await told(rules) == [(BORIS, "gate_on")]
    assert await rules.face(BORIS) == "progress"


async def test_when_it_was_done_as_the_group_itself_its_admins_hear_of_it(rules: Rules) -> None:
    await rules.meets(ANNA)
    await rules.becomes(GATE, actor_id=None)
    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_GATE)

    await rules.settles(says(chat_lookup, HEALTHY, rules.now, admins={ANNA: OWNER, BORIS: OWNER}))

    assert await told(rules) == [(ANNA, "gate_on")]
    assert await rules.rows("SELECT added_by FROM gates") == [{"added_by": None}]


async def test_what_is_newly_missing_is_told_once_to_who_added_the_bot(rules: Rules) -> None:
    for user_id in (ANNA, BORIS):
        await rules.meets(user_id)
    await rules.becomes(GATE)
    for health in (HEALTHY, HEALTHY, OPEN, OPEN):
        (chat_lookup,) = await rules.tasks(TaskKind.CHECK_GATE)
        await rules.settles(says(chat_lookup, health, rules.now, admins={ANNA: OWNER, BORIS: OWNER}))
        await rules.becomes(GATE, actor_id=ANNA)

    assert await told(rules) == [(BORIS, "gate_ails")]
    (notification,) = await rules.tasks(TaskKind.NOTIFY)
    assert said(notification)["ailments"] == "no_approval"


async def test_when_who_added_the_bot_runs_the_gate_no_more_the_others_hear_of_it(rules: Rules) -> None:
    for user_id in (ANNA, BORIS):
        await rules.meets(user_id)
    await rules.becomes(GATE)
    rules.later(MINUTE + 1)
    for health in (HEALTHY, OPEN):
        (chat_lookup,) = await rules.tasks(TaskKind.CHECK_GATE)
        await rules.settles(says(chat_lookup, health, rules.now, admins=[ANNA]))
        await rules.becomes(GATE, actor_id=ANNA)

    assert await told(rules) == [(ANNA, "gate_ails")]


async def test_operators_hear_that_a_gate_is_off_once_and_it_keeps_its_new_title(rules: Rules) -> None:
    await rules.becomes(GATE)
    for _ in range(2):
        await rules.becomes(dataclasses.replace(OFF, title="Renamed"), is_admin=False)

    assert await told(rules) == [(OPERATOR, "gate_off")]
    assert await rules.journal() == ["gate_on", "gate_off"]
    assert await rules.rows("SELECT title, is_on FROM gates") == [{"title": "Renamed", "is_on": False}]


async def test_an_admin_without_the_right_is_told_what_it_lacks_and_an_ordinary_member_nothing(rules: Rules) -> None:
    await rules.becomes(OFF, is_admin=False)
    assert await told(rules) == []

    await rules.becomes(OFF)

    assert await told(rules) == [(BORIS, "gate_lacks_right")]
    assert await rules.rows("SELECT * FROM gates") == []


async def test_a_gate_that_is_on_again_tries_the_entries_that_failed(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.verifies()
    await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.REFUSED, error="not enough rights"))
    await rules.becomes(OFF)

    await rules.becomes(GATE)

    assert await rules.rows("SELECT state FROM grants") == [{"state": "due"}]


async def test_a_join_request_switches_its_gate_on_and_renames_it(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.becomes(OFF)

    await rules.asks_to_join(gate=dataclasses.replace(GATE, title="Renamed"))

    assert await rules.rows("SELECT title, is_on FROM gates") == [{"title": "Renamed", "is_on": True}]


async def test_with_an_attempt_under_way_a_join_request_asks_for_nothing_new(rules: Rules) -> None:
    await rules.gets_number(phone=OTHER_PHONE)
    fresh = await rules.rows("SELECT fresh_revision FROM screens")

    await rules.asks_to_join()

    assert await rules.face() == "progress"
    assert await rules.rows("SELECT fresh_revision FROM screens") == fresh


async def fails(rules: Rules, error_id: str, what: str = "KeyError in person", chat: int | None = None) -> None:
    await rules.database.transact(lambda store: rules.report(store, error_id, what, chat))


async def test_operators_hear_of_a_kind_of_failure_once_an_hour_and_every_one_is_journalled(rules: Rules) -> None:
    await fails(rules, "e1")
    await fails(rules, "e2")
    await fails(rules, "e3", "TypeError in person")
    assert await told(rules) == [(OPERATOR, "failure")] * 2

    rules.later(HOUR)
    await fails(rules, "e4")

    assert await told(rules) == [(OPERATOR, "failure")] * 3
    assert [row["code"] for row in await rules.rows("SELECT code FROM journal ORDER BY id")] == [
        "e1",
        "e2",
        "e3",
        "e4",
    ]


async def test_the_person_hears_of_each_failure_by_the_same_id_for_ten_minutes(rules: Rules) -> None:
    await fails(rules, "e1", chat=ANNA)
    await fails(rules, "e2", chat=ANNA)

    due = await rules.database.transact(lambda store: store.tasks.due(rules.now, 100, (), Priority.LATER))
    assert [said(task)["error_id"] for task in due if task.chat_id == ANNA] == ["e1", "e2"]
    rules.later(600)
    assert await told(rules) == [(OPERATOR, "failure")]
