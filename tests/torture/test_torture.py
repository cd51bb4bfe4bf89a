"""The short form of `make torture`, and the auditor sees what it is there to see."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.torture.auditor import Called, Watch, how_called
from tests.torture.crowd import Walker
from tests.torture.plan import Act, Habit, Newcomer, Way, rounds
from tests.torture.storm import WINDOW, play

LONGEST = 60.0
"""Seconds after which no further blow comes."""


@pytest.mark.long
async def test_nobody_is_lost_while_the_bot_is_killed_again_and_again(database_url: str, tmp_path: Path) -> None:
    kind = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    (plan,) = rounds(seed=3, kills=2, people=5, database=kind, each=2)

    outcome = await play(replace(plan, is_migrated=True), database_url, tmp_path, time.monotonic() + LONGEST)

    assert outcome.violations == [], outcome.story
    assert outcome.kills > 0
    assert outcome.let_in > 0


def test_a_seed_makes_the_same_plan_again_and_another_seed_another() -> None:
    one, same, other = (rounds(seed, 50, 10, "sqlite", 20) for seed in (1, 1, 2))

    assert one == same
    assert one != other
    assert [plan.kills for plan in one] == [20, 20, 10]


async def _someone(world: World, way: Way = Way.REQUEST) -> Walker:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner)
    return Walker(Newcomer(way, Habit.VERIFIES, 0, 0), world.person("Anna", language="en"), group)


def _is_sent(world: World, person: Person, text: str) -> None:
    detail: dict[str, Any] = {"method": "sendMessage", "params": {"chat_id": person.id}, "result": {"text": text}}
    world.trace.add("bot_api", "sendMessage", detail)


@pytest.mark.parametrize(("blows", "wrong"), [([], 1), (["kill"], 0), (["freeze"], 0), (["terminate"], 1)])
async def test_the_same_twice_is_seen_unless_the_bot_died_in_between(
    world: World, blows: list[Act], wrong: int
) -> None:
    watch, anna = Watch(world), (await _someone(world)).person
    _is_sent(world, anna, "Welcome")
    for blow in blows:
        watch.struck(blow)

    _is_sent(world, anna, "Welcome")

    assert len(watch.found([])) == wrong


async def test_a_third_time_is_seen_after_one_crash(world: World) -> None:
    watch, anna = Watch(world), (await _someone(world)).person
    _is_sent(world, anna, "Welcome")
    watch.struck("kill")
    _is_sent(world, anna, "Welcome")

    _is_sent(world, anna, "Welcome")

    assert len(watch.found([])) == 1


async def test_who_gets_in_before_any_call_is_seen(world: World) -> None:
    watch, walker = Watch(world), await _someone(world)
    watch.begin([walker])
    await walker.person.asks_to_join(walker.group)
    owner = next(person for person in world.people.values() if person.name == "Olga")

    await owner.approves(walker.group, walker.person)
    _is_sent(world, walker.person, "Welcome")

    assert len(watch.found([])) == 1


async def test_only_a_call_from_the_own_phone_to_a_number_given_counts(world: World) -> None:
    walker = await _someone(world)
    number = world.smsc.pool(walker.person.phone)[0]
    await walker.person.calls(number)
    assert how_called(world, walker, WINDOW, reads_inbox=True) is Called.NEVER

    world.smsc._remember("wait_call", {"phone": walker.person.phone}, None, number.lstrip("+"), None)
    await walker.person.calls(number, from_number="+79260000001")
    assert how_called(world, walker, WINDOW, reads_inbox=True) is Called.NEVER
    await walker.person.calls(number)

    assert how_called(world, walker, WINDOW, reads_inbox=True) is Called.SURELY
