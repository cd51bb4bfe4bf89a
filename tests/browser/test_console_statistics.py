"""Statistics in the console in a real browser: the picture answers to touch, mouse and keyboard, and reads aloud."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FrameLocator, expect
from sqlalchemy import text

from bot.domain.journal import Event
from bot.sandbox.people import Person
from bot.sandbox.telegram.accounts import Device
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from storage.engine.database import Database
from storage.store import Store
from tests.browser.demo import Scheme
from tests.browser.telegram_around import TelegramAround, telegram_of
from tests.browser.test_app import violations
from tests.browser.test_console import console_of, is_as_wide_as_its_window
from tests.installation import Installation
from tests.scenarios.log_gates import full_gate
from tests.scenarios.story import all_is_carried

DAYS = 90
COUNTRIES = ("RU", "RU", "RU", "KZ", "BY")


@pytest_asyncio.fixture(loop_scope="session")
async def callgate(world: World, database_url: str) -> Any:
    """A bot with Mini Apps, at any pace."""
    world.telegram.flood.on = False
    installation = Installation(world, database_url, PUBLIC_URL="http://localhost:8080", TELEGRAM_RATE="0")
    await installation.start()
    yield installation
    await installation.stop()


async def busy_months(callgate: Installation, group: Group) -> None:
    """Write what happened in three months: on the n-th day before today, n % 7 + 3 ask, two fewer call and come in."""
    await all_is_carried(callgate)
    await callgate.stop()
    now = callgate.world.clock.now()
    database = Database(callgate.database_url, lambda: now)
    await database.open()

    async def happen(store: Store) -> None:
        for day in range(DAYS):
            at, asked = now - timedelta(days=day), day % 7 + 3
            for one in range(asked):
                store.journal.add(Event.JOIN_ASKED, at, gate_id=group.id)
                if one < asked - 1:
                    store.journal.add(Event.CONTACT_TAKEN, at, gate_id=group.id, region="RU")
                    store.journal.add(Event.NUMBER_GIVEN, at, gate_id=group.id, region="RU")
                if one < asked - 2:
                    region = COUNTRIES[(day + one) % len(COUNTRIES)]
                    store.journal.add(Event.CONFIRMED, at, gate_id=group.id, region=region, took=30.0 + one)
                    store.journal.add(Event.GRANT_DONE, at, gate_id=group.id, code="called")

    # Count the journal anew: what the sweep has summed up until now lacks these entries.
    async with database.begin() as connection:
        await connection.execute(text("DELETE FROM sums"))
        await connection.execute(text("DELETE FROM cursors WHERE name = 'journal rolled'"))
    await database.transact(happen)
    await database.close()
    await callgate.start()


async def statistics_in(
    callgate: Installation, browser: Browser, owner: Person, button: str, **how: Any
) -> TelegramAround:
    """Open the console and its statistics by this button."""
    telegram = await console_of(callgate, browser, owner, **how)
    await telegram.app.get_by_role("button", name=button, exact=True).click()
    await expect(telegram.app.locator("#periods").get_by_role("button")).to_have_count(5)
    return telegram


def moment(app: FrameLocator) -> Any:
    """The numbers of the chosen bar."""
    return app.locator(".moment")


async def test_a_bar_shows_its_day_by_touch_and_by_keys(world: World, callgate: Installation, browser: Browser) -> None:
    owner, group = await full_gate(world)
    await busy_months(callgate, group)
    telegram = await telegram_of(callgate, browser, owner)
    problems: list[str] = []
    telegram.page.on("pageerror", lambda error: problems.append(str(error)))
    telegram.page.on("console", lambda message: problems.append(message.text))
    app, keyboard = telegram.app, telegram.page.keyboard
    await telegram.open()
    await app.get_by_role("button", name="Statistics", exact=True).click()

    await expect(moment(app)).to_contain_text("Asked 3 · Called 1 · In 1")
    picture = app.get_by_role("img", name="By day")
    box = await picture.bounding_box()
    assert box is not None
    await telegram.page.touchscreen.tap(box["x"] + box["width"] * 0.5 / 7, box["y"] + 20)
    await expect(moment(app)).to_contain_text("Asked 9 · Called 7 · In 7")
    slider = app.get_by_role("slider", name="By day")
    await slider.focus()
    await keyboard.press("ArrowRight")
    await expect(moment(app)).to_contain_text("Asked 8 · Called 6 · In 6")
    shown = await moment(app).text_content()
    await expect(slider).to_have_attribute("aria-valuetext", shown or "")
    await keyboard.press("End")
    await expect(moment(app)).to_contain_text("Asked 3 · Called 1 · In 1")
    await expect(app.get_by_role("row")).to_have_count(8)
    await expect(app.get_by_role("row").last).to_contain_text("311")
    assert problems == []


async def test_the_periods_and_the_way_back_to_who_waits_work_with_the_keyboard_alone(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, group = await full_gate(world)
    await busy_months(callgate, group)
    telegram = await statistics_in(callgate, browser, owner, "Statistics")
    app, keyboard = telegram.app, telegram.page.keyboard

    for name, heading, rows in (("Today", "By hour, UTC", 24), ("90 days", "By day", 90), ("30 days", "By day", 30)):
        await app.get_by_role("button", name=name, exact=True).focus()
        await keyboard.press("Enter")
        await expect(app.get_by_role("img", name=heading)).to_be_visible()
        await expect(app.get_by_role("row")).to_have_count(rows + 1)
        await expect(app.get_by_role("button", name=name, exact=True)).to_be_focused()
        await expect(app.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")
    await app.get_by_role("button", name="Waiting", exact=True).focus()
    await keyboard.press("Enter")

    await expect(app.get_by_text("Nobody is waiting.")).to_be_visible()
    await expect(app.get_by_role("img")).to_have_count(0)


async def test_a_gate_without_anything_says_so_and_another_shows_its_own(
    world: World, callgate: Installation, browser: Browser
) -> None:
    owner, group = await full_gate(world)
    garage = world.group("Garage", owner=owner)
    await owner.makes_bot_admin(garage, can_invite_users=True)
    await all_is_carried(callgate)
    await busy_months(callgate, group)
    owner.device = "desktop"
    telegram = await console_of(callgate, browser, owner)
    app = telegram.app
    await app.get_by_role("button", name="Garage").click()

    await app.get_by_role("button", name="Statistics", exact=True).click()
    await expect(app.get_by_text("Nobody asked to join in this period.")).to_be_visible()
    await expect(app.get_by_role("img")).to_have_count(0)
    await app.get_by_role("button", name="Flat owners").click()

    await expect(app.get_by_role("img", name="By day")).to_be_visible()
    await expect(app.get_by_text("Nobody asked to join in this period.")).to_be_hidden()


@pytest.mark.parametrize(
    ("device", "scheme", "language"),
    [("phone", "light", "ru"), ("phone", "dark", "en"), ("desktop", "light", "en"), ("desktop", "dark", "ru")],
)
async def test_no_barrier_is_found_by_axe_and_nothing_is_cut_off(
    world: World, callgate: Installation, browser: Browser, device: Device, scheme: Scheme, language: str
) -> None:
    owner, group = await full_gate(world)
    await busy_months(callgate, group)
    owner.account.language_code, owner.device = language, device
    found = {}
    for with_script in (True, False):
        button = {"en": "Statistics", "ru": "Статистика"}[language]
        telegram = await statistics_in(callgate, browser, owner, button, scheme=scheme, with_script=with_script)
        await expect(telegram.app.get_by_role("img")).to_be_visible()
        found[f"week {with_script}"] = await violations(telegram)
        await telegram.app.locator("#periods").get_by_role("button").nth(3).click()
        await expect(telegram.app.get_by_role("row")).to_have_count(DAYS + 1)
        found[f"months {with_script}"] = await violations(telegram)
        assert await is_as_wide_as_its_window(telegram)

    assert all(violation == [] for violation in found.values()), found
