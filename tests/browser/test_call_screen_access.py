"""The call screen for everybody: keyboard, screen reader, reduced motion, large letters, no layout shifts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from importlib import resources
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.browser.call_states import SHORT_WINDOW, STATES, UNUSABLE, State, begins, gives_no_number, reaches, shows
from tests.browser.demo import DESKTOP, PHONE
from tests.installation import Installation, number_shown
from tests.scenarios.story import guarded

LARGEST_SHIFT = 0.05
"""Half of what counts as good (web.dev/articles/cls)."""
SMALL = {"width": 320, "height": 568}
LONG_TITLE = "Сборник" + "древнерусской" * 4 + " <owners & friends>"


@pytest_asyncio.fixture(loop_scope="session")
async def callgate(world: World, database_url: str) -> AsyncIterator[Installation]:
    world.telegram.flood.on = False
    installation = Installation(
        world, database_url, PUBLIC_URL="http://localhost:8080", TELEGRAM_RATE="0", CALL_WINDOW=str(SHORT_WINDOW)
    )
    await installation.start()
    yield installation
    world.faults.clear()
    await installation.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def group(world: World, callgate: Installation) -> Group:
    _, group = await guarded(world, LONG_TITLE)
    return group


@pytest.fixture
def anna(world: World) -> Person:
    return world.person("Anna", language="en")


async def opened(browser: Browser, url: str, size: dict[str, int] = PHONE, motion: Any = "no-preference") -> Page:
    context = await browser.new_context(
        viewport=size,  # type: ignore[arg-type] # Playwright's TypedDict of the same two keys
        has_touch=size is not DESKTOP,
        is_mobile=size is not DESKTOP,
        reduced_motion=motion,
    )
    await context.add_init_script(SHIFTS)
    page = await context.new_page()
    await page.goto(url)
    return page


SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const { hadRecentInput, value, sources } of list.getEntries()) {
    if (!hadRecentInput) window.shifts.push({ value, what: sources.map(({ node }) => node?.id || node?.className) });
  }
}).observe({ type: "layout-shift", buffered: true });
"""


async def seconds_pass(page: Page, count: int) -> None:
    """Return once the countdown has shown this many other seconds."""
    for _ in range(count):
        shown = await page.locator("#left").text_content()
        await expect(page.locator("#left")).not_to_have_text(shown or "")


@pytest.mark.parametrize("size", [PHONE, SMALL, DESKTOP], ids=["phone", "small", "desktop"])
async def test_nothing_jumps_when_the_number_comes_and_when_seconds_pass(
    world: World, callgate: Installation, browser: Browser, group: Group, anna: Person, size: dict[str, int]
) -> None:
    gives_no_number(world)
    page = await opened(browser, await begins(callgate, anna, group), size)
    await shows(page, "asking")

    world.faults.clear()
    await shows(page, "waiting")
    await seconds_pass(page, 3)

    shifts = await page.evaluate("window.shifts")
    assert sum(shift["value"] for shift in shifts) < LARGEST_SHIFT, shifts


HEARD = """() => {
  window.heard = { live: [], says: [] };
  for (const id of Object.keys(window.heard)) {
    const region = document.getElementById(id);
    new MutationObserver(() => window.heard[id].push(region.innerText.replace(/\\s+/g, " ")))
      .observe(region, { childList: true, characterData: true, subtree: true, attributes: true });
  }
}"""
"""What a screen reader would announce."""


async def test_a_screen_reader_speaks_the_state_and_the_answers_to_buttons_but_not_each_second(
    world: World, callgate: Installation, browser: Browser, group: Group, anna: Person
) -> None:
    gives_no_number(world)
    page = await opened(browser, await begins(callgate, anna, group))
    await shows(page, "asking")
    assert await page.locator("#live").get_attribute("aria-live") == "polite"
    assert await page.locator("#says").get_attribute("role") == "status"
    assert await page.locator("#left").get_attribute("aria-live") == "off"
    await page.evaluate(HEARD)

    world.faults.clear()
    await shows(page, "waiting")
    number = await page.locator("#number").text_content()
    spoken = await page.evaluate("window.heard.live.splice(0)")
    assert f"Call this number {number} from your phone" in spoken[-1]
    await seconds_pass(page, 3)
    assert await page.evaluate("window.heard") == {"live": [], "says": []}

    await page.get_by_role("button", name="Copy the number").click()
    await expect(page.locator("#says")).to_have_text("Copied")
    await anna.calls(await number_shown(anna))
    await expect(page.get_by_role("heading")).to_have_text("You are in")
    heard = await page.evaluate("window.heard")
    assert heard["says"][0] == "Copied"
    assert heard["live"][-1].startswith("You are in")


FOCUSED = """() => {
  const held = document.activeElement, ring = getComputedStyle(held);
  return {
    id: held.id || held.tagName,
    ring: ring.outlineStyle === "solid" && parseFloat(ring.outlineWidth) >= 2,
    top: held.getBoundingClientRect().top,
  };
}"""


async def tabbed(page: Page, key: str = "Tab") -> str:
    """The control to which a press of the key leads; its focus has to be visible."""
    await page.keyboard.press(key)
    found = await page.evaluate(FOCUSED)
    assert found["ring"] or found["id"] == "BODY", f"no ring around {found['id']}"
    return str(found["id"])


async def order(page: Page) -> list[str]:
    """The controls from the first to the last; each below, or beside, the one before."""
    await page.evaluate("document.activeElement.blur()")
    found: list[str] = []
    below = float("-inf")
    while (held := await tabbed(page)) != "BODY":
        assert held not in found, found
        top = (await page.evaluate(FOCUSED))["top"] + await page.evaluate("scrollY")
        assert top >= below, f"{held} stands above {found[-1]}"
        found, below = [*found, held], top
    return found


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_all_that_can_be_done_can_be_done_by_keyboard_alone(
    world: World, callgate: Installation, browser: Browser, group: Group, anna: Person, size: dict[str, int]
) -> None:
    page = await opened(browser, await begins(callgate, anna, group), size)
    await shows(page, "waiting")
    assert await order(page) == ["number", "call", "copy", "another", "cancel"]
    assert await tabbed(page, "Shift+Tab") == "cancel"
    assert await tabbed(page, "Shift+Tab") == "another"
    number = await page.locator("#number").text_content()

    await page.keyboard.press("Enter")
    await expect(page.locator("#number")).not_to_have_text(number or "")
    assert (await page.evaluate(FOCUSED))["id"] == "another"
    assert await tabbed(page, "Shift+Tab") == "copy"
    await page.keyboard.press("Space")
    await expect(page.get_by_role("status")).to_have_text("Copied")
    assert (await page.evaluate(FOCUSED))["id"] == "copy"
    for expected in ("another", "cancel"):
        assert await tabbed(page) == expected
    await page.keyboard.press("Enter")

    await shows(page, "cancelled")
    # The focused control is gone; the next press finds the actions that are possible now.
    assert await tabbed(page) == "again"
    await page.keyboard.press("Space")
    await expect(page.get_by_role("status")).to_have_text("Please share your phone number in the chat once more.")
    assert (await page.evaluate(FOCUSED))["id"] == "again"


async def test_the_gate_that_opened_is_reached_by_keyboard(
    world: World, callgate: Installation, browser: Browser, group: Group, anna: Person
) -> None:
    group.username = "owners"
    page = await opened(browser, await reaches(callgate, anna, group, "confirmed"))
    await expect(page.get_by_role("heading")).to_have_text("You are in")

    assert await tabbed(page) == "A"
    assert await tabbed(page) == "BODY"


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
async def test_nothing_moves_for_who_does_not_want_it(
    world: World, callgate: Installation, browser: Browser, group: Group, anna: Person, motion: str
) -> None:
    gives_no_number(world)
    page = await opened(browser, await begins(callgate, anna, group), motion=motion)
    moving = "document.getAnimations().map((each) => each.effect.target.id)"
    found = {}

    await shows(page, "asking")
    found["asking"] = await page.evaluate(moving)
    world.faults.clear()
    await shows(page, "waiting")
    await seconds_pass(page, 2)
    found["waiting"] = await page.evaluate(moving)

    assert found == {state: [] if motion == "reduce" else ["arc"] for state in ("asking", "waiting")}


@pytest.mark.parametrize("state", STATES)
async def test_large_letters_on_a_small_phone_need_no_scrolling_sideways(
    world: World, callgate: Installation, browser: Browser, group: Group, state: State
) -> None:
    for language in ("ru", "en"):
        person = world.person("Boris", language=language)
        page = await opened(browser, "about:blank")
        await page.set_viewport_size({"width": 320, "height": 640})
        await page.goto(await reaches(callgate, person, group, state))
        await shows(page, state)
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        wide = "[...document.querySelectorAll('body *')].filter((each) => each.scrollWidth > each.clientWidth + 1 && \
            getComputedStyle(each).display !== 'inline' && each.clientWidth).map((each) => each.id || each.className)"
        assert await page.evaluate("document.documentElement.scrollWidth") == 320, await page.evaluate(wide)
        assert await page.evaluate(wide) == []
        world.faults.clear()


async def test_no_barrier_is_found_by_axe_on_the_way_from_the_first_word_to_the_last(
    world: World, callgate: Installation, browser: Browser, group: Group, anna: Person
) -> None:
    axe = next(file for file in resources.files("axe_core_python").iterdir() if file.name.startswith("axe"))
    gives_no_number(world)
    page = await opened(browser, await begins(callgate, anna, group))

    async def is_open_to_all(state: str) -> None:
        await shows(page, state)
        await page.evaluate(axe.read_text(encoding="utf-8"))
        found = await page.evaluate("async () => (await axe.run()).violations")
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == [], state

    await is_open_to_all("asking")
    world.faults.clear()
    await is_open_to_all("waiting")
    world.clock.advance(SHORT_WINDOW + 1)
    await is_open_to_all("expired")
    world.smsc.fail_with(UNUSABLE)
    await page.get_by_role("button", name="Try again").click()
    await is_open_to_all("refused")
    world.faults.clear()
    await page.get_by_role("button", name="Try again").click()
    await shows(page, "waiting")
    await anna.calls(await number_shown(anna))
    await is_open_to_all("confirmed")


async def test_who_is_to_wait_is_told_in_their_own_time_until_when(
    world: World, callgate: Installation, browser: Browser, group: Group, anna: Person
) -> None:
    page = await opened(browser, await reaches(callgate, anna, group, "limited"))
    await expect(page.get_by_role("heading")).to_have_text("Too many attempts")
    await expect(page.locator("#note")).to_have_text(
        re.compile(r"^You can try again after (\w+ \d+ at )?\d{1,2}:\d\d [AP]M\.$")
    )
    await page.reload()
    await shows(page, "limited")
    await expect(page.locator("#note")).to_have_text(re.compile(r"[AP]M\.$"))

    world.clock.advance(600)

    await expect(page.get_by_role("heading")).to_have_text("Time is up")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("heading")).to_have_text("Call this number")
