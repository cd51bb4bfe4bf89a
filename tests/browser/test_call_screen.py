"""The call screen in a real browser, beside the real bot."""

from __future__ import annotations

import asyncio
import json
import re
from importlib import resources
from typing import Any

import pytest
import zxingcpp
from playwright.async_api import Browser, Page, Response, Route, expect

from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.browser.demo import DESKTOP, PHONE
from tests.installation import Installation, number_shown
from tests.scenarios.story import WINDOW, guarded

LARGEST_PAGE = 60_000


async def screen_of(callgate: Installation, person: Person) -> str:
    rows = await callgate.rows("SELECT token FROM verifications WHERE user_id = :id ORDER BY id DESC", id=person.id)
    return f"{callgate.url}/call/{rows[0]['token']}"


async def opened(browser: Browser, url: str, size: dict[str, int] = PHONE, scheme: Any = "light") -> Page:
    context = await browser.new_context(
        viewport=size,  # type: ignore[arg-type] # Playwright's TypedDict of the same two keys
        has_touch=size is PHONE,
        is_mobile=size is PHONE,
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await page.goto(url)
    return page


async def joining(world: World, name: str = "Anna", language: str = "en") -> tuple[Person, str]:
    """Somebody who asked to join and has a number."""
    _, group = await guarded(world)
    person = world.person(name, language=language)
    await person.asks_to_join(group)
    await person.sees("Flat owners")
    await person.shares_contact()
    return person, await number_shown(person)


async def test_from_the_number_to_you_are_in(world: World, callgate: Installation, browser: Browser) -> None:
    anna, number = await joining(world)
    page = await opened(browser, await screen_of(callgate, anna))
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text))
    await expect(page.get_by_role("heading")).to_have_text("Call this number")
    await expect(page.get_by_role("link", name="Call +")).to_have_attribute("href", f"tel:{number}")
    await expect(page.locator("#left")).to_have_text(re.compile(r"^1[45]:\d\d$"))
    await expect(page.locator("#qr")).to_be_hidden()

    await anna.calls(number)

    await expect(page.get_by_role("heading")).to_have_text("You are in")
    await expect(page.get_by_role("link", name="Flat owners")).to_be_visible()
    await expect(page.get_by_role("link", name="Call")).to_have_count(0)
    assert problems == []


async def test_time_runs_out_and_trying_again_brings_a_new_number(
    world: World, callgate: Installation, browser: Browser
) -> None:
    anna, _ = await joining(world, language="ru")
    page = await opened(browser, await screen_of(callgate, anna))
    await expect(page.get_by_role("heading")).to_have_text("Позвоните на этот номер")

    world.clock.advance(WINDOW + 1)
    await expect(page.get_by_role("heading")).to_have_text("Время вышло")
    await page.get_by_role("button", name="Попробовать снова").click()

    await expect(page.get_by_role("heading")).to_have_text("Позвоните на этот номер")
    href = await page.locator("#call").get_attribute("href")
    await anna.calls((href or "").removeprefix("tel:"))
    await expect(page.get_by_role("heading")).to_have_text("Вы вошли")


async def test_another_number_takes_the_place_of_the_first(
    world: World, callgate: Installation, browser: Browser
) -> None:
    anna, number = await joining(world)
    page = await opened(browser, await screen_of(callgate, anna))

    await page.get_by_role("button", name="Another number").click()

    await expect(page.locator("#call")).not_to_have_attribute("href", f"tel:{number}")
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("heading")).to_have_text("Cancelled")


async def test_an_answer_that_the_stream_overtakes_is_not_shown(
    world: World, callgate: Installation, browser: Browser
) -> None:
    anna, number = await joining(world)
    page = await opened(browser, await screen_of(callgate, anna))
    call = page.locator("#call")
    is_answered = asyncio.Event()

    async def late(route: Route) -> None:
        """Pass the bot's answer to the press on only when the page shows the new number."""
        answer = await route.fetch()
        assert number in (await answer.text())
        await expect(call).not_to_have_attribute("href", f"tel:{number}")
        await route.fulfill(response=answer)
        is_answered.set()

    await page.route("**/another", late)
    async with page.expect_response("**/another"):
        await page.get_by_role("button", name="Another number").click()
    await is_answered.wait()

    await expect(page.get_by_role("button", name="Cancel")).to_be_enabled()
    await expect(page.locator("[aria-disabled]")).to_have_count(0)
    await expect(call).not_to_have_attribute("href", f"tel:{number}")


async def test_the_number_left_is_right_though_the_clock_of_the_device_is_wrong(
    world: World, callgate: Installation, browser: Browser
) -> None:
    anna, _ = await joining(world)
    page = await opened(browser, "about:blank")
    await page.clock.install(time=1_000_000_000)

    await page.goto(await screen_of(callgate, anna))

    await expect(page.locator("#left")).to_have_text(re.compile(r"^1[45]:\d\d$"))


async def test_the_screen_survives_a_restart_of_the_bot(world: World, callgate: Installation, browser: Browser) -> None:
    anna, number = await joining(world)
    page = await opened(browser, await screen_of(callgate, anna))
    assert callgate.app is not None
    port = callgate.app.port

    await callgate.restart(HTTP_PORT=str(port))
    await anna.calls(number)

    await expect(page.get_by_role("heading")).to_have_text("You are in")


async def test_where_no_stream_comes_through_the_page_asks(
    world: World, callgate: Installation, browser: Browser
) -> None:
    anna, number = await joining(world)
    page = await opened(browser, "about:blank")
    await page.route("**/events", lambda route: route.abort())
    await page.goto(await screen_of(callgate, anna))

    await anna.calls(number)

    await expect(page.get_by_role("heading")).to_have_text("You are in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_computer_shows_a_code_that_dials(
    world: World, callgate: Installation, browser: Browser, scheme: str
) -> None:
    anna, number = await joining(world)
    page = await opened(browser, await screen_of(callgate, anna), DESKTOP, scheme)

    picture = await page.locator("#qr").screenshot()

    pixels = await page.evaluate(PIXELS, list(picture))
    grey = memoryview(bytes(pixels["grey"])).cast("B", (pixels["height"], pixels["width"]))
    assert [code.text for code in zxingcpp.read_barcodes(grey)] == [f"tel:{number}"]
    await expect(page.locator("#number")).to_have_attribute("href", f"tel:{number}")


PIXELS = """async (bytes) => {
  const image = await createImageBitmap(new Blob([new Uint8Array(bytes)], {type: "image/png"}));
  const canvas = new OffscreenCanvas(image.width, image.height), drawn = canvas.getContext("2d");
  drawn.drawImage(image, 0, 0);
  const {data, width, height} = drawn.getImageData(0, 0, image.width, image.height);
  return {width, height, grey: Array.from({length: width * height}, (_, at) => data[at * 4])};
}"""
"""A picture as grey bytes; blobs need no permission of the page's policy."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_no_barrier_is_found_by_axe(
    world: World, callgate: Installation, browser: Browser, size: dict[str, int], scheme: str
) -> None:
    anna, _ = await joining(world)
    page = await opened(browser, await screen_of(callgate, anna), size, scheme)
    axe = next(file for file in resources.files("axe_core_python").iterdir() if file.name.startswith("axe"))
    await page.evaluate(axe.read_text(encoding="utf-8"))
    for state in ("waiting", "cancelled"):
        await page.locator(f"[data-state={state}]").wait_for()
        found = await page.evaluate("async () => (await axe.run()).violations")
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
        if state == "waiting":
            await page.get_by_role("button", name="Cancel").click()


async def test_without_its_script_the_page_still_dials(world: World, callgate: Installation, browser: Browser) -> None:
    anna, number = await joining(world)
    context = await browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 700})
    page = await context.new_page()

    await page.goto(await screen_of(callgate, anna))

    await expect(page.locator("#number")).to_have_attribute("href", f"tel:{number}")
    await expect(page.get_by_role("button")).to_have_count(0)


async def test_the_page_is_light_and_fits_a_small_phone_with_large_text(
    world: World, callgate: Installation, browser: Browser
) -> None:
    anna, _ = await joining(world, language="ru")
    page = await opened(browser, "about:blank")
    answers: list[Response] = []

    def weigh(answer: Response) -> None:
        answers.append(answer)

    page.on("response", weigh)

    await page.set_viewport_size({"width": 320, "height": 640})
    await page.goto(await screen_of(callgate, anna))
    await page.evaluate("document.documentElement.style.fontSize = '200%'")

    loaded = [answer for answer in answers if not answer.url.endswith("/events")]
    sizes = [len(await answer.body()) + len(json.dumps(await answer.all_headers())) for answer in loaded]
    assert len(sizes) >= 3
    assert sum(sizes) < LARGEST_PAGE
    assert {re.sub(r"(//[^/]+).*", r"\1", answer.url) for answer in loaded} == {callgate.url}
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
