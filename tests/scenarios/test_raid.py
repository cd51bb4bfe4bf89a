"""Two thousand people ask at once, and Telegram's flood limits are the real ones."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.sandbox.world import World
from tests.installation import Installation, verify
from tests.scenarios.story import eventually

CROWD = 2000
VERIFIED_EVERY = 400
FIVE_MINUTES = 300.0


@pytest.mark.long
async def test_in_a_raid_everybody_is_written_to_in_time_without_one_call_too_many(
    world: World, tmp_path: Path
) -> None:
    callgate = Installation(world, f"sqlite:///{tmp_path / 'callgate.db'}", TELEGRAM_RATE="30")
    await callgate.start()
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.says("/start")
    await owner.makes_bot_admin(group, can_invite_users=True)
    crowd = [world.person(f"Person {number}", language="en") for number in range(CROWD)]
    known, strangers = crowd[VERIFIED_EVERY - 1 :: VERIFIED_EVERY], [*crowd]
    for person in known:
        strangers.remove(person)
    await asyncio.gather(*(verify(person) for person in known))

    for person in crowd:
        await person.asks_to_join(group)

    # Who is verified does not queue behind those who are not.
    await world.wait_until(lambda: all(person.id in group.members for person in known), within=FIVE_MINUTES)
    written_to = [person for person in strangers if person.shown("Flat owners")]
    assert len(written_to) < CROWD / 2
    await world.wait_until(lambda: world.telegram.delivery.waiting == {}, within=FIVE_MINUTES)
    for person in strangers:
        await person.sees("Flat owners", within=FIVE_MINUTES)
    assert world.telegram.too_many == 0
    # The last receipts are noted a moment after they came.
    await eventually(
        callgate,
        "SELECT state, reach, count(*) AS n FROM join_requests WHERE state = 'waiting' GROUP BY state, reach",
        [{"state": "waiting", "reach": "reached", "n": len(strangers)}],
    )
    asked = {request.account.id for request in group.requests.values()}
    assert asked == {person.id for person in strangers}
    await callgate.stop()
