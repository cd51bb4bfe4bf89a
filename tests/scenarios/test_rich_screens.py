"""The number in a rich message, and the fallback where Telegram accepts none."""

from __future__ import annotations

import json

import pytest
from structlog.testing import capture_logs

from bot.i18n.texts import unbroken
from bot.sandbox.people import Person
from bot.sandbox.telegram.server import BY_NAME
from bot.sandbox.telegram.state import Message
from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.conftest import Install
from tests.scenarios.story import WINDOW, all_is_carried, gets_number, moments

MINUTE = 60


@pytest.fixture
async def rich(install: Install) -> Installation:
    """A bot that shows the number in rich messages."""
    return await install(SCREENS="rich")


def rich_calls(world: World) -> list[tuple[str, str]]:
    """Return each method that sent or edited a rich message, accepted by Telegram or not, and its HTML."""
    return [
        (entry.detail["method"], json.loads(entry.detail["params"]["rich_message"])["html"])
        for entry in world.trace.last(10_000)
        if entry.kind == "bot_api" and "rich_message" in entry.detail["params"]
    ]


def from_bot(person: Person) -> list[Message]:
    return [message for message in person.chat.messages if message.sender.is_bot]


async def test_the_number_is_a_link_that_dials_in_a_rich_message(world: World, rich: Installation) -> None:
    anna = world.person("Anna", phone="+79161234567", language="en")

    number = await gets_number(anna)

    screen = await anna.sees(number)
    assert screen.rich
    assert screen.entity_texts("phone_number") == [number]
    assert f'<a href="tel:{number}">{number}</a>' in rich_calls(world)[-1][1]
    assert unbroken("+7 ••• ••• 45-67") in (screen.text or "")
    (kept,) = await rich.rows("SELECT window_ends_at FROM numbers")
    assert moments(anna, "📞") == [kept["window_ends_at"] // 10**6]
    assert (await anna.presses("📋"))["copied"] == number


async def test_one_message_becomes_rich_is_refreshed_and_is_plain_again_when_all_is_done(
    world: World, rich: Installation
) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    await anna.says("/help")
    helped = await anna.sees("How this works")
    assert not helped.rich

    await anna.presses("Back")
    await world.wait_until(lambda: (shown := anna.shown(number)) is not None and shown.id == helped.id)
    assert (await anna.sees(number)).rich
    await all_is_carried(rich)

    world.clock.advance(WINDOW - 5 * MINUTE)
    refreshed = await anna.sees("than 5 minutes")
    assert (refreshed.id, refreshed.rich, number in (refreshed.text or "")) == (helped.id, True, True)

    await anna.calls(number)
    done = await anna.sees("✅")
    assert (done.id, done.rich) == (helped.id, False)
    await all_is_carried(rich)
    assert from_bot(anna) == [done]


@pytest.mark.parametrize("is_unknown", [False, True], ids=["refused", "unknown method"])
async def test_where_telegram_takes_no_rich_message_the_number_is_plain_at_once_and_for_everybody(
    world: World, rich: Installation, monkeypatch: pytest.MonkeyPatch, is_unknown: bool
) -> None:
    world.telegram.rich_messages = False
    if is_unknown:
        monkeypatch.delitem(BY_NAME, "sendrichmessage")
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")

    with capture_logs() as records:
        number = await gets_number(anna)
        await all_is_carried(rich)
        tried = rich_calls(world)
        await gets_number(boris)
        await all_is_carried(rich)

    assert rich_calls(world) == tried
    assert [record["log_level"] for record in records if record["event"] == "rich_messages_refused"] == ["warning"]
    for person in (anna, boris):
        screen = await person.sees("📞")
        assert not screen.rich
        assert from_bot(person) == [screen]
    await anna.calls(number)
    await anna.sees("✅")
    assert "failure" not in await rich.journal()


async def test_a_number_shown_before_telegram_refused_stays_in_its_message_and_counts_down_there(
    world: World, rich: Installation
) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    screen = await anna.sees(number)
    await all_is_carried(rich)
    assert screen.rich

    world.telegram.rich_messages = False
    world.clock.advance(WINDOW - 5 * MINUTE)

    refreshed = await anna.sees("than 5 minutes")
    assert (refreshed.id, refreshed.rich, number in (refreshed.text or "")) == (screen.id, False, True)
    await all_is_carried(rich)
    assert from_bot(anna) == [refreshed]
    await anna.calls(number)
    await anna.sees("✅")


async def test_the_next_start_of_the_bot_tries_rich_messages_again(world: World, rich: Installation) -> None:
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    world.telegram.rich_messages = False
    await gets_number(anna)
    await all_is_carried(rich)
    world.telegram.rich_messages = True

    await rich.restart()

    await gets_number(boris)
    assert (await boris.sees("📞")).rich
    await anna.presses("🔄")
    await world.wait_until(lambda: bool((shown := anna.shown("📞")) and shown.rich))


async def test_by_default_no_rich_message_is_ever_sent(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")

    await anna.calls(await gets_number(anna))

    await anna.sees("✅")
    assert rich_calls(world) == []
