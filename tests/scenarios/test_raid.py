"""Two thousand people ask at once, under Telegram's real flood limits."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.raids import alerts, asking, raid
from tests.scenarios.story import eventually, gets_number, guarded
from tests.scenarios.test_updates import webhook

CROWD = 2000
RAIDERS = 1000
VERIFIED_EVERY = 400
FIVE_MINUTES = 300.0
FLOOD, AT_ONCE = 200, 40
"""Joins that the webhook brings, and how many of them Telegram brings in parallel by default."""


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

    # Verified people do not queue behind the others.
    await world.wait_until(lambda: all(person.id in group.members for person in known), within=FIVE_MINUTES)
    written_to = [person for person in strangers if person.shown("Flat owners")]
    assert len(written_to) < CROWD / 2
    await world.wait_until(lambda: world.telegram.delivery.waiting == {}, within=FIVE_MINUTES)
    for person in strangers:
        await person.sees("Flat owners", within=FIVE_MINUTES)
    assert world.telegram.too_many == 0
    # The last results are saved a moment after they arrive.
    await eventually(
        callgate,
        "SELECT state, reach, count(*) AS n FROM join_requests WHERE state = 'waiting' GROUP BY state, reach",
        [{"state": "waiting", "reach": "reached", "n": len(strangers)}],
    )
    asked = {request.account.id for request in group.requests.values()}
    assert asked == {person.id for person in strangers}
    await callgate.stop()


async def one_action_ends_a_raid(world: World, database_url: str, size: int) -> None:
    """Raid a gate of two admins with so many people, while somebody asks to join another gate."""
    callgate = Installation(world, database_url, TELEGRAM_RATE="30")
    await callgate.start()
    _, quiet = await guarded(world, "Garage")
    owner, group = await guarded(world)
    pavel = world.person("Pavel", language="en")
    await owner.adds(group, pavel)
    await owner.promotes(group, pavel, can_invite_users=True)
    await pavel.says("/start")
    known = [world.person(f"Known {number}", language="en") for number in range(4)]
    await asyncio.gather(*(verify(person) for person in known))
    caller, guest = world.person("Carol", language="en"), world.person("Anna", language="en")
    number = await gets_number(caller)

    await caller.asks_to_join(group)
    crowd = await raid(world, group, size)
    for person in known:
        await person.asks_to_join(group)
    kept = size + len(known) + 1
    await eventually(callgate, "SELECT count(*) AS n FROM join_requests", [{"n": kept}], within=FIVE_MINUTES)
    await guest.asks_to_join(quiet)
    assert (await owner.presses("Decline "))["text"] == "Done"
    await guest.shares_contact()
    await guest.calls(await number_shown(guest))
    await world.wait_until(lambda: guest.id in quiet.members)
    await world.wait_until(lambda: all(person.id in group.members for person in known))
    assert len(asking(group, crowd)) > size / 2

    strangers = {person.id for person in crowd}
    # Compared at every event, so the comparison has to stop at the first one who still waits.
    await world.wait_until(lambda: strangers.isdisjoint(group.requests), within=FIVE_MINUTES)
    for admin in (owner, pavel):
        await admin.sees(f"Declined: {size}.")
        assert len(alerts(admin)) == 1
    assert asking(group, [caller]) == {"Carol"}
    await caller.calls(number)
    await world.wait_until(lambda: caller.id in group.members)
    assert world.telegram.too_many == 0
    await callgate.stop()


@pytest.mark.long
async def test_one_action_of_an_admin_ends_a_raid_of_a_thousand_while_another_group_is_served(
    world: World, sqlite_path: Path
) -> None:
    await one_action_ends_a_raid(world, f"sqlite:///{sqlite_path}", RAIDERS)


async def test_one_action_of_an_admin_ends_a_raid_of_hundreds_while_another_group_is_served(
    world: World, postgres_url: str
) -> None:
    await one_action_ends_a_raid(world, postgres_url, 300)


async def test_by_webhook_a_flood_at_one_gate_is_taken_without_deadlocks(fast_world: World, postgres_url: str) -> None:
    callgate = Installation(fast_world, postgres_url, TELEGRAM_RATE="0", **webhook())
    await callgate.start()
    owner, group = await guarded(fast_world)
    hook = fast_world.telegram.webhook
    assert hook is not None
    assert hook.max_connections == AT_ONCE

    crowd = await raid(fast_world, group, FLOOD)

    await fast_world.wait_until(lambda: not fast_world.telegram.delivery.waiting, within=FIVE_MINUTES)
    assert hook.last_error is None
    waiting = await callgate.rows("SELECT user_id FROM join_requests WHERE state = 'waiting' ORDER BY user_id")
    assert [row["user_id"] for row in waiting] == sorted(person.id for person in crowd)
    assert (await callgate.journal()).count("raid") == 1
    await owner.sees("🚨")
    assert len(alerts(owner)) == 1
    await callgate.stop()
    # A server process counts its deadlocks at its end at the latest.
    await eventually(
        callgate,
        "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        [{"n": 0}],
    )
    counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert await callgate.rows(counted) == [{"deadlocks": 0}]
