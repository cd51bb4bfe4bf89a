"""What a report of a call confirms, and what it does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.gateway import EventKind, GatewayEvent
from tests.domain.makers import WINDOW
from tests.features.rules import (
    ANNA,
    BORIS,
    CALL_NUMBER,
    GATE,
    HOUR,
    MINUTE,
    OFF,
    OTHER_GATE,
    OTHER_PHONE,
    PHONE,
    Rules,
    callback,
    inbox_entry,
)

SECONDS_OF_WINDOW = WINDOW.total_seconds()


async def owner_of(rules: Rules, phone: str) -> int | None:
    parsed = rules.plan.parse(phone)
    assert parsed is not None
    fingerprint = rules.phone_cipher.fingerprint(parsed)
    owners = await rules.database.transact(lambda store: store.phones.owners(fingerprint))
    return owners[0].user_id if owners else None


async def expires(rules: Rules) -> None:
    """The window closes and the sweeper sees it."""
    rules.later(SECONDS_OF_WINDOW + 1)
    await rules.sweeps()


async def test_a_call_in_the_window_confirms_and_is_noted_as_used(rules: Rules) -> None:
    await rules.gets_number()

    await rules.matches(callback(called=CALL_NUMBER))

    assert await rules.states() == ["confirmed"]
    assert await owner_of(rules, PHONE) == ANNA
    assert await rules.rows("SELECT e.mask FROM gateway_events e JOIN verifications v ON v.id = e.verification_id") == [
        {"mask": "+7 ••• ••• 12-34"}
    ]
    assert await rules.rows("SELECT encrypted FROM verifications") == [{"encrypted": None}]


async def test_a_late_report_confirms_the_earlier_attempt_and_closes_the_newer_one(rules: Rules) -> None:
    await rules.gets_number()
    called_at = rules.now
    await expires(rules)
    await rules.gets_number(phone=OTHER_PHONE)

    await rules.matches(callback(PHONE, called_at))

    assert await rules.states() == ["confirmed", "cancelled"]
    assert await owner_of(rules, PHONE) == ANNA
    await rules.matches(callback(OTHER_PHONE, rules.now, "the other phone"))
    assert await rules.states() == ["confirmed", "cancelled"]
    assert (await rules.journal())[-2:] == ["confirmed", "call_unmatched"]


async def test_of_two_phones_of_one_person_the_first_heard_stays(rules: Rules) -> None:
    await rules.gets_number()
    first_call = rules.now
    await expires(rules)
    await rules.gets_number(phone=OTHER_PHONE)
    second_call = rules.now
    await expires(rules)

    await rules.matches(callback(OTHER_PHONE, second_call, "second"))
    await rules.matches(callback(PHONE, first_call, "first"))

    assert await rules.states() == ["expired", "confirmed"]
    assert (await owner_of(rules, OTHER_PHONE), await owner_of(rules, PHONE)) == (ANNA, None)
    assert (await rules.journal())[-1] == "phone_taken"
    assert await rules.face() == "progress"


async def test_of_two_accounts_with_one_phone_the_first_heard_stays_and_the_other_is_told(rules: Rules) -> None:
    await rules.gets_number(ANNA)
    annas_call = rules.now
    await expires(rules)
    rules.later(MINUTE)
    await rules.gets_number(BORIS)

    await rules.matches(callback(PHONE, annas_call, "late"))
    await rules.matches(callback(PHONE, rules.now, "in time"))

    assert await owner_of(rules, PHONE) == ANNA
    assert await rules.states() == ["confirmed", "cancelled"]
    assert (await rules.journal())[-2:] == ["confirmed", "phone_taken"]
    assert await rules.face(BORIS) == "contact_refused"


async def test_a_report_that_comes_again_changes_nothing(rules: Rules) -> None:
    await rules.gets_number()
    await rules.matches(callback())
    before = await rules.journal()

    await rules.matches(callback())

    assert await rules.journal() == before
    assert await rules.rows("SELECT count(*) AS kept FROM gateway_events") == [{"kept": 1}]


async def test_reports_that_nothing_tells_apart_are_all_kept(rules: Rules) -> None:
    for _ in range(2):
        await rules.matches(callback(identity=None))

    assert await rules.rows("SELECT count(*) AS kept FROM gateway_events") == [{"kept": 2}]


async def starts_anew(rules: Rules) -> None:
    """An operator freed the phone, and its owner tries again."""
    await rules.execute("DELETE FROM verified_phones")
    rules.later(MINUTE)
    await rules.gets_number(inbox_after=10)


@pytest.mark.parametrize(
    ("first", "twin", "new"),
    [
        (callback(identity="first"), inbox_entry(11), callback(identity="second")),
        (inbox_entry(11), callback(identity="first"), inbox_entry(12)),
    ],
    ids=["callback first", "inbox first"],
)
async def test_one_call_reported_by_both_ways_counts_once(
    rules: Rules, first: GatewayEvent, twin: GatewayEvent, new: GatewayEvent
) -> None:
    await rules.gets_number(inbox_after=10)
    await rules.matches(first)
    await starts_anew(rules)

    await rules.matches(twin)

    assert await rules.states() == ["confirmed", "open"]
    assert (await rules.journal())[-1] == "call_unmatched"
    await rules.matches(new)
    assert await rules.states() == ["confirmed", "confirmed"]


async def test_a_second_call_is_no_twin_when_its_time_tells_it_apart(rules: Rules) -> None:
    await rules.gets_number(inbox_after=10)
    await rules.matches(callback(identity="first"))
    await starts_anew(rules)

    await rules.matches(inbox_entry(11, placed_at=rules.now))

    assert await rules.states() == ["confirmed", "confirmed"]


async def test_without_a_mark_of_the_inbox_only_a_callback_confirms(rules: Rules) -> None:
    await rules.gets_number(inbox_after=None)

    await rules.matches(inbox_entry(11))

    assert await rules.states() == ["open"]
    await rules.matches(callback())
    assert await rules.states() == ["confirmed"]


@pytest.mark.parametrize("caller", ["", "anonymous", "12", OTHER_PHONE])
async def test_a_call_of_nobody_who_is_waited_for_is_kept_and_changes_nothing(rules: Rules, caller: str) -> None:
    await rules.gets_number()

    await rules.matches(callback(caller))

    assert await rules.states() == ["open"]
    assert (await rules.journal())[-1] == "call_unmatched"
    assert await rules.rows("SELECT code FROM journal WHERE event = 'call_unmatched'") == [{"code": "callback"}]


@pytest.mark.parametrize("kind", [kind for kind in EventKind if kind is not EventKind.CALL])
async def test_what_is_no_call_is_kept_with_a_mask_only(rules: Rules, kind: EventKind) -> None:
    await rules.gets_number()

    await rules.matches(callback(kind=kind))

    assert await rules.states() == ["open"]
    assert "call_unmatched" not in await rules.journal()
    (event,) = await rules.rows("SELECT * FROM gateway_events")
    assert event["kind"] == kind
    assert event["mask"] == "+7 ••• ••• 12-34"
    assert "9991231234" not in str(event)


async def test_a_call_to_a_number_that_was_never_given_confirms_nothing(rules: Rules) -> None:
    await rules.gets_number()

    await rules.matches(callback(called="+74957654321"))
    await rules.matches(callback(called="short", identity="another"))

    assert await rules.states() == ["open"]


async def test_a_call_reported_more_than_a_day_late_confirms_nothing(rules: Rules) -> None:
    await rules.gets_number()
    called_at = rules.now
    await expires(rules)
    rules.later(24 * HOUR)

    await rules.matches(callback(placed_at=called_at))

    assert await rules.states() == ["expired"]


async def test_one_confirmation_opens_every_gate_that_is_on_and_the_others_once_they_are(rules: Rules) -> None:
    for gate in (GATE, OTHER_GATE):
        await rules.asks_to_join(gate=gate)
    await rules.becomes(OFF)
    rules.later(MINUTE)

    await rules.verifies()

    assert await rules.rows("SELECT gate_id, state FROM grants") == [{"gate_id": OTHER_GATE.chat_id, "state": "due"}]
    await rules.becomes(GATE)
    await rules.sweeps()
    assert await rules.requests() == ["approved", "approved"]
    assert len(await rules.rows("SELECT * FROM grants WHERE state = 'due'")) == 2


async def test_the_screen_waits_a_second_for_the_grants_of_a_confirmation_and_not_without_any(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.verifies()
    await rules.verifies(BORIS, OTHER_PHONE)

    due = {
        row.user_id: row
        for row in await rules.database.transact(
            lambda store: store.screens.due(rules.now + timedelta(seconds=0.9), 10, ())
        )
    }

    assert set(due) == {BORIS}
