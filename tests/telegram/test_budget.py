"""The bot's rate limiter, compared with a simulation of whole minutes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.rate_limit import (
    BURST_SECONDS,
    CHAT_BURST,
    CHAT_RATE,
    GROUP_BURST,
    GROUP_RATE,
    PROBE_LOOK,
    PROBE_PATIENCE,
    TOO_WIDE,
    WIDE_WITHIN,
    RateLimiter,
)

ANNA, BORIS, GROUP, OTHER_GROUP = 7, 8, -1001, -1002
CHATS = st.lists(st.sampled_from([None, ANNA, BORIS, GROUP]), min_size=50, max_size=300)
START = 1000.0


def most_within(moments: list[float], seconds: float) -> int:
    """Return the most calls in any period of so many seconds."""
    return max((sum(first <= moment < first + seconds for moment in moments) for first in moments), default=0)


def go_out(budget: RateLimiter, chats: list[int | None], start: float = START) -> dict[int | None, list[float]]:
    """Send one call after the other, each as soon as the limiter allows; return when each went out, by chat."""
    now, went = start, dict[int | None, list[float]]()
    for chat in chats:
        while (wait := budget.wait(chat, now)) > 0:
            # A wait too short to change the sum would never end.
            now += max(wait, 1e-6)
        budget.spend(chat, now)
        went.setdefault(chat, []).append(now)
    return went


@given(rate=st.integers(1, 40), chats=CHATS)
def test_in_no_second_more_go_out_than_the_rate_and_its_burst(rate: int, chats: list[int | None]) -> None:
    went = sorted(moment for moments in go_out(RateLimiter(rate), chats).values() for moment in moments)

    assert most_within(went, 1 - 1e-6) <= max(rate + 1, rate * 1.1)
    assert most_within(went, 10 - 1e-6) <= 10 * rate + max(1, rate * BURST_SECONDS)


@given(chats=CHATS)
def test_one_chat_gets_a_message_a_second_after_a_small_burst(chats: list[int | None]) -> None:
    went = go_out(RateLimiter(1000), chats)

    for chat in (ANNA, BORIS):
        assert most_within(went.get(chat, []), 20 - 1e-6) <= CHAT_BURST + 20 * CHAT_RATE


@given(chats=CHATS)
def test_a_group_gets_no_more_than_twenty_messages_in_any_minute(chats: list[int | None]) -> None:
    went = go_out(RateLimiter(1000), chats)

    assert most_within(went.get(GROUP, []), 60 + 1e-6) <= 20


@given(pauses=st.lists(st.floats(0, 5), min_size=5, max_size=60), rate=st.integers(1, 5))
def test_a_wait_names_the_very_moment_at_which_the_next_may_go(pauses: list[float], rate: int) -> None:
    budget, now = RateLimiter(rate), START
    for pause in pauses:
        now += pause
        wait = budget.wait(ANNA, now)
        if wait > 1e-6:
            assert budget.wait(ANNA, now + wait * 0.999) > 0
        assert budget.wait(ANNA, now + wait + 1e-6) == 0
        now += wait + 1e-6
        budget.spend(ANNA, now)


def test_calls_that_are_no_messages_spend_no_chats_budget() -> None:
    budget = RateLimiter(1000)
    for _ in range(10):
        assert budget.wait(None, START) == 0
        budget.spend(None, START)

    assert budget.wait(ANNA, START) == 0


def test_a_chat_at_its_limit_keeps_no_other_waiting() -> None:
    budget = RateLimiter(1000)
    for _ in range(int(CHAT_BURST)):
        assert budget.wait(ANNA, START) == 0
        budget.spend(ANNA, START)

    assert budget.wait(ANNA, START) == pytest.approx(1 / CHAT_RATE)
    assert budget.wait(BORIS, START) == 0
    assert budget.wait(GROUP, START) == 0
    assert budget.wait_for_any(START) == 0


def test_a_group_begins_with_a_burst_and_then_gets_one_in_four_seconds() -> None:
    budget = RateLimiter(1000)
    for _ in range(int(GROUP_BURST)):
        assert budget.wait(GROUP, START) == 0
        budget.spend(GROUP, START)

    assert budget.wait(GROUP, START) == pytest.approx(1 / GROUP_RATE)


def test_refreshes_wait_until_half_of_the_budget_is_unspent() -> None:
    budget = RateLimiter(300)
    for chat in range(1, 14):
        budget.spend(chat, START)

    assert budget.wait(100, START) == 0
    assert budget.wait(100, START, spare_only=True) == pytest.approx(1 / 300)
    assert budget.wait(100, START + 1, spare_only=True) == 0


def test_a_refresh_in_a_chat_at_its_limit_waits_for_the_chat() -> None:
    budget = RateLimiter(30)
    for _ in range(int(CHAT_BURST)):
        budget.spend(ANNA, START)

    assert budget.wait(ANNA, START, spare_only=True) == pytest.approx(1)


@pytest.mark.parametrize("rate", [0, 30])
def test_a_chat_that_telegram_asked_to_leave_alone_rests_alone(rate: float) -> None:
    budget = RateLimiter(rate)
    budget.flooded(ANNA, 17, START)

    assert budget.wait(ANNA, START) == 17
    assert budget.wait(BORIS, START) == budget.wait_for_any(START) == 0
    assert budget.wait(ANNA, START + 16.5) == pytest.approx(0.5)
    assert budget.wait(ANNA, START + 17) == 0


@pytest.mark.parametrize("rate", [0, 30])
@pytest.mark.parametrize("chats", [2, 3, TOO_WIDE - 1])
def test_a_few_chats_that_are_flooded_rest_by_themselves(rate: float, chats: int) -> None:
    budget = RateLimiter(rate)
    for chat in range(1, chats + 1):
        budget.flooded(chat, 30, START)

    assert budget.wait_for_any(START) == budget.wait(GROUP, START) == budget.wait(100, START) == 0
    assert budget.resting(START) == set(range(1, chats + 1))


@pytest.mark.parametrize("rate", [0, 30])
def test_many_chats_within_seconds_mean_the_whole_bot_for_the_shortest_of_their_times(rate: float) -> None:
    budget = RateLimiter(rate)
    for number in range(TOO_WIDE):
        budget.flooded(number + 1, 5 if number == 2 else 30, START + number)

    last = START + TOO_WIDE - 1
    assert budget.wait_for_any(last) == budget.wait(100, last) == 3
    assert budget.wait(100, START + 7) == 0
    assert budget.wait(1, START + 7) == 23


def test_many_chats_one_after_the_other_mean_those_chats_only() -> None:
    budget = RateLimiter(30)
    for number in range(TOO_WIDE * 3):
        at = START + number * WIDE_WITHIN / (TOO_WIDE - 1)
        budget.flooded(number + 1, 60, at)
        assert budget.wait_for_any(at) == 0


def test_many_chats_are_not_the_whole_bot_while_another_takes_messages() -> None:
    budget = RateLimiter(30)
    for number in range(TOO_WIDE * 2):
        at = START + number / 10
        budget.flooded(number + 1, 60, at)
        budget.taken(100, at + 0.01)

    assert budget.wait_for_any(START + 2) == 0


def test_a_message_that_was_sent_before_a_flood_says_nothing_of_it() -> None:
    budget = RateLimiter(30)
    for number in range(TOO_WIDE):
        budget.flooded(number + 1, 60, START + 1)
        budget.taken(100, START)

    assert budget.wait_for_any(START + 1) == 60


@pytest.mark.parametrize("rate", [0, 30])
def test_after_a_pause_of_the_whole_bot_one_call_tries_whether_it_is_over(rate: float) -> None:
    budget = RateLimiter(rate)
    budget.flooded(None, 7, START)
    assert budget.wait(None, START) == budget.wait(1, START) == 7

    over = START + 7
    assert budget.wait(None, over) == 0
    budget.spend(None, over)
    assert budget.wait(None, over) == budget.wait(ANNA, over) == PROBE_LOOK
    budget.taken(None, over)
    assert budget.wait(None, over) == budget.wait(ANNA, over) == 0


@pytest.mark.parametrize("chat", [None, ANNA])
def test_when_the_call_that_tries_is_flooded_the_pause_goes_on_for_as_long_as_it_was_told(chat: int | None) -> None:
    budget = RateLimiter(30)
    budget.flooded(None, 7, START)
    budget.spend(chat, START + 7)
    budget.flooded(chat, 3, START + 8)

    assert budget.wait(None, START + 8) == budget.wait(BORIS, START + 8) == 3
    budget.spend(BORIS, START + 11)
    assert budget.wait(None, START + 11) == PROBE_LOOK


def test_a_call_that_tries_and_is_never_answered_gives_way_to_another() -> None:
    budget = RateLimiter(30)
    budget.flooded(None, 7, START)
    budget.spend(None, START + 7)

    assert budget.wait(ANNA, START + 6.9 + PROBE_PATIENCE) > 0
    assert budget.wait(ANNA, START + 7 + PROBE_PATIENCE) == 0


@pytest.mark.parametrize("ends", ["unanswered", "unused"])
def test_a_call_that_tries_and_fails_or_is_not_made_gives_way_at_once(ends: str) -> None:
    budget = RateLimiter(30)
    budget.flooded(None, 7, START)
    budget.spend(None, START + 7)
    if ends == "unanswered":
        budget.unanswered()
    else:
        budget.give_back(None, START + 7)

    assert budget.wait(ANNA, START + 8) == 0
    budget.spend(ANNA, START + 8)
    assert budget.wait(BORIS, START + 8) > 0


def test_what_was_under_way_when_a_pause_began_neither_ends_nor_prolongs_it() -> None:
    budget = RateLimiter(30)
    budget.flooded(None, 7, START)
    budget.taken(ANNA, START - 1)
    budget.flooded(None, 30, START + 1)

    assert budget.wait(None, START + 1) == 6
    budget.flooded(None, 2, START + 2)
    assert budget.wait(None, START + 2) == 2


def test_calls_get_their_turns_in_the_order_in_which_they_spent() -> None:
    budget = RateLimiter(10)
    delays = [budget.spend(None, START) for _ in range(4)]

    assert delays == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert budget.wait(None, START) == pytest.approx(0.4)
    assert budget.room(START) == 0
    budget.give_back(None, START)
    assert budget.wait(None, START) == pytest.approx(0.3)


def test_a_rate_of_nothing_means_no_limit() -> None:
    budget = RateLimiter(0)
    for _ in range(1000):
        assert budget.wait(ANNA, START) == budget.wait(ANNA, START, spare_only=True) == 0
        budget.spend(ANNA, START)


def test_chats_that_rested_are_forgotten_and_those_that_did_not_are_not() -> None:
    budget = RateLimiter(30)
    for chat in range(1, 1001):
        budget.spend(chat, START)
    for _ in range(3):
        budget.spend(ANNA, START + 100)

    budget.spend(5000, START + 100)

    assert len(budget._chats) == 2
    assert budget.wait(ANNA, START + 100) > 0


def test_chats_rest_that_no_message_may_go_to_yet_and_no_others() -> None:
    budget = RateLimiter(30)
    for _ in range(3):
        budget.spend(ANNA, START)
    for _ in range(5):
        budget.spend(GROUP, START)
    budget.spend(BORIS, START)
    budget.flooded(OTHER_GROUP, 10, START)

    assert budget.resting(START) == {ANNA, GROUP, OTHER_GROUP}
    assert budget.resting(START + 1) == {GROUP, OTHER_GROUP}
    assert budget.resting(START + 10) == frozenset()


def test_there_is_room_for_as_many_calls_as_may_go_out_at_once() -> None:
    budget = RateLimiter(30)
    assert budget.room(START) == 2
    budget.spend(None, START)
    assert budget.room(START) == 1
    assert budget.wait(None, START) == 0
    budget.spend(None, START)
    assert budget.room(START) == 0
    assert RateLimiter(0).room(START) > 100
