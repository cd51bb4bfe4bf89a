"""Fixtures of the pages: a browser, and the lighter of the two databases."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.demo import CHROMIUM, QUIET


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
