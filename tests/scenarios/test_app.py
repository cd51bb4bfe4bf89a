"""The Mini App: who may open it, what it shows, and how it continues."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest

from bot.domain.gates import APP_PATIENCE
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.call_screens import OWN as BUTTON
from tests.scenarios.call_screens import events
from tests.scenarios.conftest import Install
from tests.scenarios.mini_apps import OWN, Opened, asks, begins, launch_of, opened
from tests.scenarios.story import WINDOW, eventually, gets_number, guarded, verifications

NONCE = "a-page-of-its-own-0001"
HOUR = 3600


@pytest.fixture
async def callgate(install: Install) -> Installation:
    return await install(PUBLIC_URL="http://localhost:8080", LANGUAGE="en")


@pytest.fixture
def anna(world: World) -> Person:
    return world.person("Anna", phone="+79161234512", language="en")


async def waits_at_a_gate(world: World, person: Person) -> Group:
    """Let the person ask to join a group that the bot guards; its title is Flat owners."""
    owner, group = await guarded(world)
    await owner.assigns_guard(group)
    await person.asks_to_join(group)
    return group


def signed(token: str, fields: dict[str, str]) -> str:
    """Return init data with any fields, signed as Telegram does."""
    checked = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.digest(b"WebAppData", token.encode(), hashlib.sha256)
    return urlencode(fields | {"hash": hmac.digest(secret, checked.encode(), hashlib.sha256).hex()})


# The page


async def test_the_page_is_the_same_for_everybody_and_loads_nothing_else_but_telegrams_script(
    callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    await anna.says("/start")
    await anna.sees("👋")
    page = await browser.get(f"{callgate.url}/app", headers={"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.8"})

    assert page.status_code == 200
    assert '<html lang="ru">' in page.text
    assert 'href="https://t.me/callgate_bot?start=contact"' in page.text
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == "'self' https://telegram.org/js/telegram-web-app.js"
    assert (policy["default-src"], policy["connect-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert not {"frame-ancestors"} & set(policy)
    assert "X-Frame-Options" not in page.headers
    assert "frame-ancestors" not in policy
    assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert (await browser.get(callgate.url + path)).status_code == 200, path


async def test_the_page_opens_while_telegram_does_not_answer(install: Install, browser: httpx.AsyncClient) -> None:
    callgate = await install(PUBLIC_URL="http://localhost:8080", TELEGRAM_API_URL="http://127.0.0.1:1", LANGUAGE="en")

    page = await browser.get(f"{callgate.url}/app", headers={"Accept-Language": "de"})

    assert (page.status_code, "t.me" in page.text, '<html lang="en">' in page.text) == (200, False, True)


# What init data is good for


async def test_a_launch_begins_a_session_in_the_language_of_its_person(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    boris = world.person("Борис", language="ru")

    told = (await opened(callgate, browser, boris)).told

    assert told["language"] == "ru"
    assert told["labels"]["copy"] == "Скопировать"
    assert (told["state"]["state"], told["state"]["token"]) == ("contact", "")
    assert "номер" in told["state"]["texts"]["note"]
    assert await callgate.rows("SELECT language, can_be_written FROM people WHERE user_id = :id", id=boris.id) == [
        {"language": "ru", "can_be_written": False}
    ]
    assert (await callgate.journal())[-1] == "app_opened"


FORGED: dict[str, Callable[[str], str]] = {
    "another person's id": lambda launch: launch.replace("%22id%22%3A", "%22id%22%3A9"),
    "a later time": lambda launch: re.sub(r"auth_date=\d", "auth_date=9", launch),
    "another hash": lambda launch: launch[:-4] + ("0000" if launch[-4:] != "0000" else "1111"),
    "no hash": lambda launch: re.sub(r"&?hash=\w+", "", launch),
    "a hash in other letters": lambda launch: re.sub(r"hash=\w+", "hash=%D1%85%D1%8D%D1%88", launch),
    "one more field": lambda launch: launch + "&is_admin=1",
    "a field without a value": lambda launch: launch + "&is_admin",
    "other alphabets": lambda launch: launch + "&name=Анна",
    "half a character": lambda launch: launch + "\ud800",
    "nothing": lambda _: "",
    "no query": lambda _: "%00%ED%A0%80=&&&",
}


async def test_a_forged_launch_begins_nothing(callgate: Installation, browser: httpx.AsyncClient, anna: Person) -> None:
    url, headers, answers = f"{callgate.url}/app/session", OWN | {"Accept-Language": "ru-RU, en;q=0.5"}, {}
    for name, forged in FORGED.items():
        body = json.dumps({"init_data": forged(launch_of(callgate, anna)), "nonce": NONCE})
        answer = await browser.post(url, content=body, headers=headers)
        answers[name] = (answer.status_code, answer.json())

    assert answers == dict.fromkeys(FORGED, (401, {"says": "Откройте снова из Telegram"}))
    assert await callgate.rows("SELECT user_id FROM people") == []
    assert await callgate.rows("SELECT digest FROM used_init_data") == []


async def test_a_launch_of_another_bot_begins_nothing(
    callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    fields = dict(parse_qsl(launch_of(callgate, anna)))
    del fields["hash"]
    tokens = ("42:the token of another bot", "", "WebAppData", callgate.world.bot_token)

    answers = [(await begins(callgate, browser, signed(token, fields))).status_code for token in tokens]

    assert answers == [401, 401, 401, 200]


async def test_a_launch_is_good_for_five_minutes_by_our_clock(
    callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    moments = (-310, -290, 50, 70)

    answers = [
        (await begins(callgate, browser, launch_of(callgate, anna, after=after))).status_code for after in moments
    ]

    assert answers == [401, 200, 200, 401]


BROKEN: dict[str, dict[str, str | None]] = {
    "without a user": {"user": None},
    "of a bot": {"user": '{"id":7,"first_name":"Bot","is_bot":true}'},
    "of a user without a name": {"user": '{"id":7}'},
    "of a user who cannot be": {"user": '{"id":99999999999999999999,"first_name":"X"}'},
    "of a channel": {"user": '{"id":-1001,"first_name":"X"}'},
    "of a user who is a number": {"user": "7"},
    "of a user of broken JSON": {"user": "{7}"},
    "of a time that is none": {"auth_date": "yesterday"},
    "of a time that cannot be": {"auth_date": "9" * 30},
    "without a time": {"auth_date": None},
}


async def test_a_signed_launch_that_tells_no_person_begins_nothing(
    callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    answers = {}
    for name, broken in BROKEN.items():
        fields = {**dict(parse_qsl(launch_of(callgate, anna))), **broken, "hash": None}
        given = {field: value for field, value in fields.items() if value is not None}
        answers[name] = (await begins(callgate, browser, signed(callgate.world.bot_token, given))).status_code

    assert answers == dict.fromkeys(BROKEN, 401)


async def test_a_launch_is_good_for_one_page_which_may_come_again(
    callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    launch = launch_of(callgate, anna)

    first, repeated = [await begins(callgate, browser, launch, NONCE) for _ in range(2)]
    replayed = await begins(callgate, browser, launch)

    assert (first.status_code, repeated.status_code, replayed.status_code) == (200, 200, 401)
    assert (await asks(callgate, browser, repeated.json()["session"])).status_code == 200


async def test_a_replayed_launch_is_known_again_however_it_is_written(
    callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    launch = launch_of(callgate, anna)
    rewritten = [
        launch + "&empty=",
        "&".join(reversed(launch.split("&"))),
        re.sub(r"%[0-9A-F]{2}", lambda found: found.group().lower(), launch),
    ]
    assert launch not in rewritten
    assert (await begins(callgate, browser, launch, NONCE)).status_code == 200

    assert [(await begins(callgate, browser, again, NONCE)).status_code for again in rewritten] == [200, 200, 200]
    assert [(await begins(callgate, browser, again)).status_code for again in rewritten] == [401, 401, 401]


async def test_a_launch_is_replayed_in_vain_after_a_restart_and_forgotten_after_an_hour(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    launch = launch_of(callgate, anna)
    await begins(callgate, browser, launch, NONCE)

    await callgate.restart()
    assert (await begins(callgate, browser, launch)).status_code == 401

    world.clock.advance(HOUR + 10)
    await eventually(callgate, "SELECT digest FROM used_init_data", [])
    assert (await begins(callgate, browser, launch)).status_code == 401


async def test_two_pages_that_show_one_launch_at_the_same_moment_get_one_session(
    callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    launch = launch_of(callgate, anna)

    answers = await asyncio.gather(*(begins(callgate, browser, launch) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]


# Requests that do not come from our pages

BODIES: list[tuple[bytes, int]] = [
    (b"", 400),
    (b"init_data=x&nonce=" + NONCE.encode(), 400),
    (b"[" * 8000, 400),
    (b"\xff\xfe", 400),
    (b'"text"', 400),
    (b"[]", 400),
    (b"{}", 400),
    (b'{"init_data":"x"}', 400),
    (b'{"init_data":7,"nonce":"a-page-of-its-own-0001"}', 400),
    (b'{"init_data":"x","nonce":null}', 400),
    (b'{"init_data":"x","nonce":"short"}', 400),
    (b'{"init_data":"x","nonce":"' + b"n" * 65 + b'"}', 400),
    (b'{"init_data":"x","nonce":"with spaces and \'quotes\'"}', 400),
    (b'{"init_data":"x","nonce":"a-page-of-its-own-0001"}', 401),
    (b'{"nonce":"a-page-of-its-own-0001","init_data":"' + b"x" * 4096 + b'"}', 401),
    (b'{"nonce":"a-page-of-its-own-0001","init_data":"' + b"x" * 4097 + b'"}', 413),
    (b"x" * 8193, 413),
]


async def test_what_is_no_launch_is_refused_by_its_kind(callgate: Installation, browser: httpx.AsyncClient) -> None:
    url = f"{callgate.url}/app/session"

    answers = [(body[:60], (await browser.post(url, content=body, headers=OWN)).status_code) for body, _ in BODIES]

    assert answers == [(body[:60], status) for body, status in BODIES]


async def test_a_launch_from_another_site_or_by_another_method_begins_nothing(
    callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    url, given = f"{callgate.url}/app/session", {"init_data": launch_of(callgate, anna), "nonce": NONCE}

    assert (await browser.post(url, json=given)).status_code == 403
    assert (await browser.get(url, params=given, headers=OWN)).status_code == 405
    assert await callgate.rows("SELECT digest FROM used_init_data") == []


async def test_an_address_that_shows_too_many_forged_launches_is_told_when_to_come_again_and_its_neighbours_are_served(
    callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    callgate.world.clock.set_rate(0)
    near, far = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
    session = (await opened(callgate, browser, anna)).told["session"]

    refused = [(await begins(callgate, browser, "x", **near)).status_code for _ in range(120)]
    answer = await begins(callgate, browser, "x", **near)

    assert set(refused) == {401}
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert (await begins(callgate, browser, "x", **far)).status_code == 401
    assert (await begins(callgate, browser, launch_of(callgate, anna), **near)).status_code == 200
    told = await browser.get(f"{callgate.url}/app/state", headers=near | {"Authorization": f"Bearer {session}"})
    assert told.status_code == 200, "who has a session is not slowed by neighbours"


# What a session is good for


async def test_a_session_is_over_after_an_hour(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    session = (await opened(callgate, browser, anna)).told["session"]

    world.clock.advance(HOUR - 60)
    assert (await asks(callgate, browser, session)).status_code == 200
    world.clock.advance(120)
    assert (await asks(callgate, browser, session)).status_code == 401


async def test_a_session_outlives_a_restart_but_not_the_secret_key(
    callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    session = (await opened(callgate, browser, anna)).told["session"]

    await callgate.restart()
    assert (await asks(callgate, browser, session)).status_code == 200
    await callgate.restart(SECRET_KEY="another secret key that nobody else knows")
    assert (await asks(callgate, browser, session)).status_code == 401


async def test_no_session_is_told_nothing(callgate: Installation, browser: httpx.AsyncClient, anna: Person) -> None:
    session = (await opened(callgate, browser, anna)).told["session"]
    tampered = session[:20] + ("A" if session[20] != "A" else "B") + session[21:]
    given = ["", "Bearer", "Bearer x", f"Basic {session}", session, f"Bearer {tampered}", "Bearer \xff"]

    answers = []
    for authorization in given:
        headers = [(b"Authorization", authorization.encode("latin-1"))]
        answer = await browser.get(f"{callgate.url}/app/state", headers=headers)
        answers.append((answer.status_code, answer.json()))

    assert answers == [(401, {"says": "Open this again from Telegram"})] * len(given)


async def test_a_session_tells_of_its_own_person_only(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    await gets_number(anna)
    ben = world.person("Ben", language="en")

    assert (await (await opened(callgate, browser, anna)).state())["state"] == "waiting"
    bens = await (await opened(callgate, browser, ben)).state()

    assert (bens["state"], bens["token"], bens["number"]) == ("contact", "", "")


# The person's state


async def test_from_a_guard_join_to_a_member_without_leaving_the_app(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    group = await waits_at_a_gate(world, anna)
    app = await opened(callgate, browser, anna, (await anna.sees_app()).init_data)
    asked = await app.state()
    assert (asked["state"], asked["final"], asked["token"]) == ("contact", False, "")
    assert "Flat owners" in asked["texts"]["purpose"]

    await anna.shares_contact_in_app()
    await until(app, "waiting")

    async with events(browser, await app.goes_on()) as call_screen:
        await anna.calls((await call_screen.next())["number"])
        await call_screen.until("confirmed")
    await until(app, "confirmed", final=True)
    told = await app.state()
    assert (told["texts"]["lead"], [gate["title"] for gate in told["gates"]]) == ("You are in", ["Flat owners"])
    assert anna.id in group.members
    await anna.sees("You are in")
    assert [message.sender.is_bot for message in anna.chat.messages] == [True], "one message is left"


async def until(app: Opened, state: str, *, final: bool | None = None) -> dict[str, Any]:
    """Ask as the page does, until the app shows this."""
    for _ in range(200):
        told = await app.state()
        if told["state"] == state and final in (None, told["final"]):
            return told
        await asyncio.sleep(0.05)
    raise AssertionError(f"{told} instead of {state}\n{app._callgate.world.story()}")


async def test_an_opened_app_keeps_the_private_message_back_and_a_closed_one_does_not_for_ever(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    await waits_at_a_gate(world, anna)
    await opened(callgate, browser, anna, (await anna.sees_app()).init_data)

    world.clock.advance(APP_PATIENCE.total_seconds() + 10)
    ben = world.person("Ben", language="en")
    await ben.says("/start")
    await ben.sees("👋")
    rested = await callgate.rows("SELECT due_at FROM screens WHERE user_id = :id", id=anna.id)
    assert rested[0]["due_at"] / 1e6 > world.clock.timestamp() + 60
    assert anna.shown("👋") is None
    assert (await callgate.journal()).count("join_reached") == 1
    world.clock.advance(3 * 60)
    await anna.sees("Flat owners")


async def test_an_app_opened_from_a_button_keeps_no_message_back(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    await waits_at_a_gate(world, anna)
    await anna.sees_app()
    await opened(callgate, browser, anna, launch_of(callgate, anna))

    world.clock.advance(APP_PATIENCE.total_seconds() + 1)

    await anna.sees("Flat owners")


async def test_the_help_opens_the_app(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    await anna.says("/help")
    pressed = await anna.presses("Open the call screen")
    assert pressed["web_app"]["url"] == "http://localhost:8080/app"

    app = await anna.opens_app(pressed["web_app"]["url"])

    assert (await (await opened(callgate, browser, anna, app.init_data)).state())["state"] == "contact"


async def test_a_verified_person_is_told_what_they_have(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    await verify(anna)
    app = await opened(callgate, browser, anna)
    assert (await app.state())["texts"]["lead"] == "Your phone is verified"

    _, group = await guarded(world)
    await anna.asks_to_join(group)
    await world.wait_until(lambda: anna.id in group.members)
    told = await until(app, "confirmed", final=True)

    assert (told["texts"]["lead"], told["token"]) == ("You are in", "")
    assert [gate["title"] for gate in told["gates"]] == ["Flat owners"]
    assert told["mask"] == "+7 ••• ••• 45-12"


async def test_one_in_too_many_groups_is_told_what_to_do(
    world: World, callgate: Installation, browser: httpx.AsyncClient
) -> None:
    busy = world.person("Busy", language="en", too_many_chats=True)
    _, group = await guarded(world)
    await busy.asks_to_join(group)
    await busy.shares_contact()
    await busy.calls(await number_shown(busy))
    await busy.sees("too many groups")

    told = await (await opened(callgate, browser, busy)).state()

    assert "too many groups" in told["texts"]["note"]
    assert told["final"]


async def test_who_is_in_at_one_gate_and_not_at_another_reads_both(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    await verify(anna)
    _, group = await guarded(world)
    _, full = await guarded(world, "Garage")
    await anna.asks_to_join(group)
    await world.wait_until(lambda: anna.id in group.members)
    anna.account.too_many_chats = True
    await anna.asks_to_join(full)
    await anna.sees("too many groups")

    texts = (await (await opened(callgate, browser, anna)).state())["texts"]

    assert texts["lead"] == "You are in"
    assert texts["note"].startswith("“Garage”: You are in too many groups")


async def test_who_asks_for_the_page_too_often_reads_so_in_their_language(
    callgate: Installation, browser: httpx.AsyncClient
) -> None:
    callgate.world.clock.set_rate(0)
    url, near = f"{callgate.url}/app", {"X-Forwarded-For": "203.0.113.9", "Accept-Language": "ru"}

    answers = [await browser.get(url, headers=near) for _ in range(2001)]

    assert {answer.status_code for answer in answers[:-1]} == {200}
    assert (answers[-1].status_code, answers[-1].headers["Retry-After"]) == (429, "1")
    # Anything else already sent gets no answer.
    assert answers[-1].headers["Connection"] == "close"
    assert "Слишком много запросов" in answers[-1].text
    assert "default-src 'none'" in answers[-1].headers["Content-Security-Policy"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_number_is_shown_again_however_often_the_app_is_opened(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person, restarted: bool
) -> None:
    number = await gets_number(anna)
    first = await opened(callgate, browser, anna)
    if restarted:
        await callgate.restart()
    second = await opened(callgate, browser, anna)

    for app in (first, second):
        told = await app.state()
        assert (told["state"], told["number"], told["mask"]) == ("waiting", number, "+7 ••• ••• 45-12")
        assert (await browser.get(await app.goes_on())).status_code == 200
    assert await verifications(callgate, anna) == ["open"]


async def test_time_that_ran_out_is_told_and_trying_again_goes_on_in_the_same_app(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    await gets_number(anna)
    app = await opened(callgate, browser, anna)
    world.clock.advance(WINDOW + 1)
    told = await app.state()
    assert told["texts"]["lead"] == "Time is up"
    # Until then the same attempt would continue with another number.
    await eventually(callgate, "SELECT state FROM verifications", [{"state": "expired"}])

    pressed = await browser.post(f"{await app.goes_on()}/another", headers=BUTTON)

    assert pressed.json()["next"].endswith((await until(app, "waiting"))["token"])


async def test_a_cancelled_attempt_is_told_and_trying_again_asks_for_the_contact(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    await gets_number(anna)
    app = await opened(callgate, browser, anna)
    screen = await app.goes_on()
    await browser.post(f"{screen}/cancel", headers=BUTTON)
    assert (await app.state())["state"] == "cancelled"

    await browser.post(f"{screen}/another", headers=BUTTON)

    assert (await app.state())["state"] == "contact"
    await anna.shares_contact_in_app()
    await until(app, "waiting")


async def test_an_old_end_is_told_no_more(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    await gets_number(anna)
    await anna.presses("Cancel")
    app = await opened(callgate, browser, anna)
    assert (await app.state())["state"] == "cancelled"

    world.clock.advance(11 * 60)

    assert (await app.state())["state"] == "contact"


async def test_a_number_that_cannot_be_had_is_told_with_the_reason(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    world.smsc.fail_with(6)
    await anna.shares_contact_in_app()
    app = await opened(callgate, browser, anna)

    told = await until(app, "refused")

    assert "from this country" in told["texts"]["note"]
    assert told["token"]


async def test_who_is_limited_without_an_attempt_of_their_own_is_told_until_when(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    await gets_number(anna)
    for asked in (2, 3):
        await anna.presses("🔄 Another")
        await eventually(callgate, "SELECT count(*) AS given FROM numbers WHERE state = 'given'", [{"given": asked}])
    await anna.presses("Cancel")
    twin = world.person("Twin", phone=anna.phone, language="en")
    app = await opened(callgate, browser, twin)

    await twin.shares_contact_in_app()
    told = await until(app, "limited")

    assert (told["token"], told["final"]) == ("", False)
    assert 0 < told["until"] - told["now"] <= 600
    world.clock.advance(601)
    assert (await app.state())["state"] == "contact"


async def test_a_contact_that_is_not_taken_is_told_with_what_to_do(
    world: World, callgate: Installation, browser: httpx.AsyncClient, anna: Person
) -> None:
    ben = world.person("Ben", language="en")
    await anna.says("/start")
    app = await opened(callgate, browser, anna)

    await anna.shares_contact_of(ben)
    await anna.sees("not your own")
    told = await app.state()

    assert (told["state"], told["token"]) == ("contact", "")
    assert "not your own" in told["texts"]["note"]
    await anna.shares_contact_in_app()
    await until(app, "waiting")
