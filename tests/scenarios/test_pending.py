"""The people who wait at a gate, and decisions about one or many of them."""

from __future__ import annotations

import pytest

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown
from tests.scenarios.log_gates import RIGHTS, choose, full_gate, logged_gate
from tests.scenarios.story import WINDOW, all_is_carried, eventually, reads

HOUR = 3600


async def waits(world: World, group: Group, *names: str) -> list[Person]:
    """Make people who asked to join and did nothing else."""
    people = [world.person(name, language="en") for name in names]
    for person in people:
        await person.asks_to_join(group)
        await person.sees("👋")
    return people


async def opens_pending(owner: Person, group: Group) -> str:
    """Open the page of waiting people from the group."""
    await owner.says("/pending", group)
    return await reads(owner, "Waiting")


async def test_the_list_tells_who_waits_since_when_and_at_which_step(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    anna, boris, clara, dora = await waits(world, group, "Anna", "Boris", "Clara", "Dora")
    await anna.says("/start")
    await anna.shares_contact()
    await number_shown(anna)
    world.clock.advance(WINDOW + 1)
    await anna.sees("Time is up")
    await anna.presses("Ask an administrator")
    await boris.says("/start")
    await boris.shares_contact()
    await number_shown(boris)
    await clara.says("/start")
    await clara.shares_contact_of(boris)
    await clara.sees("not your own")

    page = await opens_pending(owner, group)

    assert "Flat owners: 4" in page
    lines = dict(zip(("Anna", "Boris", "Clara", "Dora"), page.splitlines()[2::2], strict=True))
    assert lines["Anna"].startswith("1. Anna · 15 min · did not call in time")
    assert lines["Anna"].endswith("🙋")
    assert "was shown a number; time ends" in lines["Boris"]
    assert "contact not taken: somebody else's contact" in lines["Clara"]
    assert "has not opened the private chat" in lines["Dora"]
    assert dora.phone not in page


async def test_one_is_let_in_and_one_declined_and_the_list_follows(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    anna, boris = await waits(world, group, "Anna", "Boris")
    await anna.says("/start")
    await boris.says("/start")
    await opens_pending(owner, group)

    assert (await owner.presses("✅"))["text"] == "Let in"
    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("let you in")
    await owner.sees("Flat owners: 1")
    assert (await owner.presses("✖️"))["text"] == "Declined"

    await boris.sees("declined your request")
    await world.wait_until(lambda: boris.id not in group.requests)
    await owner.sees("Nobody is waiting.")
    assert boris.id not in group.members


async def test_pages_turn_and_the_numbers_go_on(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    await waits(world, group, *(f"Guest {chr(ord('A') + n)}" for n in range(14)))
    await opens_pending(owner, group)

    await owner.presses("›")
    await owner.sees("7. Guest G")
    await owner.presses("›")
    await owner.sees("13. Guest M")
    await owner.presses("‹")

    page = await reads(owner, "7. Guest G")
    assert "12. Guest L" in page
    assert "13." not in page


async def test_all_older_than_an_hour_are_declined_but_those_who_call_or_are_verified(
    world: World, brisk: Installation
) -> None:
    owner, group, log = await logged_gate(world, brisk)
    old = await waits(world, group, "Anna", "Boris", "Clara")
    caller = old[2]
    for person in old[:2]:
        await person.says("/start")
    world.clock.advance(2 * HOUR)
    await caller.says("/start")
    await caller.shares_contact()
    await number_shown(caller)
    (young,) = await waits(world, group, "Dora")
    await opens_pending(owner, group)
    await owner.presses("Decline many")
    await owner.sees("Whose requests?")

    answer = await owner.presses("Older than 1 hour (2)")

    assert answer["text"] == "Declining…"
    await world.wait_until(lambda: set(group.requests) == {caller.id, young.id})
    await owner.sees("Declined: 2 of 2")
    for person in old[:2]:
        await person.sees("declined your request")
    told = await owner.sees_in(log, "2 declined together")
    assert "by Olga" in (told.text or "")
    await caller.calls(await number_shown(caller))
    await world.wait_until(lambda: caller.id in group.members)


@pytest.mark.long
async def test_hundreds_are_declined_in_parts_that_survive_a_restart(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    people = [world.person(f"Guest{n}", language="en") for n in range(250)]
    for person in people:
        await person.asks_to_join(group)
    await eventually(brisk, "SELECT count(*) AS n FROM join_requests", [{"n": 250}], within=60)
    world.clock.advance(1)
    await opens_pending(owner, group)
    await owner.presses("Decline many")
    world.faults.add(where="telegram", kind="500", method="declineChatJoinRequest", times=None)
    await owner.presses("All (250)")
    await eventually(brisk, "SELECT count(*) > 0 AS n FROM tasks WHERE job IS NOT NULL", [{"n": 1}])

    await brisk.stop()
    world.faults.clear()
    await brisk.start()

    await world.wait_until(lambda: not group.requests, 60)
    world.clock.advance(5)
    await owner.sees("Declined: 250 of 250", 30)
    rows = await brisk.rows("SELECT count(*) AS n FROM join_requests WHERE state = 'declined'")
    assert rows == [{"n": 250}]


async def test_only_one_such_action_runs_at_a_time(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    await waits(world, group, "Anna")
    world.clock.advance(1)
    world.faults.add(where="telegram", kind="500", method="declineChatJoinRequest", times=None)
    await opens_pending(owner, group)
    await owner.presses("Decline many")
    choice = await owner.sees("Whose requests?")
    data = next(b["callback_data"] for r in choice.inline_keyboard for b in r if "All" in b["text"])
    await owner.presses("All (1)")

    again = await owner.presses_button((await owner.sees("Waiting")).id, data)

    assert again["text"] == "I am already declining many; wait until that is done."
    world.faults.clear()
    world.clock.advance(60)
    await world.wait_until(lambda: not group.requests)


async def test_a_member_who_writes_the_command_gets_no_answer_and_keeps_the_message(
    world: World, brisk: Installation
) -> None:
    owner, group = await full_gate(world)
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await owner.adds(group, anna)

    await anna.says("/pending", group)
    await eventually(brisk, "SELECT count(*) AS n FROM admins WHERE NOT is_admin", [{"n": 1}])
    await all_is_carried(brisk)

    assert anna.shown("Waiting") is None
    assert any(message.text == "/pending" for message in group.messages)


async def test_the_command_is_seen_by_nobody_else_or_deleted(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    await eventually(brisk, "SELECT 1 AS n", [{"n": 1}])
    await world.wait_until(lambda: ("all_chat_administrators", "en") in world.telegram.commands)
    alone = await owner.says("/pending", group)
    assert alone.ephemeral_id is not None
    await owner.sees("Waiting")
    world.telegram.commands.clear()

    seen = await owner.says("/pending", group)
    assert seen.ephemeral_id is None

    await world.wait_until(lambda: seen.id not in group.by_id)


async def test_an_admin_who_never_wrote_to_the_bot_is_shown_the_way_alone(world: World, brisk: Installation) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.makes_bot_admin(group, **RIGHTS)
    await waits(world, group, "Anna")

    await owner.says("/pending", group)

    message = await owner.sees_in(group, "I sent the answer to our private chat")
    assert message.ephemeral_id is not None
    link = await owner.presses("Open in private", chat=group)
    await owner.opens_deep_link(link["url"])
    await owner.sees("Flat owners: 1")


async def test_an_anonymous_admin_is_shown_the_way_for_half_a_minute(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    await choose(brisk, group, language="en")
    await owner.promotes(group, owner, anonymous=True)
    await waits(world, group, "Anna")

    said = await owner.says("/pending", group, anonymously=True)

    link = await owner.presses("Open in private", chat=group)
    await world.wait_until(lambda: said.id not in group.by_id)
    # The command, and the link to the private chat.
    deleted = "SELECT count(*) AS n FROM tasks WHERE kind = 'delete_message' AND chat_id = :id"
    await eventually(brisk, deleted, [{"n": 2}], id=group.id)
    world.clock.advance(31)
    await world.wait_until(lambda: not [message for message in group.messages if message.sender.is_bot])
    await owner.opens_deep_link(link["url"])
    await owner.sees("Flat owners: 1")


async def test_who_runs_several_groups_chooses_one_in_private(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world, "Flats")
    other = world.group("Garden", owner=owner)
    await owner.makes_bot_admin(other, **RIGHTS)
    await choose(brisk, other)
    for chat in (group, other):
        await owner.says("/pending", chat)
        await owner.sees(f"{chat.title}: 0")
    await waits(world, other, "Anna", "Boris")
    await waits(world, group, "Clara")

    await owner.says("/pending")
    question = await owner.sees("In which group?")
    assert set(question.buttons) == {"Flats · 1", "Garden · 2"}
    await owner.presses("Garden")

    await owner.sees("Garden: 2")


async def test_where_people_wait_at_one_of_several_groups_nothing_is_asked(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world, "Flats")
    other = world.group("Garden", owner=owner)
    await owner.makes_bot_admin(other, **RIGHTS)
    for chat in (group, other):
        await owner.says("/pending", chat)
        await owner.sees(f"{chat.title}: 0")
    await waits(world, other, "Anna")

    await owner.says("/pending")

    await owner.sees("Garden: 1")
    assert owner.shown("In which group?") is None
    await owner.presses("👤 Anna")
    await owner.sees("At Garden")


async def test_somebody_who_follows_the_link_and_is_no_admin_is_told_so(world: World, brisk: Installation) -> None:
    _, group = await full_gate(world)
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.sees("👋")

    await anna.says(f"/start pending_{group.id}")

    await anna.sees("Only administrators of that group")
