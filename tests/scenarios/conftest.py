"""Fixtures of the stories: bots with settings of their own, in this process or another, and no flood limits."""

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

ON_SQLITE_ONLY = frozenset(
    {
        "test_admin_rights",
        "test_all_gates",
        "test_app",
        "test_appeals",
        "test_bad_input",
        "test_balance",
        "test_buttons",
        "test_call_hints",
        "test_call_screen",
        "test_call_screen_clients",
        "test_call_screen_limits",
        "test_calls",
        "test_console",
        "test_contacts",
        "test_conversation",
        "test_find",
        "test_guard_advice",
        "test_guard_joins",
        "test_health",
        "test_incidents",
        "test_known_everywhere",
        "test_links",
        "test_log",
        "test_log_lines",
        "test_mute",
        "test_mute_and_admins",
        "test_old_server",
        "test_panel",
        "test_panel_files",
        "test_panel_ways",
        "test_protection",
        "test_raid_alerts",
        "test_refused_parts",
        "test_rich_screens",
        "test_roles",
        "test_second_program",
        "test_stats",
        "test_who",
    }
)
"""Stories about what people, admins and Telegram see: texts, buttons, pages, requests. They run on SQLite only.

They reach the database through use cases, which tests/features runs on both databases. tests/both_databases.py fails a
whole run in which a query or a use case ran on SQLite only. All other stories, above all those about transactions,
restarts, outages and several processes, run on both.
"""


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give the stories of `ON_SQLITE_ONLY` one database."""
    if metafunc.definition.path.stem in ON_SQLITE_ONLY and "database_url" in metafunc.fixturenames:
        metafunc.definition.add_marker(pytest.mark.parametrize("database_url", ["sqlite"], indirect=True))


@pytest.fixture
async def fast_world() -> AsyncIterator[World]:
    """Telegram without flood limits, the gateway, and people with phones."""
    async with World(clock=SandboxClock(), flood_limits=False) as the_world:
        yield the_world


@pytest.fixture
async def process(fast_world: World, database_url: str, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """The bot as a process in that world, not started yet; killed after the test in any case."""
    bot = BotProcess(fast_world, database_url, tmp_path, TELEGRAM_RATE="0", SMSC_POLL_SECONDS="1")
    yield bot
    await bot.clean_up()


@pytest.fixture
def operator(world: World) -> Person:
    """The operator of the installation that `install` makes; they get messages once they have written to the bot."""
    return world.person("Oleg", language="en", role="operator")


@pytest.fixture
async def install(world: World, database_url: str, operator: Person) -> AsyncIterator[Install]:
    """Start a bot with these settings.

    Neither it nor Telegram limits its rate: a story may take more steps than a chat accepts messages a second.
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
    """A bot with the default configuration, and no rate limit."""
    return await install()


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """A client that opens pages."""
    async with httpx.AsyncClient(timeout=10) as client:
        yield client


@pytest.fixture
async def with_app(install: Install) -> Installation:
    """A bot with Mini Apps, and no rate limit."""
    return await install(PUBLIC_URL="http://localhost:8080")


@pytest.fixture
async def web_view() -> AsyncIterator[httpx.AsyncClient]:
    """The web view of a client in English."""
    async with httpx.AsyncClient(timeout=10, headers={"Accept-Language": "en"}) as client:
        yield client
