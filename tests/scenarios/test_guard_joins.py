"""Guard joins: from the tap to the membership without leaving the chat, and every alternative when that fails."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.conftest import Install
from tests.scenarios.story import all_is_carried, eventually, guarded, sent_to

PUBLIC = {"PUBLIC_URL": "http://127.0.0.1:9", "SMSC_POLL_SECONDS": "0"}


async def guarded_chat(world: World) -> tuple[Person, Group]:
    owner, group = await guarded(world)
    await owner.assigns_guard(group)
    return owner, group


def calls(world: World, method: str) -> list[dict[str, Any]]:
    """Return the parameters of each call of a Bot API method."""
    return [
        entry.detail["params"]
        for entry in world.trace.last(10_000)
        if entry.kind == "bot_api" and entry.detail["method"] == method
    ]


@pytest.fixture
async def callgate(install: Install) -> Installation:
    return await install(**PUBLIC)


async def test_a_newcomers_mini_app_opens_at_once_and_no_message_is_sent_meanwhile(
    world: World, callgate: Installation
) -> None:
    _, group = await guarded_chat(world)
    anna = world.person("Anna", language="en")

    await anna.asks_to_join(group)

    app = await anna.sees_app()
    assert app.url.startswith("http://127.0.0.1:9/app#tgWebAppData=")
    assert (app.group, bool(app.query_id)) == (group, True)
    await eventually(callgate, "SELECT count(*) AS n FROM journal WHERE event = 'app_offered'", [{"n": 1}])
    # The screen exists, and waits.
    rested = await callgate.rows("SELECT shown_revision, due_at FROM screens WHERE user_id = :id", id=anna.id)
    assert rested[0]["shown_revision"] == 0
    assert rested[0]["due_at"] / 1e6 > world.clock.timestamp()
    assert sent_to(world, anna) == 0


async def test_who_does_not_open_it_is_written_to_after_twelve_seconds_and_gets_in_from_the_chat(
    world: World, callgate: Installation
) -> None:
    _, group = await guarded_chat(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees_app()

    world.clock.advance(12)
    await anna.sees("Flat owners")
    await anna.shares_contact()
    await anna.calls(await number_shown(anna))

    await world.wait_until(lambda: anna.id in group.members)
    assert [call["result"] for call in calls(world, "answerChatJoinRequestQuery")] == ["approve"]
    assert calls(world, "approveChatJoinRequest") == []


async def test_all_the_way_in_the_mini_app_leaves_one_message(world: World, callgate: Installation) -> None:
    _, group = await guarded_chat(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees_app()

    await anna.shares_contact_in_app()
    await anna.calls(await number_shown(anna))

    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("You are in")
    await all_is_carried(callgate)
    assert [message.text for message in anna.chat.messages if message.sender.is_bot] == [
        (await anna.sees("You are in")).text
    ]
    assert [message for message in group.messages if message.sender.is_bot] == []


async def test_a_verified_person_is_let_in_by_the_answer_and_sees_nothing(world: World, callgate: Installation) -> None:
    _, group = await guarded_chat(world)
    anna = world.person("Anna", language="en")
    await verify(anna)
    before = sent_to(world, anna)

    await anna.asks_to_join(group)

    await world.wait_until(lambda: anna.id in group.members)
    assert [call["result"] for call in calls(world, "answerChatJoinRequestQuery")] == ["approve"]
    assert calls(world, "sendChatJoinRequestWebApp") == []
    await all_is_carried(callgate)
    assert sent_to(world, anna) == before


async def test_when_the_query_is_gone_the_request_is_approved(world: World, callgate: Installation) -> None:
    _, group = await guarded_chat(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees_app()
    await anna.shares_contact_in_app()
    number = await number_shown(anna)

    world.clock.advance(11 * 60)
    await anna.calls(number)

    await world.wait_until(lambda: anna.id in group.members)
    assert len(calls(world, "approveChatJoinRequest")) == 1


async def test_without_a_public_address_the_request_is_queued_and_the_person_written_to_at_once(
    world: World, install: Install
) -> None:
    await install()
    _, group = await guarded_chat(world)
    anna = world.person("Anna", language="en")

    await anna.asks_to_join(group)

    await anna.sees("Flat owners")
    assert [call["result"] for call in calls(world, "answerChatJoinRequestQuery")] == ["queue"]
    await anna.shares_contact()
    await anna.calls(await number_shown(anna))
    await world.wait_until(lambda: anna.id in group.members)


async def test_where_telegram_refuses_the_mini_app_the_request_is_queued_and_the_person_written_to_at_once(
    world: World, install: Install
) -> None:
    callgate = await install(**PUBLIC)
    _, group = await guarded_chat(world)
    world.faults.add(where="telegram", kind="400", method="sendChatJoinRequestWebApp")
    anna = world.person("Anna", language="en")

    await anna.asks_to_join(group)

    await anna.sees("Flat owners")
    await eventually(callgate, "SELECT count(*) AS n FROM tasks WHERE kind = 'queue_join' AND done_at > 0", [{"n": 1}])
    assert [call["result"] for call in calls(world, "answerChatJoinRequestQuery")] == ["queue"]


async def test_while_telegram_is_down_for_longer_than_the_query_the_person_is_written_to_afterwards(
    world: World, callgate: Installation
) -> None:
    _, group = await guarded_chat(world)
    world.faults.add(where="telegram", kind="500", method="sendChatJoinRequestWebApp", times=None)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await world.wait_until(lambda: world.faults.happened)

    world.clock.advance(12)

    await anna.sees("Flat owners")
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)


async def test_a_guard_join_goes_out_ahead_of_a_long_queue(world: World, install: Install) -> None:
    callgate = await install(**PUBLIC, TELEGRAM_RATE="5")
    _, group = await guarded_chat(world)
    _, other = await guarded(world, "Garage")
    for number in range(40):
        await world.person(f"P{number}", language="en").asks_to_join(other)
    anna = world.person("Anna", language="en")

    await anna.asks_to_join(group)
    await anna.sees_app()

    waiting = await callgate.rows("SELECT count(*) AS n FROM screens WHERE revision > shown_revision")
    assert waiting[0]["n"] > 10


async def test_after_a_restart_in_between_the_guard_join_goes_on(world: World, callgate: Installation) -> None:
    _, group = await guarded_chat(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees_app()
    await anna.shares_contact_in_app()
    number = await number_shown(anna)

    await callgate.restart()
    await anna.calls(number)

    await world.wait_until(lambda: anna.id in group.members)
    assert [call["result"] for call in calls(world, "answerChatJoinRequestQuery")] == ["approve"]
