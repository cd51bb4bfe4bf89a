"""The admin who switches a gate on learns whether guard joins work there."""

from __future__ import annotations

import pytest

from bot.sandbox.faults import Kind
from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.conftest import Install
from tests.scenarios.panel_walk import opens
from tests.scenarios.story import guarded, reads

ADDRESS = "http://localhost:8080"


async def test_they_are_told_that_guard_joins_are_off_and_where_to_switch_them_on(
    world: World, install: Install
) -> None:
    await install(PUBLIC_URL=ADDRESS)

    owner, _ = await guarded(world)

    advice = (await opens(owner, "⚙️ Settings", "Guard joins")).rpartition("\n\n")[2]
    assert "Guard joins are off" in advice
    assert "“Process join requests”" in advice


async def test_they_are_told_that_guard_joins_are_on(world: World, install: Install) -> None:
    callgate = await install(PUBLIC_URL=ADDRESS)
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await callgate.stop()
    await owner.says("/start")
    await owner.makes_bot_admin(group, can_invite_users=True)
    await owner.assigns_guard(group)

    await callgate.start()

    await owner.sees("guarded now")
    assert "Guard joins are on" in (await opens(owner, "⚙️ Settings", "Guard joins")).rpartition("\n\n")[2]


@pytest.mark.parametrize("missing", ["a public address", "Telegram's leave"])
async def test_where_they_are_not_possible_yet_the_operator_is_named(
    world: World, install: Install, missing: str
) -> None:
    if missing == "a public address":
        await install()
    else:
        world.telegram.supports_join_request_queries = False
        await install(PUBLIC_URL=ADDRESS)

    owner, _ = await guarded(world)

    advice = (await opens(owner, "⚙️ Settings", "Guard joins")).rpartition("\n\n")[2]
    assert "not possible yet" in advice
    assert "“python -m bot doctor” shows the operator" in advice


@pytest.mark.parametrize("kind", ["500", "429", "reset_before"])
async def test_when_telegram_does_not_say_the_rest_is_told_without_it(
    world: World, brisk: Installation, kind: Kind
) -> None:
    world.faults.add(where="telegram", kind=kind, method="getChat", times=None)

    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.says("/start")
    await owner.sees("1. ")
    await owner.makes_bot_admin(group, can_invite_users=True)

    told = await reads(owner, "one step left")
    assert "Guard joins" not in told
    assert told.endswith("on for its invite link.")


async def test_of_a_channel_nothing_is_said_of_them(world: World, brisk: Installation) -> None:
    owner, _ = await guarded(world, channel=True)

    assert "Guard joins" not in await opens(owner, "⚙️ Settings", "Deadline")
