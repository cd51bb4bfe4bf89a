"""The demo as a process, and a browser to walk through it: for the tests and for the pictures."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright import async_api, sync_api
from playwright.sync_api import Browser, FrameLocator, Page, expect, sync_playwright

from bot.sandbox.changes import WAIT_TIMEOUT

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNNEEDED = (
    # Each window would draw pages for an invisible address bar, and keep a renderer for a page that never comes: nearly
    # half of the processor's time.
    "WebUIOmniboxPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxAimPopup",
    "SpareRendererForSitePerProcess",
    # Features that Playwright itself turns off: this list replaces its own.
    "AimEnabled",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
"""Features of Chromium that no test needs."""
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(UNNEEDED)}",
)
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}

Scheme = Literal["light", "dark"]
Language = Literal["en", "ru"]

# Tests that use this module are as patient as the people of the sandbox.
for api in (async_api, sync_api):
    api.expect.set_options(timeout=WAIT_TIMEOUT * 1000)


@contextmanager
def running_demo() -> Iterator[str]:
    """`python -m bot demo` as a separate process; the address it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        yield next(found.group() for line in process.stdout if (found := re.search(r"http://\S+", line)))
    finally:
        process.terminate()
        process.wait(timeout=WAIT_TIMEOUT)
        assert process.stdout is not None
        process.stdout.close()
    assert process.returncode == 0


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, with a separate profile."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        raise RuntimeError(f"no browser found; install one of: {', '.join(CHROMIUM)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET), headless=True)
        yield browser
        browser.close()


class Walk:
    """One person walks through the demo. Each step is what a finger would do, and waits for its visible result."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        width: dict[str, int],
        scheme: Scheme,
        person: str,
        language: Language = "en",
    ) -> None:
        self._context = browser.new_context(
            viewport=width,  # type: ignore[arg-type] # Playwright's TypedDict of the same two keys
            color_scheme=scheme,
            locale=language,
            reduced_motion="reduce",
            device_scale_factor=2,
            has_touch=width is PHONE,
        )
        self._is_phone = width is PHONE
        self.page: Page = self._context.new_page()
        # The list of chats, not the place where the guide begins.
        self.page.goto(f"{url}/#as=")
        self.choose_person(person)

    def close(self) -> None:
        self._context.close()

    def picture(self, path: Path) -> None:
        """The visible content, once the page is still; of a phone without the guide, which no phone has."""
        self.page.wait_for_timeout(400)
        self.page.screenshot(
            path=path, animations="disabled", style="#guide { display: none }" if self._is_phone else None
        )

    def choose_person(self, name: str) -> None:
        """Become this person."""
        self._open_side()
        self.page.locator("[data-testid^=role-]").filter(has_text=name).click()
        self._expect_holder(name)

    def add_person(self, name: str, language: str) -> None:
        """Add somebody to the demo and become them."""
        self._open_side()
        self.page.get_by_test_id("new-person").click()
        self.page.get_by_test_id("person-name").fill(name)
        self.page.get_by_test_id("person-language").select_option(language)
        self.page.get_by_test_id("person-add").click()
        self._expect_holder(name)

    def _expect_holder(self, name: str) -> None:
        expect(self.page.locator("[data-testid^=role-][aria-pressed=true]")).to_contain_text(name)
        expect(self.page.get_by_test_id("panel-close")).to_be_hidden()

    def _open_side(self) -> None:
        """On a phone the side panel is a sheet, opened by a button; on a desktop it is always there."""
        if self._is_phone:
            self.page.get_by_test_id("open-panel").click()
            self.page.get_by_test_id("panel-tab-side").click()

    def open_group(self, title: str = "12 River Street") -> None:
        self.page.locator("[data-testid^='chat-item--100']").filter(has_text=title).click()

    def ask_to_join(self) -> None:
        self.open_group()
        self.page.get_by_test_id("join-button").click()

    def join_guarded(self) -> FrameLocator:
        """Ask to join the guarded group; the Mini App that opens by itself."""
        self.open_group("Allotment gardens")
        self.page.get_by_test_id("join-button").click()
        return self.app()

    def app(self) -> FrameLocator:
        """The Mini App that is open."""
        return self.page.get_by_test_id("app").frame_locator("iframe")

    def share_in_app(self, app: FrameLocator) -> None:
        """Share the contact in the Mini App; returns once it shows the number."""
        app.locator("#share").click()
        self.page.get_by_test_id("app-contact-share").click()
        expect(app.locator("#screen")).to_have_attribute("data-state", "waiting")

    def open_bot(self) -> None:
        """The private chat, by the notification that came in."""
        self.page.get_by_test_id("banner").click()

    def say(self, text: str) -> None:
        """Write to the chat that is open."""
        self.page.get_by_test_id("input").fill(text)
        self.page.keyboard.press("Enter")

    def share_contact(self) -> None:
        self.page.get_by_test_id("share-contact").click()
        self.page.get_by_test_id("confirm-share").click()

    def expect_number(self) -> None:
        expect(self.page.locator(".countdown")).to_be_visible()

    def open_dialer(self) -> None:
        self.page.get_by_test_id("phone-number").click()
        expect(self.page.get_by_test_id("dialer")).to_be_visible()

    def dial(self) -> None:
        self.page.get_by_test_id("dial-call").click()

    def expect_text(self, text: str) -> None:
        expect(self.page.get_by_test_id("message").filter(has_text=text).first).to_be_visible()

    def press(self, text: str) -> None:
        self.page.get_by_test_id("inline-button").filter(has_text=text).click()
