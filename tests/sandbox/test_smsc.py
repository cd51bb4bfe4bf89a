"""The gateway's requests: four formats, every error, its own limits, the inbox and the balance."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest
from defusedxml.ElementTree import fromstring

from bot.sandbox.people import Person
from bot.sandbox.world import World


async def ask(world: World, http: httpx.AsyncClient, endpoint: str = "wait_call", **fields: Any) -> httpx.Response:
    form = {"login": world.smsc.login, "psw": world.smsc.password, "charset": "utf-8"} | fields
    return await http.post(f"{world.url}/sys/{endpoint}.php", data=form)


async def error(world: World, http: httpx.AsyncClient, **fields: Any) -> int:
    answer = await ask(world, http, **({"phone": "79991234512", "fmt": "3"} | fields))
    assert answer.status_code == 200
    code: int = answer.json()["error_code"]
    return code


async def test_a_number_is_given_in_four_formats(world: World, http: httpx.AsyncClient) -> None:
    plain = (await ask(world, http, phone="+79991234512", fmt="0")).text
    assert plain.startswith("phone = 74951234567, all_phones = 74951234567,74951234568,")
    assert (await ask(world, http, phone="+79991234512", fmt="1")).text.split(",")[0] == "74951234568"
    xml = fromstring((await ask(world, http, phone="+79991234512", fmt="2")).text)
    assert xml.findtext("phone") == xml.findtext("all_phones/phone") == "74951234569"
    js = (await ask(world, http, phone="+79991234512", fmt="3")).json()
    assert js["phone"] == js["all_phones"][0] == "74951234570"
    assert len(js["all_phones"]) == 5


@pytest.mark.parametrize(
    ("fmt", "body"),
    [
        ("0", "ERROR = 3 (no money)"),
        ("1", "0,-3"),
        ("2", "<result><error>no money</error><error_code>3</error_code></result>"),
        ("3", '{"error": "no money", "error_code": 3}'),
    ],
)
async def test_errors_come_in_four_formats(world: World, http: httpx.AsyncClient, fmt: str, body: str) -> None:
    world.smsc.balance = Decimal(0)
    assert (await ask(world, http, phone="79991234512", fmt=fmt)).text == body


async def test_an_answer_can_be_forced_into_another_format(world: World, http: httpx.AsyncClient) -> None:
    world.smsc.answers_in_fmt = 1
    assert (await ask(world, http, phone="79991234512", fmt="3")).text.startswith("74951234567,")


async def test_every_reason_to_refuse(world: World, http: httpx.AsyncClient) -> None:
    assert await error(world, http, psw="wrong") == 2
    assert await error(world, http, apikey=world.smsc.api_key) == 2, "a key comes instead of the password"
    assert await error(world, http, phone="12") == 1
    assert await error(world, http, colour="red") == 1
    assert (await ask(world, http, phone="79991234512", fmt="7")).text == "ERROR = 1 (parameters error)"
    world.smsc.blacklist.add("+79991234512")
    assert await error(world, http) == 5
    assert await error(world, http, phone="+88812345678") in (1, 6)
    world.smsc.fail_with(4, times=1)
    assert await error(world, http, phone="79991234513") == 4
    assert "phone" in (await ask(world, http, phone="79991234513", fmt="3")).json()
    world.smsc.fail_with(2)
    assert [await error(world, http) for _ in range(2)] == [2, 2]
    world.smsc.fail_with(None)
    assert await error(world, http) == 5


async def test_get_and_an_api_key_work_too(world: World, http: httpx.AsyncClient) -> None:
    query = {"apikey": world.smsc.api_key, "phone": "+79991234512", "fmt": "3"}
    answer = await http.get(f"{world.url}/sys/wait_call.php", params=query)
    assert answer.json()["phone"] == "74951234567"
    assert (await http.get(f"{world.url}/sys/send.php", params=query)).status_code == 404


async def test_callers_get_numbers_of_their_country(world: World, http: httpx.AsyncClient) -> None:
    for phone, prefix in (("77011234567", "7727"), ("380501234567", "380"), ("79991234512", "7495")):
        assert (await ask(world, http, phone=phone, fmt="3")).json()["phone"].startswith(prefix)


async def test_what_was_asked_is_remembered(world: World, http: httpx.AsyncClient) -> None:
    await ask(world, http, phone="79991234512", fmt="3")
    await ask(world, http, "balance", fmt="3")
    (request,) = world.smsc.wait_calls
    assert (request.phone, request.fmt, request.code, request.number) == (
        "79991234512",
        3,
        None,
        "74951234567",
    )
    assert len(world.smsc.requests) == 2
    (title, _) = world.trace.titles("gateway")
    assert title == "wait_call +7 ••• ••• 45-12 → +74951234567"
    assert world.smsc.password not in str([entry.detail for entry in world.trace])


async def test_more_than_50_identical_requests_a_minute_are_too_many(world: World, http: httpx.AsyncClient) -> None:
    for _ in range(50):
        assert "phone" in (await ask(world, http, phone="79991234512", fmt="3")).json()
    assert await error(world, http) == 9
    assert "phone" in (await ask(world, http, phone="79991234513", fmt="3")).json()


async def test_15_requests_at_once_are_too_many(world: World, http: httpx.AsyncClient) -> None:
    world.faults.add(where="gateway", kind="delay", seconds=0.2, times=None)
    phones = [f"7999123{number:04}" for number in range(20)]
    answers = await asyncio.gather(*(ask(world, http, phone=phone, fmt="3") for phone in phones))
    refused = [answer for answer in answers if answer.json().get("error_code") == 9]
    assert len(refused) == 6


async def test_the_balance_can_be_asked_ten_times_a_minute(world: World, http: httpx.AsyncClient) -> None:
    answer = await ask(world, http, "balance", fmt="3", cur="1")
    assert answer.json() == {"balance": "100.00", "currency": "RUR"}
    for _ in range(9):
        await ask(world, http, "balance", fmt="3")
    assert (await ask(world, http, "balance", fmt="3")).json()["error_code"] == 9


async def inbox(world: World, http: httpx.AsyncClient, **fields: Any) -> list[dict[str, Any]]:
    answer = await ask(world, http, "get", **({"get_answers": "1", "fmt": "3"} | fields))
    entries: list[dict[str, Any]] = answer.json()
    return entries


async def test_the_inbox_holds_the_calls(world: World, http: httpx.AsyncClient, anna: Person) -> None:
    assert await inbox(world, http) == []
    await anna.calls("+74951234567")
    await anna.calls("+74951234568")
    first, second = await inbox(world, http)
    assert (first["phone"], first["to_phone"], first["message"]) == (
        "79991234512",
        "74951234567",
        "[waitcall]",
    )
    assert await inbox(world, http, after_id=first["id"]) == [second]
    assert await inbox(world, http, cnt=1) == [first]
    assert await inbox(world, http, to_phone="+74951234568") == [second]
    world.clock.advance(3 * 3600)
    assert await inbox(world, http, hour=2) == []
    assert await inbox(world, http, hour=4) == [first, second]
    world.smsc.says_empty_with_error = True
    assert (await ask(world, http, "get", get_answers="1", fmt="3", hour="2")).json()["error_code"] == 3
    assert (await ask(world, http, "get", get_answers="1", fmt="3", cnt="10001")).json()["error_code"] == 1


async def test_dates_are_written_in_moscow_time(world: World, http: httpx.AsyncClient, anna: Person) -> None:
    await anna.calls("+74951234567")
    (entry,) = await inbox(world, http)
    hour = (world.clock.now().hour + 3) % 24
    assert entry["received"][11:13] in (f"{hour:02}", f"{(hour - 1) % 24:02}")
    assert len(entry["received"]) == len("dd.mm.yyyy HH:MM:SS")
