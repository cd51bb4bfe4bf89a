"""The emulation of sms.ru refuses what the real one refuses, and reports calls as it does."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.sandbox.clock import SandboxClock
from bot.sandbox.smsru import CALL_PHONE, WINDOW, SmsRu

ANNA, BORIS = "79991234512", "79991234513"


@pytest.fixture
async def smsru() -> AsyncIterator[SmsRu]:
    async with SmsRu(SandboxClock()) as gateway:
        yield gateway


async def ask(smsru: SmsRu, http: httpx.AsyncClient, method: str, **fields: str) -> dict[str, Any]:
    form = {"api_id": smsru.api_id, "json": "1"} | fields
    answer: dict[str, Any] = (await http.post(f"{smsru.url}/{method}", data=form)).json()
    return answer


async def test_a_check_gets_an_id_and_a_number(smsru: SmsRu, http: httpx.AsyncClient) -> None:
    first, second = [await ask(smsru, http, "callcheck/add", phone=phone) for phone in (ANNA, BORIS)]

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
        ("callcheck/add", {"phone": "4915123456789"}, 202),
        ("my/balance", {"api_id": ""}, 200),
    ],
)
async def test_what_it_refuses(
    smsru: SmsRu, http: httpx.AsyncClient, method: str, fields: dict[str, str], code: int
) -> None:
    answer = await ask(smsru, http, method, **fields)

    assert (answer["status"], answer["status_code"]) == ("ERROR", code)
    assert smsru.checks == {}


async def test_without_money_it_assigns_no_number(smsru: SmsRu, http: httpx.AsyncClient) -> None:
    smsru.balance = Decimal("-0.50")

    assert (await ask(smsru, http, "my/balance"))["balance"] == "-0.50"
    assert (await ask(smsru, http, "callcheck/add", phone=ANNA))["status_code"] == 201


async def test_a_call_confirms_the_newest_check_of_that_phone_and_no_other(
    smsru: SmsRu, http: httpx.AsyncClient
) -> None:
    for phone in (ANNA, ANNA, BORIS):
        await ask(smsru, http, "callcheck/add", phone=phone)

    assert await smsru.receive_call(f"+{ANNA}", "+74951234567") == "no such number"
    assert await smsru.receive_call(f"+{ANNA}", f"+{CALL_PHONE}") == "dropped"

    answers = [await ask(smsru, http, "callcheck/status", check_id=f"201737-{number}") for number in (1, 2, 3, 4)]
    assert [answer["check_status"] for answer in answers] == ["400", "401", "400", "402"]


async def test_a_call_after_the_window_confirms_nothing() -> None:
    clock = SandboxClock()
    async with SmsRu(clock) as smsru, httpx.AsyncClient() as http:
        await ask(smsru, http, "callcheck/add", phone=ANNA)
        clock.advance(WINDOW + 1)

        await smsru.receive_call(ANNA, CALL_PHONE)

        assert (await ask(smsru, http, "callcheck/status", check_id="201737-1"))["check_status"] == "402"


@pytest.mark.parametrize("answer", ["100", "OK"])
async def test_a_report_is_signed_and_taken_only_by_the_answer_100(
    smsru: SmsRu, http: httpx.AsyncClient, answer: str
) -> None:
    told: list[dict[str, str]] = []

    async def handle(request: web.Request) -> web.Response:
        told.append({name: str(value) for name, value in (await request.post()).items()})
        return web.Response(text=answer)

    app = web.Application()
    app.router.add_post("/", handle)
    async with TestServer(app) as server:
        smsru.callback_url = str(server.make_url("/"))
        await ask(smsru, http, "callcheck/add", phone=ANNA)
        for shape in ("multipart", "form"):
            smsru.shape = "form" if shape == "form" else "multipart"
            await smsru.report("201737-1", "401")

    assert [report.is_taken for report in smsru.sent] == [answer == "100"] * 2
    for fields in told:
        kind, check_id, status, _ = fields["data[1]"].split("\n")
        assert (kind, check_id, status) == ("callcheck_status", "201737-1", "401")
        assert fields["hash"] == hashlib.sha256((smsru.api_id + fields["data[1]"]).encode()).hexdigest()
