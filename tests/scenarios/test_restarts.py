"""The bot dies at any moment, and people notice no more than a pause. Real processes, real signals."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Literal

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import number_shown
from tests.process import BotProcess

CROWD = 100


async def _guarded_group(world: World) -> tuple[Group, Person]:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.says("/start")
    await owner.makes_bot_admin(group, can_invite_users=True)
    return group, owner


async def _happens(world: World, fault: Fault) -> None:
    await world.wait_until(lambda: fault.times == 0)


async def _is_in_once(world: World, bot: BotProcess, person: Person, group: Group) -> None:
    """Check that they joined exactly once, their newest screen says so, and the records agree."""
    await world.wait_until(lambda: person.id in group.members)
    await person.sees("You are in")
    newest = [message for message in person.chat.messages if message.sender.is_bot][-1]
    assert "✅" in (newest.text or "")
    assert group.title in (newest.text or "")
    joined = [m for m in group.messages if m.new_chat_members and m.new_chat_members[0].id == person.id]
    assert len(joined) == 1
    grants = "SELECT state FROM grants WHERE user_id = :id"
    assert await bot.rows(grants, id=person.id) == [{"state": "done"}]
    events = await bot.rows("SELECT event FROM journal WHERE user_id = :id", id=person.id)
    names = [row["event"] for row in events]
    assert [names.count(name) for name in ("confirmed", "grant_due", "grant_done")] == [1, 1, 1]


async def test_killed_after_every_step_the_bot_still_lets_the_person_in(fast_world: World, process: BotProcess) -> None:
    world, bot = fast_world, process

    async def dies() -> None:
        await bot.kill()
        await bot.start()

    await bot.start()
    group, owner = await _guarded_group(world)
    await dies()
    await owner.sees("Flat owners")

    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await dies()
    await anna.sees("Flat owners")

    await dies()
    held_back = world.faults.add(where="gateway", kind="delay", method="wait_call", seconds=1)
    await anna.shares_contact()
    await _happens(world, held_back)
    await dies()
    await anna.sees("📞")

    await dies()
    number = await number_shown(anna)
    await bot.kill()
    await anna.calls(number)
    await world.wait_until(lambda: [sent.status for sent in world.smsc.callback.sent] == [None])

    not_sent = world.faults.add(where="telegram", kind="reset_before", method="approveChatJoinRequest")
    await bot.start()
    await _happens(world, not_sent)
    await bot.kill()
    assert anna.id not in group.members

    not_noted = world.faults.add(where="telegram", kind="reset_after", method="approveChatJoinRequest")
    await bot.start()
    await _happens(world, not_noted)
    await dies()

    await _is_in_once(world, bot, anna, group)
    await dies()
    await _is_in_once(world, bot, anna, group)


async def test_killed_once_with_people_at_every_step_the_bot_forgets_none_of_them(
    fast_world: World, process: BotProcess
) -> None:
    world, bot = fast_world, process
    await bot.start(SMSC_POLL_SECONDS="0")
    group, owner = await _guarded_group(world)
    await owner.sees("Flat owners")
    names = ("Asking", "Welcomed", "Waiting", "Reading", "Calling", "Entering")
    everyone = [world.person(name, language="en") for name in names]
    asking, welcomed, waiting, reading, calling, entering = everyone
    for person in everyone[1:]:
        await person.asks_to_join(group)
        await person.sees("Flat owners")
    for person in (reading, calling, entering):
        await person.shares_contact()
    numbers = {person.id: await number_shown(person) for person in (reading, calling, entering)}

    not_sent = world.faults.add(where="telegram", kind="reset_before", method="approveChatJoinRequest")
    await entering.calls(numbers[entering.id])
    await _happens(world, not_sent)
    held_back = world.faults.add(where="gateway", kind="delay", method="wait_call", seconds=1)
    await waiting.shares_contact()
    await _happens(world, held_back)
    await asking.asks_to_join(group)
    await bot.kill()
    await calling.calls(numbers[calling.id])
    await world.wait_until(lambda: world.smsc.callback.sent[-1].status is None)
    await bot.start()

    assert await world.smsc.repeat_last_callback() == 200
    for person in (asking, welcomed):
        await person.sees("Flat owners")
        await person.shares_contact()
    for person in (asking, welcomed, waiting):
        await person.calls(await number_shown(person))
    await reading.calls(numbers[reading.id])
    for person in everyone:
        await _is_in_once(world, bot, person, group)


@pytest.mark.parametrize("updates", ["polling", "webhook"])
async def test_terminated_with_a_hundred_updates_in_flight_none_is_lost_or_handled_twice(
    fast_world: World, process: BotProcess, updates: str
) -> None:
    world, bot = fast_world, process
    await bot.start(UPDATES=updates)
    crowd = [world.person(f"Person {number}", language="en") for number in range(CROWD)]
    for person in crowd:
        await person.says("/start")
    waiting = world.telegram.delivery.waiting
    if updates == "webhook":
        await world.wait_until(lambda: len(waiting) < CROWD)
    else:
        # The batch is on its way to the bot, which handles it a moment later.
        await world.wait_until(lambda: world.telegram.delivery._poll is None)
        await world.clock.pause(0.05)
    assert waiting

    assert await bot.ends_by(signal.SIGTERM) == 0, bot.output()
    await bot.start()

    for person in crowd:
        await person.sees("👋")
    assert await bot.rows("SELECT count(*) AS n FROM journal WHERE event = 'started'") == [{"n": CROWD}]
    seen = await bot.rows("SELECT count(*) AS n FROM seen_updates")
    assert seen == [{"n": CROWD}]


async def test_killed_with_a_hundred_join_requests_in_flight_none_is_forgotten(
    fast_world: World, process: BotProcess
) -> None:
    world, bot = fast_world, process
    await bot.start()
    group, owner = await _guarded_group(world)
    await owner.sees("Flat owners")
    crowd = [world.person(f"Person {number}", language="en") for number in range(CROWD)]

    for person in crowd:
        await person.asks_to_join(group)
    await world.wait_until(lambda: any(person.shown("Flat owners") for person in crowd))
    await bot.kill()
    await bot.start()

    for person in crowd:
        await person.sees("Flat owners")
    kept = await bot.rows("SELECT count(*) AS n FROM join_requests WHERE state = 'waiting'")
    assert kept == [{"n": CROWD}]


async def test_the_command_by_itself_starts_from_nothing_and_ends_when_asked(fast_world: World, tmp_path: Path) -> None:
    bot = BotProcess(fast_world, f"sqlite:///{tmp_path / 'new' / 'callgate.db'}", tmp_path)
    bot.launch_by_command()
    try:
        await bot.is_ready()

        assert await bot.ends_by(signal.SIGTERM) == 0

        assert "stopped" in bot.output()
    finally:
        await bot.clean_up()


@pytest.mark.parametrize("how", ["reset_after", "delay"])
async def test_killed_while_a_number_is_asked_for_nobody_has_to_share_their_contact_again(
    fast_world: World, process: BotProcess, how: Literal["reset_after", "delay"]
) -> None:
    """The gateway has already given the number and only its answer is lost, or it has not."""
    world, bot = fast_world, process
    await bot.start()
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    held_back = world.faults.add(where="gateway", kind=how, method="wait_call", seconds=2)
    await anna.shares_contact()
    await _happens(world, held_back)
    await bot.kill()

    await bot.start()

    await anna.calls(await number_shown(anna))
    await anna.sees("✅")
    assert await bot.rows("SELECT state FROM verifications") == [{"state": "confirmed"}]
    assert (await bot.journal()).count("contact_taken") == 1
