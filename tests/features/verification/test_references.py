"""Gateways whose reports name neither the caller nor the number, only the reference that they gave with the number."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest

from bot.domain.gateway import LONGEST_REFERENCE, AssignedNumber, EventKind, EventSource, GatewayEvent
from bot.domain.phone import Phone
from bot.features.verification.numbers import RequestNumber
from storage.store import Store, Transactions
from tests.domain.makers import WINDOW
from tests.features.rules import ANNA, BORIS, CALL_NUMBER, OTHER_PHONE, PHONE, Rules, callback

T = TypeVar("T")
OF_ANNA, OF_BORIS = "201737-542", "201737-543"
MASK = "+7 ••• ••• 12-34"
STORED = "SELECT reference, mask, verification_id FROM gateway_events ORDER BY id"


def report(
    reference: str = OF_ANNA, identity: str | None = None, kind: EventKind = EventKind.CALL, caller: str = ""
) -> GatewayEvent:
    """A report by callback that names only a reference."""
    return replace(callback(caller, identity=identity or f"report of {reference}", kind=kind), reference=reference)


async def gets_number(
    rules: Rules,
    user_id: int = ANNA,
    phone: str = PHONE,
    reference: str = OF_ANNA,
    inbox_after: int | None = None,
) -> None:
    """Share the contact; the gateway assigns a number with a reference."""
    await rules.shares(user_id, phone)
    (ask,) = await rules.asks()
    number, ends_at = AssignedNumber(CALL_NUMBER, (), reference), rules.now + WINDOW
    await rules.database.transact(lambda store: store.verifications.give_number(ask, number, ends_at, inbox_after))


async def is_served(
    rules: Rules, request: Callable[[Phone], Awaitable[AssignedNumber]], transactions: Transactions | None = None
) -> None:
    """Request the one number that is asked for."""
    database = transactions or rules.database
    desk = RequestNumber(
        rules.clock, database, request, rules.phone_cipher, None, WINDOW, rules.notify_operators, rules.plan
    )
    (ask,) = await desk.due(10, ())
    await desk(ask)


async def confirmed(rules: Rules) -> list[int]:
    rows = await rules.rows("SELECT user_id FROM verifications WHERE state = 'confirmed' ORDER BY id")
    return [row["user_id"] for row in rows]


async def test_a_report_that_names_the_reference_confirms_and_is_stored_as_a_call_of_that_phone(rules: Rules) -> None:
    await gets_number(rules)

    await rules.matches(report())

    assert await confirmed(rules) == [ANNA]
    assert await rules.rows(STORED) == [{"reference": OF_ANNA, "mask": MASK, "verification_id": 1}]


async def test_of_two_who_got_the_same_number_it_confirms_the_one_whose_reference_it_names(rules: Rules) -> None:
    await gets_number(rules)
    await gets_number(rules, BORIS, OTHER_PHONE, OF_BORIS)

    await rules.matches(report(OF_BORIS))

    assert await confirmed(rules) == [BORIS]


@pytest.mark.parametrize(
    "event",
    [
        report("201737-544"),
        report(OF_ANNA + "0"),
        report(kind=EventKind.STATUS),
        report(caller=OTHER_PHONE),
        replace(report(), called="+74950000009"),
        replace(report(), reference=""),
        # The right phone and number, without the reference: another gateway's report, or a forged one.
        callback(PHONE, called=CALL_NUMBER),
    ],
    ids=["unknown", "longer", "status", "other phone", "other number", "nothing", "no reference"],
)
async def test_what_is_not_a_report_of_that_reference_confirms_nothing(rules: Rules, event: GatewayEvent) -> None:
    await gets_number(rules)

    await rules.matches(event)

    assert await confirmed(rules) == []
    await rules.matches(report(identity="the real one"))
    assert await confirmed(rules) == [ANNA]


async def test_a_number_without_a_reference_is_not_confirmed_by_one(rules: Rules) -> None:
    await rules.gets_number()

    await rules.matches(report(caller=PHONE))

    assert await confirmed(rules) == []


async def test_a_reference_that_two_people_got_confirms_neither(rules: Rules) -> None:
    await gets_number(rules)
    await gets_number(rules, BORIS, OTHER_PHONE, OF_ANNA)

    await rules.matches(report())

    assert await confirmed(rules) == []


async def test_the_reference_of_an_earlier_number_counts_while_its_window_is_open(rules: Rules) -> None:
    await gets_number(rules)
    person = await rules.meets()
    await rules.database.transact(lambda store: rules.ask_again(store, person, 1))
    (ask,) = await rules.asks()
    number, ends_at = AssignedNumber(CALL_NUMBER, (), OF_BORIS), rules.now + WINDOW
    await rules.database.transact(lambda store: store.verifications.give_number(ask, number, ends_at, None))

    await rules.matches(report(OF_ANNA))

    assert await confirmed(rules) == [ANNA]


async def test_a_call_after_the_window_does_not_count_and_gives_its_person_a_hint(rules: Rules) -> None:
    await gets_number(rules)
    late = replace(report(), placed_at=rules.now + WINDOW + timedelta(seconds=1))

    await rules.matches(late)

    assert await confirmed(rules) == []
    assert (await rules.journal())[-2:] == ["call_hinted", "call_unmatched"]


async def test_a_report_of_a_second_number_is_not_taken_for_a_duplicate_of_the_first_call(rules: Rules) -> None:
    await gets_number(rules, inbox_after=0)
    await rules.matches(replace(report(), source=EventSource.INBOX, inbox_id=1))
    assert await confirmed(rules) == [ANNA]
    await rules.execute("DELETE FROM verified_phones")
    await gets_number(rules, reference=OF_BORIS)

    await rules.matches(report(OF_BORIS))

    assert await confirmed(rules) == [ANNA, ANNA]


@pytest.mark.parametrize("reference", [OF_ANNA, OF_BORIS])
async def test_a_report_that_is_faster_than_the_gateways_answer_counts_once_the_number_is_known(
    rules: Rules, reference: str
) -> None:
    async def request_number(_: Phone) -> AssignedNumber:
        rules.later(1)
        await rules.matches(report(reference))
        rules.later(1)
        return AssignedNumber(CALL_NUMBER, (), OF_ANNA)

    await rules.shares()

    await is_served(rules, request_number)

    is_theirs = reference == OF_ANNA
    assert await confirmed(rules) == ([ANNA] if is_theirs else [])
    assert await rules.rows("SELECT verification_id, fingerprint IS NOT NULL AS of_a_phone FROM gateway_events") == [
        {"verification_id": 1 if is_theirs else None, "of_a_phone": int(is_theirs)}
    ]


async def test_a_report_of_a_check_that_this_bot_did_not_ask_for_is_unrelated(rules: Rules) -> None:
    await gets_number(rules)

    unrelated = await rules.database.transact(
        lambda store: rules.take_event.take_many(store, [report("of another program"), report()])
    )

    assert unrelated == [True, False]


class ReportedMeanwhile:
    """Transactions: before the end of the one that stores the number, its call is reported."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._is_given = False
        self._is_stored, self._is_reported = asyncio.Event(), asyncio.Event()

    async def request_number(self, _: Phone) -> AssignedNumber:
        self._rules.later(1)
        self._is_given = True
        return AssignedNumber(CALL_NUMBER, (), OF_ANNA)

    async def report(self) -> None:
        await self._is_stored.wait()
        await self._rules.matches(report())
        self._is_reported.set()

    async def transact(self, work: Callable[[Store], Awaitable[T]]) -> T:
        async def held(store: Store) -> T:
            result = await work(store)
            if self._is_given:
                self._is_stored.set()
                # The report has to wait for this transaction; if it does not, it is over by then.
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._is_reported.wait(), 1)
            return result

        return await self._rules.database.transact(held)


async def test_a_report_that_arrives_while_its_number_is_stored_counts(rules: Rules) -> None:
    meanwhile = ReportedMeanwhile(rules)
    await rules.shares()

    await asyncio.gather(is_served(rules, meanwhile.request_number, meanwhile), meanwhile.report())

    assert await confirmed(rules) == [ANNA]


unusable = pytest.mark.parametrize(
    "reference",
    ["1" * (LONGEST_REFERENCE + 1), "1" * 2**20, "2017\x0037-542", "\ud800", "201737\n"],
    ids=["too long", "a megabyte", "NUL", "half of a pair", "line end"],
)


@unusable
async def test_a_number_with_a_reference_that_cannot_be_stored_is_not_given(rules: Rules, reference: str) -> None:
    async def request_number(_: Phone) -> AssignedNumber:
        return AssignedNumber(CALL_NUMBER, (), reference)

    await rules.shares()

    await is_served(rules, request_number)

    assert await rules.states() == ["refused"]


@pytest.mark.parametrize("caller", ["", PHONE])
@unusable
async def test_a_report_with_such_a_reference_is_stored_and_confirms_nothing(
    rules: Rules, reference: str, caller: str
) -> None:
    await rules.gets_number()
    await gets_number(rules, BORIS, OTHER_PHONE, OF_BORIS)
    events = [report(reference, "the odd one", caller=caller), report(OF_BORIS)]

    await rules.database.transact(lambda store: rules.take_event.take_many(store, events))

    assert await confirmed(rules) == [BORIS]
    assert await rules.rows("SELECT kind, reference FROM gateway_events ORDER BY kind") == [
        {"kind": "call", "reference": OF_BORIS},
        {"kind": "unknown", "reference": None},
    ]


async def test_an_early_report_does_not_count_for_a_reference_with_which_its_own_begins(rules: Rules) -> None:
    reference = "1" * LONGEST_REFERENCE

    async def request_number(_: Phone) -> AssignedNumber:
        rules.later(1)
        await rules.matches(report(reference + "2"))
        return AssignedNumber(CALL_NUMBER, (), reference)

    await rules.shares()

    await is_served(rules, request_number)

    assert await confirmed(rules) == []
