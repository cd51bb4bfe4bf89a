"""Call screens as a browser's script sees them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bot.sandbox.people import Person
from tests.installation import Installation

OWN = {"X-Callgate": "call"}
"""What the page's script sends when somebody presses a button."""


async def address(callgate: Installation, person: Person) -> str:
    """Return the address of this person's newest call screen."""
    rows = await callgate.rows("SELECT token FROM verifications WHERE user_id = :id ORDER BY id DESC", id=person.id)
    return f"{callgate.url}/call/{rows[0]['token']}"


class Events:
    """An open stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """Return the next state."""
        async for line in self._lines:
            if line.startswith("data: "):
                told: dict[str, Any] = json.loads(line.removeprefix("data: "))
                return told
        raise EOFError

    async def until(self, state: str) -> dict[str, Any]:
        """Return the first event in this state."""
        while (told := await self.next())["state"] != state:
            pass
        return told

    async def has_ended(self) -> bool:
        """Return whether it ends without another event."""
        return [line async for line in self._lines if line.startswith("data: ")] == []


@asynccontextmanager
async def events(browser: httpx.AsyncClient, page: str) -> AsyncIterator[Events]:
    """Open the stream of a page."""
    async with browser.stream("GET", f"{page}/events") as answer:
        yield Events(answer)


async def uses_up_the_numbers(browser: httpx.AsyncClient, page: str) -> None:
    """Request all the numbers that are allowed in ten minutes."""
    async with events(browser, page) as open_screen:
        number = (await open_screen.until("waiting"))["number"]
        for _ in range(2):
            await browser.post(f"{page}/another", headers=OWN)
            while (told := await open_screen.next())["number"] == number:
                pass
            number = told["number"]
