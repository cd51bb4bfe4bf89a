"""Sends hostile requests to a bot's process over several connections, and looks at what becomes of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.clock import REAL_TIME
from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.fuzz.hostile import Aim, Request, hostile
from tests.installation import CALLBACK_TOKEN, SECRET_KEY, number_shown
from tests.process import BotProcess
from tests.scenarios.story import guarded

WEBHOOK_SECRET = "only-telegram-knows-this-one"
ANSWERED_WITHIN = 30.0
"""Seconds after which no answer comes any more; the server gives a body ten."""
LEFT_HALF_OPEN = 0.002
"""Of the requests that break off, how many keep their connection silent and open until the server closes it."""
MAY_GROW_MIB = 64.0
"""What a process may hold more at the end than it did after a fifth of the requests."""
NO_ANSWER = 0


@dataclass(slots=True)
class Findings:
    """What was seen."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    calls: int = 0
    seconds: float = 0.0
    mib: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Attack:
    bot: BotProcess
    aim: Aim
    chance: random.Random
    count: int
    until: float
    findings: Findings

    def requests(self) -> Iterator[Request]:
        for _ in range(self.count):
            if time.monotonic() > self.until:
                return
            self.findings.requests += 1
            if self.findings.requests % max(1, self.count // 20) == 0:
                self.findings.mib.append(resident_mib(self.bot.pid))
            yield hostile(self.chance, self.aim)


async def attack(
    database_url: str, folder: Path, count: int, seed: int, at_once: int, calls: int, seconds: float
) -> Findings:
    """Send `count` requests over `at_once` connections, and let `calls` people verify in between.

    None is sent after so many seconds.
    """
    findings, began = Findings(), time.monotonic()
    async with World(flood_limits=False) as world:
        bot = BotProcess(
            world,
            database_url,
            folder,
            UPDATES="webhook",
            TELEGRAM_WEBHOOK_SECRET=WEBHOOK_SECRET,
            TELEGRAM_RATE="0",
            SMSC_POLL_SECONDS="0",
        )
        try:
            await bot.start()
            aim = Aim(f"/smsc/{CALLBACK_TOKEN}", WEBHOOK_SECRET, world.bot_token, world.clock.timestamp)
            going_on = _Attack(bot, aim, random.Random(seed), count, began + seconds, findings)
            await _assail(world, going_on, at_once, calls)
            findings.seconds = time.monotonic() - began
            if await bot.status("/healthz") != 200:
                findings.wrong.append("/healthz does not answer 200 afterwards")
            await bot.stop()
        finally:
            await bot.clean_up()
        findings.wrong += _wrong_in(bot.output(), world)
    _judge(findings, calls)
    return findings


async def _assail(world: World, attack: _Attack, at_once: int, calls: int) -> None:
    left, over = attack.requests(), asyncio.Event()
    await guarded(world)
    async with asyncio.TaskGroup() as tasks:
        calling = tasks.create_task(_call_now_and_then(world, attack, calls, over))
        senders = [tasks.create_task(_send_all(attack, left)) for _ in range(at_once)]
        for sender in senders:
            await sender
        over.set()
        await calling


async def _call_now_and_then(world: World, attack: _Attack, calls: int, over: asyncio.Event) -> None:
    """People verify, evenly spread over the requests; the last ones after them."""
    for number in range(calls):
        while attack.findings.requests < attack.count * number / calls and not over.is_set():
            await REAL_TIME.pause(0.05, over)
        person = world.person(f"Anna {number}", language="en")
        await _verifies(person)
        attack.findings.calls += 1


async def _verifies(person: Person) -> None:
    await person.says("/start")
    await person.shares_contact(within=120.0)
    await person.sees("📞", within=120.0)
    await person.calls(await number_shown(person))
    await person.sees("✅", within=120.0)


async def _send_all(attack: _Attack, requests: Iterator[Request]) -> None:
    for request in requests:
        attack.findings.statuses[await _sent(attack, request)] += 1


async def _sent(attack: _Attack, request: Request) -> int:
    """Send one request over a connection of its own; the status of the answer, 0 for none."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(attack.bot.url.rpartition(":")[2]))
    except OSError as error:
        attack.findings.wrong.append(f"no connection: {error}")
        return NO_ANSWER
    try:
        async with asyncio.timeout(ANSWERED_WITHIN):
            writer.write(request.data)
            if request.breaks_off:
                with suppress(ConnectionError):
                    await writer.drain()
                if random.random() < LEFT_HALF_OPEN:
                    await reader.read()
                return NO_ANSWER
            return await _answer(attack, reader, request)
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return NO_ANSWER
    except TimeoutError:
        # Less came than was said to come; the server waits for the rest.
        attack.findings.statuses[-1] += 1
        return NO_ANSWER
    finally:
        writer.transport.abort()


async def _answer(attack: _Attack, reader: asyncio.StreamReader, request: Request) -> int:
    first = await reader.readline()
    if not first.startswith(b"HTTP/1."):
        return NO_ANSWER
    status = int(first.split()[1])
    start = await reader.read(4096)
    said = start.decode("utf-8", "replace")
    shown = request.data[:200]
    if status >= 500:
        attack.findings.wrong.append(f"{status} to {shown!r}")
    for secret in secrets_of(attack.aim):
        # An answer to what is no HTTP may show the sender its own line.
        if secret in said and secret.encode() not in request.data:
            attack.findings.wrong.append(f"a secret in the answer to {shown!r}")
    if "Traceback" in said:
        attack.findings.wrong.append(f"a traceback in the answer to {shown!r}")
    return status


def secrets_of(aim: Aim) -> tuple[str, ...]:
    """What no answer and no log may hold."""
    return aim.bot_token, aim.webhook_secret, CALLBACK_TOKEN, SECRET_KEY


def _wrong_in(log: str, world: World) -> list[str]:
    aim = Aim("", WEBHOOK_SECRET, world.bot_token, world.clock.timestamp)
    wrong = [f"a secret in the log: {secret}" for secret in secrets_of(aim) if secret in log]
    for trouble in ("Traceback", "request_failed", "[error", "[critical"):
        if trouble in log:
            at = log.index(trouble)
            wrong.append(f"{log.count(trouble)} × {trouble} in the log:\n{log[max(0, at - 300) : at + 8000]}")
    return wrong


def _judge(findings: Findings, calls: int) -> None:
    if findings.calls != calls:
        findings.wrong.append(f"only {findings.calls} of {calls} true calls were served")
    settled = findings.mib[len(findings.mib) // 5 :]
    if settled and settled[-1] > settled[0] + MAY_GROW_MIB:
        findings.wrong.append(f"memory grew from {settled[0]:.0f} to {settled[-1]:.0f} MiB")


def resident_mib(pid: int) -> float:
    """What a process holds in memory (Linux; elsewhere 0)."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), default=0.0)
