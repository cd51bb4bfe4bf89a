"""The Mini App as its own script sees it: a page with init data, then a session."""

from __future__ import annotations

import itertools
from typing import Any

import httpx

from bot.sandbox.people import Person
from bot.sandbox.telegram.webapp import init_data
from tests.installation import Installation

OWN = {"X-Callgate": "app"}
PAGES = itertools.count()


def launch_of(callgate: Installation, person: Person, *, after: float = 0.0, **fields: Any) -> str:
    """Return the init data of a Mini App that this person opens now, or opened a while ago (`after` < 0)."""
    world = callgate.world
    return init_data(world.bot_token, world.clock.timestamp() + after, person.account, **fields)


async def begins(
    callgate: Installation, browser: httpx.AsyncClient, launch: str, nonce: str | None = None, **headers: str
) -> httpx.Response:
    """Show the page's init data; by default a page that nobody saw before."""
    given = {"init_data": launch, "nonce": nonce or f"page-number-{next(PAGES):06}"}
    return await browser.post(f"{callgate.url}/app/session", json=given, headers=OWN | headers)


class Opened:
    """A newly opened app of one person, with a session."""

    def __init__(self, callgate: Installation, browser: httpx.AsyncClient, told: dict[str, Any]) -> None:
        self._callgate = callgate
        self._browser = browser
        self.told = told

    async def state(self) -> dict[str, Any]:
        """Return the person's current state."""
        answer = await asks(self._callgate, self._browser, self.told["session"])
        assert answer.status_code == 200, answer.text
        state: dict[str, Any] = answer.json()
        return state

    async def goes_on(self) -> str:
        """Return the address of the call screen that continues it."""
        token = (await self.state())["token"]
        assert token
        return f"{self._callgate.url}/call/{token}"


async def opened(callgate: Installation, browser: httpx.AsyncClient, person: Person, launch: str = "") -> Opened:
    """Open the app."""
    answer = await begins(callgate, browser, launch or launch_of(callgate, person))
    assert answer.status_code == 200, answer.text
    return Opened(callgate, browser, answer.json())


async def asks(callgate: Installation, browser: httpx.AsyncClient, session: str) -> httpx.Response:
    """Ask for the person's state with this session."""
    return await browser.get(f"{callgate.url}/app/state", headers={"Authorization": f"Bearer {session}"})
