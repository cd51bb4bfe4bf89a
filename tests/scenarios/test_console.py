"""The admin console over HTTP: who gets it, what it shows and what its buttons do."""

from __future__ import annotations

from typing import Any

import httpx

from bot.domain.gates import GateMode
from bot.sandbox.people import Person
from bot.sandbox.world import World
from bot.web.call_page import STATIC
from tests.installation import Installation, number_shown, verify
from tests.scenarios.consoles import console_of, partial
from tests.scenarios.gates import sweeps_until, switches
from tests.scenarios.log_gates import full_gate
from tests.scenarios.mini_apps import begins, launch_of
from tests.scenarios.panel_walk import comes_in
from tests.scenarios.story import WINDOW, all_is_carried, eventually, gets_number, guarded
from tests.scenarios.test_pending import waits

LARGEST = 60 * 1024
DECISIONS = "SELECT event, actor_id FROM journal WHERE event IN ('allowed', 'declined_by_hand', 'revoked') ORDER BY id"


async def gets_console(callgate: Installation, web_view: httpx.AsyncClient, person: Person, **launch: Any) -> bool:
    answer = await begins(callgate, web_view, launch_of(callgate, person, **launch))
    return bool(answer.json()["console"])


# Who gets it


async def test_admins_get_the_console_and_everybody_else_the_call_screen(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    boris = await partial(world, owner, group, can_pin_messages=True)
    anna = await comes_in(world, group)
    await all_is_carried(with_app)

    assert await gets_console(with_app, web_view, owner)
    assert await gets_console(with_app, web_view, boris)
    assert not await gets_console(with_app, web_view, anna)
    assert not await gets_console(with_app, web_view, world.person("Zoe", language="en"))


async def test_an_admin_with_something_of_their_own_to_do_gets_the_call_screen(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    _, garage = await guarded(world, "Garage")
    assert not await gets_console(with_app, web_view, owner, query_id="a request to join")

    number = await gets_number(owner)
    assert not await gets_console(with_app, web_view, owner)
    await owner.calls(number)
    await eventually(with_app, "SELECT state FROM verifications", [{"state": "confirmed"}])
    assert await gets_console(with_app, web_view, owner)

    boris = await partial(world, owner, group, can_invite_users=True)
    await all_is_carried(with_app)
    assert await gets_console(with_app, web_view, boris)
    await boris.asks_to_join(garage)
    await eventually(with_app, "SELECT count(*) AS n FROM join_requests WHERE user_id = :id", [{"n": 1}], id=boris.id)
    assert not await gets_console(with_app, web_view, boris)


# What it shows


async def test_the_list_names_each_gate_its_state_and_how_many_wait(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    await guarded(world, "Not hers")
    await waits(world, group, "Anna", "Boris")
    await all_is_carried(with_app)
    console = await console_of(with_app, web_view, owner)

    (flat,) = await console.gates()

    assert (flat["id"], flat["title"], flat["name"]) == (group.id, "Flat owners", "Guarded")
    assert (flat["waiting"], flat["waits"], flat["tone"]) == (2, "2 people wait", "good")
    await switches(with_app, group, GateMode.OFF, owner)
    assert [gate["name"] for gate in await console.gates()] == ["Off"]


async def test_a_gate_tells_who_waits_since_when_how_far_they_got_and_shows_no_whole_number(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    anna, boris = await waits(world, group, "Anna", "Boris")
    await anna.says("/start")
    await anna.shares_contact()
    await number_shown(anna)
    world.clock.advance(WINDOW + 1)
    await anna.sees("Time is up")
    await anna.presses("Ask an administrator")
    await all_is_carried(with_app)
    console = await console_of(with_app, web_view, owner)

    answer = await console.get("gate", id=group.id)

    first, second = answer.json()["people"]
    assert (first["name"], first["since"], first["stage"]) == ("Anna", "15 min", "did not call in time")
    assert (first["appealed"], second["appealed"]) == (True, False)
    assert second["stage"] == "has not opened the private chat"
    assert anna.phone.lstrip("+") not in answer.text
    assert boris.phone.lstrip("+") not in answer.text


async def test_a_verified_person_who_still_waits_shows_their_masked_phone(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    anna = world.person("Anna", phone="+79161234512", language="en")
    await verify(anna)
    await switches(with_app, group, GateMode.PAUSED, owner)
    await anna.asks_to_join(group)
    await all_is_carried(with_app)

    told = (await (await console_of(with_app, web_view, owner)).get("gate", id=group.id)).json()

    assert [person["mask"] for person in told["people"]] == ["+7 ••• ••• 45-12"]
    assert told["declinable"] == 0


async def test_a_search_finds_the_beginning_of_any_word_of_a_name_and_the_id(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    people = await waits(world, group, "Anna Petrova", "Борис", "100%_sure")
    console = await console_of(with_app, web_view, owner)

    assert await console.waiting(group) == ["Anna Petrova", "Борис", "100%_sure"]
    assert await console.waiting(group, search="petr ANN") == ["Anna Petrova"]
    assert await console.waiting(group, search="бор") == ["Борис"]
    assert await console.waiting(group, search="%_") == []
    assert await console.waiting(group, search=people[1].id) == ["Борис"]
    assert await console.waiting(group, search="'; --\0") == []
    assert await console.waiting(group, limit=2) == ["Anna Petrova", "Борис"]


# What its buttons do


async def test_one_is_let_in_one_declined_and_both_are_taken_back(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    anna, boris = await waits(world, group, "Anna", "Boris")
    for person in (anna, boris):
        await person.says("/start")
    console = await console_of(with_app, web_view, owner)

    let_in = (await console.press(group, "let_in", anna)).json()
    assert (let_in["says"], let_in["undo"]) == ("Let in", "revoke")
    await world.wait_until(lambda: anna.id in group.members)
    declined = (await console.press(group, "decline", boris)).json()
    assert (declined["says"], declined["undo"]) == ("Declined", "let_in")
    await boris.sees("declined your request")
    assert await console.waiting(group) == []

    assert await console.says(group, "revoke", anna, undo=True) == (200, "They must verify again.")
    await world.wait_until(lambda: anna.id not in group.members)
    assert (await console.press(group, "let_in", boris, undo=True)).status_code == 200
    await boris.sees("let you in")
    assert [row["actor_id"] for row in await with_app.rows(DECISIONS)] == [owner.id] * 4


async def test_of_two_admins_the_second_reads_that_it_was_decided(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    boris = await partial(world, owner, group, can_invite_users=True)
    (anna,) = await waits(world, group, "Anna")
    first, second = await console_of(with_app, web_view, owner), await console_of(with_app, web_view, boris)

    assert (await first.says(group, "decline", anna))[1] == "Declined"

    assert await second.says(group, "let_in", anna) == (200, "Somebody already decided this.")
    await all_is_carried(with_app)
    assert anna.id not in group.members


async def test_all_unverified_are_declined_and_a_caller_stays(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    await owner.says("/start")
    anna, boris, clara = await waits(world, group, "Anna", "Boris", "Clara")
    await clara.says("/start")
    await clara.shares_contact()
    await number_shown(clara)
    await all_is_carried(with_app)
    console = await console_of(with_app, web_view, owner)
    told = (await console.get("gate", id=group.id)).json()
    assert (told["declinable"], told["confirm"]) == (2, "Decline 2 requests?")

    assert await console.says(group, "decline_many") == (200, "Declining…")

    await world.wait_until(lambda: set(group.requests) == {clara.id})
    await all_is_carried(with_app)
    assert await console.waiting(group) == ["Clara"]
    await sweeps_until(with_app, "SELECT count(*) AS n FROM mass_declines WHERE over_at IS NULL", [{"n": 0}])
    assert await console.says(group, "decline_many") == (200, "There is nobody to decline.")
    assert owner.shown("Waiting") is None, "the chat shows what it showed before"
    assert {anna.id, boris.id}.isdisjoint(group.members)


async def test_looking_changes_nothing_in_the_chat_however_often_telegram_is_asked(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, _ = await full_gate(world)
    await owner.says("/start")
    await all_is_carried(with_app)
    console = await console_of(with_app, web_view, owner)
    before = await with_app.rows("SELECT face, revision FROM screens")

    for _ in range(2):
        world.clock.advance(61)
        assert len(await console.gates()) == 1
    await all_is_carried(with_app)

    assert await with_app.rows("SELECT face, revision FROM screens") == before


async def test_the_list_of_gates_in_the_chat_opens_it(world: World, with_app: Installation) -> None:
    owner, _ = await full_gate(world)
    await owner.says("/gates")

    pressed = await owner.presses("Open the console")

    assert pressed["web_app"]["url"] == "http://localhost:8080/app"


# The page


async def test_the_page_is_the_same_for_everybody_runs_only_our_scripts_and_is_small(
    with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    answer = await web_view.get(f"{with_app.url}/app/console", headers={"Accept-Language": "ru"})
    app = await web_view.get(f"{with_app.url}/app")

    assert "Ваши группы" in answer.text
    assert answer.headers["Content-Security-Policy"] == app.headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    own = [file for file in STATIC.iterdir() if file.stem.startswith("console")]
    assert {file.suffix for file in own} == {".html", ".css", ".js"}
    assert sum(file.stat().st_size for file in own) <= LARGEST


async def test_names_and_titles_from_outside_arrive_as_plain_text(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world, "<img src=x onerror=alert(1)>")
    await waits(world, group, "<script>alert(1)</script>")
    console = await console_of(with_app, web_view, owner)

    assert await console.waiting(group) == ["<script>alert(1)</script>"]
    assert [gate["title"] for gate in await console.gates()] == ["<img src=x onerror=alert(1)>"]
    for script in ("console.js", "console_statistics.js"):
        assert "innerHTML" not in (STATIC / script).read_text()
    await eventually(with_app, "SELECT count(*) AS n FROM join_requests WHERE state = 'waiting'", [{"n": 1}])
