"""The supervisor restarts what fails, and soon: others wait for it meanwhile."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bot import supervisor
from bot.clock import SystemClock
from bot.supervisor import Supervisor

MOST = 5.0
"""Seconds: the longest wait for a loop that fails again and again."""


async def test_however_often_a_loop_fails_it_is_started_again_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    class NoPause:
        async def pause(self, seconds: float, _wake: asyncio.Event) -> None:
            pauses.append(seconds)
            await asyncio.sleep(0)

    async def failing() -> None:
        if len(pauses) < 20:
            raise KeyError("again")

    monkeypatch.setattr(supervisor, "REAL_TIME", NoPause())
    with capture_logs():
        await Supervisor(SystemClock()).keep("failing", failing)

    assert len(pauses) == 20
    assert max(pauses) <= MOST
