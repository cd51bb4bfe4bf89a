"""The loops continue, whatever happens in one of their steps."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.clock import REAL_TIME, SystemClock
from bot.features.access.jobs import Sweep
from bot.sandbox.clock import SandboxClock
from bot.wiring.workers import Sweeper
from storage.engine.database import Database
from storage.store import Store


async def test_a_step_of_the_sweep_that_fails_does_not_keep_the_others_from_being_made(sqlite_path: Path) -> None:
    database = Database(f"sqlite:///{sqlite_path}", REAL_TIME.now)
    await database.open()
    stop, made = asyncio.Event(), []
    sweep = Sweep(SystemClock(), lambda: True)

    async def failing(_store: Store) -> None:
        raise KeyError("a row nobody foresaw")

    async def made_all_the_same(_store: Store) -> None:
        made.append("made")
        stop.set()

    sweep.steps = (sweep.expire, failing, made_all_the_same, sweep.forget)
    await asyncio.wait_for(Sweeper(sweep, database, SystemClock(), lambda: None).run(stop), 10)
    await database.close()

    assert made == ["made"]


class SteppingClock(SandboxClock):
    """Each pause ends at once, and the clock is then that much later."""

    async def pause(self, seconds: float | None, wake: asyncio.Event | None = None) -> None:
        self.advance(seconds or 0)


async def test_what_is_old_is_forgotten_seldom_and_all_else_in_every_sweep(sqlite_path: Path) -> None:
    database = Database(f"sqlite:///{sqlite_path}", REAL_TIME.now)
    await database.open()
    clock, stop = SteppingClock(rate=0), asyncio.Event()
    began, made = clock.now(), list[tuple[str, float]]()

    async def always(_store: Store) -> None:
        made.append(("always", (clock.now() - began).total_seconds()))
        if len(made) > 11:
            stop.set()

    async def seldom(_store: Store) -> None:
        made.append(("seldom", (clock.now() - began).total_seconds()))

    sweep = Sweep(clock, lambda: True, always, purging=(seldom,))
    await Sweeper(sweep, database, clock, lambda: None).run(stop)
    await database.close()

    assert [moment for name, moment in made if name == "always"] == [2.0 * sweeps for sweeps in range(11)]
    assert [moment for name, moment in made if name == "seldom"] == [10.0, 20.0]
