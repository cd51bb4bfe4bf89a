"""The beginnings of stories about raids."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group, Message
from bot.sandbox.world import World
from tests.scenarios.story import guarded


async def raided(world: World, count: int, title: str = "Flat owners") -> tuple[Person, Group, list[Person]]:
    """Make a gate with its owner, and let so many people ask at once."""
    owner, group = await guarded(world, title)
    return owner, group, await raid(world, group, count)


async def raid(world: World, group: Group, count: int) -> list[Person]:
    """Let so many people ask at once."""
    crowd = [world.person(f"{group.title} {number}", language="en") for number in range(count)]
    await asyncio.gather(*(person.asks_to_join(group) for person in crowd))
    return crowd


def alerts(person: Person) -> list[Message]:
    """Return the bot's raid alerts to this person."""
    return [message for message in person.chat.messages if message.sender.is_bot and "🚨" in (message.text or "")]


def asking(group: Group, crowd: Sequence[Person]) -> set[str]:
    """Return those of the crowd whose request is undecided."""
    waiting = {request.account.id for request in group.requests.values()}
    return {person.name for person in crowd if person.id in waiting}
