"""Turns: so many at once, so many of a kind in a minute."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.gateway.smsc.pace import RateLimit
from tests.gateway.conftest import JumpingClock


async def take(pace: RateLimit, what: str = "x", per_minute: int = 3) -> None:
    async with pace.turn(what, per_minute):
        pass


async def test_turns_of_a_kind_are_free_up_to_the_limit_and_wait_for_the_oldest_beyond(
    clock: JumpingClock,
) -> None:
    pace = RateLimit(clock)
    await take(pace)
    clock.moment += timedelta(seconds=20)
    for _ in range(2):
        await take(pace)
    assert clock.pauses == []
    await take(pace)
    assert clock.pauses == [40.0]
    await take(pace)
    assert clock.pauses == [40.0, 20.0]


async def test_the_limit_holds_within_any_minute(clock: JumpingClock) -> None:
    pace, begun = RateLimit(clock), []
    for number in range(50):
        await take(pace)
        begun.append(clock.moment)
        clock.moment += timedelta(seconds=number % 7)
    for first, fourth in zip(begun, begun[3:], strict=False):
        assert fourth - first >= timedelta(minutes=1)


async def test_different_requests_do_not_wait_for_each_other(clock: JumpingClock) -> None:
    pace = RateLimit(clock)
    for number in range(100):
        await take(pace, str(number), per_minute=1)
    assert clock.pauses == []


async def test_a_clock_set_back_holds_nobody_up(clock: JumpingClock) -> None:
    pace = RateLimit(clock)
    await take(pace, per_minute=1)
    clock.moment -= timedelta(hours=3)
    await take(pace, per_minute=1)
    assert clock.pauses == []


async def test_what_is_over_for_a_minute_is_forgotten(clock: JumpingClock) -> None:
    pace = RateLimit(clock)
    for _ in range(3):
        await take(pace)
    clock.moment += timedelta(minutes=1)
    await take(pace)
    assert clock.pauses == []
    assert len(pace._begun) == 1


async def test_no_more_than_the_places_are_taken_at_once() -> None:
    pace, inside, most = RateLimit(), 0, 0

    async def stay() -> None:
        nonlocal inside, most
        async with pace.turn("x", 1000):
            inside += 1
            most = max(most, inside)
            for _ in range(3):
                await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(stay() for _ in range(50)))
    assert most == 10


async def test_a_place_is_given_back_when_the_request_fails() -> None:
    pace = RateLimit(at_once=1)
    with pytest.raises(ZeroDivisionError):
        async with pace.turn("x", 10):
            raise ZeroDivisionError
    await take(pace)


async def test_waiting_for_the_minute_keeps_no_place(clock: JumpingClock) -> None:
    pace, order = RateLimit(clock, at_once=1), []

    async def ask(what: str) -> None:
        async with pace.turn(what, 1):
            order.append(what)

    await ask("same")
    await asyncio.gather(ask("same"), ask("other"))
    assert order == ["same", "other", "same"]
