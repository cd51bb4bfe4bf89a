"""Faults: what goes wrong on demand, and only then."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter, TelegramServerError

from bot.sandbox.people import Person
from bot.sandbox.world import World


@pytest.fixture(autouse=True)
async def started(anna: Person) -> None:
    await anna.says("/start")


async def test_a_fault_happens_as_often_as_it_should(world: World, bot: Bot, anna: Person) -> None:
    world.faults.add(where="telegram", method="sendMessage", kind="500", times=2)
    for _ in range(2):
        with pytest.raises(TelegramServerError):
            await bot.send_message(anna.id, "x")
        await bot.get_me()
    await bot.send_message(anna.id, "x")
    assert world.faults.happened == 2
    assert world.faults.waiting() == []


async def test_a_429_asks_to_wait(world: World, bot: Bot, anna: Person) -> None:
    world.faults.add(where="telegram", kind="429", seconds=7)
    with pytest.raises(TelegramRetryAfter) as refusal:
        await bot.send_message(anna.id, "x")
    assert refusal.value.retry_after == 7


async def test_a_reset_before_the_work_does_nothing_and_one_after_it_does_all(
    world: World, bot: Bot, anna: Person
) -> None:
    for kind, messages in (("reset_before", 1), ("reset_after", 2)):
        world.faults.add(where="telegram", method="sendMessage", kind=kind)  # type: ignore[arg-type]
        with pytest.raises(TelegramNetworkError):
            await bot.send_message(anna.id, "x")
        assert len(anna.chat.messages) == messages


async def test_a_lost_answer_to_get_updates_confirms_nothing(world: World, bot: Bot) -> None:
    world.faults.add(where="telegram", method="getUpdates", kind="reset_after")
    with pytest.raises(TelegramNetworkError):
        await bot.get_updates()
    assert len(await bot.get_updates()) == 1


async def test_a_delay_holds_back_in_real_time(world: World, bot: Bot, anna: Person) -> None:
    world.faults.add(where="telegram", kind="delay", seconds=0.2)
    before = time.monotonic()
    await bot.send_message(anna.id, "x")
    assert time.monotonic() - before >= 0.2


async def test_a_fault_until_cleared(world: World, bot: Bot) -> None:
    world.faults.add(where="telegram", kind="500", times=None)
    for _ in range(3):
        with pytest.raises(TelegramServerError):
            await bot.get_me()
    world.faults.clear()
    await bot.get_me()


async def test_the_gateway_breaks_too(world: World, http: httpx.AsyncClient) -> None:
    url = f"{world.url}/sys/wait_call.php"
    form = {"apikey": world.smsc.api_key, "phone": "79991234512", "fmt": "3"}
    for kind, given in (("reset_before", 0), ("reset_after", 1)):
        world.faults.add(where="gateway", method="wait_call", kind=kind)  # type: ignore[arg-type]
        with pytest.raises(httpx.TransportError):
            await http.post(url, data=form)
        assert sum(request.number is not None for request in world.smsc.wait_calls) == given
    world.faults.add(where="gateway", kind="500")
    assert (await http.post(url, data=form)).status_code == 500
    world.faults.add(where="gateway", kind="429", seconds=3)
    answer = await http.post(url, data=form)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert [request.fault for request in world.smsc.wait_calls] == [
        "reset_before",
        "reset_after",
        "500",
        "429",
    ]


async def test_impossible_faults_are_refused(world: World) -> None:
    with pytest.raises(ValueError, match="cannot happen"):
        world.faults.add(where="telegram", kind="lost")
    with pytest.raises(ValueError, match="cannot happen"):
        world.faults.add(where="callback", kind="500")
    with pytest.raises(ValueError, match="no such fault"):
        world.faults.add(where="moon", kind="500")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="code"):
        world.faults.add(where="gateway", kind="code")


async def test_what_fails_inside_the_sandbox_is_told_at_the_end(world: World) -> None:
    async def broken() -> None:
        raise RuntimeError("a double that is wrong")

    world._tasks.start(broken())
    await asyncio.sleep(0)
    with pytest.raises(ExceptionGroup, match="the sandbox itself failed"):
        await world._tasks.stop()
