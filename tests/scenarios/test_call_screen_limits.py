"""The call screen of somebody who requested too many numbers, when none works any more."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from bot.sandbox.people import Person
from bot.sandbox.world import World
from bot.web import streams
from tests.installation import Installation
from tests.scenarios.call_screens import OWN, address, events, uses_up_the_numbers
from tests.scenarios.conftest import Install
from tests.scenarios.story import gets_number

WINDOW, LIMIT = 60, 600


@pytest.fixture
async def callgate(install: Install, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A bot whose windows are shorter than the period in which three numbers are allowed; the periodic re-reading of
    all screens is off, so that it hides nothing."""
    monkeypatch.setattr(streams, "ROUND", 100_000)
    return await install(PUBLIC_URL="http://localhost:8080", CALL_WINDOW=str(WINDOW))


async def has_no_numbers_left(callgate: Installation, browser: httpx.AsyncClient, anna: Person) -> str:
    """Return the address of the screen on which she used them up."""
    await gets_number(anna)
    page = await address(callgate, anna)
    await uses_up_the_numbers(browser, page)
    return page


def says_when(told: dict[str, Any]) -> bool:
    """Return whether the next try has a time within the ten minutes, as a moment and in words."""
    return 0 < told["until"] - told["now"] <= LIMIT and bool(
        re.fullmatch(r"You can try again after (\d\d\.\d\d )?\d\d:\d\d UTC\.", told["texts"]["note"])
    )


async def test_a_try_refused_in_the_chat_is_told_on_the_open_screen_until_the_next_one_opens(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    page = await has_no_numbers_left(callgate, browser, anna)

    async with events(browser, page) as open_screen:
        world.clock.advance(WINDOW + 1)
        await open_screen.until("expired")
        await anna.presses("Try again")
        told = await open_screen.until("limited")
        assert says_when(told)
        assert (told["number"], told["qr"], told["final"]) == ("", None, False)
        world.clock.advance(LIMIT)
        told = await open_screen.until("expired")
        assert (told["until"], told["final"]) == (None, True)
        assert await open_screen.has_ended()

    answer = (await browser.post(f"{page}/another", headers=OWN)).json()
    assert answer["result"] == "trying_again"
    assert (await browser.get(callgate.url + answer["next"])).status_code == 200


async def test_a_try_refused_on_the_screen_is_told_there_at_once_and_after_a_reload(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    page = await has_no_numbers_left(callgate, browser, anna)
    world.clock.advance(WINDOW + 1)
    await anna.sees("Time is up")

    answer = (await browser.post(f"{page}/another", headers=OWN)).json()

    assert (answer["result"], answer["next"]) == ("limited", "")
    assert re.fullmatch(r"You can get a new number in [89] minutes\.", answer["says"])
    assert answer["state"]["state"] == "limited"
    assert says_when(answer["state"])
    await anna.sees("Try again")
    reloaded = await browser.get(page)
    assert (reloaded.status_code, 'data-state="limited"' in reloaded.text) == (410, True)
    assert answer["state"]["texts"]["note"] in reloaded.text
    assert (await browser.get(f"{page}/state")).json()["state"] == "limited"
    async with events(browser, page) as open_screen:
        assert (await open_screen.next())["state"] == "limited"


async def test_who_gave_up_and_shares_the_contact_too_soon_is_told_on_the_old_screen_too(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    page = await has_no_numbers_left(callgate, browser, anna)

    async with events(browser, page) as open_screen:
        await browser.post(f"{page}/cancel", headers=OWN)
        await open_screen.until("cancelled")
        again = (await browser.post(f"{page}/another", headers=OWN)).json()
        assert again["says"] == "Please share your phone number in the chat once more."
        assert again["state"]["state"] == "cancelled"
        await anna.shares_contact()
        assert says_when(await open_screen.until("limited"))
        world.clock.advance(LIMIT)
        await open_screen.until("cancelled")


async def test_somebody_elses_limit_is_not_told(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna, boris = (world.person(name, language="en") for name in ("Anna", "Boris"))
    page = await has_no_numbers_left(callgate, browser, anna)
    await gets_number(boris)
    other = await address(callgate, boris)
    world.clock.advance(WINDOW + 1)
    await anna.sees("Time is up")
    await boris.sees("Time is up")

    await browser.post(f"{page}/another", headers=OWN)

    assert (await browser.get(f"{other}/state")).json()["state"] == "expired"
