"""Input from strangers, broken programs and jokers is rejected or skipped, and the bot goes on."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from bot import logs
from bot.sandbox.world import World
from tests.installation import CALLBACK_TOKEN, Installation, number_shown, verify
from tests.scenarios.conftest import Install
from tests.scenarios.story import WINDOW, all_is_carried, gets_number, guarded

CALLBACK = f"/smsc/{CALLBACK_TOKEN}"
SECRET = "the secret word of the account"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
XML_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<callback><waitcall>1</waitcall><phone>&b;</phone></callback>"
)
HOSTILE = "<b>Flat</b> & \u202eowners\u202c \u2066x\u2069\n\n" + "🏠" * 3 + "\u200b" + "y" * 4096
JSON = {"Content-Type": "application/json"}

# Method, address, request, and answer.
REQUESTS: list[tuple[str, str, dict[str, object], int]] = [
    ("GET", "/", {}, 404),
    ("GET", "/smsc/", {}, 404),
    ("GET", "/smsc/wrong-token", {}, 404),
    ("POST", "/smsc/wrong-token", {"content": b"x" * 70_000}, 404),
    ("GET", "/smsc/%D1%82%D0%BE%D0%BA%D0%B5%D0%BD", {}, 404),
    ("GET", "/smsc/%ED%A0%80%00", {}, 404),
    ("GET", CALLBACK + "/more", {}, 404),
    ("HEAD", CALLBACK, {}, 405),
    ("PUT", CALLBACK, {"content": b"waitcall=1"}, 405),
    ("DELETE", CALLBACK, {}, 405),
    ("PATCH", CALLBACK, {}, 405),
    ("GET", CALLBACK, {}, 200),
    ("POST", CALLBACK, {}, 200),
    ("POST", CALLBACK, {"data": {"waitcall": "1"}}, 200),
    ("POST", CALLBACK, {"data": {"waitcall": "1", "phone": "\0" * 40, "to": "\u202e" * 40, "ts": "9" * 40}}, 200),
    ("POST", CALLBACK, {"data": {"waitcall": "1", "phone": "7" * 4000, "ts": "-1"}}, 200),
    ("POST", CALLBACK, {"content": b"x" * (64 * 1024 + 1)}, 413),
    ("POST", CALLBACK + "?charset=utf-8", {"content": b"phone=%FF%FE&waitcall=1"}, 400),
    ("POST", CALLBACK + "?charset=no-such-charset", {"data": {"waitcall": "1"}}, 200),
    ("POST", CALLBACK + "?charset=zlib", {"data": {"waitcall": "1"}}, 200),
    ("POST", CALLBACK + "?charset=no-such-charset", {"content": b"phone=%FF%FE&waitcall=1"}, 400),
    ("POST", CALLBACK, {"content": b"[" * 60_000, "headers": JSON}, 400),
    ("POST", CALLBACK, {"content": b'{"a":' * 10_000, "headers": JSON}, 400),
    ("POST", CALLBACK, {"content": b"{", "headers": JSON}, 400),
    ("POST", CALLBACK, {"content": b"1" * 60_000, "headers": JSON}, 400),
    ("POST", CALLBACK, {"content": b'"text"', "headers": JSON}, 400),
    ("POST", CALLBACK, {"content": b"[1, 2]", "headers": JSON}, 400),
    ("POST", CALLBACK, {"content": XML_BOMB.encode(), "headers": {"Content-Type": "text/xml"}}, 400),
    ("POST", CALLBACK, {"content": b"<callback><phone>", "headers": {"Content-Type": "text/xml"}}, 400),
    ("POST", CALLBACK, {"content": "&".join(f"f{n}=1" for n in range(5000)).encode()}, 400),
    ("POST", CALLBACK, {"content": b"no such thing", "headers": {"Content-Encoding": "gzip"}}, 400),
    ("POST", CALLBACK, {"content": b"no such thing", "headers": {"Content-Encoding": "deflate"}}, 400),
    ("POST", "/telegram", {"json": {"update_id": 1}}, 404),
    ("GET", "/call/unknown", {}, 404),
    ("GET", "/call/%00", {}, 404),
    ("GET", "/call/%ED%A0%80", {}, 404),
    ("GET", "/call/..%2F..%2Fetc%2Fpasswd", {}, 404),
    ("GET", "/call/" + "x" * 5000, {}, 404),
    ("POST", "/call/unknown", {}, 405),
    ("POST", "/metrics", {}, 405),
    ("POST", "/healthz", {}, 405),
]


@pytest.fixture
async def stranger() -> AsyncIterator[httpx.AsyncClient]:
    """Somebody's HTTP client."""
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


async def test_every_malformed_request_is_refused_and_none_hurts(
    world: World, brisk: Installation, stranger: httpx.AsyncClient
) -> None:
    wrong = []
    for method, path, sent, expected in REQUESTS:
        answer = await stranger.request(method, brisk.url + path, **sent)  # type: ignore[arg-type]
        if answer.status_code != expected or "Traceback" in answer.text:
            wrong.append((method, path[:60], str(sent)[:60], answer.status_code, expected))

    assert wrong == []
    anna = world.person("Anna", language="en")
    await verify(anna)


async def test_a_body_without_a_length_is_cut_off_at_the_same_size(
    brisk: Installation, stranger: httpx.AsyncClient
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1024

    answer = await stranger.post(brisk.url + CALLBACK, content=endless())

    assert answer.status_code == 413


async def test_with_a_secret_whatever_is_not_signed_is_refused(install: Install, stranger: httpx.AsyncClient) -> None:
    callgate = await install(SMSC_CALLBACK_SECRET=SECRET)
    call = {"waitcall": "1", "phone": "79990000001", "ts": "1795000000"}
    forged = [{}, {"md5": ""}, {"md5": "0" * 32}, {"sha1": "0" * 40}, {"md5": "ё" * 32}, {"crc32": "00000000"}]

    answers = [
        (await stranger.post(callgate.url + CALLBACK + "?charset=utf-8", data=call | signature)).status_code
        for signature in forged
    ]

    assert answers == [403] * len(forged)
    assert await callgate.rows("SELECT id FROM gateway_events") == []


async def test_the_webhook_takes_only_what_telegram_signed_and_can_be_read(
    install: Install, stranger: httpx.AsyncClient
) -> None:
    callgate = await install(
        UPDATES="webhook", PUBLIC_URL="http://127.0.0.1:9", TELEGRAM_WEBHOOK_SECRET="only-telegram-knows"
    )
    address = f"{callgate.url}/telegram"
    signed = {HEADER.encode(): b"only-telegram-knows"}
    sent: list[tuple[dict[bytes, bytes], bytes, int]] = [
        ({}, b'{"update_id": 1}', 401),
        ({HEADER.encode(): b"wrong"}, b'{"update_id": 1}', 401),
        ({HEADER.encode(): "тайна".encode()}, b'{"update_id": 1}', 401),
        ({HEADER.encode(): b"\xff\xfe"}, b"x" * 2**21, 401),
        (signed, b"x" * (2**20 + 1), 413),
        (signed, b"", 400),
        (signed, b"{", 400),
        (signed, b"\xff\xfe\xfa", 400),
        (signed, b"[" * 100_000, 400),
        (signed, b"[]", 400),
        (signed, b'"text"', 400),
        (signed, b"{}", 200),
        (signed, b'{"update_id": 1, "from the future": {}}', 200),
        (signed, b'{"update_id": 2, "message": {"text": 1}}', 200),
    ]

    answers = [(await stranger.post(address, headers=headers, content=body)).status_code for headers, body, _ in sent]

    assert answers == [expected for _, _, expected in sent]
    assert (await stranger.get(address)).status_code == 405


async def test_the_call_page_is_there_while_the_number_can_be_called_and_gone_after(
    world: World, install: Install, stranger: httpx.AsyncClient
) -> None:
    callgate = await install(PUBLIC_URL="http://localhost:8080")
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    path = (await anna.presses("📞"))["url"].removeprefix("http://localhost:8080")

    page = await stranger.get(callgate.url + path)
    assert page.status_code == 200
    assert anna.phone.removeprefix("+7") not in re.sub(r"\D", "", page.text)
    world.clock.advance(WINDOW + 1)
    await anna.sees("⌛")

    assert (await stranger.get(callgate.url + path)).status_code == 410
    assert (await stranger.get(callgate.url + path + "x")).status_code == 404


async def test_a_hostile_title_is_shown_escaped_short_and_without_tricks(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world, HOSTILE)
    anna = world.person("<i>Anna</i> \u202e", language="en")
    await anna.asks_to_join(group)
    welcome = await anna.sees("👋")
    await verify(anna)
    screen = await anna.sees("You are in")

    for message in (await owner.sees("guarded now"), welcome, screen):
        assert message.text is not None
        assert "<b>Flat</b> & owners x 🏠🏠🏠yyy" in message.text
        assert len(message.text) < 500
        assert not re.search("[\u200b\u202a-\u202e\u2066-\u2069]", message.text)
        assert all("Flat" in bold for bold in message.entity_texts("bold") if "y" in bold and "verified" not in bold)
    (button,) = screen.buttons
    assert len(button) < 64
    assert not re.search("[\u200b\u202a-\u202e\u2066-\u2069\n]", button)


@pytest.mark.parametrize("title", ["\u202e\u200b", "<", "&lt;", "y" * 4096])
async def test_no_title_keeps_anybody_out(world: World, brisk: Installation, title: str) -> None:
    _, group = await guarded(world, title)
    anna = world.person("\u202e", language="en")
    await anna.asks_to_join(group)

    await verify(anna)

    await anna.sees("You are in")
    assert anna.id in group.members


async def test_updates_that_nobody_understands_are_counted_and_hold_up_nothing(
    world: World, brisk: Installation, stranger: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    for update in (
        {"message": {"bogus": 1}},
        {"message": "not an object"},
        {"callback_query": {"id": 5}},
        {"brand_new_kind": {"some": "thing"}},
        {"message": None},
        {},
    ):
        world.telegram.push_raw(update)

    await anna.says("/start")

    await anna.sees("👋")
    metrics = (await stranger.get(brisk.url + "/metrics")).text
    assert 'callgate_updates_total{outcome="undecodable"} 3.0' in metrics
    assert 'callgate_updates_total{outcome="unknown"} 3.0' in metrics
    assert "failure" not in await brisk.journal()
    await verify(anna)


@pytest.mark.parametrize("number", [10**30, 2**63, -(2**63) - 1, "9" * 40, 1e30])
async def test_an_update_that_no_database_can_hold_is_passed_over_and_alarms_nobody(
    world: World, brisk: Installation, stranger: httpx.AsyncClient, number: object
) -> None:
    anna = world.person("Anna", language="en")
    user = {"id": number, "is_bot": False, "first_name": "Huge"}
    message = {"message_id": 1, "date": 1, "chat": {"id": number, "type": "private"}, "from": user, "text": "/start"}
    world.telegram.push_raw({"message": message})

    await verify(anna)

    assert 'callgate_updates_total{outcome="undecodable"} 1.0' in (await stranger.get(brisk.url + "/metrics")).text
    assert "failure" not in await brisk.journal()


async def test_the_persons_phone_is_written_down_nowhere(
    world: World, install: Install, database_url: str, capfd: pytest.CaptureFixture[str], stranger: httpx.AsyncClient
) -> None:
    logs.configure("json")
    callgate = await install(SMSC_POLL_SECONDS="1")
    anna = world.person("Anna", phone="+79161234567", language="en")
    boris = world.person("Boris", phone="+79161234567", language="en")
    _, group = await guarded(world)
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await boris.sends_contact(anna.phone)
    await boris.shares_contact_of(anna)
    await anna.shares_contact()
    number = await number_shown(anna)
    await boris.attaches_own_contact()
    await boris.sees("right now")
    await anna.presses("🔄 Another")
    await world.smsc.sends_event(id=8, phone="79161234567", mes="I am +7 916 123-45-67", to="74951234567")
    await stranger.get(f"{callgate.url}{CALLBACK}?charset=nonsense&phone=79161234567")
    await stranger.get(f"{callgate.url}/smsc/wrong?phone=79161234567")
    world.telegram.push_raw({"message": {"contact": {"phone_number": "79161234567"}}})
    world.faults.add(where="gateway", kind="500", method="get")
    await anna.calls(number)
    await anna.sees("You are in")
    await all_is_carried(callgate)
    written = await everything_kept(callgate, database_url)
    await callgate.stop()

    logging.basicConfig(force=True, level=logging.WARNING)
    logged = "".join(capfd.readouterr())
    assert "listening" in logged
    assert "49512345" in written
    for text in (logged, written):
        assert "9161234567" not in re.sub(r"[ ()-]", "", text)


async def everything_kept(callgate: Installation, database_url: str) -> str:
    """Return the whole contents of the database, and of SQLite's files."""
    if database_url.startswith("sqlite"):
        path = Path(str(make_url(database_url).database))
        files = sorted(path.parent.glob(f"{path.name}*"))
        with sqlite3.connect(path) as connection:
            dump = "\n".join(connection.iterdump())
        connection.close()
        return dump + "".join(file.read_bytes().decode("latin-1") for file in files)
    tables = await callgate.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    assert len(tables) > 10
    rows = [await callgate.rows(f"SELECT CAST(t AS text) AS line FROM {table['name']} AS t") for table in tables]
    return "\n".join(row["line"] for found in rows for row in found)
