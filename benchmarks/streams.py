"""What open call screens cost: memory and CPU of one process with ten thousand event streams.

Run it as `python -m benchmarks.streams`. The bot is a whole process on SQLite, the readers are in this one. Every
screen is of a verification of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

from benchmarks.joins import _free_port, a_bot, ready, resident_mib
from bot.clock import REAL_TIME
from bot.sandbox.world import World
from storage.engine.database import Database
from storage.engine.migrate import migrate
from storage.sql import tables

AT_ONCE = 200
WATCHED_FOR = 30.0
PATIENCE = 120.0


async def fill(folder: str, count: int) -> list[str]:
    """That many people who wait for their call; the tokens of their screens."""
    now = REAL_TIME.now()
    database = Database(f"sqlite:///{folder}/callgate.db", REAL_TIME.now)
    await database.open()
    await migrate(database)
    people, verifications, numbers = [], [], []
    for person in range(1, count + 1):
        people.append({"user_id": person, "chat_id": person, "language": "ru", "can_be_written": False, "met_at": now})
        verifications.append(
            {
                "id": person,
                "token": f"token-{person}",
                "user_id": person,
                "fingerprint": f"{person:064x}",
                "mask": "+7 ••• ••• 12-34",
                "region": "RU",
                "state": "open",
                "opened_at": now,
            }
        )
        numbers.append(
            {
                "verification_id": person,
                "user_id": person,
                "fingerprint": f"{person:064x}",
                "state": "given",
                "asked_at": now,
                "number": "+74951234567",
                "alternatives": [],
                "window_ends_at": now + timedelta(minutes=15),
            }
        )
    async with database.begin() as connection:
        await connection.execute(tables.people.insert(), people)
        await connection.execute(tables.verifications.insert(), verifications)
        await connection.execute(tables.numbers.insert(), numbers)
    await database.close()
    return [row["token"] for row in verifications]


class Reader(asyncio.Protocol):
    """A browser that listens; `news` is when each event came."""

    def __init__(self, token: str, address: int) -> None:
        self._request = (
            f"GET /call/{token}/events HTTP/1.1\r\nHost: localhost\r\n"
            f"X-Forwarded-For: 100.{64 + (address >> 16)}.{address >> 8 & 255}.{address & 255}\r\n\r\n"
        )
        self.news: list[float] = []
        self.heard = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio's own promise
        transport.write(self._request.encode())

    def data_received(self, data: bytes) -> None:
        """Note what came."""
        if b"data: " in data:
            self.news.append(time.perf_counter())
            self.heard.set()


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """What the process has used so far (Linux)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def connect(readers: list[Reader], port: int) -> None:
    """All of them, some at a time; return once each was told its state."""
    loop, turn = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

    async def one(reader: Reader) -> None:
        async with turn:
            await loop.create_connection(lambda: reader, "127.0.0.1", port)
            async with asyncio.timeout(PATIENCE):
                await reader.heard.wait()

    async with asyncio.TaskGroup() as group:
        for reader in readers:
            group.create_task(one(reader))


def press_cancel(port: int, token: str) -> None:
    """As the page does."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/call/{token}/cancel", data=b"{}", headers={"X-Callgate": "call"}
    )
    urllib.request.urlopen(request).read()  # noqa: S310 - our own address


async def measure(count: int, changes: int) -> None:
    """Measure and say it."""
    async with World(flood_limits=False) as world:
        with tempfile.TemporaryDirectory() as folder:
            tokens, port = await fill(folder, count), _free_port()
            async with a_bot(world, ["bot", "run"], folder, port) as process:
                await ready(port)
                empty = resident_mib(process)
                readers = [Reader(token, address) for address, token in enumerate(tokens)]
                started, used = time.perf_counter(), cpu_seconds(process)
                await connect(readers, port)
                took, connecting = time.perf_counter() - started, cpu_seconds(process) - used
                full, used = resident_mib(process), cpu_seconds(process)
                await REAL_TIME.pause(WATCHED_FOR)
                idle = (cpu_seconds(process) - used) / WATCHED_FOR
                delays = []
                for reader, token in list(zip(readers, tokens, strict=True))[:: max(1, count // changes)]:
                    reader.heard.clear()
                    pressed = time.perf_counter()
                    await asyncio.to_thread(press_cancel, port, token)
                    await reader.heard.wait()
                    delays.append(reader.news[-1] - pressed)
                cuts = statistics.quantiles(delays, n=100)
                sys.stdout.write(
                    f"{count} streams opened in {took:.1f} s ({connecting:.1f} s of CPU)\n"
                    f"resident memory: {empty:.0f} MiB before, {full:.0f} MiB with them, "
                    f"{(full - empty) * 1024 / count:.0f} KiB each\n"
                    f"CPU while nothing happens: {idle:.1%} of one core\n"
                    f"from a pressed button to its event: p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms\n"
                )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=10_000, help="screens open at once")
    parser.add_argument("--changes", type=int, default=100, help="screens that change, one after the other")
    chosen = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(measure(chosen.streams, chosen.changes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
