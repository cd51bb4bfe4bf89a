"""Whether Telegram is there, judged by the bot's calls."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetMe

from bot.sandbox.world import World
from bot.telegram.connection import LOST_AFTER, TelegramAvailability

ME = GetMe()


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def called(connection: TelegramAvailability, error: Exception | None = None) -> bool:
    """Make a call with this result; return whether Telegram is there now."""
    with suppress(type(error) if error is not None else ValueError), connection.call():
        if error is not None:
            raise error
    return connection.is_there()


def test_nothing_is_known_before_the_first_call() -> None:
    assert not TelegramAvailability().is_there()


@pytest.mark.parametrize(
    "error",
    [
        TelegramNetworkError(ME, "no network"),
        TelegramServerError(ME, "Bad Gateway"),
        ClientDecodeError("Failed to decode object", ValueError(), "<html>"),
        TimeoutError(),
        OSError(),
    ],
)
def test_what_is_no_word_of_telegrams_means_that_it_is_away_until_it_answers(error: Exception) -> None:
    connection = TelegramAvailability()

    assert [called(connection), called(connection, error), called(connection)] == [True, False, True]


@pytest.mark.parametrize(
    "error",
    [
        TelegramBadRequest(ME, "chat not found"),
        TelegramRetryAfter(ME, "Too Many Requests", 5),
        TelegramConflictError(ME, "terminated by other getUpdates request"),
        TelegramUnauthorizedError(ME, "Unauthorized"),
    ],
)
def test_a_refusal_is_an_answer(error: Exception) -> None:
    assert called(TelegramAvailability(), error)


def test_an_answer_is_good_for_a_while() -> None:
    time = Time()
    connection = TelegramAvailability(monotonic=time)
    assert called(connection)

    time.now += LOST_AFTER - 0.001
    assert connection.is_there()
    time.now += 0.002

    assert not connection.is_there()


async def test_telegram_is_asked_when_nothing_else_is(world: World, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.telegram.connection.LOOK_EVERY", 0.01)
    time, stop = Time(), asyncio.Event()
    connection = TelegramAvailability(monotonic=time)

    async def watched(make_request: object, bot: Bot, method: object) -> object:
        with connection.call():
            return await make_request(bot, method)  # type: ignore[operator] # aiogram's

    bot.session.middleware(watched)  # type: ignore[arg-type] # aiogram's types are narrower than what it takes
    watching = asyncio.ensure_future(connection.watch(bot, stop))  # noqa: TID251 - awaited below
    await world.wait_until(connection.is_there)
    world.faults.add(where="telegram", kind="reset_before", times=1)
    time.now += 31

    await world.wait_until(lambda: not connection.is_there())
    time.now += 6
    await world.wait_until(connection.is_there)

    stop.set()
    await watching
