"""Who hears what: of gates that go on and off, and of failures."""

from __future__ import annotations

import dataclasses

from bot.domain.delivery import Receipt, Result, Urgency
from tests.usecases.rules import ANNA, BORIS, GATE, HOUR, OFF, OPERATOR, OTHER_PHONE, Rules


async def told(rules: Rules) -> list[tuple[int, str]]:
    """Whom what is told, oldest first."""
    due = await rules.database.transact(lambda store: store.errands.due(rules.now, 100, (), Urgency.LATER))
    return [(errand.chat_id, str(errand.details["notice"])) for errand in due]


async def test_who_gave_the_right_hears_that_the_gate_is_on_once(rules: Rules) -> None:
    for _ in range(2):
        await rules.becomes(GATE)

    assert await told(rules) == [(BORIS, "gate_on")]
    assert await rules.journal() == ["gate_on"]
    assert await rules.rows("SELECT is_on, added_by FROM gates") == [{"is_on": True, "added_by": BORIS}]


async def test_operators_hear_that_a_gate_is_off_once_and_it_keeps_its_new_title(rules: Rules) -> None:
    await rules.becomes(GATE)
    for _ in range(2):
        await rules.becomes(dataclasses.replace(OFF, title="Renamed"), is_admin=False)

    assert await told(rules) == [(BORIS, "gate_on"), (OPERATOR, "gate_off")]
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
    await rules.settles(Receipt(await rules.grant(), Result.REFUSED, error="not enough rights"))
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

    due = await rules.database.transact(lambda store: store.errands.due(rules.now, 100, (), Urgency.LATER))
    assert [errand.details["error_id"] for errand in due if errand.chat_id == ANNA] == ["e1", "e2"]
    rules.later(600)
    assert await told(rules) == [(OPERATOR, "failure")]
