"""A Callgate installation as an operator runs it: `python -m bot run`, a separate process.

Importing everything takes seconds, so most processes are forked from one that has imported it already; each runs the
same command with its own environment, folder and signals.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import multiprocessing
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx

from bot.__main__ import main
from bot.clock import SystemClock
from bot.sandbox.world import World
from tests.installation import CALLBACK_TOKEN, Installation

PROJECT = Path(__file__).parent.parent
PATIENCE = 120.0
"""Seconds: on a busy machine a process takes long to import everything."""
NURSERY = multiprocessing.get_context("forkserver")
NURSERY.set_forkserver_preload(["bot.__main__"])


def _ports() -> Iterator[int]:
    """A thousand ports for each process of the test run, over and over.

    They are below those that systems assign (from 32768 on Linux, 49152 elsewhere): such a one could go to another test
    while the bot that should listen on it restarts.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 20_000 + worker % 12 * 1000
    # Two test runs on one machine use different orders.
    return itertools.cycle(secrets.SystemRandom().sample(range(first, first + 1000), 1000))


PORTS = _ports()


class BotProcess(Installation):
    """One bot process at a time, with the same port and database from start to start."""

    def __init__(self, world: World, database_url: str, folder: Path, **environment: str) -> None:
        super().__init__(world, database_url, **environment)
        # It uses the machine's clock, whatever the world's says.
        world.dates = SystemClock()
        self._folder = folder
        self._port = free_port()
        self._output = folder / f"bot-{self._port}.log"
        self._process: subprocess.Popen[bytes] | BaseProcess | None = None

    def environment(self) -> dict[str, str]:
        """The environment of the process, with nothing of the test's own."""
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
        """All output of its processes."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def launch(self, **environment: str) -> None:
        """Start a process without waiting."""
        self._environment.update(environment)
        process = NURSERY.Process(target=_run, args=(self.environment(), self._folder, self._output, self._output))
        process.start()
        self._process = process
        self.world.smsc.callback.url = f"{self.url}/smsc/{CALLBACK_TOKEN}?charset=utf-8"

    def launch_by_command(self) -> None:
        """Start it with the command itself, not by a fork."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"],
                env=self.environment(),
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    async def start(self, **environment: str) -> None:
        """Start a process; return once /readyz answers 200."""
        self.launch(**environment)
        await self.is_ready()

    async def is_ready(self) -> None:
        """Return once /readyz answers 200."""
        deadline = time.monotonic() + PATIENCE
        while await self.status("/readyz") != 200:
            assert self._process is not None
            assert _status_of(self._process) is None, self.output()
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
        """Send SIGTERM, unless no process runs; the process has to end with status 0."""
        if self._process is not None:
            assert await self.ends_by(signal.SIGTERM) == 0, self.output()

    async def kill(self) -> None:
        """Send SIGKILL: the process runs no further line of its code."""
        await self.ends_by(signal.SIGKILL)

    @property
    def pid(self) -> int:
        """The id of the process that runs."""
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    async def ends_by(self, number: signal.Signals) -> int:
        """Signal the process and wait for its end; return the exit status."""
        assert self._process is not None
        assert self._process.pid is not None
        os.kill(self._process.pid, number)
        return await self.exit_status()

    async def exit_status(self) -> int:
        """Wait for the end of the process."""
        assert self._process is not None
        process, self._process = self._process, None
        deadline = time.monotonic() + PATIENCE
        while (status := _status_of(process)) is None:
            if time.monotonic() > deadline:
                process.kill()
                raise AssertionError(f"the process did not end\n{self.output()}")
            await asyncio.sleep(0.01)
        return status

    async def clean_up(self) -> None:
        """Leave no process behind, whatever the test's result."""
        if self._process is not None:
            await self.kill()


def run_command(
    folder: Path, *arguments: str, encoding: str = "utf-8", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m bot` with these arguments to its end, in an empty environment but for `environment`.

    `encoding` is that of the terminal. Returns its exit status and what it wrote.
    """
    with tempfile.TemporaryDirectory() as kept:
        out, err = Path(kept) / "stdout", Path(kept) / "stderr"
        given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), **environment}
        process = NURSERY.Process(target=_run, args=(given, folder, out, err, arguments, encoding))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            raise AssertionError(f"{arguments} did not end: {err.read_text(encoding)}")
        return subprocess.CompletedProcess(arguments, process.exitcode, out.read_bytes(), err.read_bytes())


def _run(
    environment: dict[str, str],
    folder: Path,
    out: Path,
    err: Path,
    arguments: Sequence[str] = ("run",),
    encoding: str = "utf-8",
) -> None:
    """In the new process: become what the command would be."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for stream, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), stream)
    for text in (sys.stdout, sys.stderr):
        assert isinstance(text, io.TextIOWrapper)
        text.reconfigure(encoding=encoding, errors="strict" if text is sys.stdout else "backslashreplace")
    sys.exit(main(list(arguments)))


def _status_of(process: subprocess.Popen[bytes] | BaseProcess) -> int | None:
    return process.poll() if isinstance(process, subprocess.Popen) else process.exitcode


def free_port() -> int:
    """A free port of loopback, which no other process of this test run gets."""
    while True:
        port = next(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
