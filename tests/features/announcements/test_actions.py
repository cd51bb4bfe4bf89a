"""Announcements go out after everything that anybody waits for, and are counted when sent."""

from __future__ import annotations

from typing import Any

import pytest

from bot.delivery.select import is_patient
from bot.domain.gates import NO_ADMIN
from bot.domain.journal import Event
from bot.domain.notifications import Notification
from bot.domain.operators import CannotSend
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingScreen, PendingTask, TaskKind
from bot.domain.screens import ScreenName
from bot.features.privacy.erase import ErasePerson
from storage.store import Store
from tests.features.admin_panel import runs
from tests.features.rules import ANNA, BORIS, GATE, OPERATOR, Rules
from tests.tasks import said, work

PROGRESS = "SELECT total, sent, missed, over_at IS NOT NULL AS is_over FROM announcements"


async def announced(rules: Rules) -> int:
    """The operator writes an announcement and sends it; return its id."""
    operator = await rules.meets(OPERATOR)
    await rules.database.transact(lambda store: rules.announce.write(store, operator, "hello", "<b>hello</b>"))
    ((announcement_id,),) = [tuple(row.values()) for row in await rules.rows("SELECT id FROM announcements")]
    await rules.database.transact(lambda store: rules.announce.send(store, OPERATOR, announcement_id))
    return int(announcement_id)


async def carried(rules: Rules) -> list[PendingTask]:
    """Return the messages that the delivery worker picks."""
    return [item for item in await rules.picks() if isinstance(item, PendingTask) and item.kind is TaskKind.ANNOUNCE]


async def progress(rules: Rules) -> dict[str, Any]:
    (row,) = await rules.rows(PROGRESS)
    return {**row, "is_over": bool(row["is_over"])}


async def test_it_waits_for_all_that_cannot_and_comes_after_notices(rules: Rules) -> None:
    await runs(rules)
    await announced(rules)

    async def notify(store: Store) -> None:
        rules.later(1)
        details: dict[str, str | int] = {"notice": Notification.FAILURE, "error": "x", "error_id": "y"}
        await store.tasks.add(work(TaskKind.NOTIFY, **details), OPERATOR, rules.now)

    await rules.database.transact(notify)
    patient = [item for item in await rules.picks() if isinstance(item, PendingTask) and is_patient(item)]
    assert [item.kind for item in patient] == [TaskKind.NOTIFY, TaskKind.ANNOUNCE, TaskKind.ANNOUNCE]
    assert {item.chat_id for item in patient[1:]} == {ANNA, BORIS}
    assert [said(item)["text"] for item in patient[1:]] == ["<b>hello</b>"] * 2


async def test_sent_and_missed_are_counted_and_the_end_is_told_once(rules: Rules) -> None:
    await runs(rules)
    await announced(rules)
    first, second = await carried(rules)

    await rules.settles(
        DeliveryResult(first, DeliveryStatus.DONE, message_id=1), DeliveryResult(second, DeliveryStatus.RETRY)
    )
    await rules.sweeps()
    assert await progress(rules) == {"total": 2, "sent": 1, "missed": 0, "is_over": False}
    await rules.settles(DeliveryResult(second, DeliveryStatus.UNREACHABLE))
    await rules.database.transact(lambda store: store.screens.show(OPERATOR, OPERATOR, ScreenName.HELP, rules.now))
    await rules.sweeps()
    await rules.sweeps()

    assert await progress(rules) == {"total": 2, "sent": 1, "missed": 1, "is_over": True}
    told = [task for task in await rules.tasks(TaskKind.NOTIFY) if said(task)["notice"] == "announced"]
    assert [(task.chat_id, said(task)["sent"], said(task)["missed"]) for task in told] == [(OPERATOR, 1, 1)]
    (lost,) = await rules.rows("SELECT user_id FROM people WHERE NOT can_be_written")
    assert lost["user_id"] == second.chat_id


async def result_page(rules: Rules) -> PendingScreen:
    """Everybody gets the announcement; return the operator's page with the result, which the delivery worker picks."""
    await runs(rules)
    await announced(rules)
    await rules.settles(*[DeliveryResult(task, DeliveryStatus.DONE, message_id=1) for task in await carried(rules)])
    await rules.sweeps()
    (page,) = [item for item in await rules.picks() if isinstance(item, PendingScreen) and item.user_id == OPERATOR]
    return page


async def told_result(rules: Rules) -> list[int]:
    """Return who gets a message about the result."""
    return [task.chat_id for task in await rules.tasks(TaskKind.NOTIFY) if said(task)["notice"] == "announced"]


async def leaves_page(rules: Rules) -> None:
    """The operator opens something else."""
    await rules.database.transact(lambda store: store.screens.show(OPERATOR, OPERATOR, ScreenName.HELP, rules.now))
    await rules.sweeps()
    await rules.sweeps()


async def test_who_saw_the_result_and_leaves_the_page_at_once_gets_no_message(rules: Rules) -> None:
    page = await result_page(rules)

    await rules.settles(DeliveryResult(page, DeliveryStatus.DONE, message_id=9))
    await leaves_page(rules)

    assert await told_result(rules) == []


@pytest.mark.parametrize("failure", [DeliveryStatus.UNREACHABLE, DeliveryStatus.REFUSED])
async def test_who_could_not_see_the_result_gets_a_message_once_they_leave_the_page(
    rules: Rules, failure: DeliveryStatus
) -> None:
    page = await result_page(rules)

    await rules.settles(DeliveryResult(page, failure, error="it failed"))
    await rules.sweeps()
    assert await told_result(rules) == []
    await leaves_page(rules)

    assert await told_result(rules) == [OPERATOR]


async def test_who_is_an_admin_no_more_is_not_told(rules: Rules) -> None:
    await runs(rules)
    await rules.database.transact(lambda store: store.admins.note(GATE.chat_id, ANNA, rules.now, NO_ADMIN))

    await announced(rules)

    assert [task.chat_id for task in await carried(rules)] == [BORIS]
    assert Event.ANNOUNCED in await rules.journal()


async def test_who_is_erased_before_it_came_was_missed_and_the_totals_add_up(rules: Rules) -> None:
    await runs(rules)
    await announced(rules)
    first, second = await carried(rules)
    await rules.settles(DeliveryResult(first, DeliveryStatus.DONE, message_id=1))
    erase = ErasePerson(rules.operators)
    await rules.database.transact(lambda store: erase(store, second.chat_id))
    await rules.database.transact(lambda store: store.screens.show(OPERATOR, OPERATOR, ScreenName.HELP, rules.now))

    await rules.sweeps()

    over = {"total": 2, "sent": 1, "missed": 1, "is_over": True}
    assert await progress(rules) == over
    (told,) = [task for task in await rules.tasks(TaskKind.NOTIFY) if said(task)["notice"] == "announced"]
    assert (said(told)["sent"], said(told)["missed"]) == (1, 1)
    # It was in flight.
    await rules.settles(DeliveryResult(second, DeliveryStatus.DONE, message_id=2))
    assert await progress(rules) == over


@pytest.mark.parametrize("text", ["+79991234567", " 8 (999) 123-45-67\n", "tel:+7-999-123-45-67"])
async def test_nothing_but_a_phone_is_no_announcement_and_is_kept_nowhere(rules: Rules, text: str) -> None:
    operator = await rules.meets(OPERATOR)

    await rules.database.transact(lambda store: rules.announce.write(store, operator, text, text))

    assert await rules.rows("SELECT * FROM announcements") == []
    _, details = await rules.database.transact(lambda store: store.screens.wanted(OPERATOR)) or (None, {})
    assert details["problem"] == CannotSend.PHONE


@pytest.mark.parametrize("text", ["Call +79991234567 tonight.", "Tonight, 2:00", "2026"])
async def test_a_phone_within_an_announcement_is_a_part_of_it(rules: Rules, text: str) -> None:
    operator = await rules.meets(OPERATOR)

    await rules.database.transact(lambda store: rules.announce.write(store, operator, text, text))

    assert await rules.rows("SELECT text FROM announcements") == [{"text": text}]
