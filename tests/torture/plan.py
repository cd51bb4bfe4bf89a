"""What will happen in a round: who comes, and what befalls the bot. A seed makes the same plan again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bot.sandbox.faults import Kind, Where


class Way(StrEnum):
    """How somebody comes to a group."""

    REQUEST = "request"
    GUARD = "guard"
    MUTE = "mute"
    KNOWN = "known"
    """They verify first, and ask to join after that."""


class Habit(StrEnum):
    """What somebody does on their way."""

    VERIFIES = "verifies"
    CALLS_TWICE = "calls twice"
    STARTS_TWICE = "starts twice"
    ASKS_ANOTHER = "asks another number"
    BLOCKS = "blocks the bot, then calls"
    JOINS_ONLY = "joins only"
    SHARES_ONLY = "never calls"
    CALLS_FROM_ANOTHER = "calls from another phone"
    CANCELS = "cancels"
    WITHDRAWS = "withdraws the request"


HABITS = {
    Habit.VERIFIES: 10,
    Habit.CALLS_TWICE: 2,
    Habit.STARTS_TWICE: 2,
    Habit.ASKS_ANOTHER: 2,
    Habit.BLOCKS: 1,
    Habit.JOINS_ONLY: 2,
    Habit.SHARES_ONLY: 2,
    Habit.CALLS_FROM_ANOTHER: 2,
    Habit.CANCELS: 1,
    Habit.WITHDRAWS: 1,
}
"""How many of the people have each, in proportion."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who comes so many seconds after the round began, and takes so many for each step."""

    way: Way
    habit: Habit
    comes_after: float
    step: float


Act = Literal["kill", "terminate", "freeze"]
On = Literal["time", "message", "grant", "gateway", "update", "callback"]


@dataclass(frozen=True, slots=True)
class Blow:
    """What befalls one process of the bot.

    It comes once `count` things of the kind `on` have travelled, at that very moment, or after `seconds`; a `message`
    and a `grant` are calls of the Bot API. A process that is frozen goes on after `lasts` seconds; one that ends is
    started again at once.
    """

    act: Act
    process: int
    on: On
    count: int
    seconds: float
    lasts: float


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something goes wrong with Telegram or the gateway, so many seconds after the trouble before."""

    after: float
    where: Where
    kind: Kind
    method: str | None
    times: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Round:
    """One story: a new database, new people, `processes` bots that share it."""

    number: int
    updates: Literal["polling", "webhook"]
    processes: int
    is_migrated: bool
    reads_inbox: bool
    """Else each call has but one way to the bot, and what it acknowledged must be kept."""
    newcomers: tuple[Newcomer, ...]
    blows: tuple[Blow, ...]
    troubles: tuple[Trouble, ...]

    @property
    def kills(self) -> int:
        """How often it kills a process."""
        return sum(blow.act == "kill" for blow in self.blows)


SENDS = ("sendMessage", "editMessageText")
LETS_IN = ("approveChatJoinRequest", "answerChatJoinRequestQuery", "restrictChatMember", "sendChatJoinRequestWebApp")
TELEGRAM: Sequence[Kind] = ("delay", "429", "500", "reset_before", "reset_after")
CALLBACK: Sequence[Kind] = ("lost", "doubled", "late")


def rounds(seed: int, kills: int, people: int, database: str, each: int) -> list[Round]:
    """Enough rounds for so many kills, `each` of them in one, with so many people in one."""
    planned: list[Round] = []
    left = kills
    while left > 0:
        planned.append(_round(seed, len(planned), min(left, each), people, database))
        left -= each
    return planned


def _round(seed: int, number: int, kills: int, people: int, database: str) -> Round:
    chance = random.Random(f"{seed}/{database}/{number}")
    # A webhook has one address: where several processes share a database, they poll.
    updates: Literal["polling", "webhook"] = "webhook" if number % 2 else "polling"
    processes = 2 if database == "postgresql" and updates == "polling" else 1
    blows = _blows(chance, kills, processes)
    lasts = sum(blow.seconds for blow in blows)
    return Round(
        number=number,
        updates=updates,
        processes=processes,
        is_migrated=number % 3 != 0,
        reads_inbox=number % 4 < 2,
        newcomers=tuple(_newcomer(chance, lasts) for _ in range(people)),
        blows=blows,
        troubles=_troubles(chance, lasts),
    )


def _newcomer(chance: random.Random, lasts: float) -> Newcomer:
    return Newcomer(
        way=chance.choice(list(Way)),
        habit=chance.choices(list(HABITS), list(HABITS.values()))[0],
        comes_after=chance.uniform(0, lasts * 0.7),
        step=chance.uniform(0, 1.5),
    )


def _blows(chance: random.Random, kills: int, processes: int) -> tuple[Blow, ...]:
    others: list[Act] = ["terminate", "freeze"]
    killed: list[Act] = ["kill"]
    acts = killed * kills + others * (kills // 4)
    chance.shuffle(acts)
    return tuple(_blow(chance, act, processes) for act in acts)


def _blow(chance: random.Random, act: Act, processes: int) -> Blow:
    on: On = chance.choice(("time", "time", "message", "message", "grant", "gateway", "update", "callback"))
    return Blow(
        act=act,
        process=chance.randrange(processes),
        on=on,
        count=chance.randint(1, 4),
        # Every fourth comes while the process has hardly begun.
        seconds=chance.choice((chance.uniform(0.05, 1.2), *[chance.uniform(1.0, 4.0)] * 3)),
        lasts=chance.choice((chance.uniform(0.2, 3.0), chance.uniform(0.2, 3.0), 12.0 if processes > 1 else 5.0)),
    )


def _troubles(chance: random.Random, lasts: float) -> tuple[Trouble, ...]:
    troubles: list[Trouble] = []
    passed = 0.0
    while (passed := passed + (after := chance.uniform(0.5, 3.0))) < lasts:
        where: Where = chance.choice(("telegram", "telegram", "gateway", "callback"))
        method = None
        if where == "telegram":
            method = chance.choice((None, *SENDS, *LETS_IN))
        kind = chance.choice(CALLBACK if where == "callback" else TELEGRAM)
        if where == "gateway":
            method = chance.choice(("wait_call", "wait_call", "get"))
        troubles.append(Trouble(after, where, kind, method, chance.randint(1, 3), round(chance.uniform(0.3, 3.0), 1)))
    return tuple(troubles)
