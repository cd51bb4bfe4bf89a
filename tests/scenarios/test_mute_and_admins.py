"""Muted newcomers and admins: the bot lifts only its own restrictions, and admins' decisions hold."""

from __future__ import annotations

import pytest

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, verify
from tests.scenarios.gates import WAITING, calls, is_freed, is_muted, is_swept, may_write, muting, place, posted
from tests.scenarios.story import DAY, all_is_carried, eventually

NOBODY, ONE = [{"n": 0}], [{"n": 1}]
HOUR, MINUTE = 3600, 60
UNMUTED = "SELECT count(*) AS n FROM grants WHERE kind = 'unmute' AND state = 'done'"
# Not one that was just created: the bot first asks Telegram how long it has to wait.
RESTING = "SELECT count(*) AS n FROM tasks WHERE kind = 'mute' AND done_at IS NULL AND due_at > created_at + 60000000"


async def muted_one(world: World, callgate: Installation) -> tuple[Person, Group, Person]:
    """Make an owner, their group, and somebody who is muted there."""
    owner, group = await muting(world, callgate)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    await all_is_carried(callgate)
    return owner, group, anna


@pytest.mark.parametrize("lasts", [None, HOUR, 300 * DAY])
async def test_a_restriction_that_an_admin_set_before_they_joined_stays_as_it_is(
    world: World, brisk: Installation, lasts: int | None
) -> None:
    owner, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    until = None if lasts is None else int(world.clock.timestamp()) + lasts
    await anna.joins(group)
    await is_muted(world, group, anna)
    await all_is_carried(brisk)
    await owner.restricts(group, anna, until, can_send_messages=True)
    await anna.leaves(group)
    await eventually(brisk, WAITING, NOBODY)
    before = len(calls(world, "restrictChatMember"))
    await anna.joins(group)
    await eventually(brisk, WAITING, ONE)

    await verify(anna)

    await eventually(brisk, UNMUTED, ONE)
    await all_is_carried(brisk)
    assert place(group, anna).status == "restricted"
    assert place(group, anna).until_date == (until or 0)
    assert may_write(group, anna)
    assert len(calls(world, "restrictChatMember")) == before


@pytest.mark.parametrize("lasts", [None, HOUR])
async def test_a_restriction_that_an_admin_sets_meanwhile_stays_as_it_is(
    world: World, brisk: Installation, lasts: int | None
) -> None:
    owner, group, anna = await muted_one(world, brisk)
    until = None if lasts is None else int(world.clock.timestamp()) + lasts
    await owner.restricts(group, anna, until)

    await verify(anna)

    await eventually(brisk, UNMUTED, ONE)
    await all_is_carried(brisk)
    assert (place(group, anna).status, place(group, anna).until_date) == ("restricted", until or 0)
    assert len(calls(world, "restrictChatMember")) == 1


async def test_the_bots_restriction_that_an_admin_changed_is_the_admins(world: World, brisk: Installation) -> None:
    owner, group, anna = await muted_one(world, brisk)
    await owner.restricts(group, anna, place(group, anna).until_date, can_send_messages=True)

    await verify(anna)

    await eventually(brisk, UNMUTED, ONE)
    assert place(group, anna).status == "restricted"
    assert len(calls(world, "restrictChatMember")) == 1


@pytest.mark.parametrize("when", ["before", "meanwhile"])
async def test_when_an_admins_restriction_ends_by_itself_who_has_not_verified_is_muted_by_the_bot(
    world: World, brisk: Installation, when: str
) -> None:
    owner, group, anna = await muted_one(world, brisk)
    until = int(world.clock.timestamp()) + HOUR
    await owner.restricts(group, anna, until, can_send_messages=True)
    if when == "before":
        await anna.leaves(group)
        await eventually(brisk, WAITING, NOBODY)
        await anna.joins(group)
        await eventually(brisk, WAITING, ONE)
    await eventually(brisk, RESTING, ONE)
    assert may_write(group, anna)

    world.clock.advance(HOUR + 2)

    await is_muted(world, group, anna)
    await verify(anna)
    await is_freed(world, group, anna)


async def test_who_verifies_before_an_admins_restriction_ends_is_not_muted_afterwards(
    world: World, brisk: Installation
) -> None:
    owner, group, anna = await muted_one(world, brisk)
    await owner.restricts(group, anna, int(world.clock.timestamp()) + HOUR)
    await eventually(brisk, RESTING, ONE)
    await verify(anna)
    await eventually(brisk, RESTING, NOBODY)

    world.clock.advance(HOUR + 2)
    await is_swept(brisk)
    await all_is_carried(brisk)

    assert may_write(group, anna)
    assert len(calls(world, "restrictChatMember")) == 1


async def test_whom_an_admin_restricted_is_not_removed_at_the_deadline_lest_that_be_lost(
    world: World, brisk: Installation
) -> None:
    owner, group, anna = await muted_one(world, brisk)
    until = int(world.clock.timestamp()) + 2 * DAY
    await owner.restricts(group, anna, until)
    await eventually(brisk, RESTING, ONE)

    world.clock.advance(DAY + MINUTE)

    await eventually(brisk, "SELECT count(*) AS n FROM journal WHERE event = 'failure' AND code = 'restricted'", ONE)
    assert place(group, anna).until_date == until
    assert await brisk.rows(WAITING) == ONE
    world.clock.advance(DAY)
    await is_muted(world, group, anna)
    assert place(group, anna).until_date != until
    assert calls(world, "banChatMember") == []


@pytest.mark.parametrize("how", ["frees", "promotes"])
async def test_whom_an_admin_frees_or_promotes_need_not_verify(world: World, brisk: Installation, how: str) -> None:
    owner, group, anna = await muted_one(world, brisk)

    await getattr(owner, how)(group, anna)

    await eventually(brisk, WAITING, NOBODY)
    await all_is_carried(brisk)
    world.clock.advance(2 * DAY)
    await is_swept(brisk)
    await all_is_carried(brisk)
    assert may_write(group, anna)
    rows = await brisk.rows("SELECT actor_id FROM journal WHERE event = 'left_alone'")
    assert rows == [{"actor_id": owner.id}]
    assert posted(world, group) == []


async def test_another_tag_changes_nothing_for_who_is_muted(world: World, brisk: Installation) -> None:
    owner, group, anna = await muted_one(world, brisk)

    await owner.tags(group, anna, "new here")
    await all_is_carried(brisk)

    assert await brisk.rows(WAITING) == ONE
    await verify(anna)
    await is_freed(world, group, anna)
    assert place(group, anna).tag == "new here"


async def test_whom_an_admin_approves_in_the_groups_list_is_not_muted(world: World, brisk: Installation) -> None:
    owner, group = await muting(world, brisk)
    group.approves_new_members = True
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    for person in (anna, boris):
        await person.asks_to_join(group)
        await person.sees("Flat owners")

    await owner.approves(group, anna)
    await owner.declines(group, boris)

    await eventually(brisk, "SELECT state FROM join_requests WHERE user_id = :id", [{"state": "approved"}], id=anna.id)
    await all_is_carried(brisk)
    assert may_write(group, anna)
    assert calls(world, "restrictChatMember") == []
    await verify(boris)
    await eventually(brisk, "SELECT state FROM grants WHERE user_id = :id", [{"state": "gone"}], id=boris.id)
    assert not place(group, boris).inside


async def test_who_waits_for_approval_and_goes_round_it_is_muted(world: World, brisk: Installation) -> None:
    owner, group = await muting(world, brisk)
    group.approves_new_members = True
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")

    await anna.opens_link(await owner.makes_link(group))

    await is_muted(world, group, anna)
    await verify(anna)
    await is_freed(world, group, anna)


async def test_without_the_right_nobody_is_muted_or_removed_and_with_it_those_who_wait_are_muted(
    world: World, brisk: Installation
) -> None:
    owner, group, anna = await muted_one(world, brisk)
    boris, vera = world.person("Boris", language="en"), world.person("Vera", language="en")
    await owner.makes_bot_admin(group, can_restrict_members=False)
    await boris.joins(group)
    await vera.joins(group)
    await eventually(brisk, WAITING, [{"n": 3}])
    await verify(vera)
    await all_is_carried(brisk)
    world.clock.advance(DAY + MINUTE)
    await eventually(brisk, "SELECT count(*) AS n FROM journal WHERE event = 'join_expired'", [{"n": 2}])
    await eventually(brisk, WAITING, [{"n": 2}])
    assert place(group, anna).inside
    assert may_write(group, boris)

    await owner.makes_bot_admin(group, can_restrict_members=True)

    await is_muted(world, group, boris)
    await all_is_carried(brisk)
    assert may_write(group, vera)
    for person in (anna, boris):
        await verify(person)
        await is_freed(world, group, person)
    prompts = [call for call in calls(world, "sendMessage") if "one free call. Only you" in str(call["text"])]
    assert len(prompts) == 2


async def test_while_the_bot_may_not_invite_nobody_is_let_in_or_removed_and_then_it_goes_on(
    world: World, brisk: Installation
) -> None:
    owner, group, anna = await muted_one(world, brisk)
    boris = world.person("Boris", language="en")
    await boris.joins(group)
    await is_muted(world, group, boris)
    await owner.takes_rights(group)
    await eventually(brisk, "SELECT is_on FROM gates", [{"is_on": False}])
    await verify(anna)
    world.clock.advance(2 * DAY)
    await is_swept(brisk)
    await all_is_carried(brisk)
    assert not may_write(group, anna)
    assert place(group, boris).inside

    await owner.makes_bot_admin(group, can_invite_users=True)

    await is_freed(world, group, anna)
    await verify(boris)
    await is_freed(world, group, boris)


async def test_what_happens_to_members_of_a_chat_that_is_no_gate_is_ignored(world: World, brisk: Installation) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Not guarded", owner, approves=False)
    await owner.makes_bot_admin(group, can_restrict_members=True)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await owner.promotes(group, anna)
    await owner.demotes(group, anna)
    await owner.restricts(group, anna)
    await anna.leaves(group)

    await all_is_carried(brisk)

    assert may_write(group, owner)
    assert await brisk.journal() == []
    assert await brisk.rows("SELECT user_id FROM admins") == []
    assert calls(world, "restrictChatMember") == []
