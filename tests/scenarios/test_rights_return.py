"""The bot loses a right, or gets it back, without an update from Telegram; the same for a group's own settings."""

from __future__ import annotations

import pytest

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown
from tests.scenarios.gates import muting
from tests.scenarios.story import LOOK, all_is_carried, eventually, guarded, looked

STATES = "SELECT state FROM grants"


def quietly(world: World, group: Group, *, may_invite: bool) -> None:
    """Change the right without an update."""
    group.member(world.telegram.bot).rights["can_invite_users"] = may_invite


async def test_who_called_meanwhile_comes_in_without_pressing_anything(world: World, brisk: Installation) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.says("/start")
    await anna.shares_contact()
    number = await number_shown(anna)
    await all_is_carried(brisk)
    quietly(world, group, may_invite=False)
    await anna.calls(number)
    await eventually(brisk, STATES, [{"state": "failed"}])

    world.clock.advance(61)
    await eventually(brisk, "SELECT count(*) > 0 AS told FROM tasks WHERE kind = 'notify'", [{"told": True}])
    assert anna.id not in group.members
    quietly(world, group, may_invite=True)
    world.clock.advance(61)

    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("You are in: Flat owners")


async def test_that_newcomers_need_no_approval_any_more_is_noticed_and_told(world: World, brisk: Installation) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner, username="flat_owners")
    await owner.says("/start")
    await owner.sees("1. ")
    await owner.makes_bot_admin(group, can_invite_users=True)
    await owner.sees("guarded now")
    await all_is_carried(brisk)

    await owner.sets_up(group, approves=False)
    world.clock.advance(LOOK)

    await owner.sees("Anybody can join without asking")


async def test_that_people_who_are_no_members_can_write_under_a_channel_is_noticed_and_told(
    world: World, brisk: Installation
) -> None:
    owner, group = await guarded(world)
    await all_is_carried(brisk)

    group.linked_channel = world.channel("News", owner=owner).id
    world.clock.advance(LOOK)

    await owner.sees("can write here without joining")
    group.open_comments = False
    await owner.says("/gates")
    await owner.presses(group.title)
    await owner.sees("✅ Flat owners is guarded now")


@pytest.mark.parametrize(
    ("right", "says"),
    [
        ("can_invite_users", "I cannot let anybody in"),
        ("can_restrict_members", "I cannot mute or remove anybody"),
        ("can_manage_tags", "I cannot give the tag"),
        ("can_delete_messages", "I cannot delete “Joined the group” lines"),
    ],
)
async def test_each_right_that_is_gone_without_an_update_is_noticed_and_told(
    world: World, brisk: Installation, right: str, says: str
) -> None:
    rights = ("can_restrict_members", "can_manage_tags", "can_delete_messages")
    owner, group = await muting(world, brisk, rights=rights, tag="here", tidies_joins=True)
    await owner.says("/start")
    await owner.sees("👋")
    await all_is_carried(brisk)

    group.member(world.telegram.bot).rights[right] = False
    world.clock.advance(LOOK)

    await owner.sees(says)


async def test_operators_hear_of_a_right_that_stays_missing_though_telegram_is_asked_again_and_again(
    world: World, brisk: Installation, operator: Person
) -> None:
    await operator.says("/start")
    await operator.sees("👋")
    owner, group = await muting(world, brisk)
    await owner.makes_bot_admin(group, can_restrict_members=False)

    for _ in range(25):
        await looked(brisk)
        if operator.shown("the right “Ban users”") is not None:
            break

    await operator.sees("the right “Ban users”")
