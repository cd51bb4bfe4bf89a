"""Whether Telegram accepts essential calls, judged by their results."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import DeleteMessage, GetMe, SendMessage, TelegramMethod

from bot.delivery.call_health import FORGOTTEN_AFTER, STUCK_AFTER, STUCK_FROM, Deliveries

OUTAGE = TelegramServerError(GetMe(), "Internal Server Error")


class Calls:
    """Calls on a clock of their own."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.deliveries = Deliveries(monotonic=lambda: self.now)

    def make(self, error: Exception | None = None, chat_id: int = 1, method: TelegramMethod[Any] | None = None) -> None:
        """Make a call with this result, five seconds after the last."""
        self.now += 5
        called = method or SendMessage(chat_id=chat_id, text="x")
        with suppress(type(error) if error is not None else ValueError), self.deliveries.call(called):
            if error is not None:
                raise error

    def fail(self, chat_id: int = 1, times: int = 6) -> str | None:
        """Make calls without an answer; return what is stuck then."""
        for _ in range(times):
            self.make(OUTAGE, chat_id)
        return self.deliveries.stuck()


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.mark.parametrize(
    "error",
    [
        OUTAGE,
        TelegramNetworkError(GetMe(), "no network"),
        ClientDecodeError("Failed to decode object", ValueError(), "<html>"),
        TimeoutError(),
    ],
)
def test_calls_that_are_never_answered_for_a_while_are_stuck_until_one_is(calls: Calls, error: Exception) -> None:
    for _ in range(STUCK_FROM):
        calls.make(error)
    assert calls.deliveries.stuck() is None

    calls.now += STUCK_AFTER
    assert calls.deliveries.stuck() == "sendMessage"

    calls.make()
    assert calls.deliveries.stuck() is None


@pytest.mark.parametrize(
    "refusal",
    [
        TelegramForbiddenError(GetMe(), "bot was blocked by the user"),
        TelegramBadRequest(GetMe(), "chat not found"),
    ],
)
def test_a_refusal_is_an_answer(calls: Calls, refusal: Exception) -> None:
    for chat_id in range(20):
        calls.make(refusal, chat_id)
    assert calls.deliveries.stuck() is None

    calls.fail()
    calls.make(refusal)

    assert calls.deliveries.stuck() is None


def test_being_asked_to_wait_neither_proves_an_outage_nor_its_end(calls: Calls) -> None:
    flood = TelegramRetryAfter(GetMe(), "Too Many Requests", 5)
    for _ in range(20):
        calls.make(flood)
    assert calls.deliveries.stuck() is None

    assert calls.fail() == "sendMessage"
    calls.make(flood)

    assert calls.deliveries.stuck() == "sendMessage"


def test_what_fails_for_one_chat_only_does_not_count_once_others_were_answered(calls: Calls) -> None:
    assert calls.fail(chat_id=1) == "sendMessage"
    calls.make(chat_id=2)

    assert calls.fail(chat_id=1) is None
    assert calls.fail(chat_id=3) == "sendMessage"

    calls.make(chat_id=1)
    calls.make(chat_id=3)
    assert calls.fail(chat_id=1) == "sendMessage"


def test_an_outage_for_many_makes_no_chat_of_them_an_odd_one(calls: Calls) -> None:
    for chat_id in range(5):
        calls.fail(chat_id, 1)
    calls.make(chat_id=9)

    assert calls.fail(chat_id=1) == "sendMessage"


def test_a_failure_of_long_ago_means_nothing(calls: Calls) -> None:
    assert calls.fail() == "sendMessage"

    calls.now += FORGOTTEN_AFTER
    assert calls.deliveries.stuck() is None

    calls.make(OUTAGE)
    assert calls.deliveries.stuck() is None


@pytest.mark.parametrize("method", [GetMe(), DeleteMessage(chat_id=1, message_id=1)])
def test_what_nobody_waits_for_does_not_count(calls: Calls, method: TelegramMethod[Any]) -> None:
    for _ in range(10):
        calls.make(OUTAGE, method=method)

    assert calls.deliveries.stuck() is None


def test_a_flood_in_every_chat_is_told_until_it_is_over_or_one_is_answered(calls: Calls) -> None:
    flood = TelegramRetryAfter(GetMe(), "Too Many Requests", 300)
    for chat_id in range(STUCK_FROM):
        calls.make(flood, chat_id)
    assert calls.deliveries.flooded() == 0

    calls.now += STUCK_AFTER
    assert calls.deliveries.flooded() == 300 - STUCK_AFTER
    assert calls.deliveries.stuck() is None

    calls.make(chat_id=77)
    assert calls.deliveries.flooded() == 0


def test_a_flood_that_is_over_or_in_few_chats_is_none(calls: Calls) -> None:
    flood = TelegramRetryAfter(GetMe(), "Too Many Requests", 60)
    for _ in range(10):
        calls.make(flood, 1)
        calls.make(flood, 2)
    assert calls.deliveries.flooded() == 0

    calls.make(flood, 3)
    assert calls.deliveries.flooded() == 60
    calls.now += 60
    assert calls.deliveries.flooded() == 0

    # Old failures are not part of a new outage.
    calls.now += FORGOTTEN_AFTER
    calls.make(flood, 4)
    calls.now += STUCK_AFTER
    assert calls.deliveries.flooded() == 0
