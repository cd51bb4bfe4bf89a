"""A rejected part never costs the message: people get the text, and operators learn of it."""

from __future__ import annotations

import re

import pytest

from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation, number_shown
from tests.scenarios.conftest import Install
from tests.scenarios.story import gets_number, guarded, reads


@pytest.fixture
async def operator(operator: Person) -> Person:
    """An operator who has already written to the bot."""
    await operator.says("/start")
    return operator


def refused(world: World, words: str) -> int:
    """Return how many calls Telegram rejected in these words."""
    return sum(words in title for title in world.trace.titles("bot_api"))


def buttons(person: Person, text: str) -> list[str]:
    """Return the kinds of buttons below the message that contains `text`, except those that call back."""
    message = person.shown(text)
    assert message is not None
    kinds = ("url", "web_app", "copy_text")
    return [kind for row in message.inline_keyboard for button in row for kind in kinds if kind in button]


async def is_told(world: World, operator: Person, text: str) -> str:
    """Return the operator's message once the monitor has run."""
    for _ in range(10):
        world.clock.advance(31)
        if operator.shown(text) is not None:
            break
        await world.wait_until(lambda: not world.telegram.delivery.waiting)
    return await reads(operator, text)


@pytest.mark.parametrize("public_url", ["http://localhost:8080", "https://callgate"])
async def test_an_address_that_telegram_does_not_take_costs_the_call_button_only(
    world: World, install: Install, operator: Person, public_url: str
) -> None:
    world.telegram.button_rules.local_links = False
    await install(PUBLIC_URL=public_url)
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")

    number = await gets_number(anna)

    assert buttons(anna, number) == ["copy_text"]
    await world.wait_until(lambda: anna.shown("The call button") is None)
    assert len(world.smsc.wait_calls) == 1
    await gets_number(boris)
    assert buttons(boris, "📞") == ["copy_text"]
    assert refused(world, "Wrong HTTP URL") == 1
    await boris.says("/help")
    await boris.sees("How this works")
    assert buttons(boris, "How this works") == []
    assert public_url in await is_told(world, operator, "Telegram refuses a part of my messages")
    await anna.calls(number)
    await anna.sees("✅")


async def test_a_server_that_does_not_know_moments_gets_the_clock_time(
    world: World, install: Install, operator: Person
) -> None:
    world.telegram.unknown_tags = frozenset({"tg-time"})
    callgate = await install()
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")

    number = await gets_number(anna)

    message = anna.shown(number)
    assert message is not None
    assert re.search(r"This number expires (\d\d\.\d\d )?\d\d:\d\d UTC", message.text or "")
    assert not any(entity["type"] == "date_time" for entity in message.entities)
    assert any(entity["type"] == "bold" for entity in message.entities)
    await gets_number(boris)
    assert refused(world, 'Unsupported start tag "tg-time"') == 1
    assert "tg-time" in await is_told(world, operator, "Telegram refuses a part of my messages")

    world.telegram.unknown_tags = frozenset()
    await callgate.restart()
    clara = world.person("Clara", language="en")
    number = await gets_number(clara)
    message = clara.shown(number)
    assert message is not None
    assert any(entity["type"] == "date_time" for entity in message.entities)


async def test_a_server_that_does_not_know_copying_buttons(world: World, install: Install) -> None:
    world.telegram.button_rules.unknown = frozenset({"copy_text"})
    await install()
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")

    await gets_number(anna)

    assert buttons(anna, "📞") == []
    await anna.presses("Cancel")
    await anna.sees("Cancelled")
    await gets_number(boris)
    assert refused(world, "Text buttons are unallowed") == 1


async def test_a_screen_that_is_given_up_goes_out_as_bare_text_under_an_id_that_operators_read_too(
    world: World, brisk: Installation, operator: Person
) -> None:
    await operator.sees("👋")
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.sees("👋")
    # The contact brings a new screen: Telegram rejects its first message, and the one in its place.
    world.faults.add(where="gateway", kind="delay", method="wait_call", seconds=2)
    await anna.shares_contact()
    await anna.sees("Getting a number")
    world.faults.add(where="telegram", kind="400", method="editMessageText")
    world.faults.add(where="telegram", kind="400", method="sendMessage")

    number = await number_shown(anna)

    text = await reads(anna, "name this error")
    assert number in text
    assert "<" not in text
    error_id = text.split()[-1]
    told = await reads(operator, "Something failed")
    assert error_id in told
    assert "the sandbox was asked to refuse this" in told
    assert number not in told
    await anna.calls(number)
    await anna.sees("✅")


async def test_messages_to_admins_and_in_groups_lose_no_words_either(
    world: World, install: Install, operator: Person
) -> None:
    world.telegram.unknown_tags = frozenset({"b", "blockquote", "code", "tg-time"})
    await install()
    owner, group = await guarded(world)
    await owner.says("/gates")
    await owner.presses(group.title)

    await owner.sees(group.title)
    await operator.says("/health")
    await operator.sees("Leads since")
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.shares_contact()
    await anna.calls(await number_shown(anna))
    await world.wait_until(lambda: anna.id in group.members)
