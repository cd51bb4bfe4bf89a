"""The bot loses a right and gets it back, and Telegram tells of neither."""

from __future__ import annotations

from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown
from tests.scenarios.story import all_is_carried, eventually, guarded

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
    await eventually(brisk, "SELECT count(*) > 0 AS told FROM errands WHERE kind = 'notify'", [{"told": True}])
    assert anna.id not in group.members
    quietly(world, group, may_invite=True)
    world.clock.advance(61)

    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("You are in: Flat owners")
