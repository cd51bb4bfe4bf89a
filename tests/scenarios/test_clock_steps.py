"""The machine's clock is set while the bot runs: nobody loses their window, and nobody is removed early."""

from __future__ import annotations

import httpx
import pytest

from bot.sandbox.world import World
from tests.installation import CALLBACK_TOKEN, Installation, verify
from tests.scenarios.gates import calls, is_freed, is_muted, is_swept, muting
from tests.scenarios.story import DAY, all_is_carried, eventually, gets_number, moments, verifications

HOUR, MINUTE = 3600, 60
STEPS = pytest.mark.parametrize("step", [HOUR, -HOUR], ids=["forward", "back"])


@STEPS
async def test_a_number_given_before_the_clock_is_set_can_still_be_called(
    world: World, brisk: Installation, step: int
) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)

    world.clock.step(step)
    await is_swept(brisk)
    assert await verifications(brisk, anna) == ["open"]
    world.clock.advance(10 * MINUTE)
    await is_swept(brisk)
    await anna.calls(number)

    await anna.sees("✅")
    assert await verifications(brisk, anna) == ["confirmed"]


@pytest.mark.parametrize("step", [8 * DAY, -8 * DAY], ids=["forward", "back"])
async def test_a_call_counts_that_arrives_before_the_bot_has_seen_that_the_clock_was_set(
    world: World, brisk: Installation, browser: httpx.AsyncClient, step: int
) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    await is_swept(brisk)
    # Stop its sweeps.
    world.clock.set_rate(0)

    world.clock.step(step)
    phone = (anna.phone or "").lstrip("+")
    report = {"id": "1", "phone": phone, "mes": "[waitcall]", "to": number.lstrip("+")}
    answer = await browser.post(f"{brisk.url}/smsc/{CALLBACK_TOKEN}", data=report)
    assert answer.text == "OK"

    await eventually(brisk, "SELECT state FROM verifications", [{"state": "confirmed"}])


async def test_a_window_ends_as_long_after_it_began_as_without_the_step(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    world.clock.advance(5 * MINUTE)
    before = max(moments(anna, number))

    world.clock.step(HOUR)
    await is_swept(brisk)
    await world.wait_until(lambda: moments(anna, number) != [] and max(moments(anna, number)) >= before + HOUR - MINUTE)
    world.clock.advance(11 * MINUTE)
    await eventually(brisk, "SELECT state FROM verifications", [{"state": "expired"}])
    await anna.calls(number)

    await all_is_carried(brisk)
    assert await verifications(brisk, anna) == ["expired"]


@STEPS
async def test_nobody_is_removed_before_their_time_because_the_clock_was_set(
    world: World, brisk: Installation, step: int
) -> None:
    _, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    await all_is_carried(brisk)
    world.clock.advance(DAY - HOUR // 2)
    await is_swept(brisk)

    world.clock.step(step)
    for _ in range(3):
        await is_swept(brisk)

    assert await brisk.rows("SELECT state FROM join_requests") == [{"state": "waiting"}]
    assert calls(world, "banChatMember") == []
    await verify(anna)
    await is_freed(world, group, anna)


@STEPS
async def test_who_begins_after_the_clock_was_set_is_served_as_ever(
    world: World, brisk: Installation, step: int
) -> None:
    world.clock.step(step)
    await is_swept(brisk)
    anna = world.person("Anna", language="en")

    await verify(anna)

    assert await verifications(brisk, anna) == ["confirmed"]
