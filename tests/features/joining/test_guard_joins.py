"""Guard joins: Telegram waits ten seconds for the bot's answer."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.gates import APP_PATIENCE, OPEN_APP_PATIENCE, QUERY_ANSWERED_WITHIN
from bot.domain.outgoing import (
    DeliveryResult,
    DeliveryStatus,
    Outgoing,
    PendingGrant,
    PendingScreen,
    PendingTask,
    TaskKind,
)
from bot.features.joining.requests import OnJoinRequest
from tests.features.rules import ANNA, BORIS, GATE, HOUR, OTHER_PHONE, Rules
from tests.tasks import said

CAROL = 11


async def task(rules: Rules, kind: TaskKind) -> PendingTask:
    (found,) = [item for item in await rules.picks() if isinstance(item, PendingTask) and item.kind is kind]
    return found


def kinds(items: list[Outgoing]) -> list[str]:
    return [item.kind if isinstance(item, PendingTask | PendingGrant) else "screen" for item in items]


async def test_the_app_is_opened_first_of_all_and_the_private_message_rests(rules: Rules) -> None:
    await rules.verifies(CAROL, OTHER_PHONE)
    await rules.asks_to_join(CAROL)
    await rules.asks_to_join(ANNA, query_id="q1", wrote=False)
    await rules.asks_to_join(BORIS, query_id="q2", wrote=False)

    assert kinds(await rules.picks())[:3] == ["open_app", "join", "open_app"]
    assert said(await task_of(rules, ANNA))["query_id"] == "q1"
    assert ANNA not in screens(await rules.picks())
    rules.later(APP_PATIENCE.total_seconds())
    assert ANNA in screens(await rules.picks())


async def task_of(rules: Rules, user_id: int) -> PendingTask:
    (found,) = [p for p in await rules.picks() if isinstance(p, PendingTask) and said(p).get("user_id") == user_id]
    return found


def screens(items: list[Outgoing]) -> list[int]:
    return [item.user_id for item in items if isinstance(item, PendingScreen)]


async def test_what_telegram_no_longer_waits_for_is_not_sent(rules: Rules) -> None:
    await rules.asks_to_join(query_id="q")

    rules.later(QUERY_ANSWERED_WITHIN.total_seconds() + 1)

    assert kinds(await rules.picks()) == []


async def test_where_the_app_cannot_be_opened_the_request_is_left_like_any_other_and_the_person_written_to(
    rules: Rules,
) -> None:
    await rules.asks_to_join(query_id="q", wrote=False)

    await rules.settles(DeliveryResult(await task(rules, TaskKind.OPEN_APP), DeliveryStatus.REFUSED, error="no"))

    assert kinds(await rules.picks()) == ["queue_join", "screen"]
    assert said(await task(rules, TaskKind.QUEUE_JOIN))["query_id"] == "q"
    assert (await rules.states()) == []


async def test_an_app_that_was_offered_is_noted(rules: Rules) -> None:
    await rules.asks_to_join(query_id="q")

    await rules.settles(DeliveryResult(await task(rules, TaskKind.OPEN_APP), DeliveryStatus.DONE))

    assert (await rules.journal())[-1] == "app_offered"
    assert kinds(await rules.picks()) == []


async def test_a_network_failure_is_tried_again_within_the_ten_seconds(rules: Rules) -> None:
    await rules.asks_to_join(query_id="q")

    await rules.settles(DeliveryResult(await task(rules, TaskKind.OPEN_APP), DeliveryStatus.RETRY, error="reset"))

    assert kinds(await rules.picks()) == []
    rules.later(2)
    assert kinds(await rules.picks()) == ["open_app"]


async def test_without_an_app_the_request_is_queued_and_the_message_goes_out_at_once(rules: Rules) -> None:
    rules.take_request = OnJoinRequest(has_app=False)

    await rules.asks_to_join(query_id="q", wrote=False)

    assert kinds(await rules.picks()) == ["queue_join", "screen"]


async def test_a_verified_persons_grant_answers_the_query(rules: Rules) -> None:
    await rules.verifies()

    await rules.asks_to_join(query_id="q")

    assert (await rules.grant()).query_id == "q"
    assert "open_app" not in kinds(await rules.picks())


async def test_asking_again_replaces_the_query(rules: Rules) -> None:
    await rules.asks_to_join(query_id="old")
    await rules.asks_to_join()
    await rules.verifies()

    assert (await rules.grant()).query_id is None


async def test_an_opened_app_keeps_the_message_back_within_the_five_minutes(rules: Rules) -> None:
    await rules.asks_to_join(query_id="q", wrote=False)
    until = rules.now + OPEN_APP_PATIENCE

    await rules.database.transact(lambda store: store.screens.postpone(ANNA, until))

    rules.later(OPEN_APP_PATIENCE.total_seconds() - 1)
    assert screens(await rules.picks()) == []
    rules.later(1)
    assert screens(await rules.picks()) == [ANNA]


async def test_an_opened_app_keeps_no_message_back_that_the_person_waits_for(rules: Rules) -> None:
    await rules.asks_to_join(query_id="q")
    await rules.shares()
    rules.later(1)

    await rules.database.transact(lambda store: store.screens.postpone(ANNA, rules.now + timedelta(minutes=3)))

    assert screens(await rules.picks()) == [ANNA]


async def test_a_guard_join_past_its_deadline_is_declined_by_its_query(rules: Rules) -> None:
    await rules.asks_to_join(query_id="q")

    rules.later(25 * HOUR)
    await rules.sweeps()

    declined = await task(rules, TaskKind.DECLINE_JOIN)
    assert said(declined) == {"user_id": ANNA, "gate": GATE.chat_id, "query_id": "q", "why": "deadline"}


async def test_a_refusal_after_a_lost_answer_does_not_queue_the_join_under_an_open_app(rules: Rules) -> None:
    await rules.asks_to_join(query_id="q", wrote=False)
    await rules.settles(DeliveryResult(await task(rules, TaskKind.OPEN_APP), DeliveryStatus.RETRY, error="timeout"))
    rules.later(2)

    await rules.settles(
        DeliveryResult(await task(rules, TaskKind.OPEN_APP), DeliveryStatus.REFUSED, error="QUERY_ID_INVALID")
    )

    assert kinds(await rules.picks()) == []
    rules.later(APP_PATIENCE.total_seconds())
    assert screens(await rules.picks()) == [ANNA]


async def test_a_refusal_of_an_older_query_leaves_the_newer_one_alone(rules: Rules) -> None:
    await rules.asks_to_join(query_id="old", wrote=False)
    refused = await task(rules, TaskKind.OPEN_APP)
    await rules.asks_to_join(query_id="new", wrote=False)

    await rules.settles(DeliveryResult(refused, DeliveryStatus.REFUSED, error="QUERY_ID_INVALID"))

    assert kinds(await rules.picks()) == ["open_app"]
    assert said(await task(rules, TaskKind.OPEN_APP))["query_id"] == "new"


async def test_a_queued_join_is_decided_like_any_other(rules: Rules) -> None:
    rules.take_request = OnJoinRequest(has_app=False)
    await rules.asks_to_join(query_id="q")

    await rules.settles(DeliveryResult(await task(rules, TaskKind.QUEUE_JOIN), DeliveryStatus.DONE))
    await rules.verifies()

    assert (await rules.grant()).query_id is None


async def test_an_update_that_was_long_on_its_way_wastes_no_call_on_a_query_that_is_over(rules: Rules) -> None:
    await rules.asks_to_join(query_id="q", wrote=False, asked_at=rules.now - QUERY_ANSWERED_WITHIN)

    assert kinds(await rules.picks()) == ["screen"]


async def test_the_newest_guard_join_goes_first_since_the_oldest_is_the_nearest_to_be_missed(rules: Rules) -> None:
    await rules.asks_to_join(ANNA, query_id="first")
    rules.later(1)
    await rules.asks_to_join(BORIS, query_id="second")

    offered = [said(p)["query_id"] for p in await rules.picks() if isinstance(p, PendingTask)]
    assert offered == ["second", "first"]


async def test_with_a_number_under_way_the_chat_shows_it_at_once_all_the_same(rules: Rules) -> None:
    await rules.gets_number()
    rules.later(1)

    await rules.asks_to_join(query_id="q")

    assert kinds(await rules.picks())[0] == "open_app"
    assert screens(await rules.picks()) == [ANNA]
