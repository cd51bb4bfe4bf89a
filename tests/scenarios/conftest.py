"""A bot that runs as a process of its own, and a world without flood limits to hurry in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.clock import SandboxClock
from bot.sandbox.world import World
from tests.process import BotProcess


@pytest.fixture
async def fast_world() -> AsyncIterator[World]:
    """Telegram without flood limits, the gateway, and people with phones."""
    async with World(clock=SandboxClock(), flood_limits=False) as the_world:
        yield the_world


@pytest.fixture
async def process(fast_world: World, database_url: str, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """The bot as a process in that world, not started yet; ended after the test, whatever becomes of it."""
    bot = BotProcess(fast_world, database_url, tmp_path, TELEGRAM_RATE="0", SMSC_POLL_SECONDS="1")
    yield bot
    await bot.clean_up()
