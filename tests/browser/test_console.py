"""The admin console in a real browser, as in one of Telegram's clients."""

from __future__ import annotations

import re
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FrameLocator, Locator, Route, expect

from bot.sandbox.people import Person
from bot.sandbox.telegram.accounts import Device
from bot.sandbox.world import World
from tests.browser.demo import Scheme
from tests.browser.telegram_around import TelegramAround, telegram_of
from tests.browser.test_app import violations
from tests.installation import Installation
from tests.scenarios.log_gates import full_gate
from tests.scenarios.panel_walk import admin_of
from tests.scenarios.story import all_is_carried, gets_number
from tests.scenarios.test_pending import waits


@pytest_asyncio.fixture(loop_scope="session")
async def callgate(world: World, database_url: str) -> Any:
    """A bot with Mini Apps, at any pace."""
    world.telegram.flood.on = False
    installation = Installation(world, database_url, PUBLIC_URL="http://localhost:8080", TELEGRAM_RATE="0")
    await installation.start()
    yield installation
    await installation.stop()


async def console_of(callgate: Installation, browser: Browser, admin: Person, **how: Any) -> TelegramAround:
    """Open the Mini App as this admin."""
    telegram = await telegram_of(callgate, browser, admin, **how)
    await telegram.open()
    return telegram


async def is_as_wide_as_its_window(telegram: TelegramAround) -> bool:
    """Whether nothing is cut off, nor needs scrolling sideways."""
    measured = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    return bool(await telegram.page.frames[1].evaluate(measured))


def row(app: FrameLocator, name: str) -> Locator:
    """The row of a person who waits, or was decided about here."""
    return app.locator("#people").get_by_role("listitem").filter(has_text=name)


async def test_an_admin_lets_one_in_declines_another_and_takes_both_back(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, group = await full_gate(world)
    anna, boris = await waits(world, group, "Anna", "Boris")
    telegram = await telegram_of(callgate, browser, owner)
    problems: list[str] = []
    telegram.page.on("pageerror", lambda error: problems.append(str(error)))
    telegram.page.on("console", lambda message: problems.append(message.text))
    app = telegram.app

    await telegram.open()
    await expect(app.get_by_role("heading", name="Flat owners")).to_be_visible()
    await expect(app.locator("#waits")).to_have_text("2 people wait")
    await app.get_by_role("button", name="Let in: Anna").click()

    await world.wait_until(lambda: anna.id in group.members)
    await expect(app.locator("#says")).to_have_text("Anna: Let in")
    await app.get_by_role("button", name="Decline: Boris").click()
    await world.wait_until(lambda: boris.id not in group.requests)
    await expect(row(app, "Boris")).to_contain_text("Declined")
    await expect(app.get_by_role("button", name="Undo: Boris")).to_be_focused()
    await app.get_by_role("button", name="Undo: Anna").click()
    await world.wait_until(lambda: anna.id not in group.members)
    await expect(row(app, "Anna")).to_contain_text("They must verify again.")
    assert problems == []


async def test_who_comes_while_the_page_is_open_appears_and_who_is_decided_about_elsewhere_goes(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, group = await full_gate(world)
    (anna,) = await waits(world, group, "Anna")
    telegram = await console_of(callgate, browser, owner)
    await expect(row(telegram.app, "Anna")).to_be_visible()

    await waits(world, group, "Boris")
    await expect(row(telegram.app, "Boris")).to_be_visible()
    await owner.says("/pending", group)
    await owner.presses("✅")

    await expect(row(telegram.app, "Anna")).to_have_count(0)
    await world.wait_until(lambda: anna.id in group.members)


async def test_a_search_finds_by_name_and_says_when_nobody_has_it(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, group = await full_gate(world)
    await waits(world, group, "Anna Petrova", "Борис")
    telegram = await console_of(callgate, browser, owner)
    search = telegram.app.get_by_role("searchbox", name="Search by name")
    await expect(row(telegram.app, "Anna")).to_be_visible()

    await search.fill("бор")
    await expect(row(telegram.app, "Борис")).to_be_visible()
    await expect(row(telegram.app, "Anna")).to_have_count(0)
    await search.fill("petr")
    await expect(row(telegram.app, "Anna")).to_be_visible()
    await search.fill("zoe")

    await expect(telegram.app.get_by_text("Nobody with this name waits.")).to_be_visible()


async def test_all_unverified_are_declined_after_one_question_with_the_keyboard_alone(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, group = await full_gate(world)
    await waits(world, group, "Anna", "Boris", "Clara")
    telegram = await console_of(callgate, browser, owner)
    app, keyboard = telegram.app, telegram.page.keyboard

    await app.get_by_role("button", name="Decline all unverified").focus()
    await keyboard.press("Enter")
    question = app.get_by_role("dialog", name="Decline 3 requests?")
    await expect(question).to_be_visible()
    await expect(question.get_by_role("button", name="Keep them waiting")).to_be_focused()
    await keyboard.press("Escape")
    await expect(question).to_be_hidden()
    assert len(group.requests) == 3
    await keyboard.press("Enter")
    await keyboard.press("Tab")
    await keyboard.press("Enter")

    await world.wait_until(lambda: not group.requests)
    await expect(app.get_by_text("Nobody is waiting.")).to_be_visible()
    await expect(app.get_by_role("heading", name="Flat owners")).to_be_focused()


async def test_the_question_closes_with_its_group_and_never_asks_about_the_next(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, group = await full_gate(world)
    await waits(world, group, "Anna")
    telegram = await console_of(callgate, browser, owner)
    app = telegram.app
    await app.get_by_role("button", name="Decline all unverified").click()
    await expect(app.get_by_role("dialog", name="Decline 1 request?")).to_be_visible()

    # As Telegram's own way back does, which the question does not cover.
    await app.locator("#back").evaluate("button => button.click()")

    await expect(app.get_by_role("dialog")).to_have_count(0)
    assert len(group.requests) == 1


async def test_while_telegram_does_not_answer_one_timer_asks_for_the_list_again(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, _ = await full_gate(world)
    telegram = await telegram_of(callgate, browser, owner)
    asked: list[str] = []

    async def answer(route: Route) -> None:
        asked.append(route.request.url.rpartition("/")[2])
        told = {"language": "en", "labels": {}, "gates": [], "unchecked": 1, "more": ""}
        await route.fulfill(json=told)

    await telegram.page.route(re.compile(r"/app/console/(gates|end)$"), answer)
    await telegram.page.clock.install()
    await telegram.open()
    await expect(telegram.app.locator("#gates")).to_have_attribute("data-drawn", "[[],0]")
    frame = telegram.page.frames[1]
    for _ in range(3):
        async with telegram.page.expect_response("**/app/console/gates"):
            await telegram.app.locator("#back").evaluate("button => button.click()")
    await frame.evaluate("fetch('console/end')")
    asked.clear()

    await telegram.page.clock.run_for(1000)
    await frame.evaluate("fetch('console/end')")

    assert asked == ["gates", "end"]


async def test_an_admin_without_the_right_sees_who_waits_and_why_there_are_no_buttons(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, group = await full_gate(world)
    boris = await admin_of(world, owner, group)
    await owner.promotes(group, boris, can_pin_messages=True)
    await waits(world, group, "Anna")
    await all_is_carried(callgate)

    telegram = await console_of(callgate, browser, boris)

    await expect(row(telegram.app, "Anna")).to_be_visible()
    await expect(telegram.app.get_by_text("you need the right “Invite users via link”")).to_be_visible()
    await expect(telegram.app.get_by_role("button", name="Anna")).to_have_count(0)


async def test_rights_lost_while_the_page_is_open_end_it_with_a_reason(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, group = await full_gate(world)
    boris = await admin_of(world, owner, group)
    await owner.promotes(group, boris, can_invite_users=True)
    (anna,) = await waits(world, group, "Anna")
    telegram = await console_of(callgate, browser, boris)
    await expect(row(telegram.app, "Anna")).to_be_visible()

    await owner.demotes(group, boris)
    await all_is_carried(callgate)
    await telegram.app.get_by_role("button", name="Let in: Anna").click()

    await expect(telegram.app.get_by_text("Only administrators of that group can do this.")).to_be_visible()
    await expect(row(telegram.app, "Anna")).to_have_count(0)
    assert anna.id not in group.members


async def test_the_groups_are_listed_and_the_way_back_leads_to_them(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, group = await full_gate(world)
    garage = world.group("Garage", owner=owner)
    await owner.makes_bot_admin(garage, can_invite_users=True)
    await waits(world, group, "Anna")
    await all_is_carried(callgate)
    telegram = await console_of(callgate, browser, owner)
    app = telegram.app

    listed = app.get_by_role("navigation").get_by_role("button")
    await expect(listed).to_have_count(2)
    await expect(app.get_by_role("button", name="Flat owners")).to_have_text(re.compile("Guarded.*1 person waits"))
    await app.get_by_role("button", name="Garage").click()
    await expect(app.get_by_role("heading", name="Garage")).to_be_focused()
    await expect(app.get_by_text("Nobody is waiting.")).to_be_visible()
    await app.get_by_role("button", name="All my groups").click()

    await expect(app.get_by_role("button", name="Garage")).to_be_focused()


async def test_a_reload_goes_on_where_it_was_and_a_forged_launch_shows_nothing(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, group = await full_gate(world)
    await waits(world, group, "Anna")
    telegram = await console_of(callgate, browser, owner)
    await expect(row(telegram.app, "Anna")).to_be_visible()

    await telegram.reload()
    await expect(row(telegram.app, "Anna")).to_be_visible()
    await telegram.page.frames[1].evaluate("sessionStorage.clear()")
    await telegram.page.frames[1].evaluate("location.hash = ''")
    await telegram.reload()

    await expect(telegram.app.get_by_text("Open this again from Telegram")).to_be_visible()
    await expect(row(telegram.app, "Anna")).to_have_count(0)


async def test_an_admin_who_is_verifying_themselves_gets_the_call_screen(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, _ = await full_gate(world)
    await gets_number(owner)
    telegram = await telegram_of(callgate, browser, owner)

    await telegram.open()

    await expect(telegram.app.get_by_role("heading")).to_have_text("Call this number")


@pytest.mark.parametrize(
    ("device", "scheme", "language"),
    [("phone", "light", "ru"), ("phone", "dark", "en"), ("desktop", "light", "en"), ("desktop", "dark", "ru")],
)
async def test_no_barrier_is_found_by_axe_and_nothing_is_cut_off(
    world: World, callgate: Installation, browser: Browser, device: Device, scheme: Scheme, language: str
) -> None:
    owner, group = await full_gate(world)
    await waits(world, group, "Anna with a name that is rather long", "Boris")
    owner.account.language_code, owner.device = language, device
    found = {}
    for with_script in (True, False):
        telegram = await telegram_of(callgate, browser, owner, scheme=scheme, with_script=with_script)
        await telegram.open()
        await expect(row(telegram.app, "Boris")).to_be_visible()
        found[f"list {with_script}"] = await violations(telegram)
        await row(telegram.app, "Boris").get_by_role("button").last.click()
        await expect(row(telegram.app, "Boris").get_by_role("button")).to_have_count(1)
        found[f"done {with_script}"] = await violations(telegram)
        await telegram.app.locator("#decline-all").click()
        found[f"question {with_script}"] = await violations(telegram)
        assert await is_as_wide_as_its_window(telegram)
        await waits(world, group, "Boris")

    assert all(violation == [] for violation in found.values()), found
