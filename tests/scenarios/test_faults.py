"""Whatever goes wrong on the way to Telegram or the gateway, the person gets in, and the bot respects the limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.rate_limit import TOO_WIDE
from bot.sandbox.faults import Kind, Where
from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation, number_shown
from tests.scenarios.story import all_is_carried, eventually, gets_number, guarded

EVERYTHING_THAT_BREAKS: list[tuple[Where, Kind, str]] = [
    ("telegram", kind, method)
    for method in ("getUpdates", "sendMessage", "editMessageText", "approveChatJoinRequest")
    for kind in ("delay", "429", "500", "reset_before", "reset_after")
] + [("gateway", kind, "wait_call") for kind in ("delay", "429", "500", "reset_before", "reset_after")]
CALLBACKS_THAT_BREAK: list[tuple[Where, Kind, str]] = [
    ("callback", "lost", "waitcall"),
    ("callback", "doubled", "waitcall"),
    ("callback", "late", "waitcall"),
]


@pytest.fixture
async def callgate(world: World, tmp_path: Path) -> AsyncIterator[Installation]:
    """A bot that reads the gateway's inbox often. The kind of database makes no difference here."""
    installation = Installation(world, f"sqlite:///{tmp_path / 'callgate.db'}", SMSC_POLL_SECONDS="1")
    await installation.start()
    yield installation
    await installation.stop()


def _joinings(group: Any, person: Person) -> int:
    return sum(
        1 for message in group.messages if message.new_chat_members and message.new_chat_members[0].id == person.id
    )


@pytest.mark.parametrize(
    ("where", "kind", "method"),
    [pytest.param(*fault, id="-".join(fault)) for fault in EVERYTHING_THAT_BREAKS + CALLBACKS_THAT_BREAK],
)
async def test_each_fault_once_costs_a_pause_and_nothing_more(
    world: World, callgate: Installation, where: Where, kind: Kind, method: str
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    fault = world.faults.add(where=where, kind=kind, method=method, seconds=1)

    await anna.asks_to_join(group)
    await anna.shares_contact()
    await anna.sees("📞")
    await anna.calls(await number_shown(anna))

    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("You are in")
    await all_is_carried(callgate)
    await world.wait_until(lambda: fault.times == 0)
    newest = [message for message in anna.chat.messages if message.sender.is_bot][-1]
    assert "You are in" in (newest.text or "")
    assert _joinings(group, anna) == 1
    assert await callgate.rows("SELECT state FROM grants") == [{"state": "done"}]
    assert (await callgate.journal()).count("confirmed") == 1
    assert (await callgate.journal()).count("grant_done") == 1


def _attempts(world: World, method: str, chat: Person) -> list[tuple[float, bool]]:
    """Return when a method was called for a chat, and whether Telegram accepted it."""
    return [
        (entry.timestamp, entry.ok)
        for entry in world.trace.of("bot_api")
        if entry.detail.get("method") == method and str(entry.detail["params"].get("chat_id")) == str(chat.id)
    ]


async def test_a_chat_that_is_told_to_rest_rests_as_long_while_others_are_served(
    world: World, callgate: Installation
) -> None:
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await anna.says("/privacy")
    await anna.sees("fingerprint")
    world.faults.add(where="telegram", kind="429", method="sendMessage", seconds=3)

    await anna.says("/start")
    await world.wait_until(lambda: not _attempts(world, "sendMessage", anna)[-1][1])
    await anna.says("/help")
    await boris.says("/start")

    await boris.sees("👋")
    assert anna.shown("/privacy") is None
    await anna.sees("/privacy")
    refused, taken = _attempts(world, "sendMessage", anna)[-2:]
    assert (refused[1], taken[1]) == (False, True)
    assert taken[0] - refused[0] >= 3


async def test_an_admins_decision_stands_though_they_call_while_telegram_asks_for_patience(
    world: World, callgate: Installation
) -> None:
    owner, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    number = await gets_number(anna)
    world.faults.add(where="telegram", kind="429", method="declineChatJoinRequest", seconds=5)
    await owner.says("/pending")
    await owner.presses("✖️")
    await eventually(callgate, "SELECT state FROM join_requests", [{"state": "declined"}])
    await world.wait_until(lambda: world.faults.happened > 0)

    await anna.calls(number)

    await eventually(callgate, "SELECT state FROM verifications", [{"state": "confirmed"}])
    world.clock.advance(6)
    await world.wait_until(lambda: anna.id not in group.requests)
    await all_is_carried(callgate)
    assert anna.id not in group.members
    assert await callgate.rows("SELECT kind FROM grants") == []


async def test_floods_of_many_chats_at_once_silence_the_whole_bot_for_that_long(
    world: World, callgate: Installation
) -> None:
    *flooded, other = [world.person(f"Person {number}", language="en") for number in range(TOO_WIDE + 1)]
    for person in (*flooded, other):
        await person.says("/privacy")
        await person.sees("fingerprint")
    world.faults.add(where="telegram", kind="429", method="sendMessage", seconds=2, times=TOO_WIDE)
    for person in flooded:
        await person.says("/start")
    await world.wait_until(lambda: not any(_attempts(world, "sendMessage", person)[-1][1] for person in flooded))

    await other.says("/start")

    for person in (*flooded, other):
        await person.sees("👋")
    # One call tests whether the first of these pauses has helped.
    refused_at = min(_attempts(world, "sendMessage", person)[1][0] for person in flooded)
    assert _attempts(world, "sendMessage", other)[-1][0] - refused_at >= 2


async def test_a_refresh_that_fails_is_made_up_for_and_the_later_ones_come_too(
    world: World, callgate: Installation
) -> None:
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.shares_contact()
    await number_shown(anna)
    await all_is_carried(callgate)
    world.faults.add(where="telegram", kind="500", method="editMessageText")

    world.clock.advance(10 * 60 + 1)
    await anna.sees("Less than 5 minutes")
    await eventually(callgate, "SELECT attempts FROM screens", [{"attempts": 0}])

    world.clock.advance(3 * 60)
    await anna.sees("Less than 2 minutes")
