"""The call screen in each of its states, reached by real actions."""

from __future__ import annotations

from typing import Literal, get_args

import httpx
from playwright.async_api import Page, expect

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown
from tests.scenarios.call_screens import OWN, address, uses_up_the_numbers
from tests.scenarios.story import eventually

State = Literal["asking", "waiting", "confirmed", "expired", "refused", "limited"]
STATES: tuple[State, ...] = get_args(State)
BUSY, UNUSABLE = 9, 1
SHORT_WINDOW = 120
"""Seconds. The limit of three numbers in ten minutes outlasts a call window this short."""


async def begins(callgate: Installation, person: Person, group: Group) -> str:
    """The person asks to join and shares the contact; the address of their call screen."""
    await person.asks_to_join(group)
    await person.shares_contact()
    query = "SELECT count(*) AS opened FROM verifications WHERE user_id = :id"
    await eventually(callgate, query, [{"opened": 1}], id=person.id)
    return await address(callgate, person)


def gives_no_number(world: World) -> None:
    """The gateway asks for patience, which the bot has for 20 seconds; `world.faults.clear()` ends it."""
    world.smsc.fail_with(BUSY)


async def reaches(callgate: Installation, person: Person, group: Group, state: State) -> str:
    """The address of the person's call screen, on its way into this state."""
    world = callgate.world
    if state == "asking":
        gives_no_number(world)
    if state == "refused":
        world.smsc.fail_with(UNUSABLE)
    url = await begins(callgate, person, group)
    if state == "confirmed":
        await person.calls(await number_shown(person))
    if state == "expired":
        await number_shown(person)
        world.clock.advance(SHORT_WINDOW + 1)
    if state == "limited":
        await is_limited(world, url)
    return url


async def is_limited(world: World, url: str) -> None:
    """Use up the numbers of ten minutes, and request one more."""
    async with httpx.AsyncClient() as browser:
        await uses_up_the_numbers(browser, url)
        world.clock.advance(SHORT_WINDOW + 1)
        await browser.post(f"{url}/another", headers=OWN)


async def shows(page: Page, state: str) -> None:
    """Return once the page shows this state."""
    await expect(page.locator("#screen")).to_have_attribute("data-state", state)
