"""The admin console does for nobody what they may not do in Telegram, and believes no request."""

from __future__ import annotations

import httpx
import pytest

from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.consoles import Console, console_of, partial
from tests.scenarios.gates import calls
from tests.scenarios.log_gates import full_gate
from tests.scenarios.mini_apps import OWN, begins, launch_of
from tests.scenarios.panel_walk import admin_of
from tests.scenarios.story import all_is_carried
from tests.scenarios.test_pending import waits

HOUR = 3600
DECISIONS = "SELECT event, actor_id FROM journal WHERE event IN ('allowed', 'declined_by_hand', 'revoked') ORDER BY id"
OUTSIDE = {"says": "Open this again from Telegram"}
NO_ADMIN = (403, "Only administrators of that group can do this.")


async def test_other_peoples_gates_and_chats_that_are_none_answer_alike_and_telegram_is_not_asked(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    _, group = await full_gate(world)
    (anna,) = await waits(world, group, "Anna")
    mallory = await admin_of(world, *await full_gate(world, "Mine"), name="Mallory")
    await all_is_carried(with_app)
    console = await console_of(with_app, web_view, mallory)
    before = len(calls(world, "getChatMember"))

    for gate_id in (group.id, -1009999999999, 1, 0, 2**63 - 1, -(2**63 - 1)):
        answer = await console.get("gate", id=gate_id)
        assert (answer.status_code, answer.json()["says"]) == NO_ADMIN, gate_id
    for kind in ("let_in", "decline", "revoke", "restore", "decline_many"):
        assert await console.says(group, kind, anna, undo=kind in ("revoke", "restore")) == NO_ADMIN, kind
    await all_is_carried(with_app)

    assert anna.id in group.requests
    assert await with_app.rows(DECISIONS) == []
    assert [each for each in calls(world, "getChatMember")[before:] if each["chat_id"] == group.id] == []
    assert [gate["title"] for gate in await console.gates()] == ["Mine"]


@pytest.mark.parametrize(
    ("rights", "refused"),
    [({"can_pin_messages": True}, "Invite users via link"), ({"can_restrict_members": True}, "Invite users via link")],
)
async def test_an_admin_with_other_rights_looks_and_decides_nothing(
    world: World, with_app: Installation, web_view: httpx.AsyncClient, rights: dict[str, bool], refused: str
) -> None:
    owner, group = await full_gate(world)
    boris = await partial(world, owner, group, **rights)
    (anna,) = await waits(world, group, "Anna")
    await all_is_carried(with_app)
    console = await console_of(with_app, web_view, boris)

    told = (await console.get("gate", id=group.id)).json()
    assert [person["name"] for person in told["people"]] == ["Anna"]
    assert set(told["refusals"]) == {"let_in", "decline", "decline_many"}
    for kind in ("let_in", "decline", "decline_many"):
        status, says = await console.says(group, kind, anna)
        assert (status, refused in says) == (403, True), kind
    await all_is_carried(with_app)

    assert anna.id in group.requests
    assert await with_app.rows(DECISIONS) == []


async def test_an_admin_who_may_only_invite_cannot_undo_by_removing(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    boris = await partial(world, owner, group, can_invite_users=True)
    (anna,) = await waits(world, group, "Anna")
    console = await console_of(with_app, web_view, boris)
    assert (await console.says(group, "let_in", anna))[0] == 200
    await world.wait_until(lambda: anna.id in group.members)

    status, says = await console.says(group, "revoke", anna, undo=True)

    assert (status, "“Ban users”" in says) == (403, True)
    assert anna.id in group.members


async def test_rights_lost_between_the_list_and_the_press_count_at_the_press(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    boris = await partial(world, owner, group, can_invite_users=True)
    (anna,) = await waits(world, group, "Anna")
    console = await console_of(with_app, web_view, boris)
    assert await console.waiting(group) == ["Anna"]

    await owner.demotes(group, boris)
    await all_is_carried(with_app)

    assert await console.says(group, "let_in", anna) == NO_ADMIN
    assert (await console.get("gate", id=group.id)).status_code == 403
    assert await console.gates() == []
    assert anna.id in group.requests


async def test_rights_that_telegram_took_without_a_word_are_asked_about_after_a_minute(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    boris = await partial(world, owner, group, can_invite_users=True)
    (anna,) = await waits(world, group, "Anna")
    console = await console_of(with_app, web_view, boris)
    assert await console.waiting(group) == ["Anna"]
    await all_is_carried(with_app)  # else the answer to an earlier question may come after the minute, and count
    group.member(boris.account).status = "member"
    world.clock.advance(61)

    answer = await web_view.post(
        f"{with_app.url}/app/console/act",
        json={"gate": group.id, "kind": "let_in", "person": anna.id},
        headers=OWN | {"Authorization": f"Bearer {console.session}"},
    )
    assert (answer.status_code, answer.json()) == (202, {}), "Telegram is asked first, and nothing is done"

    assert await console.says(group, "let_in", anna) == NO_ADMIN
    assert anna.id in group.requests


async def test_without_a_session_nothing_is_shown_or_done(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    (anna,) = await waits(world, group, "Anna")
    session = (await console_of(with_app, web_view, owner)).session
    tampered = session[:20] + ("A" if session[20] != "A" else "B") + session[21:]
    asked = {"gate": group.id, "kind": "let_in", "person": anna.id}
    for given in ("", "Bearer", "Bearer x", f"Basic {session}", session, f"Bearer {tampered}"):
        headers = OWN | {"Authorization": given}
        answers = [
            await web_view.get(f"{with_app.url}/app/console/gates", headers=headers),
            await web_view.get(f"{with_app.url}/app/console/gate?id={group.id}", headers=headers),
            await web_view.post(f"{with_app.url}/app/console/act", headers=headers, json=asked),
        ]
        assert [(answer.status_code, answer.json()) for answer in answers] == [(401, OUTSIDE)] * 3, given

    world.clock.advance(HOUR + 1)
    expired = Console(with_app, web_view, session)
    assert (await expired.get("gates")).status_code == 401
    assert (await expired.press(group, "let_in", anna)).status_code == 401
    assert anna.id in group.requests


async def test_a_forged_or_old_launch_begins_no_console(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, _ = await full_gate(world)
    launch = launch_of(with_app, owner)

    answers = [
        await begins(with_app, web_view, launch.replace(str(owner.id), str(owner.id + 1))),
        await begins(with_app, web_view, launch_of(with_app, owner, after=-301.0)),
    ]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(401, OUTSIDE)] * 2


async def test_a_page_of_another_site_cannot_press(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    (anna,) = await waits(world, group, "Anna")
    session = (await console_of(with_app, web_view, owner)).session
    url = f"{with_app.url}/app/console/act"
    asked: dict[str, str | int] = {"gate": group.id, "kind": "let_in", "person": anna.id}
    bearer = {"Authorization": f"Bearer {session}"}

    assert (await web_view.post(url, headers=bearer, json=asked)).status_code == 403
    for site in ("cross-site", "same-site", "anything"):
        answer = await web_view.post(url, headers=bearer | OWN | {"Sec-Fetch-Site": site}, json=asked)
        assert (answer.status_code, answer.json()) == (403, {}), site
    preflight = await web_view.options(url, headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in preflight.headers
    assert (await web_view.get(url, headers=bearer | OWN, params=asked)).status_code == 405
    assert anna.id in group.requests


BODIES: list[tuple[bytes, int]] = [
    (b"", 400),
    (b"gate=1&kind=let_in", 400),
    (b"[" * 900, 400),
    (b"\xff\xfe", 400),
    (b"[]", 400),
    (b"{}", 400),
    (b'{"gate":"1","kind":"let_in","person":1}', 400),
    (b'{"gate":true,"kind":"let_in","person":1}', 400),
    (b'{"gate":1.5,"kind":"let_in","person":1}', 400),
    (b'{"gate":9223372036854775808,"kind":"let_in","person":1}', 400),
    (b'{"gate":1,"kind":"let_in","person":-1}', 400),
    (b'{"gate":1,"kind":"let_in","person":9223372036854775808}', 400),
    (b'{"gate":1,"kind":"let_in","person":1,"undo":"yes"}', 400),
    (b'{"gate":1,"kind":"explode","person":1}', 400),
    (b'{"gate":1,"kind":["let_in"],"person":1}', 400),
    (b'{"gate":1,"kind":"set","person":1}', 403),
    (b'{"gate":1,"kind":"revoke","person":1}', 403),
    (b'{"gate":1,"kind":"erase","person":1}', 403),
    (b"x" * 1025, 413),
]


async def test_bodies_and_addresses_that_no_page_of_ours_sends_are_refused(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    session = (await console_of(with_app, web_view, owner)).session
    headers, url = OWN | {"Authorization": f"Bearer {session}"}, f"{with_app.url}/app/console"

    posted = [await web_view.post(f"{url}/act", content=body, headers=headers) for body, _ in BODIES]
    answers = [(body[:60], answer.status_code) for (body, _), answer in zip(BODIES, posted, strict=True)]
    assert answers == [(body[:60], status) for body, status in BODIES]

    for query in (
        "",
        "id=x",
        "id=1e5",
        "id=9223372036854775808",
        f"id={group.id}&limit=x",
        f"id={group.id}&search={'x' * 65}",
    ):
        assert (await web_view.get(f"{url}/gate?{query}", headers=headers)).status_code == 400, query


async def test_actions_that_the_console_does_not_offer_are_refused_to_the_owner_too(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    (anna,) = await waits(world, group, "Anna")
    console = await console_of(with_app, web_view, owner)

    for kind in ("block", "set", "switch", "preset", "export", "command", "log_here", "erase", "free_phone"):
        assert (await console.press(group, kind, anna)).status_code == 403, kind

    await all_is_carried(with_app)
    assert anna.id in group.requests
    assert await with_app.rows("SELECT switch FROM gates") == [{"switch": "on"}]


async def test_one_who_asks_too_often_is_told_when_to_come_again_and_others_are_served(
    world: World, with_app: Installation, web_view: httpx.AsyncClient
) -> None:
    owner, group = await full_gate(world)
    boris = await partial(world, owner, group, can_invite_users=True)
    await all_is_carried(with_app)
    world.clock.set_rate(0)
    console, other = await console_of(with_app, web_view, owner), await console_of(with_app, web_view, boris)

    answers = [(await console.get("gates")).status_code for _ in range(121)]

    assert (set(answers[:120]), answers[120]) == ({200}, 429)
    assert (await other.get("gates")).status_code == 200
