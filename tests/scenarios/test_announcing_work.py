"""Work that this process creates is done at once: no loop has to poll for it."""

from __future__ import annotations

import pytest

from bot.sandbox.world import World
from tests.installation import number_shown
from tests.scenarios.conftest import Install
from tests.scenarios.story import guarded

HOUR = 3600.0


@pytest.fixture(autouse=True)
def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loops run when they are woken and when something is due, and otherwise once an hour."""
    monkeypatch.setattr("bot.wiring.build.LOOK_EVERY", HOUR)
    monkeypatch.setattr("bot.wiring.build.LOOK_EVERY_ALONE", HOUR)
    monkeypatch.setattr("bot.wiring.workers.LOOK_EVERY_ALONE", HOUR)
    monkeypatch.setattr("bot.wiring.workers.SWEEP_EVERY", HOUR)


async def test_the_whole_way_in_needs_nobody_that_looks_for_work(world: World, install: Install) -> None:
    await install()
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")

    await anna.asks_to_join(group)
    await anna.says("/start")
    await anna.shares_contact()
    await anna.calls(await number_shown(anna))

    await world.wait_until(lambda: anna.id in group.members)


async def test_a_call_that_only_the_inbox_tells_of_is_read_at_the_end_of_its_window(
    world: World, install: Install
) -> None:
    await install()
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.shares_contact()
    number = await number_shown(anna)
    world.faults.add(where="callback", kind="lost", times=None)

    await anna.calls(number)
    world.clock.advance(20)

    await anna.sees("✅")
