"""/balance: the bot asks for the balance when it sends the answer, and no more often than the gateway allows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Message
from bot.sandbox.world import World
from tests.installation import Installation, verify
from tests.scenarios.conftest import Install
from tests.scenarios.story import all_is_carried


def questions(world: World) -> int:
    """Return how often the bot asked the gateway for the balance."""
    return sum(entry.title.startswith("balance") for entry in world.trace.of("gateway"))


async def says(message: Message, text: str, world: World) -> str:
    await world.wait_until(lambda: text in (message.text or ""))
    return message.text or ""


async def test_the_money_is_told_with_what_was_spent_and_for_how_long_it_lasts(
    world: World, install: Install, operator: Person
) -> None:
    world.smsc.balance = Decimal("1234.50")
    await install(SMSC_PRICE="3.5", SMSC_LOW_BALANCE="200")
    await verify(world.person("Anna", language="en"))
    world.clock.advance(24 * 3600)
    await verify(world.person("Boris", language="en"))

    await operator.says("/balance")

    message = await operator.sees("Balance at SMSC")
    lines = (message.text or "").splitlines()
    assert lines[:4] == [
        "💰 Balance at SMSC: 1,234.50 RUR",
        "Spent on numbers: 3.50 RUR today, 7.00 RUR in 7 days",
        "At this pace it lasts for: 1234 days",
        "I warn you below: 200.00 RUR",
    ]
    assert lines[4].startswith("Checked: ")
    assert message.buttons == ["🔄 Refresh"]


async def test_without_a_price_it_is_said_what_would_tell_more(
    world: World, brisk: Installation, operator: Person
) -> None:
    await operator.says("/balance")

    assert "Set SMSC_PRICE" in ((await operator.sees("Balance at SMSC")).text or "")


async def test_however_often_it_is_refreshed_the_gateway_is_asked_once_in_ten_seconds(
    world: World, brisk: Installation, operator: Person
) -> None:
    await operator.says("/balance")
    message = await operator.sees("Balance at SMSC")
    asked = questions(world)
    world.smsc.balance = Decimal("77.00")

    for _ in range(5):
        assert (await operator.presses("Refresh"))["text"] == "Checking…"
        await all_is_carried(brisk)
    told, asked_again = message.text or "", questions(world)
    world.clock.advance(11)
    await operator.presses("Refresh")

    await says(message, "77.00 RUR", world)
    assert "77.00" not in told
    assert asked_again == asked
    assert questions(world) == asked + 1
    assert sum("Balance at SMSC" in (each.text or "") for each in operator.chat.messages) == 1
    assert world.telegram.unanswered_queries == []


@pytest.mark.parametrize(
    ("code", "sentence"), [(2, "The gateway refuses our login: check SMSC_API_KEY"), (3, "is empty")]
)
async def test_a_gateway_that_refuses_is_told_with_what_to_do_and_what_it_told_before(
    world: World, brisk: Installation, operator: Person, code: int, sentence: str
) -> None:
    world.smsc.balance = Decimal("50.25")
    await operator.says("/balance")
    message = await operator.sees("Balance at SMSC: 50.25 RUR")
    world.smsc.fail_with(code, endpoint="balance")
    world.clock.advance(11)

    await operator.presses("Refresh")

    text = await says(message, sentence, world)
    assert f"(code {code})" in text
    assert "Last known balance: 50.25 RUR" in text

    world.smsc.fail_with(None)
    world.clock.advance(11)
    await operator.presses("Refresh")
    assert "⚠️" not in await says(message, "💰", world)


async def test_a_gateway_that_blocks_us_is_not_asked_until_that_may_be_over(
    world: World, brisk: Installation, operator: Person
) -> None:
    world.smsc.fail_with(4, endpoint="balance")
    await operator.says("/balance")
    message = await operator.sees("blocks the address")
    assert "Next check at the earliest: " in (message.text or "")
    world.smsc.fail_with(None)
    asked = questions(world)
    world.clock.advance(60)
    await operator.presses("Refresh")
    await all_is_carried(brisk)
    assert questions(world) == asked

    world.clock.advance(300)
    await operator.presses("Refresh")

    await says(message, "💰", world)


async def test_a_block_that_was_met_when_asking_for_a_number_holds_here_too(
    world: World, brisk: Installation, operator: Person
) -> None:
    anna = world.person("Anna", language="en")
    world.smsc.fail_with(4)
    await anna.says("/start")
    await anna.shares_contact()
    await anna.sees("is unavailable right now")
    asked = questions(world)

    await operator.says("/balance")

    await operator.sees("blocks the address")
    assert questions(world) == asked
