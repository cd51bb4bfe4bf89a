"""The sandbox clock: it runs, jumps, and takes the sleepers along."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.sandbox.clock import SandboxClock


async def finishes(clock: SandboxClock, seconds: float | None, wake: asyncio.Event | None = None) -> float:
    started = time.monotonic()
    await clock.pause(seconds, wake)
    return time.monotonic() - started


async def test_a_jump_ends_the_pauses_it_covers_and_no_others() -> None:
    clock = SandboxClock()
    async with asyncio.TaskGroup() as tasks:
        short = tasks.create_task(finishes(clock, 60))
        long = tasks.create_task(finishes(clock, 600))
        await asyncio.sleep(0.01)
        clock.advance(120)
        await short
        assert not long.done()
        clock.advance(600)
    assert long.result() < 60


async def test_a_faster_clock_shortens_pauses_in_progress() -> None:
    clock = SandboxClock()
    async with asyncio.TaskGroup() as tasks:
        sleeper = tasks.create_task(finishes(clock, 30))
        await asyncio.sleep(0.01)
        clock.set_rate(1000)
    assert sleeper.result() < 15


async def test_a_stopped_clock_moves_only_by_jumps() -> None:
    clock = SandboxClock(rate=0)
    before = clock.now()
    async with asyncio.TaskGroup() as tasks:
        sleeper = tasks.create_task(finishes(clock, 1))
        await asyncio.sleep(0.05)
        assert clock.now() == before
        assert not sleeper.done()
        clock.advance(1)


async def test_a_wake_ends_a_pause_with_or_without_a_limit() -> None:
    clock = SandboxClock()
    for limit in (60.0, None):
        wake = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, wake.set)
        assert await finishes(clock, limit, wake) < 30
        assert wake.is_set()


async def test_a_pause_that_is_over_returns_and_a_clock_never_runs_backwards() -> None:
    clock = SandboxClock()
    async with asyncio.timeout(30):
        await clock.pause(0)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="backwards"):
        clock.set_rate(-1)


async def test_a_cancelled_pause_is_cancelled() -> None:
    clock = SandboxClock()
    task = asyncio.get_running_loop().create_task(finishes(clock, 60))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    clock.advance(100)
