"""Gates that pause or are switched off, and settings that change, while people wait there."""

from __future__ import annotations

import pytest

from bot.domain.gate_settings import AtDeadline, CountryRule, EntryMode
from bot.domain.gates import GateMode
from bot.domain.notifications import Toast
from bot.domain.phone import NumberKind
from bot.sandbox.world import World
from tests.installation import Installation, verify
from tests.scenarios.gates import (
    WAITING,
    calls,
    changes,
    is_freed,
    is_muted,
    is_swept,
    may_write,
    muting,
    place,
    posted,
    switches,
    with_gate,
)
from tests.scenarios.story import DAY, all_is_carried, eventually, guarded

HOUR, MINUTE = 3600, 60
NOBODY, ONE = [{"n": 0}], [{"n": 1}]


async def test_at_a_gate_that_pauses_newcomers_are_muted_and_nothing_else_happens_until_it_goes_on(
    world: World, brisk: Installation
) -> None:
    owner, group = await muting(world, brisk)
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    await all_is_carried(brisk)
    assert await switches(brisk, group, GateMode.PAUSED, owner) is Toast.DONE
    await boris.joins(group)
    await is_muted(world, group, boris)
    await verify(anna)
    await all_is_carried(brisk)
    world.clock.advance(2 * DAY)
    await is_swept(brisk)
    await all_is_carried(brisk)
    assert not may_write(group, anna)
    assert boris.shown_in(group, "Only you see this") is None
    assert place(group, boris).inside
    assert posted(world, group) == []

    await switches(brisk, group, GateMode.ON, owner)

    await is_freed(world, group, anna)
    await boris.sees_in(group, "Only you see this")
    world.clock.advance(HOUR - MINUTE)
    await is_swept(brisk)
    await all_is_carried(brisk)
    assert place(group, boris).inside
    world.clock.advance(2 * MINUTE)
    await world.wait_until(lambda: not place(group, boris).inside)
    rows = await brisk.rows("SELECT code, actor_id FROM journal WHERE event = 'gate_changed' ORDER BY id")
    assert rows == [{"code": f"switch:{to}", "actor_id": owner.id} for to in ("paused", "on")]


async def test_requests_made_while_the_gate_pauses_are_told_of_it_once_it_goes_on(
    world: World, brisk: Installation
) -> None:
    owner, group = await guarded(world)
    anna, boris, vera = (world.person(name, language="en") for name in ("Anna", "Boris", "Vera"))
    await boris.says("/start")
    await verify(vera)
    await all_is_carried(brisk)
    await switches(brisk, group, GateMode.PAUSED, owner)
    for person in (anna, boris, vera):
        await person.asks_to_join(group)
    await eventually(brisk, WAITING, [{"n": 3}])
    await all_is_carried(brisk)
    assert anna.chat.messages == []
    assert vera.id in group.requests

    await switches(brisk, group, GateMode.ON, owner)

    await world.wait_until(lambda: vera.id in group.members)
    for person in (anna, boris):
        await person.sees("To join Flat owners")
        await verify(person)
    await world.wait_until(lambda: {anna.id, boris.id} <= set(group.members))


async def test_a_gate_switched_off_leaves_nobody_muted_and_requests_to_its_admins(
    world: World, brisk: Installation
) -> None:
    owner, group = await muting(world, brisk)
    anna, boris, vera = (world.person(name, language="en") for name in ("Anna", "Boris", "Vera"))
    anna.account.ephemeral = False
    await anna.joins(group)
    await is_muted(world, group, anna)
    await anna.sees_in(group, "New here?")
    await owner.restricts(group, boris)

    await switches(brisk, group, GateMode.OFF, owner)

    await is_freed(world, group, anna)
    await world.wait_until(lambda: posted(world, group) == [])
    await vera.joins(group)
    await all_is_carried(brisk)
    assert may_write(group, vera)
    assert place(group, boris).status == "restricted"
    assert await brisk.rows(WAITING) == NOBODY
    await switches(brisk, group, GateMode.ON, owner)
    world.clock.advance(2 * DAY)
    await is_swept(brisk)
    await all_is_carried(brisk)
    assert may_write(group, anna)
    assert len(calls(world, "restrictChatMember")) == 2


async def test_who_left_muted_and_comes_again_when_the_gate_is_off_may_write(world: World, brisk: Installation) -> None:
    owner, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    await anna.leaves(group)
    await eventually(brisk, WAITING, NOBODY)
    await switches(brisk, group, GateMode.OFF, owner)

    await anna.joins(group)

    await is_freed(world, group, anna)


async def test_a_gate_that_mutes_nobody_any_more_frees_those_it_muted(world: World, brisk: Installation) -> None:
    _, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)

    await changes(brisk, group, way=EntryMode.REQUEST)

    await is_freed(world, group, anna)
    assert await brisk.rows(WAITING) == NOBODY


@pytest.mark.parametrize("way", [EntryMode.MUTE, EntryMode.REQUEST])
async def test_a_gate_that_asks_for_no_call_any_more_lets_in_who_waits(
    world: World, brisk: Installation, way: EntryMode
) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner, approves=way is EntryMode.REQUEST)
    await with_gate(world, brisk, group, owner, way=way)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await eventually(brisk, WAITING, ONE)
    await all_is_carried(brisk)

    await changes(brisk, group, asks_call=False)

    await is_freed(world, group, anna)
    boris = world.person("Boris", language="en")
    await boris.asks_to_join(group)
    await is_freed(world, group, boris)
    await all_is_carried(brisk)
    assert may_write(group, boris)
    assert len(calls(world, "restrictChatMember")) == (2 if way is EntryMode.MUTE else 0)


async def test_whom_a_rule_hindered_comes_in_once_the_rule_is_gone_and_sees_it(
    world: World, brisk: Installation
) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner)
    await with_gate(world, brisk, group, owner, country_rule=CountryRule.ALL_BUT, countries=("RU",))
    anna = world.person("Anna", language="en")
    await verify(anna)
    await anna.asks_to_join(group)
    await anna.sees("does not accept numbers of your country")
    await all_is_carried(brisk)
    assert anna.id in group.requests

    await changes(brisk, group, country_rule=CountryRule.ANY, countries=())

    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("You are in: Flat owners")


async def test_a_rule_that_comes_while_somebody_verifies_holds_for_them_and_they_see_it(
    world: World, brisk: Installation
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.says("/start")
    await anna.shares_contact()
    message = await anna.sees("📞")

    await changes(brisk, group, refused_kinds=frozenset(NumberKind))
    await anna.calls(next(word for word in (message.text or "").split() if word.startswith("+")))

    await anna.sees("does not accept numbers of this kind")
    await all_is_carried(brisk)
    assert anna.id in group.requests


async def test_who_was_left_waiting_has_an_hour_once_the_gate_turns_people_away(
    world: World, brisk: Installation
) -> None:
    _, group = await muting(world, brisk, at_deadline=AtDeadline.LEAVE)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    world.clock.advance(3 * DAY)
    await all_is_carried(brisk)

    await changes(brisk, group, at_deadline=AtDeadline.TURN_AWAY)
    world.clock.advance(HOUR - MINUTE)
    await is_swept(brisk)
    await all_is_carried(brisk)
    assert place(group, anna).inside

    world.clock.advance(2 * MINUTE)

    await world.wait_until(lambda: not place(group, anna).inside)


async def test_a_switch_that_is_where_it_is_or_goes_nowhere_does_nothing(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)

    assert await switches(brisk, group, GateMode.ON, owner) is Toast.DONE_BEFORE
    assert await switches(brisk, group, "sideways", owner) is Toast.UNKNOWN  # type: ignore[arg-type] # an old button

    assert "gate_changed" not in await brisk.journal()
