"""Mini Apps on the sandbox's page: the stand-in for Telegram's script, and the client around the app."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiogram import Bot
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, WebAppInfo
from aiogram.utils.web_app import check_webapp_signature
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Error, Frame, Page, expect

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.browser.demo import DESKTOP, PHONE
from tests.sandbox.conftest import Poller, bot_for

NUMBER = "+74951234567"
APP = """<!doctype html><title>App</title><script src="{script}"></script>
<a href="tel:{number}">A plain link</a>
<script>addEventListener("click", (event) => window.prevented = event.defaultPrevented)</script>
"""
ASK = """() => {
  const answer = new Promise((done) => Telegram.WebApp.requestContact((sent, {status}) => done([sent, status])));
  window.answer = answer;
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def bot(world: World) -> AsyncIterator[Bot]:
    async with bot_for(world) as bot:
        yield bot


@pytest.fixture
def poller(bot: Bot) -> Poller:
    return Poller(bot)


@pytest_asyncio.fixture(loop_scope="session")
async def app_url(world: World) -> AsyncIterator[str]:
    """A Mini App of a few lines, on an origin of its own."""
    script = f"{world.url}/js/telegram-web-app.js"

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=APP.format(script=script, number=NUMBER), content_type="text/html")

    site = web.Application()
    site.add_routes([web.get("/app", page)])
    async with TestServer(site) as server:
        yield str(server.make_url("/app"))


@pytest.fixture
def anna(world: World) -> Person:
    return world.person("Anna", language="en")


@pytest_asyncio.fixture(loop_scope="session")
async def group(world: World, poller: Poller) -> Group:
    """A group whose owner has chosen the bot to process its join requests."""
    olga = world.person("Olga", language="en", role="owner")
    group = world.group("Flat owners", owner=olga)
    await olga.makes_bot_admin(group, can_invite_users=True)
    await olga.assigns_guard(group)
    await poller.take()
    return group


async def held(browser: Browser, world: World, person: Person, chat: int, size: dict[str, int] = PHONE) -> Page:
    """The page with this person's Telegram, at a chat."""
    page = await browser.new_page(
        viewport=size,  # type: ignore[arg-type] # Playwright's TypedDict of the same two keys
        color_scheme="light",
        reduced_motion="reduce",
    )
    await page.goto(f"{world.url}/#as={person.id}&chat={chat}")
    return page


async def frame_of(page: Page) -> Frame:
    """The open app, once its script has run."""
    found = await page.get_by_test_id("app").locator("iframe").element_handle()
    frame = await found.content_frame()
    assert frame is not None
    await frame.wait_for_function("window.Telegram?.WebApp")
    return frame


async def opened(browser: Browser, world: World, bot: Bot, anna: Person, app_url: str, **how: Any) -> Page:
    """Anna pressed a button that opens the app."""
    await anna.says("/start")
    button = InlineKeyboardButton(text="Open", web_app=WebAppInfo(url=app_url))
    await bot.send_message(anna.id, "Here", reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]))
    page = await held(browser, world, anna, anna.id, **how)
    await page.get_by_test_id("inline-button").click()
    return page


async def offered(page: Page, bot: Bot, poller: Poller, app_url: str) -> str:
    """The person presses "Request to join" and the guard offers its app; return the id of the query."""
    await page.get_by_test_id("join-button").click()
    request = (await poller.one()).chat_join_request
    assert request is not None
    assert request.query_id is not None
    await bot.send_chat_join_request_web_app(request.query_id, app_url)
    return request.query_id


async def test_a_button_opens_the_app_which_knows_who_opened_it_and_where(
    world: World, bot: Bot, anna: Person, browser: Browser, app_url: str
) -> None:
    page = await opened(browser, world, bot, anna, app_url)
    frame = await frame_of(page)
    data = await frame.evaluate("Telegram.WebApp.initData")
    assert check_webapp_signature(world.bot_token, data)
    assert await frame.evaluate("Telegram.WebApp.initDataUnsafe.user.first_name") == "Anna"
    assert await frame.evaluate("Telegram.WebApp.platform") == "android"
    assert await frame.evaluate("['6.9', '9.6', '9.10', '10.0'].map(Telegram.WebApp.isVersionAtLeast)") == [
        True,
        True,
        False,
        False,
    ]
    await expect(page.get_by_test_id("app")).to_contain_text(world.telegram.bot.first_name)


async def test_what_the_client_said_at_the_launch_is_still_known_on_the_app_s_next_page(
    world: World, bot: Bot, anna: Person, browser: Browser, app_url: str
) -> None:
    page = await opened(browser, world, bot, anna, app_url)
    frame = await frame_of(page)
    data = await frame.evaluate("Telegram.WebApp.initData")
    await frame.goto(f"{app_url}?next")
    assert await frame.evaluate("Telegram.WebApp.initData") == data
    assert await frame.evaluate("location.hash") == ""


async def test_outside_of_telegram_the_script_knows_nothing_and_asks_for_nothing(
    browser: Browser, app_url: str
) -> None:
    page = await browser.new_page()
    await page.goto(app_url)
    assert await page.evaluate("[Telegram.WebApp.initData, Telegram.WebApp.platform]") == ["", "unknown"]
    with pytest.raises(Error, match="WebAppMethodUnsupported"):
        await page.evaluate("Telegram.WebApp.requestContact()")


async def test_the_contact_is_sent_to_the_bot_once_the_person_agrees(
    world: World, bot: Bot, poller: Poller, anna: Person, browser: Browser, app_url: str
) -> None:
    page = await opened(browser, world, bot, anna, app_url)
    frame = await frame_of(page)
    await poller.take()
    await frame.evaluate(ASK)
    with pytest.raises(Error, match="WebAppContactRequested"):
        await frame.evaluate("Telegram.WebApp.requestContact()")
    await expect(page.get_by_role("dialog", name="Share your phone number with")).to_be_visible()
    await page.get_by_test_id("app-contact-share").click()
    assert await frame.evaluate("answer") == [True, "sent"]
    message = (await poller.one()).message
    assert message is not None
    assert message.contact is not None
    assert (message.contact.user_id, f"+{message.contact.phone_number.lstrip('+')}") == (anna.id, anna.phone)


async def test_a_person_who_does_not_agree_shares_nothing_and_may_be_asked_again(
    world: World, bot: Bot, poller: Poller, anna: Person, browser: Browser, app_url: str
) -> None:
    page = await opened(browser, world, bot, anna, app_url)
    frame = await frame_of(page)
    await poller.take()
    await frame.evaluate(ASK)
    await page.get_by_test_id("app-contact-cancel").click()
    assert await frame.evaluate("answer") == [False, "cancelled"]
    await frame.evaluate(ASK)
    # Before the question is there, Escape closes the app.
    await expect(page.get_by_test_id("app-contact-cancel")).to_be_visible()
    await page.keyboard.press("Escape")
    assert await frame.evaluate("answer") == [False, "cancelled"]
    assert await poller.take() == []
    assert all(message.contact is None for message in anna.chat.messages)


async def test_the_app_closes_itself_or_is_closed_by_its_button(
    world: World, bot: Bot, anna: Person, browser: Browser, app_url: str
) -> None:
    page = await opened(browser, world, bot, anna, app_url)
    await (await frame_of(page)).evaluate("Telegram.WebApp.close()")
    await expect(page.get_by_test_id("app")).to_have_count(0)
    await page.get_by_test_id("inline-button").click()
    await page.get_by_test_id("app-close").click()
    await expect(page.get_by_test_id("app")).to_have_count(0)


async def test_the_app_wears_the_page_s_colours_and_hears_of_their_change(
    world: World, bot: Bot, anna: Person, browser: Browser, app_url: str
) -> None:
    page = await opened(browser, world, bot, anna, app_url, size=DESKTOP)
    frame = await frame_of(page)
    look = """() => [Telegram.WebApp.colorScheme, Telegram.WebApp.themeParams.bg_color,
      getComputedStyle(document.documentElement).getPropertyValue("--tg-theme-bg-color")]"""
    surface = "getComputedStyle(document.querySelector('.layer')).backgroundColor"
    assert await frame.evaluate(look) == ["light", "#ffffff", "#ffffff"]
    assert await page.evaluate(surface) == "rgb(255, 255, 255)"
    await frame.evaluate("Telegram.WebApp.onEvent('themeChanged', () => window.changed = Telegram.WebApp.colorScheme)")
    await page.get_by_test_id("theme-toggle").click()
    await frame.wait_for_function("window.changed === 'dark'")
    scheme, color, variable = await frame.evaluate(look)
    assert (scheme, variable) == ("dark", color)
    assert await page.evaluate(surface) == f"rgb({', '.join(str(part) for part in bytes.fromhex(color[1:]))})"


async def test_only_links_of_the_web_are_opened(
    world: World, bot: Bot, anna: Person, browser: Browser, app_url: str
) -> None:
    page = await opened(browser, world, bot, anna, app_url)
    frame = await frame_of(page)
    for call in (
        f"openLink('tel:{NUMBER}')",
        "openLink('javascript:alert(1)')",
        "openLink('tg://resolve?domain=x')",
        f"openTelegramLink('tel:{NUMBER}')",
        "openTelegramLink('https://example.org/')",
    ):
        with pytest.raises(Error, match="WebAppTgUrlInvalid"):
            await frame.evaluate(f"Telegram.WebApp.{call}")
    await frame.evaluate("Telegram.WebApp.openLink('https://example.org/')")
    await expect(page.get_by_role("dialog", name="This link leads outside")).to_be_visible()


async def test_a_link_to_a_chat_leads_out_of_the_app_to_it(
    world: World, bot: Bot, anna: Person, group: Group, browser: Browser, app_url: str
) -> None:
    page = await opened(browser, world, bot, anna, app_url)
    frame = await frame_of(page)
    await frame.evaluate(f"Telegram.WebApp.openTelegramLink('https://t.me/c/{str(group.id)[4:]}')")
    await expect(page.get_by_test_id("join-button")).to_be_visible()
    await expect(page.get_by_test_id("app")).to_have_count(0)


async def test_on_a_phone_the_app_reaches_the_dialer(
    world: World, bot: Bot, anna: Person, browser: Browser, app_url: str
) -> None:
    page = await opened(browser, world, bot, anna, app_url)
    frame = await frame_of(page)
    await frame.get_by_text("A plain link").click()
    assert await frame.evaluate("prevented")
    await frame.evaluate(f"window.open('tel:{NUMBER}', '_blank')")
    await expect(page.get_by_test_id("dial-shown")).to_have_text("+7 495 123-45-67")
    await expect(page.get_by_test_id("dialer")).to_have_count(1)
    await page.get_by_test_id("dial-cancel").click()
    await expect(page.get_by_test_id("app")).to_be_visible()


async def test_on_a_computer_nothing_dials_and_the_phone_is_picked_up_by_hand(
    world: World, bot: Bot, anna: Person, browser: Browser, app_url: str
) -> None:
    anna.device = "desktop"
    page = await opened(browser, world, bot, anna, app_url, size=DESKTOP)
    frame = await frame_of(page)
    assert await frame.evaluate("Telegram.WebApp.platform") == "tdesktop"
    await frame.get_by_text("A plain link").click()
    assert await frame.evaluate("prevented")
    await frame.evaluate(f"window.open('tel:{NUMBER}', '_blank')")
    await expect(page.get_by_test_id("toast")).to_have_text("Telegram Desktop does not dial.")
    await expect(page.get_by_test_id("dialer")).to_have_count(0)
    await page.get_by_test_id("app-close").click()
    await bot.send_message(anna.id, f"Call {NUMBER}")
    await page.get_by_test_id("phone-number").click()
    await expect(page.get_by_test_id("toast").last).to_have_text("Telegram Desktop does not dial.")
    await expect(page.get_by_test_id("dialer")).to_have_count(0)
    await page.get_by_test_id("pick-up-phone").click()
    await expect(page.get_by_test_id("dial-shown")).to_have_text("+7 495 123-45-67")


async def test_a_page_of_the_bot_has_a_bar_to_dial_on_a_phone_only(
    world: World, bot: Bot, anna: Person, browser: Browser, app_url: str
) -> None:
    await anna.says("/start")
    button = InlineKeyboardButton(text="Call", url=app_url)
    await bot.send_message(anna.id, NUMBER, reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]))
    page = await held(browser, world, anna, anna.id, DESKTOP)
    await page.get_by_test_id("inline-button").click()
    await page.get_by_test_id("browser-dial").click()
    await page.get_by_test_id("dial-cancel").click()
    await page.get_by_test_id("browser-close").click()
    await page.get_by_test_id("device-desktop").click()
    await expect(page.get_by_test_id("pick-up-phone")).to_be_visible()
    await page.get_by_test_id("inline-button").click()
    await expect(page.get_by_test_id("browser")).to_be_visible()
    await expect(page.get_by_test_id("browser-dial")).to_have_count(0)
    assert anna.device == "desktop"


async def test_a_guard_s_app_opens_by_itself_and_leads_into_the_group(
    world: World, bot: Bot, poller: Poller, anna: Person, group: Group, browser: Browser, app_url: str
) -> None:
    page = await held(browser, world, anna, group.id)
    query = await offered(page, bot, poller, app_url)
    frame = await frame_of(page)
    assert await frame.evaluate("Telegram.WebApp.initDataUnsafe.chat_join_request_query_id") == query
    assert await frame.evaluate("Telegram.WebApp.initDataUnsafe.chat.title") == "Flat owners"
    await bot.answer_chat_join_request_query(query, "approve")
    await frame.evaluate("Telegram.WebApp.close()")
    await expect(page.get_by_test_id("input")).to_be_visible()
    assert group.member(anna.account).status == "member"


async def test_a_guard_s_app_closed_early_stays_closed_and_the_request_stays(
    world: World, bot: Bot, poller: Poller, anna: Person, group: Group, browser: Browser, app_url: str
) -> None:
    page = await held(browser, world, anna, group.id)
    await offered(page, bot, poller, app_url)
    await page.get_by_test_id("app-close").click()
    await world.wait_until(lambda: anna.chat.offered_app is None)
    await page.reload()
    await expect(page.get_by_test_id("join-button")).to_have_text("Request sent")
    await expect(page.get_by_test_id("app")).to_have_count(0)


async def test_news_from_the_bot_leads_out_of_the_app_to_the_chat(
    world: World, bot: Bot, poller: Poller, anna: Person, group: Group, browser: Browser, app_url: str
) -> None:
    await anna.says("/start")
    await poller.take()
    page = await held(browser, world, anna, group.id)
    await offered(page, bot, poller, app_url)
    await expect(page.get_by_test_id("app")).to_be_visible()
    await bot.send_message(anna.id, "You can go on here.")
    await page.get_by_test_id("banner").click()
    await expect(page.get_by_test_id("app")).to_have_count(0)
    await expect(page.get_by_test_id("message").filter(has_text="You can go on here.")).to_be_visible()


async def test_a_guard_s_app_waits_while_somebody_else_s_phone_is_shown(
    world: World, bot: Bot, poller: Poller, anna: Person, group: Group, browser: Browser, app_url: str
) -> None:
    boris = world.person("Boris", language="en")
    page = await held(browser, world, anna, group.id, DESKTOP)
    await offered(page, bot, poller, app_url)
    await expect(page.get_by_test_id("app")).to_be_visible()
    await page.get_by_test_id(f"role-{boris.id}").click()
    await expect(page.get_by_test_id("app")).to_have_count(0)
    await page.get_by_test_id(f"role-{anna.id}").click()
    frame = await frame_of(page)
    assert await frame.evaluate("Telegram.WebApp.initDataUnsafe.user.first_name") == "Anna"


async def test_the_owner_chooses_the_guard_and_others_see_its_mark(
    world: World, bot: Bot, anna: Person, group: Group, browser: Browser
) -> None:
    olga = next(person for person in world.people.values() if person.role == "owner")
    page = await held(browser, world, olga, group.id, DESKTOP)
    await page.get_by_test_id("chat-info").click()
    toggle = page.get_by_role("switch", name=f"Process join requests: {world.telegram.bot.first_name}")
    await expect(toggle).to_be_checked()
    await page.get_by_test_id("guard-toggle").click()
    await expect(toggle).not_to_be_checked()
    await world.wait_until(lambda: not group.guarded)
    await page.get_by_test_id("guard-toggle").click()
    await expect(toggle).to_be_checked()
    await world.wait_until(lambda: group.guarded)
    await page.get_by_test_id(f"role-{anna.id}").click()
    await expect(page.get_by_role("switch")).to_have_count(0)
    await expect(page.get_by_test_id(f"chat-item-{group.id}")).to_contain_text(
        f"guarded by {world.telegram.bot.first_name}"
    )
