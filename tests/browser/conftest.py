"""Fixtures of the pages: a browser, and the lighter of the two databases."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright import sync_api
from playwright.async_api import Browser, async_playwright

from bot.sandbox.clock import SandboxClock
from bot.sandbox.world import World
from tests.browser.demo import CHROMIUM, QUIET, chromium, running_demo
from tests.installation import Installation

ONE_LOOP = pytest.mark.asyncio(loop_scope="session")
"""All browser tests of a process share one event loop, because they share one browser."""


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tell pytest-asyncio before it chooses another loop, and so another browser, for each test."""
    metafunc.definition.add_marker(ONE_LOOP, append=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(ONE_LOOP, append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium_process() -> AsyncIterator[Browser]:
    """The machine's own Chromium with an empty profile, started once for all tests of this process."""
    found = next(path for name in CHROMIUM if (path := shutil.which(name)))
    async with async_playwright() as playwright:
        the_browser = await playwright.chromium.launch(executable_path=found, args=list(QUIET), headless=True)
        yield the_browser
        await the_browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium_process: Browser) -> AsyncIterator[Browser]:
    """The browser without anything that an earlier test left: each test opens its own contexts."""
    yield chromium_process
    for context in chromium_process.contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def world() -> AsyncIterator[World]:
    """Telegram, the gateway and people with phones, on the browser's event loop."""
    async with World(clock=SandboxClock()) as the_world:
        yield the_world


@pytest_asyncio.fixture(loop_scope="session")
async def callgate(world: World, database_url: str) -> AsyncIterator[Installation]:
    """A bot that runs in the world, on the browser's event loop."""
    installation = Installation(world, database_url)
    await installation.start()
    yield installation
    await installation.stop()


@pytest.fixture
def database_url(sqlite_path: Path) -> str:
    """SQLite only: a page does not see which database there is."""
    return f"sqlite:///{sqlite_path}"


@pytest.fixture(scope="module")
def walker() -> Iterator[sync_api.Browser]:
    """The browser for walks through the demo, step by step."""
    with chromium() as the_browser:
        yield the_browser


@pytest.fixture(scope="session")
def demo() -> Iterator[str]:
    """`make demo` as a separate process: the address it prints. Tests share it, each with people of its own."""
    with running_demo() as address:
        yield address
