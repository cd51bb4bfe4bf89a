"""Fixtures of the pages: a browser, and the lighter of the two databases."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright import sync_api
from playwright.async_api import Browser, async_playwright

from tests.browser.demo import CHROMIUM, QUIET, chromium, running_demo


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """The machine's own Chromium, with a profile of its own."""
    found = next(path for name in CHROMIUM if (path := shutil.which(name)))
    async with async_playwright() as playwright:
        the_browser = await playwright.chromium.launch(executable_path=found, args=list(QUIET), headless=True)
        yield the_browser
        await the_browser.close()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """A page does not see which database there is."""
    return f"sqlite:///{tmp_path / 'callgate.db'}"


@pytest.fixture(scope="module")
def walker() -> Iterator[sync_api.Browser]:
    """The browser of those who walk through the demo, step by step."""
    with chromium() as the_browser:
        yield the_browser


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """`make demo` in a process of its own: the address it prints."""
    with running_demo() as address:
        yield address
