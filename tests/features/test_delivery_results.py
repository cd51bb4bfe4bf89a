"""The effect of each delivery result."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.delivery.results import SettleTask
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingGrant, PendingScreen, PendingTask, TaskKind
from bot.domain.screens import ScreenName
from bot.features.raids.alerts import OnAlertResult
from storage.sql.task_json import CLASSES
from tests.features.rules import ANNA, BORIS, GATE, HOUR, OTHER_PHONE, Rules
from tests.tasks import said, work


async def is_owed(rules: Rules, user_id: int = ANNA, phone: str = "+79991231234", *, told: bool = True) -> None:
    """Request a grant for this person; `told`: they waited for it, otherwise they were verified already."""
    if told:
        await rules.asks_to_join(user_id)
        await rules.verifies(user_id, phone)
    else:
        await rules.verifies(user_id, phone)
        await rules.asks_to_join(user_id)
    await rules.execute("UPDATE screens SET shown_revision = revision")


async def grant(rules: Rules) -> tuple[object, ...]:
    (row,) = await rules.rows("SELECT state, attempts, error FROM grants")
    return row["state"], row["attempts"], row["error"]


async def stale_screens(rules: Rules) -> list[int]:
    return [row["user_id"] for row in await rules.rows("SELECT user_id FROM screens WHERE revision > shown_revision")]


@pytest.mark.parametrize(
    ("result", "state", "event", "request_state"),
    [
        (DeliveryStatus.DONE, "done", "grant_done", "approved"),
        (DeliveryStatus.GONE, "gone", "grant_gone", "gone"),
        (DeliveryStatus.TOO_MANY_CHATS, "too_many_chats", "grant_failed", "approved"),
        (DeliveryStatus.REFUSED, "failed", "grant_failed", "approved"),
        (DeliveryStatus.UNREACHABLE, "failed", "grant_failed", "approved"),
    ],
)
async def test_a_grants_outcome_is_noted_and_shown_to_whom_it_was_promised(
    rules: Rules, result: DeliveryStatus, state: str, event: str, request_state: str
) -> None:
    await is_owed(rules)

    await rules.settles(DeliveryResult(await rules.grant(), result, error="SOME_ERROR"))

    assert (await grant(rules))[0] == state
    assert (await rules.journal())[-1] == event
    assert await rules.requests() == [request_state]
    assert await stale_screens(rules) == [ANNA]
    assert await rules.notifications() == (["grant_failed"] if state == "failed" else [])
    assert [p for p in await rules.picks() if isinstance(p, PendingGrant)] == []


async def test_a_grant_that_may_still_come_rests_longer_after_each_failure(rules: Rules) -> None:
    await is_owed(rules)
    rests = []
    for _ in range(3):
        (due,) = [item for item in await rules.picks() if isinstance(item, PendingGrant)]
        await rules.settles(DeliveryResult(due, DeliveryStatus.RETRY, error="TelegramServerError"))
        rest = 0
        while not any(isinstance(item, PendingGrant) for item in await rules.picks()):
            rules.later(0.5)
            rest += 1
        rests.append(rest / 2)

    assert rests == [1, 2, 5]
    assert await grant(rules) == ("due", 3, "TelegramServerError")


async def test_when_telegram_names_the_rest_it_is_kept(rules: Rules) -> None:
    await is_owed(rules)
    await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.RETRY, retry_after=17))

    rules.later(16.5)
    assert [p for p in await rules.picks() if isinstance(p, PendingGrant)] == []
    rules.later(0.5)
    assert len([p for p in await rules.picks() if isinstance(p, PendingGrant)]) == 1


async def test_who_is_in_too_many_chats_is_told_even_when_nothing_was_promised(rules: Rules) -> None:
    await is_owed(rules, told=False)

    await rules.settles(
        DeliveryResult(await rules.grant(), DeliveryStatus.TOO_MANY_CHATS, error="USER_CHANNELS_TOO_MUCH")
    )

    (screen,) = [item for item in await rules.picks() if isinstance(item, PendingScreen)]
    assert (screen.user_id, screen.is_fresh) == (ANNA, True)


async def test_a_silent_entry_stays_silent(rules: Rules) -> None:
    await is_owed(rules, told=False)

    await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.DONE))

    assert await stale_screens(rules) == []


async def test_operators_hear_of_the_same_failure_at_a_gate_once_an_hour(rules: Rules) -> None:
    await is_owed(rules)
    await is_owed(rules, BORIS, OTHER_PHONE)
    refused = [
        DeliveryResult(await rules.grant(user_id), DeliveryStatus.REFUSED, error="no right")
        for user_id in (ANNA, BORIS)
    ]

    await rules.settles(*refused)
    assert await rules.notifications() == ["grant_failed"]
    rules.later(HOUR)
    await rules.execute("UPDATE grants SET state = 'due'")
    await rules.settles(refused[0])

    assert await rules.notifications() == ["grant_failed"] * 2


async def task(rules: Rules, kind: TaskKind = TaskKind.DECLINE_JOIN) -> PendingTask:
    details: dict[str, str | int] = {"user_id": ANNA, "gate": GATE.chat_id}
    await rules.database.transact(lambda store: store.tasks.add(work(kind, **details), GATE.chat_id, rules.now))
    (due,) = [item for item in await rules.picks() if isinstance(item, PendingTask)]
    return due


@pytest.mark.parametrize(
    ("kind", "result", "journal"),
    [
        (TaskKind.DECLINE_JOIN, DeliveryStatus.DONE, ["join_declined"]),
        (TaskKind.DECLINE_JOIN, DeliveryStatus.GONE, []),
        (TaskKind.DELETE_MESSAGE, DeliveryStatus.DONE, []),
        (TaskKind.ANSWER_BUTTON, DeliveryStatus.REFUSED, []),
    ],
)
async def test_an_task_with_a_final_answer_is_done_and_a_declined_request_is_journalled(
    rules: Rules, kind: TaskKind, result: DeliveryStatus, journal: list[str]
) -> None:
    due = await task(rules, kind)

    await rules.settles(DeliveryResult(due, result))

    assert await rules.picks() == []
    assert await rules.rows("SELECT id FROM tasks WHERE done_at IS NULL") == []
    assert await rules.journal() == journal


async def test_an_task_that_failed_for_now_is_tried_again(rules: Rules) -> None:
    due = await task(rules)

    await rules.settles(DeliveryResult(due, DeliveryStatus.RETRY, error="TelegramNetworkError"))

    assert await rules.picks() == []
    rules.later(1)
    (again,) = await rules.picks()
    assert (again.attempts, again.id if isinstance(again, PendingTask) else 0) == (1, due.id)


async def screen(rules: Rules) -> PendingScreen:
    (due,) = [item for item in await rules.picks() if isinstance(item, PendingScreen)]
    return due


async def test_a_drawn_screen_reaches_the_requests_and_deletes_what_it_replaced(rules: Rules) -> None:
    await rules.asks_to_join()

    await rules.settles(
        DeliveryResult(await screen(rules), DeliveryStatus.DONE, message_id=5, digest="d", replaced=(4,))
    )

    (delete,) = await rules.picks()
    assert isinstance(delete, PendingTask)
    assert (delete.kind, delete.chat_id, said(delete)) == (TaskKind.DELETE_MESSAGE, ANNA, {"message_id": 4})
    assert await rules.rows("SELECT reach FROM join_requests") == [{"reach": "reached"}]
    assert (await rules.journal())[-1] == "join_reached"


async def test_who_cannot_be_written_to_keeps_the_request_and_counts_as_not_reached(rules: Rules) -> None:
    await rules.asks_to_join()

    await rules.settles(
        DeliveryResult(await screen(rules), DeliveryStatus.UNREACHABLE, error="bot was blocked by the user")
    )

    assert await rules.requests() == ["waiting"]
    assert await rules.rows("SELECT reach, can_be_written FROM join_requests JOIN people USING (user_id)") == [
        {"reach": "not_reached", "can_be_written": False}
    ]
    assert (await rules.journal())[-1] == "join_not_reached"
    assert await rules.picks() == []


async def test_a_screen_that_failed_for_now_is_tried_again(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.settles(DeliveryResult(await screen(rules), DeliveryStatus.RETRY))

    assert await rules.picks() == []
    rules.later(1)
    assert (await screen(rules)).attempts == 1


async def test_a_screen_that_telegram_refuses_is_given_up_and_journalled(rules: Rules) -> None:
    await rules.asks_to_join()

    await rules.settles(DeliveryResult(await screen(rules), DeliveryStatus.REFUSED, error="can't parse entities"))

    assert await rules.picks() == []
    assert await rules.rows("SELECT code FROM journal WHERE event = 'failure'") == [{"code": "can't parse entities"}]


async def test_a_screen_that_changed_while_it_was_drawn_is_drawn_again(rules: Rules) -> None:
    await rules.asks_to_join()
    drawn = await screen(rules)
    await rules.asks_to_join()

    await rules.settles(DeliveryResult(drawn, DeliveryStatus.DONE, message_id=5, digest="old"))

    assert (await screen(rules)).message_id == 5


async def test_a_shown_number_is_refreshed_five_minutes_before_its_end(rules: Rules) -> None:
    await rules.gets_number()
    rules.later(1)

    await rules.settles(DeliveryResult(await screen(rules), DeliveryStatus.DONE, message_id=5, digest="d"))

    rules.later(9.9 * 60)
    assert [p for p in await rules.picks() if isinstance(p, PendingScreen)] == []
    rules.later(timedelta(seconds=6).total_seconds())
    refresh = await screen(rules)
    assert refresh.is_refresh
    assert refresh.view.left == timedelta(minutes=5)  # type: ignore[union-attr]


async def test_the_receipt_of_an_older_approval_does_not_settle_a_newer_request(rules: Rules) -> None:
    await is_owed(rules, told=False)
    carried = await rules.grant()
    rules.clock.advance(1)
    await rules.asks_to_join()

    await rules.settles(DeliveryResult(carried, DeliveryStatus.GONE, error="HIDE_REQUESTER_MISSING"))

    assert await grant(rules) == ("due", 0, None)
    assert await rules.requests() == ["approved"]


async def test_a_receipt_to_be_tried_again_does_not_delay_a_newer_request(rules: Rules) -> None:
    await is_owed(rules, told=False)
    carried = await rules.grant()
    rules.clock.advance(1)
    await rules.asks_to_join()

    await rules.settles(DeliveryResult(carried, DeliveryStatus.RETRY, retry_after=60, error="flood control"))

    assert await grant(rules) == ("due", 0, None)


async def is_shown_help(rules: Rules, user_id: int) -> None:
    await rules.database.transact(lambda store: store.screens.show(user_id, user_id, ScreenName.HELP, rules.now))


@pytest.mark.parametrize("together", [True, False])
async def test_messages_given_up_one_after_the_other_for_the_same_reason_are_all_noted(
    rules: Rules, *, together: bool
) -> None:
    receipts = []
    for user_id, error_id in ((21, "aaaa"), (22, "bbbb")):
        await rules.meets(user_id)
        await is_shown_help(rules, user_id)
        (due,) = [one for one in await rules.picks() if isinstance(one, PendingScreen) and one.user_id == user_id]
        receipts.append(
            DeliveryResult(due, DeliveryStatus.DONE, message_id=1, digest="x", error_id=error_id, error="BUTTON " * 60)
        )

    if together:
        await rules.settles(*receipts)
    else:
        await asyncio.gather(*(rules.settles(receipt) for receipt in receipts))

    assert await rules.rows("SELECT user_id FROM screens WHERE shown_revision < revision") == []
    assert (await rules.journal()).count("failure") == 2
    assert len(await rules.tasks(TaskKind.NOTIFY)) == 1


def test_every_class_of_work_says_what_its_result_does(rules: Rules) -> None:
    settle = SettleTask(rules.desk, OnAlertResult(rules.operators), rules.operators)

    assert set(settle.on_result) == set(CLASSES)
