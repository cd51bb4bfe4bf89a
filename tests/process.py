"""A Callgate installation as an operator runs it: `python -m bot run`, a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from bot.sandbox.world import World
from tests.installation import CALLBACK_TOKEN, Installation

PROJECT = Path(__file__).parent.parent
PATIENCE = 30.0


class BotProcess(Installation):
    """One bot process at a time, with the same port and database from start to start."""

    def __init__(self, world: World, database_url: str, folder: Path, **environment: str) -> None:
        super().__init__(world, database_url, **environment)
        self._folder = folder
        self._port = free_port()
        self._output = folder / f"bot-{self._port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """What the process gets, and nothing of the test's own."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT),
            "PUBLIC_URL": self.url,
            **super().environment(),
            "HTTP_PORT": str(self._port),
        }

    @property
    def url(self) -> str:
        """Its HTTP server; the same after each start."""
        return f"http://127.0.0.1:{self._port}"

    def output(self) -> str:
        """All that its processes wrote."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def launch(self, **environment: str) -> None:
        """Start a process and wait for nothing."""
        self._environment.update(environment)
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"],
                env=self.environment(),
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.world.smsc.callback_url = f"{self.url}/smsc/{CALLBACK_TOKEN}?charset=utf-8"

    async def start(self, **environment: str) -> None:
        """Start a process; return once /readyz answers 200."""
        self.launch(**environment)
        deadline = time.monotonic() + PATIENCE
        while await self.status("/readyz") != 200:
            assert self._process is not None
            assert self._process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            await asyncio.sleep(0.05)

    async def status(self, path: str) -> int | None:
        """What its HTTP server answers; None when nobody listens."""
        try:
            async with httpx.AsyncClient(timeout=PATIENCE) as http:
                return (await http.get(self.url + path)).status_code
        except httpx.TransportError:
            return None

    async def stop(self) -> None:
        """SIGTERM, unless no process runs; it has to end by itself, with status 0."""
        if self._process is not None:
            assert await self.ends_by(signal.SIGTERM) == 0, self.output()

    async def kill(self) -> None:
        """SIGKILL: not a line of its code runs any more."""
        await self.ends_by(signal.SIGKILL)

    async def ends_by(self, number: signal.Signals) -> int:
        """Signal the process and wait for its end; the exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        return await self.exit_status()

    async def exit_status(self) -> int:
        """Wait for the end of the process."""
        assert self._process is not None
        process, self._process = self._process, None
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
                raise AssertionError(f"the process did not end\n{self.output()}")
            await asyncio.sleep(0.01)
        return int(process.returncode)

    async def clean_up(self) -> None:
        """Leave no process behind, whatever became of the test."""
        if self._process is not None:
            await self.kill()


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
