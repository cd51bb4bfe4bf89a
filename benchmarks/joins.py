"""How fast people are answered: Callgate on SQLite beside a bare aiogram bot, whole processes over loopback HTTP.

Run it as `python -m benchmarks.joins`. Telegram and the gateway are the sandbox's, in a process of their own (this
one), without flood limits; the bots get TELEGRAM_RATE=0. The figures of one run belong together: machines differ.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.clock import REAL_TIME
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World

PROJECT = Path(__file__).parent.parent
PATIENCE = 120.0
NUMBER = re.compile(r"\+\d{9,15}")


@asynccontextmanager
async def a_bot(world: World, module: list[str], folder: str, port: int) -> AsyncIterator[subprocess.Popen[bytes]]:
    """A bot's process, until the end of the block."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "BOT_TOKEN": world.bot_token,
        "TELEGRAM_API_URL": world.url,
        "TELEGRAM_RATE": "0",
        "SMSC_URL": world.url,
        "SMSC_API_KEY": world.smsc.api_key,
        "SMSC_CALLBACK_TOKEN": "callback-token-of-the-benchmark",
        "SMSC_POLL_SECONDS": "0",
        "SECRET_KEY": "a secret key that only the benchmark knows",
        "DATABASE_URL": f"sqlite:///{folder}/callgate.db",
        "HTTP_PORT": str(port),
        "LANGUAGE": "en",
    }
    world.smsc.callback.url = f"http://127.0.0.1:{port}/smsc/callback-token-of-the-benchmark?charset=utf-8"
    command = [sys.executable, "-m", *module]
    process = await asyncio.to_thread(
        subprocess.Popen, command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait)


async def ready(port: int) -> None:
    """Return once /readyz answers 200."""
    while not await asyncio.to_thread(_is_ready, port):
        await REAL_TIME.pause(0.01)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


async def gate(world: World) -> Group:
    """A group the bot runs."""
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.makes_bot_admin(group, can_invite_users=True)
    return group


async def joins_a_second(world: World, group: Group, count: int) -> float:
    """All ask at once; how many a second get their private message."""
    crowd = [world.person(f"Person {number}", language="en") for number in range(count)]
    unanswered = {person.id for person in crowd}
    answered = asyncio.Event()

    def note(entry: object) -> None:
        detail = getattr(entry, "detail", {})
        if detail.get("method") == "sendMessage":
            unanswered.discard(int(detail["params"]["chat_id"]))
            if not unanswered:
                answered.set()

    world.trace.listeners.append(note)
    started = time.perf_counter()
    for person in crowd:
        await person.asks_to_join(group)
    async with asyncio.timeout(PATIENCE):
        await answered.wait()
    took = time.perf_counter() - started
    world.trace.listeners.remove(note)
    return count / took


async def approval_seconds(world: World, group: Group, count: int) -> list[float]:
    """One after the other: from the moment the gateway reports the call to the moment the person is in."""
    world.smsc.callback.delay = 0.0
    took = []
    for turn in range(count):
        person = world.person(f"Caller {turn}", language="en")
        await person.asks_to_join(group)
        await person.shares_contact(within=PATIENCE)
        shown = NUMBER.search((await person.sees("📞", within=PATIENCE)).text or "")
        if shown is None:
            raise RuntimeError("no number on the screen")
        # Idle: what the screen needed has been noted.
        await REAL_TIME.pause(0.2)
        started = time.perf_counter()
        await person.calls(shown.group())
        while person.id not in group.members:
            await group.changed.wait(PATIENCE)
        took.append(time.perf_counter() - started)
    return took


def resident_mib(process: subprocess.Popen[bytes]) -> float:
    """What the process holds in memory (Linux)."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def measure_bare(joins: int) -> tuple[float, float]:
    """The bare bot: joins a second, and memory."""
    async with World(flood_limits=False) as world:
        with tempfile.TemporaryDirectory() as folder:
            async with a_bot(world, ["benchmarks.bare"], folder, _free_port()) as process:
                group = await gate(world)
                await world.wait_until(lambda: world.telegram.delivery.polled, within=PATIENCE)
                await REAL_TIME.pause(0.5)
                await joins_a_second(world, group, joins // 10)
                return await joins_a_second(world, group, joins), resident_mib(process)


async def measure_callgate(joins: int, calls: int) -> tuple[float, float, float, list[float]]:
    """Callgate: joins a second, memory, seconds to /readyz, seconds to approvals."""
    async with World(flood_limits=False) as world:
        with tempfile.TemporaryDirectory() as folder:
            port = _free_port()
            started = time.perf_counter()
            async with a_bot(world, ["bot", "run"], folder, port) as process:
                await ready(port)
                start = time.perf_counter() - started
                group = await gate(world)
                await joins_a_second(world, group, joins // 10)
                rate = await joins_a_second(world, group, joins)
                memory = resident_mib(process)
                await REAL_TIME.pause(1.0)
                return rate, memory, start, await approval_seconds(world, group, calls)


async def main() -> int:
    """Measure both and say it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.joins", description=__doc__.splitlines()[0])
    parser.add_argument("--joins", type=int, default=2000, help="people who ask at once")
    parser.add_argument("--calls", type=int, default=100, help="people who call, one after the other")
    chosen = parser.parse_args()
    bare_rate, bare_memory = await measure_bare(chosen.joins)
    rate, memory, start, approvals = await measure_callgate(chosen.joins, chosen.calls)
    cuts = statistics.quantiles(approvals, n=100)
    sys.stdout.write(
        f"join requests answered a second: Callgate {rate:.0f}, bare aiogram {bare_rate:.0f}, "
        f"ratio {rate / bare_rate:.2f}\n"
        f"callback to approval, idle: p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms\n"
        f"resident memory after that: Callgate {memory:.0f} MiB, bare aiogram {bare_memory:.0f} MiB\n"
        f"start to /readyz: {start:.1f} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
