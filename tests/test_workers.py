"""The loops go on, whatever one of their steps meets."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.clock import SystemClock
from bot.usecases.ports import Store
from bot.usecases.sweep import Sweep
from bot.workers import Sweeper
from storage.database import Database


async def test_a_step_of_the_sweep_that_fails_does_not_keep_the_others_from_being_made(sqlite_path: Path) -> None:
    database = Database(f"sqlite:///{sqlite_path}")
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
