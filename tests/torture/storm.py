"""One round: a world, its people, the bot's processes, and what befalls them."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.clock import REAL_TIME
from bot.domain.gate_settings import EntryMode
from bot.sandbox.people import NotSeen, Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.trace import Entry
from bot.sandbox.world import World
from tests.process import BotProcess
from tests.scenarios.gates import chooses
from tests.scenarios.story import all_is_carried, eventually
from tests.torture.auditor import Called, Watch, how_called, is_in, violations
from tests.torture.crowd import Walker, walk
from tests.torture.plan import LETS_IN, SENDS, Blow, On, Round, Trouble, Way

WINDOW = 45
"""Seconds in which a number can be called: some let it pass, and have to be told so before the round ends."""
SETTLES_WITHIN = 90.0
"""Seconds after which nothing is expected of the bot any more."""
TITLES = {Way.REQUEST: "Flat owners", Way.GUARD: "Garage", Way.MUTE: "Garden", Way.KNOWN: "Flat owners"}
RIGHTS = ("can_invite_users", "can_restrict_members")


@dataclass(slots=True)
class Outcome:
    """What happened in a round, and what was wrong with it."""

    round: Round
    kills: int = 0
    terminations: int = 0
    freezes: int = 0
    starts: int = 0
    faults: int = 0
    sent_twice: int = 0
    calls: int = 0
    unsure: int = 0
    let_in: int = 0
    people: int = 0
    seconds: float = 0.0
    peak_mib: float = 0.0
    violations: list[str] = field(default_factory=list)
    story: str = ""


class Storm:
    """The processes of one round."""

    def __init__(self, world: World, plan: Round, bots: list[BotProcess], watch: Watch, outcome: Outcome) -> None:
        self._world = world
        self._plan = plan
        self._bots = bots
        self._watch = watch
        self._outcome = outcome

    def launch(self, bot: BotProcess) -> None:
        """Start a process at once, every tenth by the command from scratch."""
        self._outcome.starts += 1
        if self._outcome.starts % 10:
            bot.launch()
        else:
            bot.launch_by_command()

    async def blows(self, until: float) -> None:
        """All that befalls the processes, one blow after the other, but none after the moment `until`."""
        for blow in self._plan.blows:
            if time.monotonic() > until:
                return
            bot = self._bots[blow.process]
            await self._moment(blow, bot)
            await self._strike(blow, bot)

    async def troubles(self, until: float) -> None:
        """All that goes wrong with Telegram and the gateway, in the same way."""
        for trouble in self._plan.troubles:
            await REAL_TIME.pause(trouble.after)
            if time.monotonic() > until:
                return
            self._add(trouble)

    def _add(self, trouble: Trouble) -> None:
        self._world.faults.add(
            where=trouble.where,
            kind=trouble.kind,
            method=trouble.method,
            times=trouble.times,
            seconds=trouble.seconds,
        )

    async def _moment(self, blow: Blow, bot: BotProcess) -> None:
        """Wait for the moment; where it is something that travels, a kill comes before anybody hears the answer."""
        if blow.on == "time":
            await REAL_TIME.pause(blow.seconds)
            return
        left, come = blow.count, asyncio.Event()

        def note(entry: Entry) -> None:
            nonlocal left
            left -= _is(entry, blow.on)
            if left == 0 and not come.is_set():
                come.set()
                if blow.act == "kill":
                    os.kill(bot.pid, signal.SIGKILL)

        self._world.trace.listeners.append(note)
        await REAL_TIME.pause(blow.seconds, come)
        self._world.trace.listeners.remove(note)

    async def _strike(self, blow: Blow, bot: BotProcess) -> None:
        self._watch.struck(blow.act)
        if blow.act == "freeze":
            self._outcome.freezes += 1
            os.kill(bot.pid, signal.SIGSTOP)
            await REAL_TIME.pause(blow.lasts)
            self._watch.struck(blow.act)
            os.kill(bot.pid, signal.SIGCONT)
            return
        if blow.act == "kill":
            self._outcome.kills += 1
            await bot.kill()
        else:
            self._outcome.terminations += 1
            # Until it listens for it, a process ends by the signal itself.
            status = await bot.ends_by(signal.SIGTERM)
            if status not in (0, -signal.SIGTERM):
                self._watch.note(f"SIGTERM ended the bot with status {status}")
        self.launch(bot)


def _is(entry: Entry, on: On) -> bool:
    """Whether what travelled is of this kind."""
    if on in ("message", "grant"):
        return entry.kind == "bot_api" and entry.detail["method"] in (SENDS if on == "message" else LETS_IN)
    return entry.kind == on


async def play(plan: Round, database_url: str, folder: Path, until: float) -> Outcome:
    """Play one round; no blow comes after the moment `until` (of the monotonic clock)."""
    outcome, began = Outcome(plan), time.monotonic()
    async with World() as world, _processes(world, plan, database_url, folder) as bots:
        storm = Storm(world, plan, bots, watch := Watch(world), outcome)
        groups = await _set_up(world, plan, bots, storm)
        walkers = [
            Walker(newcomer, world.person(f"{newcomer.way} {number}", language="en"), groups[newcomer.way])
            for number, newcomer in enumerate(plan.newcomers)
        ]
        watch.begin(walkers)
        async with asyncio.TaskGroup() as tasks:
            for walker in walkers:
                tasks.create_task(walk(world, walker))
            storming = tasks.create_task(storm.blows(until))
            tasks.create_task(storm.troubles(until))
            await storming
            world.faults.clear()
        world.faults.clear()
        outcome.violations = await _settled(world, plan, bots, walkers, watch)
        for bot in bots:
            # The one that ended last may have hardly begun again.
            await _answers(bot)
            outcome.peak_mib = max(outcome.peak_mib, _peak_mib(bot.pid))
            await bot.stop()
        outcome.violations += watch.of_logs([bot.output() for bot in bots], walkers)
        outcome.people, outcome.calls = len(walkers), len(world.smsc.inbox)
        outcome.unsure = sum(
            how_called(world, walker, WINDOW, reads_inbox=plan.reads_inbox) is Called.UNSURE for walker in walkers
        )
        outcome.let_in = sum(is_in(walker) for walker in walkers)
        outcome.sent_twice = watch.sent_twice
        outcome.faults, outcome.seconds = world.faults.happened, time.monotonic() - began
        if outcome.violations:
            outcome.story = "\n".join([watch.story(), *(bot.output() for bot in bots)])
    return outcome


@asynccontextmanager
async def _processes(world: World, plan: Round, database_url: str, folder: Path) -> AsyncIterator[list[BotProcess]]:
    operator = world.person("Oleg", language="en", role="operator")
    environment = {
        "SMSC_POLL_SECONDS": "2" if plan.reads_inbox else "0",
        "CALL_WINDOW": str(WINDOW),
        "UPDATES": plan.updates,
        "OPERATORS": str(operator.id),
    }
    bots = [BotProcess(world, database_url, folder, **environment) for _ in range(plan.processes)]
    await operator.says("/start")
    try:
        yield bots
    finally:
        for bot in bots:
            await bot.clean_up()


async def _set_up(world: World, plan: Round, bots: list[BotProcess], storm: Storm) -> dict[Way, Group]:
    """A bot that has three groups to guard; where its database was empty, it was killed while it made the tables."""
    chance = random.Random(plan.number)
    if not plan.is_migrated:
        for bot in bots:
            storm.launch(bot)
            await REAL_TIME.pause(chance.uniform(0.2, 1.5))
            await bot.kill()
    for bot in bots:
        storm.launch(bot)
    await _any_is_ready(world, bots)
    owner = world.person("Olga", language="en")
    await owner.says("/start")
    groups: dict[Way, Group] = {}
    for way, title in TITLES.items():
        known = next((group for group in groups.values() if group.title == title), None)
        groups[way] = known or await _gate(bots[0], owner, world.group(title, owner, approves=way is not Way.MUTE))
    await owner.assigns_guard(groups[Way.GUARD])
    await chooses(bots[0], groups[Way.REQUEST])
    await chooses(bots[0], groups[Way.GUARD])
    await chooses(bots[0], groups[Way.MUTE], way=EntryMode.MUTE)
    return groups


async def _gate(bot: BotProcess, owner: Person, group: Group) -> Group:
    await owner.makes_bot_admin(group, **dict.fromkeys(RIGHTS, True))
    await eventually(bot, "SELECT is_on FROM gates WHERE chat_id = :id", [{"is_on": True}], id=group.id)
    return group


async def _any_is_ready(world: World, bots: list[BotProcess]) -> None:
    deadline = time.monotonic() + SETTLES_WITHIN
    while not any([await bot.status("/readyz") == 200 for bot in bots]):
        if time.monotonic() > deadline:
            raise NotSeen("no process became ready\n" + "".join(bot.output()[-2000:] for bot in bots))
        await REAL_TIME.pause(0.05)


async def _answers(bot: BotProcess) -> None:
    deadline = time.monotonic() + SETTLES_WITHIN
    while await bot.status("/healthz") != 200:
        if time.monotonic() > deadline:
            raise NotSeen(f"a process does not answer /healthz\n{bot.output()[-2000:]}")
        await REAL_TIME.pause(0.05)


async def _settled(world: World, plan: Round, bots: list[BotProcess], walkers: list[Walker], watch: Watch) -> list[str]:
    """The violations that show once everything has come to rest, or no longer will."""
    deadline = time.monotonic() + SETTLES_WITHIN
    try:
        await _any_is_ready(world, bots)
        await all_is_carried(bots[0], within=SETTLES_WITHIN)
    except AssertionError as error:
        watch.note(f"it did not come to rest: {str(error).splitlines()[0]}")

    async def look() -> list[str]:
        return await violations(world, bots[0], walkers, WINDOW, reads_inbox=plan.reads_inbox)

    while (found := await look()) and time.monotonic() < deadline:
        await REAL_TIME.pause(0.5)
    return found + watch.found(walkers)


def _peak_mib(pid: int) -> float:
    """The most that a process ever held in memory (Linux; elsewhere 0)."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), default=0.0)
