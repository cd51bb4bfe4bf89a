"""The port of the demo: chosen, taken, and none at all."""

from __future__ import annotations

import asyncio
import socket

import pytest

from bot.__main__ import main
from bot.cli.demo import HOST, demo
from bot.sandbox.changes import WAIT_TIMEOUT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


async def test_the_demo_opens_at_the_port_it_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    port, stop = free_port(), asyncio.Event()

    async def open_it() -> None:
        said = ""
        while f"http://{HOST}:{port}" not in said:
            said += capsys.readouterr().out
            await asyncio.sleep(0.05)
        _, writer = await asyncio.open_connection(HOST, port)
        writer.close()
        stop.set()

    async with asyncio.timeout(WAIT_TIMEOUT), asyncio.TaskGroup() as group:
        group.create_task(demo(stop, port))
        group.create_task(open_it())


def test_a_port_that_is_taken_is_named_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert main(["demo", "--port", str(port)]) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"--port: {port} cannot be listened on")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("port", ["0", "65536", "-1", "80a", "", "８０９０"])
def test_what_is_no_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", f"--port={port}"])

    assert ended.value.code == 2
    assert "a number from 1 to 65535" in capsys.readouterr().err
