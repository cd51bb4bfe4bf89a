"""Calls that are reported before the gateway has answered with the number."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.gateway import AssignedNumber, EventKind, EventSource, GatewayEvent
from bot.domain.phone import Phone
from bot.features.verification.numbers import RequestNumber
from tests.domain.makers import WINDOW
from tests.features.rules import ANNA, BORIS, CALL_NUMBER, OTHER_PHONE, PHONE, Rules, callback, inbox_entry

OTHER_NUMBER = "+74950000002"


class Slow:
    """A gateway that assigns a number only after something has happened."""

    def __init__(self, happens: Callable[[], Awaitable[None]], number: str = CALL_NUMBER) -> None:
        self._happens = happens
        self._number = number

    async def request_number(self, phone: Phone) -> AssignedNumber:
        await self._happens()
        return AssignedNumber(self._number)


async def is_given(rules: Rules, *reports: GatewayEvent, mark: int | None = None, number: str = CALL_NUMBER) -> None:
    """Assign the requested number after these reports have come in."""

    async def happens() -> None:
        rules.later(1)
        for report in reports:
            await rules.matches(report)
        rules.later(1)

    async def mark_inbox() -> int:
        return mark or 0

    desk = RequestNumber(
        rules.clock,
        rules.database,
        Slow(happens, number).request_number,
        rules.phone_cipher,
        None if mark is None else mark_inbox,
        WINDOW,
        rules.notify_operators,
        rules.plan,
    )
    (ask,) = await desk.due(10, ())
    await desk(ask)


def of_inbox(inbox_id: int) -> GatewayEvent:
    return replace(inbox_entry(inbox_id), called=CALL_NUMBER)


async def test_a_call_reported_before_the_number_was_known_confirms_once_it_is(rules: Rules) -> None:
    await rules.shares()

    await is_given(rules, callback(called=CALL_NUMBER))

    assert await rules.states() == ["confirmed"]
    assert (await rules.journal())[-2:] == ["number_given", "confirmed"]
    assert await rules.rows("SELECT verification_id FROM gateway_events") == [{"verification_id": 1}]


@pytest.mark.parametrize("written", ["74950000001", "84950000001", "+7 (495) 000-00-01"])
async def test_however_the_gateway_writes_the_number(rules: Rules, written: str) -> None:
    await rules.shares()

    await is_given(rules, callback(called=written))

    assert await rules.states() == ["confirmed"]


async def test_a_call_to_another_number_or_of_another_phone_or_to_nobody_knows_which_does_not(rules: Rules) -> None:
    await rules.shares()

    await is_given(
        rules,
        callback(called=OTHER_NUMBER, identity="1"),
        callback(OTHER_PHONE, called=CALL_NUMBER, identity="2"),
        callback(called="", identity="3"),
        callback(called=CALL_NUMBER, identity="4", kind=EventKind.MESSAGE),
        callback(called=CALL_NUMBER, identity="5", placed_at=rules.now - timedelta(minutes=5)),
    )

    assert await rules.states() == ["open"]
    await rules.matches(callback(called=CALL_NUMBER, identity="6"))
    assert await rules.states() == ["confirmed"]


async def test_what_was_heard_before_the_number_was_asked_for_does_not(rules: Rules) -> None:
    await rules.matches(callback(called=CALL_NUMBER))
    rules.later(1)
    await rules.shares()

    await is_given(rules)

    assert await rules.states() == ["open"]


async def test_a_call_that_let_somebody_in_before_counts_for_nobody_else(rules: Rules) -> None:
    await rules.shares()
    await is_given(rules, callback(called=CALL_NUMBER))
    await rules.shares(BORIS, OTHER_PHONE)

    await is_given(rules)

    assert await rules.states() == ["confirmed", "open"]


@pytest.mark.parametrize(("mark", "state"), [(3, "confirmed"), (4, "open"), (None, "open")])
async def test_an_entry_of_the_inbox_counts_if_it_is_newer_than_the_number_was_asked_for(
    rules: Rules, mark: int | None, state: str
) -> None:
    await rules.shares()

    await is_given(rules, of_inbox(4), mark=mark)

    assert await rules.states() == [state]


async def test_the_inboxs_report_of_a_call_that_counted_before_is_not_another_call(rules: Rules) -> None:
    await rules.shares()
    await is_given(rules, callback(called=CALL_NUMBER), mark=0)
    await rules.execute("UPDATE verifications SET state = 'cancelled'")
    await rules.execute("DELETE FROM verified_phones")
    await rules.shares()

    await is_given(rules, of_inbox(4), mark=0)

    assert await rules.states() == ["cancelled", "open"]


async def test_a_call_to_another_number_that_is_being_asked_for_counts_too(rules: Rules) -> None:
    await rules.shares()
    await is_given(rules)
    person = await rules.meets()
    rules.later(120)
    await rules.database.transact(lambda store: rules.ask_again(store, person, 1))

    await is_given(rules, callback(called=OTHER_NUMBER), number=OTHER_NUMBER)

    assert await rules.states() == ["confirmed"]


async def test_who_gave_up_meanwhile_is_not_verified(rules: Rules) -> None:
    await rules.shares()

    async def gives_up() -> None:
        await rules.matches(callback(called=CALL_NUMBER))
        await rules.execute("UPDATE verifications SET state = 'cancelled'")

    desk = RequestNumber(
        rules.clock,
        rules.database,
        Slow(gives_up).request_number,
        rules.phone_cipher,
        None,
        WINDOW,
        rules.notify_operators,
        rules.plan,
    )
    (ask,) = await desk.due(10, ())
    await desk(ask)

    assert await rules.states() == ["cancelled"]
    assert EventSource.CALLBACK in [row["source"] for row in await rules.rows("SELECT source FROM gateway_events")]
    assert await rules.rows("SELECT user_id FROM verified_phones WHERE user_id = :id", id=ANNA) == []
    assert PHONE not in str(await rules.rows("SELECT * FROM gateway_events"))
