"""Which call confirms an attempt, and where an attempt may go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bot.domain.gateway import GatewayReason
from bot.domain.phone import Fingerprint
from bot.domain.verification import (
    CLOCK_TOLERANCE,
    INBOX_GRACE,
    LATE_REPORT,
    PHONE_KEPT,
    IllegalTransitionError,
    Verification,
    VerificationState,
)
from tests.domain.makers import ALTERNATIVE, NOW, NUMBER, TICK, WINDOW, callback, inbox_entry, number, verification

END = NOW + WINDOW
ENDED = [state for state in VerificationState if state is not VerificationState.OPEN]
UNCONFIRMABLE = (VerificationState.CONFIRMED, VerificationState.CANCELLED, VerificationState.REFUSED)


def test_the_tolerances_are_those_of_the_contract() -> None:
    assert (
        timedelta(minutes=1),
        timedelta(seconds=5),
        timedelta(days=1),
        timedelta(hours=1),
    ) == (CLOCK_TOLERANCE, INBOX_GRACE, LATE_REPORT, PHONE_KEPT)


@pytest.mark.parametrize(
    ("placed_at", "counts"),
    [
        (NOW - CLOCK_TOLERANCE - TICK, False),
        (NOW - CLOCK_TOLERANCE, True),
        (NOW, True),
        (END, True),
        (END + TICK, False),
    ],
)
def test_a_call_with_a_time_counts_from_a_minute_before_the_request_to_the_windows_very_end(
    placed_at: datetime, counts: bool
) -> None:
    assert number().matches(callback(END + timedelta(hours=1), placed_at)) is counts


@pytest.mark.parametrize(
    ("reported_at", "counts"),
    [(NOW - TICK, False), (NOW, True), (END, True), (END + TICK, False)],
)
def test_a_callback_without_a_time_counts_while_the_window_is_open(reported_at: datetime, counts: bool) -> None:
    assert number().matches(callback(reported_at)) is counts


@pytest.mark.parametrize(
    ("reported_at", "counts"),
    [(NOW - TICK, False), (NOW, True), (END + INBOX_GRACE, True), (END + INBOX_GRACE + TICK, False)],
)
def test_an_inbox_entry_counts_five_seconds_longer_since_the_inbox_is_read_at_the_very_end(
    reported_at: datetime, counts: bool
) -> None:
    assert number(inbox_after=5).matches(inbox_entry(reported_at), 6) is counts


def test_an_inbox_entry_with_a_time_gets_no_grace() -> None:
    entry = inbox_entry(END + INBOX_GRACE, END + TICK)

    assert not number(inbox_after=5).matches(entry, 6)
    assert number(inbox_after=5).matches(inbox_entry(END + INBOX_GRACE, END), 6)


@pytest.mark.parametrize(
    ("mark", "entry_id", "counts"),
    [(5, 6, True), (5, 5, False), (5, 4, False), (0, 1, True), (None, 6, False), (5, None, False)],
)
def test_only_an_inbox_entry_newer_than_the_request_for_the_number_counts(
    mark: int | None, entry_id: int | None, counts: bool
) -> None:
    assert number(inbox_after=mark).matches(inbox_entry(NOW + TICK), entry_id) is counts


@pytest.mark.parametrize(
    ("called", "counts"), [("", True), (NUMBER, True), (ALTERNATIVE, True), ("+74950000003", False)]
)
def test_the_number_called_must_be_one_the_gateway_may_have_assigned(called: str, counts: bool) -> None:
    assert number().matches(callback(NOW, NOW, called)) is counts


def test_a_callback_needs_no_inbox_mark() -> None:
    assert number(inbox_after=None).matches(callback(NOW))


def test_a_call_from_another_phone_confirms_nothing() -> None:
    attempt = verification(VerificationState.OPEN, number())

    for other in ("cd" * 32, "00" * 32, ""):
        assert attempt.matching_number(callback(NOW, caller=Fingerprint(other))) is None
    # Read from the database, a fingerprint is equal and not the same object.
    assert attempt.matching_number(callback(NOW, caller=Fingerprint("".join(["ab"] * 32)))) == number()


@pytest.mark.parametrize("state", UNCONFIRMABLE)
def test_an_attempt_that_is_over_hears_nothing(state: VerificationState) -> None:
    assert verification(state, number()).matching_number(callback(NOW)) is None


def test_a_call_placed_in_time_counts_when_it_is_reported_within_a_day_of_the_end() -> None:
    attempt = verification(VerificationState.EXPIRED, number())

    assert attempt.matching_number(callback(END + LATE_REPORT, END)) == number()
    assert attempt.matching_number(callback(END + LATE_REPORT + TICK, END)) is None


def test_before_a_number_was_given_no_call_counts() -> None:
    assert verification(asking=True).matching_number(callback(NOW)) is None


def test_of_several_numbers_the_newest_that_heard_the_call_is_named() -> None:
    first, second = number(), number(NOW + timedelta(minutes=5), called="+74950000009")
    attempt = verification(VerificationState.OPEN, first, second)

    assert attempt.matching_number(callback(NOW + timedelta(minutes=6))) is second
    assert attempt.matching_number(callback(NOW + timedelta(minutes=6), called=NUMBER)) is first
    assert attempt.matching_number(callback(NOW + timedelta(minutes=1))) is first


def test_the_inbox_mark_of_each_number_is_looked_at_by_itself() -> None:
    first, second = number(inbox_after=1), number(NOW + timedelta(minutes=1), inbox_after=8)
    attempt = verification(VerificationState.OPEN, first, second)
    entry = inbox_entry(NOW + timedelta(minutes=2))

    assert attempt.matching_number(entry, 9) is second
    assert attempt.matching_number(entry, 8) is first
    assert attempt.matching_number(entry, 1) is None
    assert attempt.matching_number(entry) is None


def test_the_window_ends_with_the_last_number_whichever_order_they_came_in() -> None:
    early, late = number(), number(NOW + timedelta(minutes=5))

    assert verification().window_ends_at is None
    assert verification(VerificationState.OPEN, early, late).window_ends_at == late.window_ends_at
    assert verification(VerificationState.OPEN, late, early).window_ends_at == late.window_ends_at
    assert verification(VerificationState.OPEN, late, early).number is early
    assert verification(VerificationState.OPEN, early).number is early
    assert verification().number is None


@pytest.mark.parametrize("state", VerificationState)
def test_only_an_open_attempt_is_open(state: VerificationState) -> None:
    assert verification(state).is_open is (state is VerificationState.OPEN)


@pytest.mark.parametrize("state", [VerificationState.OPEN, VerificationState.EXPIRED])
def test_open_and_expired_attempts_can_be_confirmed(state: VerificationState) -> None:
    confirmed = verification(state, number()).confirm(NOW + TICK)

    assert (confirmed.state, confirmed.ended_at) == (VerificationState.CONFIRMED, NOW + TICK)
    assert confirmed.numbers == (number(),)


def test_an_attempt_expires_once_its_last_window_has_closed_and_not_at_its_very_end() -> None:
    attempt = verification(VerificationState.OPEN, number())

    expired = attempt.expire(END + TICK)

    assert (expired.state, expired.ended_at) == (VerificationState.EXPIRED, END + TICK)
    with pytest.raises(IllegalTransitionError, match="open cannot expire at 2026-03-01 12:15"):
        attempt.expire(END)
    with pytest.raises(IllegalTransitionError):
        attempt.expire(END - TICK)


def test_an_open_attempt_can_be_cancelled_with_and_without_a_number() -> None:
    for attempt in (verification(asking=True), verification(VerificationState.OPEN, number())):
        cancelled = attempt.cancel(NOW)
        assert (cancelled.state, cancelled.ended_at) == (VerificationState.CANCELLED, NOW)


def test_an_attempt_without_a_number_can_be_refused_and_keeps_the_reason() -> None:
    refused = verification(asking=True).refuse(GatewayReason.BLACKLISTED, NOW)

    assert (refused.state, refused.reason, refused.ended_at) == (
        VerificationState.REFUSED,
        GatewayReason.BLACKLISTED,
        NOW,
    )


Step = Callable[[Verification], Verification]
LATER = END + timedelta(hours=1)
ILLEGAL: list[tuple[str, Step, Verification]] = [
    *(("confirmed", lambda v: v.confirm(LATER), verification(state, number())) for state in UNCONFIRMABLE),
    *(("expire", lambda v: v.expire(LATER), verification(state, number())) for state in ENDED),
    ("expire", lambda v: v.expire(LATER), verification()),
    ("expire", lambda v: v.expire(LATER), verification(VerificationState.OPEN, number(), asking=True)),
    *(("cancelled", lambda v: v.cancel(LATER), verification(state, number())) for state in ENDED),
    *(("refused", lambda v: v.refuse(GatewayReason.NO_MONEY, LATER), verification(state)) for state in ENDED),
    ("refused", lambda v: v.refuse(GatewayReason.NO_MONEY, LATER), verification(VerificationState.OPEN, number())),
]


@pytest.mark.parametrize(
    ("word", "step", "attempt"),
    ILLEGAL,
    ids=[f"{word}-{attempt.state}-{len(attempt.numbers)}" for word, _, attempt in ILLEGAL],
)
def test_no_other_way_leads_anywhere(word: str, step: Step, attempt: Verification) -> None:
    with pytest.raises(IllegalTransitionError, match=f"^{attempt.state} .*cannot .*{word}"):
        step(attempt)
