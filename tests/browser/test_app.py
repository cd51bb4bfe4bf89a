"""The Mini App in a real browser, as in one of Telegram's clients."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

import pytest
import pytest_asyncio
import zxingcpp
from playwright.async_api import Browser, Frame, FrameLocator, Locator, Page, Response, expect

from bot.sandbox.changes import WAIT_TIMEOUT
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.browser.demo import PHONE, Scheme
from tests.browser.telegram_around import SCRIPT, THEMES, TelegramAround, telegram_of
from tests.browser.test_call_screen import LARGEST_PAGE, PIXELS
from tests.installation import Installation, number_shown
from tests.scenarios.story import WINDOW, guarded, verifications

MINUTE = 60


@pytest_asyncio.fixture(loop_scope="session")
async def callgate(world: World, database_url: str) -> Any:
    """A bot with Mini Apps, at any pace."""
    world.telegram.flood.on = False
    installation = Installation(world, database_url, PUBLIC_URL="http://localhost:8080", TELEGRAM_RATE="0")
    await installation.start()
    yield installation
    await installation.stop()


@pytest.fixture
def anna(world: World) -> Person:
    return world.person("Anna", phone="+79161234512", language="en")


async def asks_to_join(world: World, person: Person) -> tuple[Group, str]:
    """The person asks to join a guarded group, and Telegram opens the app: the group and the launch."""
    owner, group = await guarded(world)
    await owner.assigns_guard(group)
    await person.asks_to_join(group)
    return group, (await person.sees_app()).init_data


async def shows(app: FrameLocator, state: str) -> None:
    await expect(app.locator("#screen")).to_have_attribute("data-state", state)


async def shares(telegram: TelegramAround) -> None:
    await telegram.app.get_by_role("button", name="Share my phone number").click()
    await shows(telegram.app, "waiting")


async def asked(telegram: TelegramAround, event: str) -> dict[str, Any]:
    """The app's request to Telegram, once it made one."""
    for _ in range(int(WAIT_TIMEOUT / 0.05)):
        if event in telegram.events:
            return dict(telegram.asked)[event]
        await telegram.page.wait_for_timeout(50)
    raise AssertionError(f"{event} is not among {telegram.events}")


async def codes(page: Page, picture: Locator) -> list[str]:
    """The contents of the QR codes in the picture."""
    pixels = await page.evaluate(PIXELS, list(await picture.screenshot()))
    grey = memoryview(bytes(pixels["grey"])).cast("B", (pixels["height"], pixels["width"]))
    return [code.text for code in zxingcpp.read_barcodes(grey)]


def frame_of(telegram: TelegramAround) -> Frame:
    return telegram.page.frames[1]


async def test_from_the_request_to_join_to_a_member_without_leaving_the_app(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    group, launch = await asks_to_join(world, anna)
    telegram = await telegram_of(callgate, browser, anna)
    problems: list[str] = []
    telegram.page.on("pageerror", lambda error: problems.append(str(error)))
    telegram.page.on("console", lambda message: problems.append(message.text))
    app = telegram.app

    await telegram.open(launch)
    await expect(app.get_by_text("To join “Flat owners”")).to_be_visible()
    await app.get_by_role("button", name="Share my phone number").click()
    await expect(app.get_by_role("heading")).to_have_text("Call this number")
    await expect(app.locator("#qr")).to_be_hidden()
    await app.get_by_role("link", name="Call +").click()
    dialled = (await asked(telegram, "sandbox_dial"))["number"]
    await anna.calls(dialled)

    await expect(app.get_by_role("heading")).to_have_text("You are in")
    await expect(app.get_by_role("link", name="Flat owners")).to_be_visible()
    await asked(telegram, "web_app_close")
    assert anna.id in group.members
    assert telegram.events.count("web_app_ready") == telegram.events.count("web_app_expand") == 1
    assert problems == []


async def test_the_group_opens_in_telegram(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    group, launch = await asks_to_join(world, anna)
    telegram = await telegram_of(callgate, browser, anna)
    await telegram.open(launch)
    await shares(telegram)
    await anna.calls(await number_shown(anna))

    await telegram.app.get_by_role("link", name="Flat owners").click()

    path = (await asked(telegram, "web_app_open_tg_link"))["path_full"]
    assert path == f"/c/{str(group.id).removeprefix('-100')}/1"


async def test_who_does_not_share_their_contact_is_asked_kindly_and_can_do_so_later(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    telegram = await telegram_of(callgate, browser, anna)
    await telegram.open()
    telegram.shares = "cancelled"

    await telegram.app.get_by_role("button", name="Share my phone number").click()

    await expect(telegram.app.get_by_role("status")).to_contain_text("only its last 4 digits")
    telegram.shares = "sent"
    await shares(telegram)
    await expect(telegram.app.get_by_role("status")).to_have_text("")


async def test_a_contact_that_never_arrives_is_told_of_and_can_be_shared_again(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    telegram = await telegram_of(callgate, browser, anna)
    await telegram.page.clock.install()
    await telegram.open()
    telegram.shares = "lost"
    share, says = telegram.app.get_by_role("button", name="Share my phone number"), telegram.app.get_by_role("status")
    await share.click()
    await expect(says).to_have_text("Reading your phone number…")
    await expect(share).to_have_attribute("aria-disabled", "true")

    await telegram.page.clock.fast_forward(31_000)

    await expect(says).to_contain_text("did not work")
    telegram.shares = "sent"
    await shares(telegram)


async def test_a_page_on_which_nothing_happens_asks_ever_more_rarely(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    telegram = await telegram_of(callgate, browser, anna)
    await telegram.page.clock.install()
    asked: list[float] = []
    telegram.page.on(
        "request", lambda request: asked.append(world.clock.timestamp()) if "/app/state" in request.url else None
    )
    await telegram.open()
    await shows(telegram.app, "contact")

    for _ in range(60):
        await telegram.page.clock.fast_forward(5_000)
        await telegram.page.wait_for_timeout(20)

    # Five minutes: one request every three seconds would make a hundred of them.
    assert 10 <= len(asked) <= 30


async def test_a_contact_that_is_not_taken_is_told_and_another_is_taken(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    owner = world.person("Vera", phone=anna.phone, language="en")
    await owner.says("/start")
    await owner.shares_contact()
    await number_shown(owner)
    telegram = await telegram_of(callgate, browser, anna)
    await telegram.open()

    await telegram.app.get_by_role("button", name="Share my phone number").click()
    await expect(telegram.app.get_by_text("is verifying this phone right now")).to_be_visible()
    await owner.presses("Cancel")

    await shares(telegram)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_computer_shows_a_code_that_dials_and_nothing_that_does_not(
    world: World, callgate: Installation, browser: Browser, anna: Person, scheme: Scheme
) -> None:
    anna.device = "desktop"
    telegram = await telegram_of(callgate, browser, anna, scheme=scheme)
    await telegram.open()
    await shares(telegram)
    number = await number_shown(anna)

    assert await codes(telegram.page, telegram.app.locator("#qr")) == [f"tel:{number}"]
    await expect(telegram.app.get_by_role("link")).to_have_count(0)
    await telegram.app.get_by_role("button", name="Copy").click()
    await expect(telegram.app.get_by_role("status")).to_have_text("Copied")


@pytest.mark.parametrize(("device", "platform", "code"), [("desktop", "ios", False), ("phone", "weba", True)])
async def test_the_client_says_whether_it_can_call_whatever_the_pointer(
    world: World, callgate: Installation, browser: Browser, anna: Person, device: Any, platform: str, code: bool
) -> None:
    anna.device = device
    telegram = await telegram_of(callgate, browser, anna)
    await telegram.open(platform=platform)
    await shares(telegram)

    await expect(telegram.app.locator("#qr")).to_be_visible(visible=code)
    await expect(telegram.app.locator("#call")).to_be_visible(visible=not code)


async def test_an_app_closed_at_any_step_goes_on_where_it_was(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    group, launch = await asks_to_join(world, anna)
    telegram = await telegram_of(callgate, browser, anna)

    for given in (launch, ""):
        await telegram.open(given)
        await shows(telegram.app, "contact")
        await telegram.close()
    await anna.shares_contact_in_app()
    for _ in range(2):
        await telegram.open()
        await shows(telegram.app, "waiting")
        await telegram.close()
    await anna.calls(await number_shown(anna))
    await telegram.open()

    await expect(telegram.app.get_by_role("heading")).to_have_text("You are in")
    assert anna.id in group.members
    assert await verifications(callgate, anna) == ["confirmed"]


async def test_a_reload_needs_no_new_launch_and_another_page_cannot_use_this_one(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    _, launch = await asks_to_join(world, anna)
    telegram, other = [await telegram_of(callgate, browser, anna) for _ in range(2)]
    await telegram.open(launch)
    await shows(telegram.app, "contact")

    await other.open(launch)
    await expect(other.app.get_by_role("heading")).to_have_text("Open this again from Telegram")
    world.clock.advance(30 * MINUTE)
    await telegram.reload()

    await shares(telegram)


async def test_a_session_that_is_over_asks_to_open_the_app_again(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    telegram = await telegram_of(callgate, browser, anna)
    await telegram.open()
    await shows(telegram.app, "contact")

    world.clock.advance(61 * MINUTE)

    await expect(telegram.app.get_by_role("heading")).to_have_text("Open this again from Telegram")
    await telegram.open()
    await shows(telegram.app, "contact")


async def test_who_goes_on_in_the_chat_is_followed_by_the_app(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    telegram = await telegram_of(callgate, browser, anna)
    await telegram.open()
    await shows(telegram.app, "contact")

    await anna.says("/start")
    await anna.shares_contact()
    await shows(telegram.app, "waiting")
    await anna.presses("Cancel")
    await shows(telegram.app, "cancelled")
    await anna.says("/start")
    await shows(telegram.app, "contact")


async def test_trying_again_after_the_end_goes_on_in_the_same_app(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    telegram = await telegram_of(callgate, browser, anna)
    await telegram.open()
    await shares(telegram)

    world.clock.advance(WINDOW + 1)
    await shows(telegram.app, "expired")
    await telegram.app.get_by_role("button", name="Try again").click()
    await shows(telegram.app, "waiting")
    await telegram.app.get_by_role("button", name="Cancel").click()
    await shows(telegram.app, "cancelled")
    await telegram.app.get_by_role("button", name="Try again").click()
    await shows(telegram.app, "contact")
    await shares(telegram)

    await anna.calls(await number_shown(anna))
    await expect(telegram.app.get_by_role("heading")).to_have_text("Your phone is verified")
    assert "web_app_close" not in telegram.events, "there is no group that they would see otherwise"


async def test_the_app_survives_a_restart_of_the_bot_at_any_step(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    telegram = await telegram_of(callgate, browser, anna)
    await telegram.open()
    await shows(telegram.app, "contact")
    assert callgate.app is not None
    port = str(callgate.app.port)

    await callgate.restart(HTTP_PORT=port)
    await shares(telegram)
    await callgate.restart(HTTP_PORT=port)
    await anna.calls(await number_shown(anna))

    await expect(telegram.app.get_by_role("heading")).to_have_text("Your phone is verified")


async def test_an_app_opened_while_the_bot_is_away_opens_when_it_is_back(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    telegram = await telegram_of(callgate, browser, anna)
    await telegram.page.route("**/app/session", lambda route: route.abort())
    await telegram.open()
    await expect(telegram.app.get_by_role("status")).to_contain_text("No connection")
    await shows(telegram.app, "opening")

    await telegram.page.unroute("**/app/session")

    await shows(telegram.app, "contact")
    await expect(telegram.app.get_by_role("status")).to_have_text("")


async def test_without_telegrams_script_all_goes_but_sharing_which_leads_to_the_chat(
    world: World, callgate: Installation, browser: Browser, anna: Person
) -> None:
    group, launch = await asks_to_join(world, anna)
    telegram = await telegram_of(callgate, browser, anna, with_script=False)
    await telegram.open(launch)
    app = telegram.app

    await shows(app, "contact")
    link = app.get_by_role("link", name="Open the chat with the bot")
    await expect(link).to_have_attribute("href", "https://t.me/callgate_bot?start=contact")
    await expect(app.get_by_role("button", name="Share my phone number")).to_be_hidden()
    await anna.says("/start contact")
    await anna.shares_contact()
    await shows(app, "waiting")
    await expect(app.get_by_role("link", name="Call +")).to_be_visible()
    await anna.calls(await number_shown(anna))

    await expect(app.get_by_role("heading")).to_have_text("You are in")
    await expect(app.get_by_text("Go back to Telegram")).to_be_visible()
    assert anna.id in group.members


async def test_outside_telegram_the_page_says_where_to_go(callgate: Installation, browser: Browser) -> None:
    context = await browser.new_context(locale="ru-RU")
    page = await context.new_page()
    await page.route(SCRIPT, lambda route: route.abort())

    await page.goto(f"{callgate.url}/app")

    await expect(page.get_by_role("heading")).to_have_text("Откройте снова из Telegram")
    await expect(page.get_by_role("link", name="Открыть чат с ботом")).to_have_attribute(
        "href", "https://t.me/callgate_bot?start=contact"
    )
    await context.close()


async def test_the_app_speaks_the_language_of_its_person_not_of_the_browser(
    world: World, callgate: Installation, browser: Browser
) -> None:
    boris = world.person("Борис", language="ru")
    telegram = await telegram_of(callgate, browser, boris)
    await telegram.open()
    await telegram.app.get_by_role("button", name="Поделиться моим номером").click()

    await expect(telegram.app.get_by_role("heading")).to_have_text("Позвоните на этот номер")
    await expect(telegram.app.get_by_text("Потом вернитесь сюда.")).to_be_visible()
    left_over = await frame_of(telegram).locator("main").inner_text()
    assert re.findall(r"[A-Za-z]{2,}", left_over) == []


@pytest.mark.parametrize("theme", sorted(THEMES))
async def test_no_barrier_is_found_by_axe_in_any_state(
    world: World, callgate: Installation, browser: Browser, anna: Person, theme: str
) -> None:
    anna.device = "desktop" if theme.startswith("tdesktop") else "phone"
    scheme: Scheme = "dark" if theme.endswith("dark") else "light"
    telegram = await telegram_of(callgate, browser, anna, theme=theme, scheme=scheme)
    telegram.shares = "cancelled"

    await telegram.open()
    await shows(telegram.app, "contact")
    await telegram.app.get_by_role("button", name="Share my phone number").click()
    await expect(telegram.app.get_by_role("status")).to_contain_text("only its last 4 digits")
    found = {"contact": await violations(telegram)}
    telegram.shares = "sent"
    await shares(telegram)
    found["waiting"] = await violations(telegram)
    await telegram.app.get_by_role("button", name="Cancel").click()
    await shows(telegram.app, "cancelled")
    found["cancelled"] = await violations(telegram)
    await telegram.open("no launch")
    await shows(telegram.app, "outside")
    found["outside"] = await violations(telegram)

    assert found == {"contact": [], "waiting": [], "cancelled": [], "outside": []}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_barrier_is_found_by_axe_without_telegrams_colours(
    world: World, callgate: Installation, browser: Browser, anna: Person, scheme: Scheme
) -> None:
    telegram = await telegram_of(callgate, browser, anna, scheme=scheme, with_script=False)
    await telegram.page.route("**/app/session", lambda route: route.abort())
    await telegram.open()
    await expect(telegram.app.get_by_role("status")).to_contain_text("No connection")
    found = {"opening": await violations(telegram)}
    await telegram.page.unroute("**/app/session")
    await expect(telegram.app.get_by_role("link", name="Open the chat with the bot")).to_be_visible()
    found["contact"] = await violations(telegram)

    assert found == {"opening": [], "contact": []}


async def violations(telegram: TelegramAround) -> list[tuple[str, list[str]]]:
    """The findings of axe-core in the app."""
    axe = next(file for file in resources.files("axe_core_python").iterdir() if file.name.startswith("axe"))
    await frame_of(telegram).evaluate(axe.read_text(encoding="utf-8"))
    found = await frame_of(telegram).evaluate("async () => (await axe.run()).violations")
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


async def test_the_app_is_light_and_fits_a_small_phone_with_large_text(
    world: World, callgate: Installation, browser: Browser
) -> None:
    boris = world.person("Борис", phone="+79161234512", language="ru")
    _, launch = await asks_to_join(world, boris)
    telegram = await telegram_of(callgate, browser, boris, size=PHONE | {"width": 320, "height": 640})
    answers: list[Response] = []

    def weigh(answer: Response) -> None:
        answers.append(answer)

    telegram.page.on("response", weigh)
    telegram.shares = "cancelled"
    widths = {}

    async def measure(state: str) -> None:
        await shows(telegram.app, state)
        await frame_of(telegram).evaluate("document.documentElement.style.fontSize = '200%'")
        widths[state] = await frame_of(telegram).evaluate("document.documentElement.scrollWidth")

    await telegram.open(launch)
    await telegram.app.get_by_role("button", name="Поделиться моим номером").click()
    await expect(telegram.app.get_by_role("status")).to_contain_text("4 последние цифры")
    await measure("contact")
    telegram.shares = "sent"
    await telegram.app.get_by_role("button", name="Поделиться моим номером").click()
    await measure("waiting")
    ours = [answer for answer in answers if answer.url.startswith(callgate.url) and not answer.url.endswith("/events")]
    loaded = [answer for answer in ours if "/app/state" not in answer.url]
    sizes = [len(await answer.body()) + len(json.dumps(await answer.all_headers())) for answer in loaded]
    assert len(sizes) >= 6
    assert sum(sizes) < LARGEST_PAGE
    assert {answer.url for answer in answers if answer not in ours and not answer.url.endswith("/events")} == {SCRIPT}
    await telegram.open("no launch")
    await measure("outside")

    assert widths == {"contact": 320, "waiting": 320, "outside": 320}
