"""A Bot API server that does not know messages for one person alone shows one to everybody: only once."""

from __future__ import annotations

import pytest

from bot.features.access.tasks import RETRIED_AFTER
from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.conftest import Install
from tests.scenarios.gates import calls, is_muted, muting, posted, sweeps_until
from tests.scenarios.story import all_is_carried, eventually, guarded, looked, sent_to

FIXED = "the Bot API server sends messages that one person alone sees"
ALONE = "Only you see this"
PROMPTED = "SELECT count(*) AS n FROM tasks WHERE kind = 'group_prompt' AND done_at IS NOT NULL"


@pytest.fixture
def old(world: World) -> World:
    """A world whose Bot API server is older than 10.2."""
    world.telegram.ephemeral_messages = False
    return world


def sent_alone(world: World) -> int:
    """Return how many messages the bot sent for one person alone."""
    return sum("ephemeral_message_parameters" in call for call in calls(world, "sendMessage"))


async def test_newcomers_are_told_by_one_message_for_all_instead_and_operators_hear_why(
    old: World, brisk: Installation, operator: Person
) -> None:
    await operator.says("/start")
    _, group = await muting(old, brisk)
    people = [old.person(name, language="en") for name in ("Anna", "Boris", "Carol")]

    for person in people:
        await person.joins(group)
    await is_muted(old, group, *people)
    await sweeps_until(brisk, PROMPTED, [{"n": 1}])
    await all_is_carried(brisk)

    assert sent_alone(old) == 1
    assert [message.text for message in posted(old, group)] == [
        "👋 New here? To write, confirm your phone with one free call."
    ]
    old.clock.advance(31)
    await operator.sees("does not know messages that only one person sees")
    await operator.says("/health")
    await operator.sees("The Bot API server cannot send messages that one person alone sees")


@pytest.mark.parametrize("again", ["a day later", "a restart"])
async def test_the_server_is_tried_again(old: World, brisk: Installation, operator: Person, again: str) -> None:
    await operator.says("/start")
    _, group = await muting(old, brisk)
    anna, boris = old.person("Anna", language="en"), old.person("Boris", language="en")
    await anna.joins(group)
    await is_muted(old, group, anna)
    await all_is_carried(brisk)
    old.clock.advance(31)
    await operator.sees("does not know messages that only one person sees")

    old.telegram.ephemeral_messages = True
    if again == "a restart":
        await brisk.restart()
    else:
        old.clock.advance(RETRIED_AFTER.total_seconds() + 1)
    await boris.joins(group)

    await boris.sees_in(group, ALONE)
    for _ in range(20):
        await looked(brisk)
        if operator.shown(FIXED) is not None:
            break
    await operator.sees(FIXED)


async def test_a_message_that_cannot_be_deleted_at_once_is_deleted_later(old: World, brisk: Installation) -> None:
    old.faults.add(where="telegram", kind="500", method="deleteMessage", times=2)
    _, group = await muting(old, brisk)

    query = "SELECT count(*) AS n FROM tasks WHERE kind = 'delete_message' AND attempts > 0"
    await eventually(brisk, query, [{"n": 1}])
    assert any(ALONE in (message.text or "") for message in posted(old, group))
    old.clock.advance(5)
    await old.wait_until(lambda: posted(old, group) == [])


async def test_an_admin_who_asks_in_the_group_gets_the_panel_in_private(old: World, install: Install) -> None:
    callgate = await install(LANGUAGE="en")
    owner, group = await guarded(old)
    before = sent_to(old, owner)

    await owner.says("/gate", group)

    await all_is_carried(callgate)
    await old.wait_until(lambda: sent_to(old, owner) > before)
    assert posted(old, group) == []
    assert sent_alone(old) == 1
