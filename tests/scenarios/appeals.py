"""A person's way to an appeal."""

from __future__ import annotations

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import number_shown
from tests.scenarios.story import WINDOW

ASK = "Ask an administrator"


async def runs_out_of_time(world: World, person: Person, group: Group) -> None:
    """Ask to join, get a number, and do not call."""
    await person.asks_to_join(group)
    await person.says("/start")
    await person.shares_contact()
    await number_shown(person)
    world.clock.advance(WINDOW + 1)
    await person.sees("Time is up")


async def appeals(world: World, person: Person, group: Group) -> None:
    await runs_out_of_time(world, person, group)
    answer = await person.presses(ASK)
    assert answer["text"] == "I have asked the administrators."
