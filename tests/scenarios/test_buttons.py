"""Buttons stay clickable for ever: each acts on the current state, and each gets an answer."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.admin_actions import ON_BUTTONS, AdminActionKind
from bot.domain.setting_choices import Page
from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.story import WINDOW, all_is_carried, gets_number, guarded, verifications


async def buttons_of_number(person: Person) -> dict[str, str]:
    """Return the data of the buttons below the number, by the first sign of each."""
    message = await person.sees("📞")
    return {
        button["text"][0]: button["callback_data"]
        for row in message.inline_keyboard
        for button in row
        if "callback_data" in button
    }


async def presses_old(person: Person, data: str) -> str:
    """Press a button that the current message once had; return the bot's answer."""
    newest = [message for message in person.chat.messages if message.sender.is_bot][-1]
    answer = await person.presses_button(newest.id, data)
    return answer["text"] or ""


async def test_buttons_of_an_ended_attempt_tell_that_it_is_over_or_begin_anew(
    world: World, brisk: Installation
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    old = await buttons_of_number(anna)
    world.clock.advance(WINDOW + 1)
    await anna.sees("⌛")

    assert "over" in await presses_old(anna, old["✖"])
    assert await verifications(brisk, anna) == ["expired"]
    assert "Trying again" in await presses_old(anna, old["🔄"])

    await number_shown(anna)
    assert await verifications(brisk, anna) == ["expired", "open"]
    assert world.telegram.unanswered_queries == []


async def test_buttons_of_an_earlier_attempt_do_not_touch_the_present_one(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    old = await buttons_of_number(anna)
    await anna.presses("✖️")
    await anna.sees("Cancelled")
    await anna.attaches_own_contact()
    number = await number_shown(anna)

    assert "over" in await presses_old(anna, old["✖"])
    await presses_old(anna, old["🔄"])

    await all_is_carried(brisk)
    assert await number_shown(anna) == number
    assert await verifications(brisk, anna) == ["cancelled", "open"]
    assert len(world.smsc.wait_calls) == 2
    assert world.telegram.unanswered_queries == []


@pytest.mark.parametrize("sign", ["🔄", "✖"])
async def test_a_button_of_somebody_else_changes_nothing(world: World, brisk: Installation, sign: str) -> None:
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    number = await gets_number(anna)
    hers = await buttons_of_number(anna)
    await boris.says("/start")
    welcome = await boris.sees("👋")
    await all_is_carried(brisk)
    before = await brisk.rows("SELECT * FROM screens ORDER BY user_id")

    assert "somebody else" in await presses_old(boris, hers[sign])

    await all_is_carried(brisk)
    assert [message.text for message in boris.chat.messages if message.sender.is_bot] == [(welcome.text or "")]
    assert await number_shown(anna) == number
    assert await verifications(brisk, anna) == ["open"]
    assert await verifications(brisk, boris) == []
    assert await brisk.rows("SELECT * FROM screens ORDER BY user_id") == before
    assert len(world.smsc.wait_calls) == 1
    assert world.telegram.unanswered_queries == []


UNKNOWN = [
    "v:cancel:999999",
    "v:cancel:0",
    "v:cancel:-1",
    "v:again:99999999999999999999999999",
    "v:cancel:9223372036854775808",
    "v:cancel:-9223372036854775809",
    "v:cancel:1e3",
    "v:cancel:",
    "v:dance:1",
    "v:again:1:2",
    "p:nowhere",
    "p:",
    "v",
    ":",
    "from a version long gone",
    "\u202e<b>&",
    "x" * 64,
]


async def test_buttons_that_nobody_knows_are_answered_and_change_nothing(
    world: World, brisk: Installation, operator: Person
) -> None:
    await operator.says("/start")
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    await all_is_carried(brisk)

    answers = {data: await presses_old(anna, data) for data in UNKNOWN}

    assert [data for data, answer in answers.items() if not answer] == []
    await all_is_carried(brisk)
    assert await number_shown(anna) == number
    assert await verifications(brisk, anna) == ["open"]
    assert world.telegram.unanswered_queries == []
    assert "failure" not in await brisk.journal()
    await anna.calls(number)
    await anna.sees("✅")


async def test_a_button_pressed_twice_at_once_counts_once(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    old = await buttons_of_number(anna)
    screen = await anna.sees("📞")
    world.faults.add(where="gateway", kind="delay", method="wait_call", seconds=0.3)

    await asyncio.gather(*(anna.presses_button(screen.id, old["🔄"]) for _ in range(3)))

    await world.wait_until(lambda: len(world.smsc.wait_calls) == 2)
    await all_is_carried(brisk)
    assert len(world.smsc.wait_calls) == 2
    assert await brisk.rows("SELECT count(*) AS n FROM numbers") == [{"n": 2}]
    assert world.telegram.unanswered_queries == []


async def test_cancel_pressed_twice_at_once_is_answered_twice_and_cancels_once(
    world: World, brisk: Installation
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    old = await buttons_of_number(anna)
    screen = await anna.sees("📞")

    answers = await asyncio.gather(*(anna.presses_button(screen.id, old["✖"]) for _ in range(2)))

    assert sorted(answer["text"] for answer in answers) == ["Cancelled", "This is over already."]
    assert (await brisk.journal()).count("cancelled") == 1
    assert world.telegram.unanswered_queries == []


async def test_buttons_of_a_verified_person_lead_nowhere_but_home(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    old = await buttons_of_number(anna)
    await anna.calls(await number_shown(anna))
    await anna.sees("✅")
    await all_is_carried(brisk)

    assert "verified already" in await presses_old(anna, old["🔄"])
    assert "over" in await presses_old(anna, old["✖"])
    assert "over" in await presses_old(anna, "p:enter")

    await all_is_carried(brisk)
    (screen,) = [message for message in anna.chat.messages if message.sender.is_bot]
    assert "✅" in (screen.text or "")
    assert await verifications(brisk, anna) == ["confirmed"]
    assert len(world.smsc.wait_calls) == 1
    assert world.telegram.unanswered_queries == []


async def test_a_button_pressed_while_the_bot_was_away_is_obeyed_when_it_is_back(
    world: World, brisk: Installation
) -> None:
    anna = world.person("Anna", language="en")
    await verify(anna)
    boris = world.person("Boris", language="en")
    await gets_number(boris)
    old = await buttons_of_number(boris)
    screen = await boris.sees("📞")
    await brisk.stop()
    pressing = asyncio.gather(boris.presses_button(screen.id, old["✖"]))

    await brisk.start()

    assert [answer["text"] for answer in await pressing] == ["Cancelled"]
    assert await verifications(brisk, boris) == ["cancelled"]
    assert world.telegram.unanswered_queries == []


async def test_forged_buttons_of_a_panel_are_answered_and_nothing_fails(world: World, brisk: Installation) -> None:
    """Pressed by its admin, and by somebody who only knows the number of the group."""
    owner, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.sees("👋")
    odd = ("", "x", "²", "１２", "9" * 24)
    pages = [f"open:{group.id}:{page}:{value}" for page in Page for value in odd]
    acts = [f"{act}:{group.id}::{value}" for act in AdminActionKind for value in odd]

    for person, data in [(owner, one) for one in pages + acts] + [(anna, one) for one in acts]:
        await presses_old(person, f"g:{data}")
    await all_is_carried(brisk)

    assert "failure" not in await brisk.journal()
    assert world.telegram.unanswered_queries == []
    for act in set(AdminActionKind) - ON_BUTTONS:
        assert "do not know" in await presses_old(owner, f"g:{act}:{group.id}::"), act
