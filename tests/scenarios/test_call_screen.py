"""The call screen as a browser's script sees it: page, events, state and buttons."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.call_screens import OWN, address, events
from tests.scenarios.conftest import Install
from tests.scenarios.story import WINDOW, eventually, gets_number, guarded, verifications


@pytest.fixture
async def callgate(install: Install) -> Installation:
    return await install(PUBLIC_URL="http://localhost:8080")


async def test_an_open_screen_tells_the_number_then_that_the_person_is_in(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", phone="+79161234512", language="en")
    await anna.asks_to_join(group)
    number = await gets_number(anna)

    async with events(browser, await address(callgate, anna)) as open_screen:
        assert open_screen.answer.headers["Content-Type"].startswith("text/event-stream")
        told = await open_screen.next()
        assert (told["state"], told["number"], told["mask"]) == ("waiting", number, "+7 ••• ••• 45-12")
        assert re.sub(r"[ -]", "", told["spelled"]) == number
        assert 0 < told["ends_at"] - told["now"] <= WINDOW
        assert "Flat owners" in told["texts"]["purpose"]
        await anna.calls(number)
        told = await open_screen.until("confirmed")
        while not told["final"]:
            told = await open_screen.next()
        assert told["texts"]["lead"] == "You are in"
        assert [gate["title"] for gate in told["gates"]] == ["Flat owners"]
        assert told["number"] == ""
        assert await open_screen.has_ended()


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"from_number": "+79165550193"}, "from another number (…93). Call from the SIM that ends in 45-12."),
        ({"hidden": True}, "its number was hidden"),
    ],
)
async def test_a_call_that_does_not_count_is_answered_with_a_hint_on_the_screen_too(
    world: World, callgate: Installation, browser: httpx.AsyncClient, how: dict[str, Any], says: str
) -> None:
    anna = world.person("Anna", phone="+79161234512", language="en")
    number = await gets_number(anna)
    page = await address(callgate, anna)

    async with events(browser, page) as open_screen:
        assert (await open_screen.next())["texts"]["call_hint"] == ""
        await anna.calls(number, **how)
        told = await open_screen.next()

        assert says in told["texts"]["call_hint"]
        assert "193" not in told["texts"]["call_hint"]
        assert told["state"] == "waiting"
        assert says in (await browser.get(page)).text.replace("&#x27;", "'")
        await anna.calls(number)
        assert (await open_screen.until("confirmed"))["texts"]["call_hint"] == ""


async def test_where_several_wait_on_one_number_the_screen_asks_after_a_minute(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna, boris = (world.person(name, language="en") for name in ("Anna", "Boris"))
    number = await gets_number(anna)
    assert await gets_number(boris) == number

    async with events(browser, await address(callgate, anna)) as open_screen:
        assert (await open_screen.next())["texts"]["call_hint"] == ""
        await boris.calls(number, from_number="+79165550193")
        await eventually(
            callgate, "SELECT count(*) AS n FROM journal WHERE event = 'call_hinted' AND code = 'unclear'", [{"n": 2}]
        )
        world.clock.advance(61)
        while not (told := await open_screen.next())["texts"]["call_hint"]:
            pass

    assert told["texts"]["call_hint"].startswith("❓ Called, and nothing happened?")


async def test_several_tabs_hear_of_the_same_call(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    page = await address(callgate, anna)

    async with events(browser, page) as one, events(browser, page) as other:
        await one.next(), await other.next()
        assert "callgate_open_streams 2.0" in (await browser.get(f"{callgate.url}/metrics")).text
        await anna.calls(number)
        await one.until("confirmed"), await other.until("confirmed")


async def test_time_runs_out_on_an_open_screen(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)

    async with events(browser, await address(callgate, anna)) as open_screen:
        await open_screen.next()
        world.clock.advance(WINDOW + 1)
        told = await open_screen.until("expired")

    assert told["texts"]["lead"] == "Time is up"
    assert told["qr"] is None


async def test_another_number_from_the_screen_is_given_and_shown(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    page = await address(callgate, anna)

    async with events(browser, page) as open_screen:
        await open_screen.next()
        answer = (await browser.post(f"{page}/another", headers=OWN)).json()
        assert (answer["result"], answer["says"]) == ("asking", "Getting another number…")
        while (told := await open_screen.next())["number"] == number:
            pass
        assert told["state"] == "waiting"
    await anna.calls(told["number"])
    await anna.sees("✅")


async def test_too_many_numbers_are_refused_with_the_time_of_the_next(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    page = await address(callgate, anna)
    async with events(browser, page) as open_screen:
        number = (await open_screen.next())["number"]
        for _ in range(2):
            await browser.post(f"{page}/another", headers=OWN)
            while (told := await open_screen.next())["number"] == number:
                pass
            number = told["number"]

    answer = (await browser.post(f"{page}/another", headers=OWN)).json()

    assert answer["result"] == "limited"
    assert re.search(r"get a new number in (9|10) minutes", answer["says"])
    assert (answer["state"]["state"], answer["state"]["number"]) == ("waiting", number)


async def test_cancel_ends_it_and_trying_again_leads_to_a_new_screen(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    page = await address(callgate, anna)

    cancelled = (await browser.post(f"{page}/cancel", headers=OWN)).json()

    assert (cancelled["result"], cancelled["state"]["state"]) == ("cancelled", "cancelled")
    assert await verifications(callgate, anna) == ["cancelled"]
    assert (await browser.get(page)).status_code == 410
    again = (await browser.post(f"{page}/cancel", headers=OWN)).json()
    assert again["result"] == "over"


async def test_trying_again_after_the_end_leads_to_the_new_screen(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    page = await address(callgate, anna)
    world.clock.advance(WINDOW + 1)
    await anna.sees("⌛")

    answer = (await browser.post(f"{page}/another", headers=OWN)).json()

    assert answer["result"] == "trying_again"
    assert answer["next"] == httpx.URL(await address(callgate, anna)).path != httpx.URL(page).path
    assert (await browser.get(callgate.url + answer["next"])).status_code == 200


@pytest.mark.parametrize("button", ["another", "cancel"])
async def test_a_button_pressed_by_another_site_does_nothing(
    world: World, callgate: Installation, browser: httpx.AsyncClient, button: str
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)

    answer = await browser.post(f"{await address(callgate, anna)}/{button}", data={"a": "b"})

    assert answer.status_code == 403
    assert await verifications(callgate, anna) == ["open"]
    assert (await callgate.rows("SELECT count(*) AS given FROM numbers")) == [{"given": 1}]


async def test_what_is_over_is_told_for_a_while_and_then_no_more(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", phone="+79161234512", language="en")
    await anna.calls(await gets_number(anna))
    await anna.sees("✅")
    page = await address(callgate, anna)

    opened, told, streamed = [await browser.get(page + part) for part in ("", "/state", "/events")]

    assert [answer.status_code for answer in (opened, told, streamed)] == [410, 410, 410]
    assert "Your phone is verified" in opened.text
    assert told.json()["state"] == streamed.json()["state"] == "confirmed"
    world.clock.advance(11 * 60)
    opened, told, streamed = [await browser.get(page + part) for part in ("", "/state", "/events")]
    assert [answer.status_code for answer in (opened, told, streamed)] == [410, 410, 410]
    assert "This call is over." in opened.text
    assert told.json() == streamed.json() == {}


@pytest.mark.parametrize("token", ["unknown", "%00", "%ED%A0%80", "x" * 300])
async def test_a_guessed_token_tells_nothing(callgate: Installation, browser: httpx.AsyncClient, token: str) -> None:
    page = f"{callgate.url}/call/{token}"

    answers = [await browser.get(page + part) for part in ("", "/state", "/events")]
    answers += [await browser.post(f"{page}/{button}", headers=OWN) for button in ("another", "cancel")]

    assert {answer.status_code for answer in answers} == {404}


async def test_the_page_is_whole_strict_and_holds_no_full_phone(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    boris = world.person("Борис", phone="+79161234512", language="ru")
    number = await gets_number(boris)

    page = await browser.get(await address(callgate, boris))

    assert page.status_code == 200
    assert '<html lang="ru">' in page.text
    assert "Позвоните на этот номер" in page.text
    assert f'href="tel:{number}"' in page.text
    assert "9161234512" not in re.sub(r"\D", "", page.text)
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        file = await browser.get(callgate.url + path)
        assert (file.status_code, "immutable" in file.headers["Cache-Control"]) == (200, True), path
        assert "immutable" not in (await browser.get(callgate.url + path + "0")).headers["Cache-Control"]


async def test_an_address_that_asks_too_often_is_told_when_to_come_again(
    callgate: Installation, browser: httpx.AsyncClient
) -> None:
    one, other = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
    page = f"{callgate.url}/call/unknown/state"
    callgate.world.clock.set_rate(0)
    answers = [(await browser.get(page, headers=one)).status_code for _ in range(120)]

    refused = await browser.get(page, headers=one)

    assert set(answers) == {404}
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    # Anything else already sent gets no answer.
    assert refused.headers["Connection"] == "close"
    assert (await browser.get(page, headers=other)).status_code == 404


async def test_open_screens_end_at_once_when_the_bot_stops_and_go_on_after_its_restart(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)

    async with events(browser, await address(callgate, anna)) as open_screen:
        await open_screen.next()
        await callgate.restart()
        assert await open_screen.has_ended()
    async with events(browser, await address(callgate, anna)) as open_screen:
        assert (await open_screen.next())["number"] == number
        await anna.calls(number)
        await open_screen.until("confirmed")


@pytest.mark.parametrize(
    "path", ["/healthz", "/metrics", "/app", "/app/state", "/call/unknown", "/call/unknown/state", "/nowhere"]
)
async def test_every_answer_is_what_it_says_and_names_no_server(
    callgate: Installation, browser: httpx.AsyncClient, path: str
) -> None:
    answer = await browser.get(callgate.url + path)

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in answer.headers


async def test_people_behind_proxies_are_counted_one_by_one(install: Install, browser: httpx.AsyncClient) -> None:
    """149 people behind a proxy that writes ports, several lines or the standard header; and one who invents lines."""
    callgate = await install()
    for number in range(1, 150):
        for headers in (
            [("X-Forwarded-For", f"203.0.113.{number}:5{number:04}")],
            [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", f"198.51.100.{number}")],
            [("Forwarded", f'for="[2001:db8:{number:x}::1]:4711";proto=https')],
        ):
            assert (await browser.get(f"{callgate.url}/call/unknown/state", headers=headers)).status_code == 404

    made_up = [("X-Forwarded-For", "203.0.113.7, nonsense")]
    statuses = [
        (await browser.get(f"{callgate.url}/call/unknown/state", headers=made_up)).status_code for _ in range(200)
    ]
    assert 429 in statuses


async def test_only_named_proxies_are_believed(install: Install, browser: httpx.AsyncClient) -> None:
    callgate = await install(TRUSTED_PROXIES="203.0.113.0/24")

    statuses = [
        (
            await browser.get(f"{callgate.url}/call/unknown/state", headers={"X-Forwarded-For": f"198.51.100.{number}"})
        ).status_code
        for number in range(200)
    ]

    assert 429 in statuses
