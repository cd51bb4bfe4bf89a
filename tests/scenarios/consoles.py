"""The admin console as its own script sees it: requests with a session."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from bot.sandbox.changes import WAIT_TIMEOUT
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.mini_apps import OWN, begins, launch_of
from tests.scenarios.panel_walk import admin_of


class Console:
    """The console of one admin."""

    def __init__(self, callgate: Installation, browser: httpx.AsyncClient, session: str) -> None:
        self._callgate = callgate
        self._browser = browser
        self.session = session

    async def get(self, path: str, **query: object) -> httpx.Response:
        """Ask for a page, until the bot has Telegram's word about the reader's rights."""
        return await self._settled("GET", path, params={key: str(value) for key, value in query.items()})

    async def gates(self) -> list[dict[str, Any]]:
        """Return the gates, once the bot has Telegram's word about each."""
        deadline = time.monotonic() + WAIT_TIMEOUT
        while (told := (await self.get("gates")).json())["unchecked"]:
            assert time.monotonic() < deadline, self._callgate.world.story()
            await asyncio.sleep(0.05)
        gates: list[dict[str, Any]] = told["gates"]
        return gates

    async def waiting(self, group: Group, **query: object) -> list[str]:
        """Return the names of the people listed."""
        answer = await self.get("gate", id=group.id, **query)
        assert answer.status_code == 200, answer.text
        return [person["name"] for person in answer.json()["people"]]

    async def press(
        self, group: Group, kind: str, person: Person | None = None, *, undo: bool = False
    ) -> httpx.Response:
        """Press a button."""
        asked = {"gate": group.id, "kind": kind, "person": person.id if person else 0, "undo": undo}
        return await self._settled("POST", "act", json=asked)

    async def says(
        self, group: Group, kind: str, person: Person | None = None, *, undo: bool = False
    ) -> tuple[int, str]:
        """Press a button; return the status and what the page says."""
        answer = await self.press(group, kind, person, undo=undo)
        return answer.status_code, answer.json()["says"]

    async def _settled(self, method: str, path: str, **what: Any) -> httpx.Response:
        deadline = time.monotonic() + WAIT_TIMEOUT
        headers = OWN | {"Authorization": f"Bearer {self.session}"}
        url = f"{self._callgate.url}/app/console/{path}"
        while (answer := await self._browser.request(method, url, headers=headers, **what)).status_code == 202:
            assert time.monotonic() < deadline, self._callgate.world.story()
            await asyncio.sleep(0.05)
        return answer


async def console_of(callgate: Installation, browser: httpx.AsyncClient, person: Person) -> Console:
    """Open the Mini App as this person; their console, whether they get one or not."""
    answer = await begins(callgate, browser, launch_of(callgate, person))
    assert answer.status_code == 200, answer.text
    return Console(callgate, browser, answer.json()["session"])


async def partial(world: World, owner: Person, group: Group, **rights: bool) -> Person:
    """Make Boris, an admin with these rights alone."""
    boris = await admin_of(world, owner, group)
    await owner.promotes(group, boris, **rights)
    return boris
