"""The gateway reports a thousand events within seconds: each gets an answer, and each call counts once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import aiohttp
import httpx
import pytest

from bot.sandbox.world import World
from tests.installation import CALLBACK_TOKEN, Installation
from tests.scenarios.conftest import Install
from tests.scenarios.gates import calls
from tests.scenarios.story import DAY, WINDOW, all_is_carried, eventually, gets_number, guarded

PEOPLE = 20
REPEATS = 25
"""How often each call is reported: by the same report, and by others with ids of their own."""
STRANGERS, STATUSES = 250, 250
AT_ONCE = 40


@pytest.mark.long
async def test_a_thousand_reports_are_answered_and_everybody_is_let_in_once(world: World, install: Install) -> None:
    callgate = await install(SMSC_POLL_SECONDS="0")
    _, group = await guarded(world)
    people = [world.person(f"Anna {number}", language="en") for number in range(PEOPLE)]
    for person in people:
        await person.asks_to_join(group)
    called = await asyncio.gather(*(gets_number(person) for person in people))
    reports = []
    for index, (person, number) in enumerate(zip(people, called, strict=True)):
        for repeat in range(REPEATS):
            # Two in three repeat the first one, byte for byte.
            id_ = f"1{index:03}{repeat if repeat % 3 == 0 else 0:03}"
            phone = (person.phone or "").lstrip("+")
            reports.append({"id": id_, "phone": phone, "mes": "[waitcall]", "to": number})
    reports += [
        {"id": f"2{index}", "phone": f"7926{index:07}", "mes": "[waitcall]", "to": called[0]}
        for index in range(STRANGERS)
    ]
    reports += [{"id": f"3{index}", "phone": f"7927{index:07}", "status": "1", "err": "0"} for index in range(STATUSES)]
    assert len(reports) == 1000
    random.Random(7).shuffle(reports)
    known = len(await callgate.rows("SELECT id FROM gateway_events"))
    answers: Counter[tuple[int, str]] = Counter()
    left = iter(reports)

    async def report(gateway: aiohttp.ClientSession) -> None:
        for fields in left:
            async with gateway.post(f"{callgate.url}/smsc/{CALLBACK_TOKEN}", data=fields) as answer:
                answers[answer.status, await answer.text()] += 1

    async with aiohttp.ClientSession() as gateway:
        await asyncio.gather(*(report(gateway) for _ in range(AT_ONCE)))

    assert answers == {(200, "OK"): 1000}
    query = "SELECT count(*) AS n, count(DISTINCT user_id) AS who FROM journal WHERE event = 'confirmed'"
    await eventually(callgate, query, [{"n": PEOPLE, "who": PEOPLE}])
    await all_is_carried(callgate)
    approved = Counter(int(call["user_id"]) for call in calls(world, "approveChatJoinRequest"))
    assert approved == {person.id: 1 for person in people}
    assert all(group.member(person.account).inside for person in people)
    kept = await callgate.rows("SELECT id FROM gateway_events")
    assert len(kept) - known == len({report["id"] for report in reports})
    assert len(await callgate.rows("SELECT 1 AS one FROM grants WHERE kind = 'join'")) == PEOPLE


@pytest.mark.parametrize("seed", range(3))
async def test_reports_of_any_age_in_any_order_let_nobody_in_but_the_one_of_a_call_in_time(
    world: World, brisk: Installation, browser: httpx.AsyncClient, seed: int
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    number = await gets_number(anna)
    now = int(world.clock.timestamp())
    common = {"phone": (anna.phone or "").lstrip("+"), "waitcall": "1", "to": number.lstrip("+")}
    ages = (-180 * DAY, -DAY, -3600, -300, WINDOW + 60, DAY, 180 * DAY)
    wrong = [common | {"id": f"{index}", "ts": str(now + age)} for index, age in enumerate(ages)] * 2
    others = [common | {"id": f"9{index}", "ts": str(now), "phone": f"7926000000{index}"} for index in range(3)]
    reports = [*wrong, *others]
    random.Random(seed).shuffle(reports)

    async def report(fields: dict[str, str]) -> tuple[int, str]:
        answer = await browser.post(f"{brisk.url}/smsc/{CALLBACK_TOKEN}", data=fields)
        return answer.status_code, answer.text

    assert set(await asyncio.gather(*map(report, reports))) == {(200, "OK")}
    await eventually(brisk, "SELECT state FROM verifications", [{"state": "open"}])
    assert anna.id not in group.members

    right = common | {"id": "77", "ts": str(now + 5)}
    assert set(await asyncio.gather(*map(report, [*reports, right, *reports, right, right]))) == {(200, "OK")}

    await world.wait_until(lambda: anna.id in group.members)
    await all_is_carried(brisk)
    assert await brisk.rows("SELECT count(*) AS n FROM journal WHERE event = 'confirmed'") == [{"n": 1}]
    assert len(await brisk.rows("SELECT id FROM gateway_events")) == len(ages) + len(others) + 1
    assert len(calls(world, "approveChatJoinRequest")) == 1
