"""Fixtures of the stories: bots with settings of their own, in this process or in another, and no flood limits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from bot.sandbox.clock import SandboxClock
from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation
from tests.process import BotProcess

Install = Callable[..., Awaitable[Installation]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure the coverage of a story once, on SQLite, and not that of the long ones.

    On PostgreSQL it takes the same branches of the rules, and measuring makes it half as slow again. What differs, in
    `storage`, is measured on both databases by the tests of the use cases and of the storage. The long stories are
    told by others too, with fewer people.
    """
    for item in items:
        is_story = Path(__file__).parent in item.path.parents
        parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        is_long = item.get_closest_marker("long") is not None
        if is_story and (is_long or parameters.get("database_url") == "postgresql"):
            item.add_marker("no_cover")


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


@pytest.fixture
def operator(world: World) -> Person:
    """Who runs the installation that `install` makes; they hear of it once they have written to the bot."""
    return world.person("Oleg", language="en", role="operator")


@pytest.fixture
async def install(world: World, database_url: str, operator: Person) -> AsyncIterator[Install]:
    """Start a bot with these settings.

    Neither it nor Telegram limits its pace: a story may take more steps than a chat takes messages a second.
    """
    world.telegram.flood.on = False
    installed: list[Installation] = []

    async def start(**environment: str) -> Installation:
        defaults = {"TELEGRAM_RATE": "0", "OPERATORS": str(operator.id)}
        installation = Installation(world, database_url, **(defaults | environment))
        await installation.start()
        installed.append(installation)
        return installation

    yield start
    for installation in installed:
        await installation.stop()


@pytest.fixture
async def brisk(install: Install) -> Installation:
    """A bot as it is configured by default, at any pace."""
    return await install()


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """What somebody opens pages with."""
    async with httpx.AsyncClient(timeout=10) as client:
        yield client
