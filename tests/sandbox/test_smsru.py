"""The emulation of sms.ru refuses what the real one refuses, and reports calls as it does."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.sandbox.people import Person
from bot.sandbox.smsru import AGAIN_AFTER, CALL_PHONE, WINDOW, SmsRu
from bot.sandbox.world import World

ANNA, BORIS = "79991234512", "79991234513"


@pytest.fixture
def smsru(world: World) -> SmsRu:
    return world.smsru


async def ask(world: World, http: httpx.AsyncClient, method: str, **fields: str) -> dict[str, Any]:
    form = {"api_id": world.smsru.api_id, "json": "1"} | fields
    answer: dict[str, Any] = (await http.post(f"{world.url}/{method}", data=form)).json()
    return answer


async def test_a_check_gets_an_id_and_a_number(world: World, http: httpx.AsyncClient) -> None:
    first, second = [await ask(world, http, "callcheck/add", phone=phone) for phone in (ANNA, BORIS)]

    assert (first["status"], first["status_code"], first["check_id"]) == ("OK", 100, "201737-1")
    assert first["call_phone"] == second["call_phone"] == CALL_PHONE
    assert second["check_id"] == "201737-2"


@pytest.mark.parametrize(
    ("method", "fields", "code"),
    [
        ("callcheck/add", {"phone": ANNA, "api_id": "wrong"}, 200),
        ("callcheck/add", {"phone": ANNA, "unknown": "1"}, 200),
        ("callcheck/add", {"phone": ANNA, "json": "0"}, 200),
        ("callcheck/add", {"phone": f"+{ANNA}"}, 202),
        ("callcheck/add", {"phone": "4915123456789"}, 214),
        ("my/balance", {"api_id": ""}, 200),
    ],
)
async def test_what_it_refuses(
    world: World, http: httpx.AsyncClient, method: str, fields: dict[str, str], code: int
) -> None:
    answer = await ask(world, http, method, **fields)

    assert (answer["status"], answer["status_code"]) == ("ERROR", code)
    assert world.smsru.checks == {}


async def test_without_money_it_assigns_no_number(world: World, http: httpx.AsyncClient) -> None:
    world.smsru.balance = Decimal("-0.50")

    assert (await ask(world, http, "my/balance"))["balance"] == "-0.50"
    assert (await ask(world, http, "callcheck/add", phone=ANNA))["status_code"] == 201


async def test_faults_on_demand(world: World, http: httpx.AsyncClient) -> None:
    world.faults.add(where="gateway", kind="code", method="callcheck/add", code=220)
    assert (await ask(world, http, "callcheck/add", phone=ANNA))["status_code"] == 220

    world.faults.add(where="gateway", kind="500", method="my/balance")
    assert (await http.get(f"{world.url}/my/balance")).status_code == 500

    world.faults.add(where="gateway", kind="reset_after", method="callcheck/add")
    with pytest.raises(httpx.HTTPError):
        await ask(world, http, "callcheck/add", phone=ANNA)
    assert list(world.smsru.checks) == ["201737-1"]


async def test_a_call_confirms_the_newest_check_of_that_phone_and_no_other(
    world: World, http: httpx.AsyncClient, anna: Person
) -> None:
    for phone in (ANNA, ANNA, BORIS):
        await ask(world, http, "callcheck/add", phone=phone)

    assert await anna.calls(f"+{CALL_PHONE}", hidden=True) == "dropped"
    assert await anna.calls(f"+{CALL_PHONE}") == "dropped"

    answers = [await ask(world, http, "callcheck/status", check_id=f"201737-{number}") for number in (1, 2, 3, 4)]
    assert [answer["check_status"] for answer in answers] == ["400", "401", "400", "402"]


async def test_a_call_after_the_window_confirms_nothing(world: World, http: httpx.AsyncClient) -> None:
    await ask(world, http, "callcheck/add", phone=ANNA)
    world.clock.advance(WINDOW + 1)

    world.smsru.receive_call(ANNA, CALL_PHONE)

    assert (await ask(world, http, "callcheck/status", check_id="201737-1"))["check_status"] == "402"


@pytest.mark.parametrize("answer", ["100", "OK"])
async def test_a_report_is_signed_and_comes_again_unless_the_answer_is_100(
    world: World, smsru: SmsRu, http: httpx.AsyncClient, answer: str
) -> None:
    received: list[dict[str, str]] = []

    async def handle(request: web.Request) -> web.Response:
        received.append({name: str(value) for name, value in (await request.post()).items()})
        return web.Response(text=answer)

    app = web.Application()
    app.router.add_post("/", handle)
    async with TestServer(app) as server:
        smsru.callback_url = str(server.make_url("/"))
        await ask(world, http, "callcheck/add", phone=ANNA)
        smsru.receive_call(ANNA, CALL_PHONE)
        await world.wait_until(lambda: smsru.sent)
        smsru.shape = "form"
        if answer == "100":
            await smsru.report("201737-1", "401")
        else:
            world.clock.advance(AGAIN_AFTER)
        await world.wait_until(lambda: len(smsru.sent) == 2)

    assert [report.is_taken for report in smsru.sent] == [answer == "100"] * 2
    for fields in received:
        kind, check_id, status, _ = fields["data[1]"].split("\n")
        assert (kind, check_id, status) == ("callcheck_status", "201737-1", "401")
        assert fields["hash"] == hashlib.sha256((smsru.api_id + fields["data[1]"]).encode()).hexdigest()
