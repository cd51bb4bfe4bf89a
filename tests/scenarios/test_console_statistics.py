"""Statistics in the console over HTTP: the numbers of the chat, for the same people, and for nobody else."""

from __future__ import annotations

from typing import Any

import httpx

from bot.domain.statistics import PERIODS
from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.consoles import Console, console_of, partial
from tests.scenarios.gates import calls
from tests.scenarios.log_gates import full_gate
from tests.scenarios.mini_apps import OWN
from tests.scenarios.panel_walk import admin_of
from tests.scenarios.story import DAY, all_is_carried
from tests.scenarios.test_stats import rows_of, some_get_in

LINES = {"Stopped", "From number to call", "Let in at once, verified before", "Let in without a call"}
NO_ADMIN = (403, {"says": "Only administrators of that group can do this."})


async def statistics_of(console: Console, gate_id: int, period: str = "7d") -> dict[str, Any]:
    """Return the statistics of a gate, which the reader may see."""
    answer = await console.get("statistics", id=gate_id, period=period)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def chat_numbers(owner: Person, period: str, name: str) -> dict[str, str]:
    """Return the lines of the caption in the chat."""
    await owner.says(f"/stats {period}")
    return rows_of(await owner.sees(f"Flat owners · {name}"))


def funnel_of(told: dict[str, Any]) -> dict[str, str]:
    """Return the steps as the chat writes them: the first without its share."""
    first, *others = told["funnel"]
    return {first["name"]: first["count"]} | {bar["name"]: f"{bar['count']} · {bar['share']}" for bar in others}


async def test_the_numbers_of_each_period_are_those_of_the_chat(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    await some_get_in(world, with_app, group)
    world.clock.advance(40 * DAY)
    await world.person("Dora", language="en").asks_to_join(group)
    await all_is_carried(with_app)
    console = await console_of(with_app, web_view, owner)

    for period, name in (("today", "Today"), ("7d", "7 days"), ("30d", "30 days"), ("90d", "90 days")):
        told, in_chat = await statistics_of(console, group.id, period), await chat_numbers(owner, period, name)

        assert funnel_of(told).items() <= in_chat.items(), period
        assert [f"{line}: {value}" for line, value in in_chat.items() if line in LINES] == told["details"], period
        assert [each["key"] for each in told["periods"]] == list(PERIODS)
        assert len(told["moments"]) == {"today": 24, "7d": 7, "30d": 30, "90d": 90}[period]
        asked, called, came = (sum(each["counts"][which] for each in told["moments"]) for which in range(3))
        assert (asked, called, came) == ((4, 1, 1) if period == "90d" else (1, 0, 0)), period


async def test_a_day_has_its_numbers_and_calls_have_their_country(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    await some_get_in(world, with_app, group)
    console = await console_of(with_app, web_view, owner)

    told = await statistics_of(console, group.id)

    last = told["moments"][-1]
    assert (last["counts"], last["written"]) == ([3, 1, 1], ["3", "1", "1"])
    assert (told["steps"], told["heading"], told["top"]) == (["Asked", "Called", "In"], "By day", 3)
    assert [(line["name"], line["count"], line["part"]) for line in told["countries"]] == [("Russia", "1", 1)]
    assert [round(bar["part"], 2) for bar in told["funnel"]] == [1, 0.67, 0.67, 0.33, 0.33]


async def test_a_period_without_anything_says_so_in_one_sentence(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    await all_is_carried(with_app)
    console = await console_of(with_app, web_view, owner)

    told = await statistics_of(console, group.id, "all")

    assert told["empty"] == "Nobody asked to join in this period."
    assert (told["moments"], told["countries"], told["details"]) == ([], [], [])


async def test_whoever_may_see_them_in_the_chat_sees_them_and_nobody_else(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    boris = await partial(world, owner, group, can_pin_messages=True)
    mallory = await admin_of(world, *await full_gate(world, "Mine"), name="Mallory")
    await all_is_carried(with_app)
    console, outside = await console_of(with_app, web_view, boris), await console_of(with_app, web_view, mallory)
    before = len(calls(world, "getChatMember"))

    assert (await statistics_of(console, group.id))["period"] == "7d"
    for gate_id in (group.id, -1009999999999, 1, 0, 2**63 - 1):
        answer = await outside.get("statistics", id=gate_id)
        assert (answer.status_code, answer.json()) == NO_ADMIN, gate_id
    assert {"chat_id": group.id, "user_id": mallory.id} not in [
        {"chat_id": each["chat_id"], "user_id": each["user_id"]} for each in calls(world, "getChatMember")[before:]
    ]
    await owner.demotes(group, boris)
    await all_is_carried(with_app)

    answer = await console.get("statistics", id=group.id)
    assert (answer.status_code, answer.json()) == NO_ADMIN


async def test_rights_of_more_than_a_minute_ago_show_nothing_until_telegram_has_answered(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    boris = await partial(world, owner, group, can_pin_messages=True)
    await all_is_carried(with_app)
    console = await console_of(with_app, web_view, boris)
    await statistics_of(console, group.id)
    group.member(boris.account).status = "member"
    world.clock.advance(61)

    headers = OWN | {"Authorization": f"Bearer {console.session}"}
    answer = await web_view.get(f"{with_app.url}/app/console/statistics?id={group.id}", headers=headers)

    assert (answer.status_code, answer.json()) == (202, {})
    answer = await console.get("statistics", id=group.id)
    assert (answer.status_code, answer.json()) == NO_ADMIN


async def test_without_a_session_there_are_none(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    _, group = await full_gate(world)

    url = f"{with_app.url}/app/console/statistics?id={group.id}"
    for session in ("", "Bearer", "Bearer x", "Basic x"):
        answer = await web_view.get(url, headers=OWN | {"Authorization": session})
        assert (answer.status_code, answer.json()) == (401, {"says": "Open this again from Telegram"}), session


async def test_periods_and_gates_that_no_page_of_ours_asks_for_are_refused(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    console = await console_of(with_app, web_view, owner)
    headers, url = OWN | {"Authorization": f"Bearer {console.session}"}, f"{with_app.url}/app/console/statistics"
    periods = ("", "8d", "7D", "7d ", "all'--", "2026-01-01..2026-01-02", "0", "%00", "x" * 5000)
    gates = ("", "x", "1e5", "9223372036854775808", "-9223372036854775808", "%D9%A1", "1%0a", "0x10")

    queries = [f"id={group.id}&period={period}" for period in periods] + [f"id={gate}&period=7d" for gate in gates]
    answers = {query[:60]: (await web_view.get(f"{url}?{query}", headers=headers)).status_code for query in queries}

    assert set(answers.values()) == {400}, answers
    assert (await web_view.post(f"{url}?id={group.id}", headers=headers)).status_code == 405
