"""Call screens served by two replicas side by side on one PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.sandbox.world import World
from tests.installation import CALLBACK_TOKEN, Installation
from tests.scenarios.call_screens import OWN, address, events
from tests.scenarios.story import gets_number, guarded

Replicas = tuple[Installation, Installation]


@pytest.fixture
async def replicas(world: World, postgres_url: str) -> AsyncIterator[Replicas]:
    """The leader, which receives the calls, and a replica that only serves pages."""
    world.telegram.flood.on = False
    leader, other = (
        Installation(world, postgres_url, TELEGRAM_RATE="0", PUBLIC_URL="http://localhost:8080") for _ in range(2)
    )
    await leader.start()
    # Only the leader answers; while it does, nobody else can.
    first = world.person("First", language="en")
    await first.says("/start")
    await first.sees("Share your phone")
    await other.start()
    world.smsc.callback.url = f"{leader.url}/smsc/{CALLBACK_TOKEN}?charset=utf-8"
    yield leader, other
    await other.stop()
    await leader.stop()


async def test_a_screen_open_at_one_replica_hears_of_the_call_that_the_other_one_handled(
    world: World, replicas: Replicas, browser: httpx.AsyncClient
) -> None:
    leader, other = replicas
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    number = await gets_number(anna)

    async with (
        events(browser, await address(other, anna)) as there,
        events(browser, await address(leader, anna)) as here,
    ):
        assert (await there.next())["number"] == (await here.next())["number"] == number
        await anna.calls(number)
        for screen in (there, here):
            told = await screen.until("confirmed")
            while not told["final"]:
                told = await screen.next()
            assert told["texts"]["lead"] == "You are in"
            assert await screen.has_ended()
    metrics = [(await browser.get(f"{replica.url}/metrics")).text for replica in replicas]
    assert ["callgate_gateway_callbacks_total{" in text for text in metrics] == [True, False]


async def test_buttons_pressed_at_one_replica_are_told_on_screens_open_at_the_other(
    world: World, replicas: Replicas, browser: httpx.AsyncClient
) -> None:
    leader, other = replicas
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)

    async with (
        events(browser, await address(other, anna)) as there,
        events(browser, await address(leader, anna)) as here,
    ):
        await browser.post(f"{await address(other, anna)}/another", headers=OWN)
        given = set()
        for screen in (there, here):
            while (told := await screen.next())["number"] == number:
                pass
            given.add(told["number"])
        assert len(given) == 1
        await browser.post(f"{await address(leader, anna)}/cancel", headers=OWN)
        await there.until("cancelled")
        await here.until("cancelled")


async def test_when_the_leader_stops_its_screens_go_on_at_the_other_replica(
    world: World, replicas: Replicas, browser: httpx.AsyncClient
) -> None:
    leader, other = replicas
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)

    async with events(browser, await address(leader, anna)) as open_screen:
        await open_screen.next()
        await leader.stop()
        assert await open_screen.has_ended()
    world.smsc.callback.url = f"{other.url}/smsc/{CALLBACK_TOKEN}?charset=utf-8"
    async with events(browser, await address(other, anna)) as open_screen:
        assert (await open_screen.next())["number"] == number
        await anna.calls(number)
        await open_screen.until("confirmed")
    await anna.sees("✅")
