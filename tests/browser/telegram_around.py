"""A Mini App in a browser, as in one of Telegram's web clients: in a frame, with Telegram's script and its answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

from playwright.async_api import Browser, FrameLocator, Page, Route

from bot import sandbox
from bot.sandbox.people import Person
from bot.sandbox.telegram.webapp import init_data
from tests.browser.demo import DESKTOP, PHONE, Scheme
from tests.installation import Installation

SCRIPT = "https://telegram.org/js/telegram-web-app.js"
STAND_IN = Path(sandbox.__file__).parent / "page" / "telegram-web-app.js"
FRAME = """<!doctype html><title>Telegram</title>
<meta name="viewport" content="width=device-width">
<style>* { margin: 0; border: 0 } iframe { width: 100vw; height: 100vh }</style>
<script>addEventListener("message", (event) => window.heard(event.data));</script>
<iframe id="app" title="Mini App"></iframe>"""
COLOURS = ("bg_color", "secondary_bg_color", "text_color", "button_color")
THEMES = {
    "android": ("#ffffff", "#f0f0f0", "#222222", "#50a8eb"),
    "android dark": ("#1c242f", "#151e27", "#ffffff", "#5eb5f7"),
    "ios": ("#ffffff", "#efeff4", "#000000", "#007aff"),
    "ios dark": ("#000000", "#1c1c1d", "#ffffff", "#3e88f7"),
    "tdesktop": ("#ffffff", "#f1f1f1", "#000000", "#40a7e3"),
    "tdesktop dark": ("#17212b", "#232e3c", "#f5f5f5", "#5288c1"),
}
"""The colours that Telegram's own clients come with, or nearly."""

Answer = Literal["sent", "cancelled", "lost"]
"""`lost`: the client says that the contact was sent, and the bot never gets it."""


class TelegramAround:
    """One person's client with the Mini App open in it; `asked` records the app's requests."""

    def __init__(self, callgate: Installation, person: Person, page: Page, theme: str) -> None:
        self._callgate = callgate
        self._person = person
        self._theme = theme
        self.page = page
        self.app: FrameLocator = page.frame_locator("#app")
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.shares: Answer = "sent"
        """The person's answer to the request for their contact."""

    @property
    def events(self) -> list[str]:
        """The names of the app's requests."""
        return [event for event, _ in self.asked]

    async def open(self, launch: str = "", platform: str = "") -> None:
        """Open the app, by default from a button of the chat."""
        world, person = self._callgate.world, self._person
        on_phone = person.device == "phone"
        fragment = {
            "tgWebAppData": launch or init_data(world.bot_token, world.clock.timestamp(), person.account),
            "tgWebAppVersion": "9.6",
            "tgWebAppPlatform": platform or ("android" if on_phone else "tdesktop"),
            "tgWebAppThemeParams": json.dumps(dict(zip(COLOURS, THEMES[self._theme], strict=True))),
        }
        self.asked.clear()
        await self._show(f"{self._callgate.url}/app#{urlencode(fragment)}")

    async def close(self) -> None:
        """Close the app."""
        await self._show("about:blank")

    async def reload(self) -> None:
        """Reload the page of the app, as the menu of the app does."""
        await self.page.frames[1].evaluate("location.reload()")

    async def _show(self, address: str) -> None:
        # A frame does not load an address that differs in its last part only.
        await self.page.evaluate("document.getElementById('app').src = 'about:blank'")
        await self.page.evaluate("address => document.getElementById('app').src = address", address)

    async def hear(self, message: object) -> None:
        """Take a request of the app."""
        told = json.loads(message) if isinstance(message, str) else {}
        self.asked.append((told.get("eventType", ""), told.get("eventData") or {}))
        if told.get("eventType") == "web_app_request_phone":
            if self.shares == "sent":
                await self._person.shares_contact_in_app()
            await self.tell("phone_requested", status="cancelled" if self.shares == "cancelled" else "sent")

    async def tell(self, event: str, **data: object) -> None:
        """Send the app something."""
        message = json.dumps({"eventType": event, "eventData": data})
        await self.page.evaluate("text => document.getElementById('app').contentWindow.postMessage(text, '*')", message)


async def telegram_of(
    callgate: Installation,
    browser: Browser,
    person: Person,
    *,
    theme: str = "",
    scheme: Scheme = "light",
    with_script: bool = True,
    size: dict[str, int] | None = None,
) -> TelegramAround:
    """This person's client; the app is not open yet. The app is as wide as the client shows it there."""
    on_phone = person.device == "phone"
    context = await browser.new_context(
        viewport=size or (PHONE if on_phone else DESKTOP),  # type: ignore[arg-type] # Playwright's TypedDict of both
        has_touch=on_phone,
        is_mobile=on_phone,
        color_scheme=scheme,
        reduced_motion="reduce",
    )

    async def script(route: Route) -> None:
        if with_script:
            await route.fulfill(path=STAND_IN, content_type="text/javascript")
        else:
            await route.abort()

    await context.route(SCRIPT, script)
    page = await context.new_page()
    default = "android" if on_phone else "tdesktop"
    around = TelegramAround(callgate, person, page, theme or (default if scheme == "light" else f"{default} dark"))
    await page.expose_function("heard", around.hear)
    # Begin at a real address of this machine: a page from anywhere else may not frame one of this machine.
    await page.goto(f"{callgate.world.url}/js/telegram-web-app.js")
    await page.set_content(FRAME)
    return around
