"""Requesting numbers from the gateway, with the real client."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.gateway import GatewayError, GatewayReason
from bot.features.verification import numbers
from bot.features.verification.attempt import cancel_verification
from bot.features.verification.inbox import ReadInbox
from bot.features.verification.numbers import RequestNumber
from bot.gateway.smsc.client import SmscClient
from bot.sandbox.world import World
from tests.domain.makers import WINDOW
from tests.features.rules import ANNA, BORIS, HOUR, MINUTE, OTHER_PHONE, PHONE, Rules

SERVED = 1


@pytest.fixture
def inbox(rules: Rules, gateway: SmscClient) -> ReadInbox:
    return ReadInbox(rules.clock, rules.database, gateway.read_inbox, rules.take_event)


@pytest.fixture
def desk(rules: Rules, gateway: SmscClient, inbox: ReadInbox) -> RequestNumber:
    return RequestNumber(
        rules.clock,
        rules.database,
        gateway.request_number,
        rules.phone_cipher,
        inbox.mark,
        WINDOW,
        rules.notify_operators,
        rules.plan,
    )


async def serve(desk: RequestNumber) -> int:
    """Run every pending number request; return how many there were."""
    asks = await desk.due(10, ())
    for ask in asks:
        await desk(ask)
    return len(asks)


async def stored_numbers(rules: Rules) -> list[tuple[object, ...]]:
    rows = await rules.rows("SELECT state, reason, inbox_after FROM numbers ORDER BY id")
    return [(row["state"], row["reason"], row["inbox_after"]) for row in rows]


async def cancels(rules: Rules) -> None:
    person = await rules.meets()
    await rules.database.transact(lambda store: cancel_verification(store, person, None))


async def asks_again(rules: Rules) -> str:
    person = await rules.meets()
    (row,) = await rules.rows("SELECT max(id) AS id FROM verifications WHERE user_id = :id", id=person.user_id)
    return str(await rules.database.transact(lambda store: rules.ask_again(store, person, row["id"])))


async def test_a_number_is_noted_with_its_window_and_the_place_in_the_inbox(
    rules: Rules, world: World, desk: RequestNumber
) -> None:
    await rules.shares()

    assert await serve(desk) == SERVED
    assert await serve(desk) == 0

    assert await stored_numbers(rules) == [("given", None, 0)]
    found = await rules.database.transact(lambda store: store.verifications.open_of(ANNA))
    assert found is not None
    assert found.window_ends_at == rules.now + WINDOW
    assert (await rules.journal())[-1] == "number_given"


async def test_a_number_being_asked_for_is_not_asked_for_twice(rules: Rules, desk: RequestNumber) -> None:
    await rules.shares()
    (ask,) = await desk.due(10, ())

    assert await desk.due(10, {ask.id}) == []


@pytest.mark.parametrize("code", [None, 5])
async def test_an_answer_for_somebody_who_gave_up_meanwhile_shows_nothing(
    rules: Rules, world: World, desk: RequestNumber, code: int | None
) -> None:
    world.smsc.fail_with(code)
    await rules.shares()
    (ask,) = await desk.due(10, ())
    await cancels(rules)

    await desk(ask)

    assert await rules.states() == ["cancelled"]
    assert (await rules.journal())[-1] == "cancelled"
    assert await stored_numbers(rules) == [("dropped", None, None)]


@pytest.mark.parametrize(("code", "reason"), [(2, "credentials"), (3, "no_money"), (4, "address_blocked")])
async def test_trouble_for_operators_reaches_them_once_and_nobody_asks_again_before_its_time(
    rules: Rules, world: World, desk: RequestNumber, code: int, reason: str
) -> None:
    world.smsc.fail_with(code)
    await rules.shares(ANNA)
    await serve(desk)
    asked = len(world.smsc.wait_calls)

    await rules.shares(BORIS, OTHER_PHONE)
    await serve(desk)

    assert len(world.smsc.wait_calls) == asked
    assert await rules.states() == ["refused", "refused"]
    assert [state for state, _, _ in await stored_numbers(rules)] == ["failed", "failed"]
    assert [why for _, why, _ in await stored_numbers(rules)] == [reason, "unavailable"]
    rules.later(HOUR)
    assert await asks_again(rules) == "trying_again"
    await serve(desk)
    assert len(world.smsc.wait_calls) == asked + 1
    assert await rules.notifications() == ["gateway_trouble"]
    assert (await rules.journal()).count("gateway_paused") == 1


async def test_the_first_number_given_again_closes_the_breaker_and_later_trouble_is_news(
    rules: Rules, world: World, desk: RequestNumber
) -> None:
    world.smsc.fail_with(3, times=1)
    await rules.shares()
    await serve(desk)
    rules.later(MINUTE)
    await asks_again(rules)
    await serve(desk)
    assert (await rules.database.transact(lambda store: store.gateway.breaker())).reason is None

    rules.later(HOUR)
    # Nobody delivers screens here, and operators would be notified of that too.
    await rules.execute("UPDATE screens SET shown_revision = revision")
    await rules.watches()
    world.smsc.fail_with(3, times=1)
    await asks_again(rules)
    await serve(desk)

    assert await rules.notifications() == ["gateway_trouble", "all_clear", "gateway_trouble"]
    assert await rules.states() == ["refused", "open"]


async def test_without_another_number_the_first_still_works(rules: Rules, world: World, desk: RequestNumber) -> None:
    await rules.shares()
    await serve(desk)
    world.smsc.fail_with(5)

    assert await asks_again(rules) == "asking"
    await serve(desk)

    assert await rules.states() == ["open"]
    assert [state for state, _, _ in await stored_numbers(rules)] == ["given", "failed"]
    assert await rules.database.transact(lambda store: store.verifications.last_failure(1)) == "blacklisted"


async def test_wrong_parameters_are_told_once_an_hour(rules: Rules, world: World, desk: RequestNumber) -> None:
    world.smsc.fail_with(1)
    for user_id, phone in ((ANNA, PHONE), (BORIS, OTHER_PHONE)):
        await rules.shares(user_id, phone)
        await serve(desk)
    assert await rules.notifications() == ["gateway_wrong_parameters"]

    rules.later(HOUR)
    await asks_again(rules)
    await serve(desk)

    assert await rules.notifications() == ["gateway_wrong_parameters"] * 2


async def test_an_inbox_that_cannot_be_read_does_not_keep_a_number_back(
    rules: Rules, world: World, desk: RequestNumber
) -> None:
    world.smsc.fail_with(2, endpoint="get")
    await rules.shares()

    await serve(desk)

    assert await stored_numbers(rules) == [("given", None, None)]


async def test_an_inbox_that_is_slow_does_not_keep_a_number_back(
    rules: Rules, world: World, desk: RequestNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers, "INBOX_PATIENCE", 0.05)
    world.faults.add(where="gateway", kind="delay", method="get", seconds=0.5, times=None)
    await rules.shares()

    await serve(desk)

    assert await stored_numbers(rules) == [("given", None, None)]


async def test_an_inbox_that_can_be_read_only_after_the_number_was_given_marks_it_all_the_same(
    rules: Rules, world: World, desk: RequestNumber
) -> None:
    world.smsc.fail_with(2, endpoint="get", times=1)
    await rules.shares()

    await serve(desk)

    assert await stored_numbers(rules) == [("given", None, 0)]


async def test_an_inbox_that_is_not_read_marks_nothing(rules: Rules, gateway: SmscClient) -> None:
    desk = RequestNumber(
        rules.clock,
        rules.database,
        gateway.request_number,
        rules.phone_cipher,
        None,
        WINDOW,
        rules.notify_operators,
        rules.plan,
    )
    await rules.shares()

    await serve(desk)

    assert await stored_numbers(rules) == [("given", None, None)]


async def test_the_inbox_is_marked_by_a_reading_a_moment_ago_or_by_a_new_one(
    rules: Rules, world: World, inbox: ReadInbox
) -> None:
    def readings() -> int:
        return sum(request.endpoint == "get" for request in world.smsc.requests)

    assert await inbox.mark() == 0
    rules.later(4.9)
    await inbox.mark()
    assert readings() == 1
    rules.later(0.2)
    await inbox.mark()
    assert readings() == 2


async def test_the_inbox_is_read_every_so_often_and_at_the_end_of_a_window_while_somebody_waits(
    rules: Rules, inbox: ReadInbox
) -> None:
    every = timedelta(minutes=10)
    assert await inbox.next_reading(every) is None
    await rules.gets_number()
    window_end = rules.now + WINDOW
    assert await inbox.next_reading(every) == window_end

    assert await inbox() == 0
    assert await inbox.next_reading(every) == rules.now + every
    rules.later(6 * MINUTE)
    await inbox()
    assert await inbox.next_reading(every) == window_end


async def test_an_inbox_entry_lets_in_and_is_not_read_again(
    rules: Rules, world: World, desk: RequestNumber, inbox: ReadInbox
) -> None:
    await rules.shares()
    await serve(desk)
    world.smsc.receive_call(PHONE, world.smsc.waiting[PHONE.lstrip("+")].number)

    newest = await inbox()

    assert newest > 0
    assert await rules.states() == ["confirmed"]
    assert await inbox() == newest
    assert await rules.rows("SELECT count(*) AS kept FROM gateway_events") == [{"kept": 1}]


async def test_a_reading_that_failed_leaves_the_place_where_it_was(
    rules: Rules, world: World, inbox: ReadInbox
) -> None:
    await inbox()
    before = await rules.database.transact(lambda store: store.gateway.inbox_cursor())
    rules.later(MINUTE)
    world.smsc.fail_with(2, endpoint="get")

    with pytest.raises(GatewayError) as told:
        await inbox()

    assert told.value.reason is GatewayReason.CREDENTIALS
    assert await rules.database.transact(lambda store: store.gateway.inbox_cursor()) == before
