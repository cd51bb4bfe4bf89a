"""Raids: many strangers come to one group within seconds."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.sandbox.people import Person
from bot.sandbox.tasks import Tasks
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.state import Group

Json = dict[str, Any]
Size = Literal[30, 100, 300]

# Seconds of the sandbox clock in which everybody of a raid comes, and between two handfuls of them.
SPREAD, STEP = 15.0, 0.5
# The most strangers ever: the page lists them.
MOST_STRANGERS = 1200
# First names, and the first letters of the last ones, by language.
NAMES = {
    "en": ("Aria", "Bruno", "Cleo", "Dario", "Elif", "Felix", "Greta", "Hugo", "Iris", "Jonas", "Kira", "Leon"),
    "ru": ("Алиса", "Богдан", "Варя", "Гоша", "Дина", "Егор", "Женя", "Злата", "Илья", "Ксения", "Лев", "Марк"),
}
LETTERS = {"en": "BKMRST", "ru": "БКМРСТ"}


@dataclass(slots=True, eq=False)
class Raid:
    """One raid; `trouble` says in one sentence why it ended early."""

    group: Group
    size: int
    came: int = 0
    over: bool = False
    trouble: str | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def as_json(self) -> Json:
        """Its progress, for the page."""
        return {
            "group": self.group.id,
            "title": self.group.title,
            "size": self.size,
            "came": self.came,
            "over": self.over,
            "trouble": self.trouble,
        }


class Raids:
    """Starts raids, one at a time, in the background and on the sandbox clock."""

    def __init__(self, tg: Telegram, tasks: Tasks, new_stranger: Callable[[str, str], Person]) -> None:
        """`new_stranger` makes a person with a phone of a first name and a language."""
        self._tg = tg
        self._tasks = tasks
        self._new_stranger = new_stranger
        # Too many to show one by one.
        self.strangers: dict[int, Person] = {}
        self._names = itertools.cycle(
            (f"{name} {LETTERS[language][turn]}.", language)
            for turn in range(len(LETTERS["en"]))
            for language, names in NAMES.items()
            for name in names
        )
        self.last: Raid | None = None

    def start(self, group: Group, size: Size) -> Raid:
        """Let so many strangers come to the group: by request where they have to ask, else at once."""
        if self.last is not None and not self.last.over:
            raise NotAllowed("A raid is on already.")
        if len(self.strangers) + size > MOST_STRANGERS:
            raise NotAllowed("There are no more strangers.")
        self.last = Raid(group, size)
        self._tasks.start(self._run(self.last))
        return self.last

    def stop(self) -> None:
        """Let no more strangers come; those who came stay."""
        if self.last is None or self.last.over:
            raise NotAllowed("There is no raid to stop.")
        self.last.ended.set()

    async def _run(self, raid: Raid) -> None:
        handful = math.ceil(raid.size * STEP / SPREAD)
        try:
            while raid.came < raid.size and not raid.ended.is_set():
                for _ in range(min(handful, raid.size - raid.came)):
                    await self._stranger().asks_to_join(raid.group)
                    raid.came += 1
                await self._tg.clock.pause(STEP, raid.ended)
        except NotAllowed as impossible:
            raid.trouble = str(impossible)
        finally:
            raid.over = True
        self._tg.touch(raid.group)

    def _stranger(self) -> Person:
        person = self._new_stranger(*next(self._names))
        self.strangers[person.id] = person
        return person
