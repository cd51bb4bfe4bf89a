"""All pages behind a proxy that serves the bot under a path, which it removes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, Response, expect

from bot.sandbox.world import World
from tests.browser.telegram_around import telegram_of
from tests.installation import Installation, number_shown
from tests.scenarios.story import WINDOW, eventually, guarded

PREFIX = "/gates/river"
NOT_PASSED_ON = {"host", "connection", "transfer-encoding", "content-length", "content-encoding"}


class BehindPrefix(Installation):
    """A bot whose whole public address lies below PREFIX."""

    public = ""

    @property
    def url(self) -> str:
        """Where the proxy has it."""
        return self.public

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The proxy: it passes requests below PREFIX on without it, and answers 404 to others."""
        assert self.app is not None
        path = request.raw_path
        if not path.startswith(PREFIX + "/"):
            raise web.HTTPNotFound
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_PASSED_ON}
        address = f"http://127.0.0.1:{self.app.port}{path.removeprefix(PREFIX)}"
        async with (
            aiohttp.ClientSession(auto_decompress=False) as client,
            client.request(request.method, address, headers=headers, data=await request.read()) as answer,
        ):
            passed_on = {name: value for name, value in answer.headers.items() if name.lower() != "transfer-encoding"}
            response = web.StreamResponse(status=answer.status, headers=passed_on)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            return response


@pytest_asyncio.fixture(loop_scope="session")
async def callgate(world: World, database_url: str) -> AsyncIterator[BehindPrefix]:
    world.telegram.flood.on = False
    installation = BehindPrefix(world, database_url, TELEGRAM_RATE="0")
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", installation.serve)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    installation.public = f"http://127.0.0.1:{runner.addresses[0][1]}{PREFIX}"
    await installation.start(PUBLIC_URL=installation.public)
    yield installation
    await installation.stop()
    await runner.cleanup()


class Watched:
    """Failed requests of a page, and its error messages."""

    def __init__(self, page: Page) -> None:
        self.problems: list[str] = []
        self.loaded: list[str] = []
        page.on("response", self._answered)
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _answered(self, answer: Response) -> None:
        path = re.sub(r"^https?://[^/]+", "", answer.url)
        self.loaded.append(path)
        if answer.status >= 400:
            self.problems.append(f"{answer.status} {path}")


async def test_the_call_screen_and_its_buttons(world: World, callgate: BehindPrefix, browser: Browser) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await anna.shares_contact()
    await number_shown(anna)
    button = (await anna.sees("📞")).button("Call")
    assert button is not None
    url = button["url"]
    assert url.startswith(f"{callgate.public}/call/")

    page = await (await browser.new_context()).new_page()
    watched = Watched(page)
    await page.goto(url)
    await expect(page.get_by_role("heading")).to_have_text("Call this number")
    assert await page.evaluate("getComputedStyle(document.getElementById('arc')).fill") == "none"
    assert {path.split("?")[0] for path in watched.loaded} >= {
        f"{PREFIX}/static/call/call.css",
        f"{PREFIX}/static/call/call.js",
    }

    world.clock.advance(WINDOW + 1)
    await expect(page.get_by_role("heading")).to_have_text("Time is up")
    # Until the sweeper has recorded that, "Try again" goes on with this verification, at the same address.
    await eventually(callgate, "SELECT state FROM verifications", [{"state": "expired"}])
    await page.get_by_role("button", name="Try again").click()
    await page.wait_for_url(lambda address: address != url and address.startswith(f"{callgate.public}/call/"))
    await expect(page.get_by_role("heading")).to_have_text("Call this number")

    await anna.calls(await number_shown(anna))
    await expect(page.get_by_role("heading")).to_have_text("You are in")
    assert watched.problems == []


async def test_the_mini_app(world: World, callgate: BehindPrefix, browser: Browser) -> None:
    owner, group = await guarded(world)
    await owner.assigns_guard(group)
    anna = world.person("Anna", phone="+79161234512", language="en")
    await anna.asks_to_join(group)
    launch = await anna.sees_app()
    assert launch.url.startswith(f"{callgate.public}/app")

    telegram = await telegram_of(callgate, browser, anna)
    watched = Watched(telegram.page)
    await telegram.open(launch.init_data)
    await telegram.app.get_by_role("button", name="Share my phone number").click()
    await expect(telegram.app.locator("#screen")).to_have_attribute("data-state", "waiting")
    await anna.calls(await number_shown(anna))
    await expect(telegram.app.locator("#screen")).to_have_attribute("data-state", "confirmed")

    assert f"{PREFIX}/app/session" in watched.loaded
    assert watched.problems == []


async def test_whatever_else_has_an_address(callgate: BehindPrefix) -> None:
    async with aiohttp.ClientSession() as client:
        for path, status in (("/healthz", 200), ("/app", 200), ("/call/unknown", 404), ("/static/call/call.css", 200)):
            async with client.get(callgate.public + path) as answer:
                assert answer.status == status, path
