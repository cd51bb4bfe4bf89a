"""What stories of raids begin with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group, Message
from bot.sandbox.world import World
from tests.scenarios.story import guarded


async def raided(world: World, count: int, title: str = "Flat owners") -> tuple[Person, Group, list[Person]]:
    """A gate's owner, its group, and so many who ask at once."""
    owner, group = await guarded(world, title)
    return owner, group, await raid(world, group, count)


async def raid(world: World, group: Group, count: int) -> list[Person]:
    """So many ask at once."""
    crowd = [world.person(f"{group.title} {number}", language="en") for number in range(count)]
    await asyncio.gather(*(person.asks_to_join(group) for person in crowd))
    return crowd


def alerts(person: Person) -> list[Message]:
    """The messages of the bot that tell this person of a raid."""
    return [message for message in person.chat.messages if message.sender.is_bot and "🚨" in (message.text or "")]


def asking(group: Group, crowd: Sequence[Person]) -> set[str]:
    """Those of the crowd whose request is not decided."""
    waiting = {request.account.id for request in group.requests.values()}
    return {person.name for person in crowd if person.id in waiting}
