"""The log chat: one line for each decision, with undo; bursts become one message."""

from __future__ import annotations

import asyncio

from bot.domain.gate_settings import EntryMode
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group, Message
from bot.sandbox.world import World
from tests.installation import Installation, verify
from tests.scenarios.log_gates import RIGHTS, choose, full_gate, log_chat, logged_gate
from tests.scenarios.story import DAY, all_is_carried, eventually, reads


def told(log: Group) -> list[Message]:
    """Return the bot's messages there."""
    return [message for message in log.messages if message.sender.username == "callgate_bot"]


async def comes_in(world: World, group: Group, name: str = "Anna") -> Person:
    person = world.person(name, language="en")
    await person.asks_to_join(group)
    await verify(person)
    await world.wait_until(lambda: person.id in group.members)
    return person


async def gathered(world: World) -> None:
    """Let the collected lines go out."""
    world.clock.advance(3)


async def test_who_is_let_in_is_told_with_phone_and_time_and_can_be_removed(world: World, brisk: Installation) -> None:
    owner, group, log = await logged_gate(world, brisk)
    anna = await comes_in(world, group)
    await gathered(world)

    line = await owner.sees_in(log, "let in, verified")
    text = line.text or ""
    assert text.startswith("✅ Anna · let in, verified · ")
    assert f"{anna.phone[-4:-2]}\N{NON-BREAKING HYPHEN}{anna.phone[-2:]}" in text
    assert anna.phone not in text
    assert " s" in text
    assert "Flat owners" not in text
    answer = await owner.presses("Verify again", chat=log)

    assert answer["text"] == "They must verify again."
    await world.wait_until(lambda: anna.id not in group.members)
    await gathered(world)
    assert "by Olga" in ((await owner.sees_in(log, "♻️")).text or "")


async def test_the_group_is_named_where_the_log_serves_several(world: World, brisk: Installation) -> None:
    owner, group, log = await logged_gate(world, brisk)
    other = world.group("Garden", owner=owner)
    await owner.makes_bot_admin(other, **RIGHTS)
    await choose(brisk, other, log_chat=log.id)
    await comes_in(world, group)
    await gathered(world)

    line = await owner.sees_in(log, "let in, verified")

    assert "Flat owners" in (line.text or "")


async def test_who_did_not_verify_in_time_is_told_and_let_in_by_undo(world: World, brisk: Installation) -> None:
    owner, group, log = await logged_gate(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.says("/start")
    await anna.sees("1. ")
    world.clock.advance(DAY + 60)
    await world.wait_until(lambda: anna.id not in group.requests)
    await gathered(world)
    await owner.sees_in(log, "declined: did not verify in time")

    answer = await owner.presses("Let in", chat=log)

    assert answer["text"] == "I let them in as soon as they ask."
    link = await anna.presses("Join “Flat owners”")
    await anna.opens_link(link["url"])
    await world.wait_until(lambda: anna.id in group.members)
    assert (await owner.presses("Let in", chat=log))["text"] == "Somebody already decided this."


async def test_blocked_and_unblocked_by_the_log(world: World, brisk: Installation) -> None:
    owner, group, log = await logged_gate(world, brisk)
    anna = await comes_in(world, group)
    await all_is_carried(brisk)
    await gathered(world)
    await owner.sees_in(log, "let in, verified")
    await owner.says(f"/block {anna.id}", group)
    await world.wait_until(lambda: group.member(anna.account).status == "kicked")
    await gathered(world)
    await owner.sees_in(log, "⛔ Anna · blocked")

    await owner.presses("Unblock", chat=log)

    await world.wait_until(lambda: group.member(anna.account).status == "left")
    await gathered(world)
    await owner.sees_in(log, "🔓 Anna · unblocked")


async def test_the_log_speaks_the_gates_language_in_its_topic(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    log = await log_chat(world, owner)
    log.is_forum = True
    topic = await owner.opens_topic(log, "Decisions")
    await choose(brisk, group, log_chat=log.id, log_topic=topic, language="ru")
    await comes_in(world, group)
    await gathered(world)

    await world.wait_until(lambda: told(log))

    assert [message.thread_id for message in told(log)] == [topic]


async def test_what_happens_at_once_becomes_a_few_messages(world: World, brisk: Installation) -> None:
    owner, group, log = await logged_gate(world, brisk)
    people = [world.person(f"Guest {chr(ord('A') + n)}", language="en") for n in range(25)]
    for person in people:
        await person.asks_to_join(group)
    await eventually(brisk, "SELECT count(*) AS n FROM join_requests", [{"n": 25}])
    world.clock.advance(DAY + 60)
    await world.wait_until(lambda: not group.requests)
    # All must be sent before the clock goes on, so that they are collected.
    await eventually(brisk, "SELECT count(*) AS n FROM tasks WHERE kind = 'log'", [{"n": 25}])
    await gathered(world)

    await owner.sees_in(log, "did not verify in time")
    await all_is_carried(brisk)
    assert len(told(log)) < len(people) / 2


async def test_a_log_chat_the_bot_lost_is_given_up_and_the_admin_told(world: World, brisk: Installation) -> None:
    owner, group, log = await logged_gate(world, brisk)
    await owner.removes_bot(log)
    await comes_in(world, group)
    await gathered(world)

    await owner.sees("no longer write to the log chat of Flat owners")

    await all_is_carried(brisk)
    await comes_in(world, group, "Boris")
    await all_is_carried(brisk)
    assert told(log) == []
    assert await brisk.rows("SELECT count(*) AS n FROM tasks WHERE kind = 'log'") == [{"n": 1}]


async def test_a_log_chat_that_became_a_supergroup_goes_on(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    log = world.basic_group("Log", owner=owner)
    await owner.makes_bot_admin(log, can_delete_messages=True)
    await choose(brisk, group, log_chat=log.id, language="en")
    new = await owner.upgrades(log)

    await comes_in(world, group)
    await gathered(world)
    world.clock.advance(30)

    await owner.sees_in(new, "let in, verified")


async def test_somebody_else_in_the_log_chat_undoes_nothing(world: World, brisk: Installation) -> None:
    owner, group, log = await logged_gate(world, brisk)
    boris = world.person("Boris", language="en")
    await owner.adds(log, boris)
    anna = await comes_in(world, group)
    await gathered(world)
    await boris.sees_in(log, "let in, verified")

    answer = await boris.presses("Verify again", chat=log)

    assert answer["text"] == "Only administrators of that group can do this."
    await all_is_carried(brisk)
    assert anna.id in group.members


async def test_two_admins_who_undo_at_once_undo_once(world: World, brisk: Installation) -> None:
    owner, group, log = await logged_gate(world, brisk)
    oleg = world.person("Oleg", language="en")
    for chat in (group, log):
        await owner.adds(chat, oleg)
    await owner.promotes(group, oleg)
    await comes_in(world, group)
    await gathered(world)
    line = await owner.sees_in(log, "let in, verified")
    data = line.inline_keyboard[0][0]["callback_data"]

    answers = await asyncio.gather(owner.presses_under(line, data), oleg.presses_under(line, data))

    assert sorted(answer["text"] for answer in answers) == [
        "Somebody already decided this.",
        "They must verify again.",
    ]


async def test_who_asked_for_a_link_is_told_of_too(world: World, brisk: Installation) -> None:
    owner, group, log = await logged_gate(world, brisk, way=EntryMode.LINK)
    anna = world.person("Anna", language="en")
    await anna.says(f"/start in_{group.id}")
    await anna.sees("1. ")

    await anna.shares_contact()
    await anna.sees("📞")
    number = await reads(anna, "Call this number")
    await anna.calls(next(word for word in number.split() if word.startswith("+")))
    await anna.sees("Your link to Flat owners")
    await gathered(world)

    await owner.sees_in(log, "✅ Anna · let in, verified")


async def test_what_admins_do_in_the_groups_own_list_is_told_with_who(world: World, brisk: Installation) -> None:
    owner, group, log = await logged_gate(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")

    await owner.approves(group, anna)

    await eventually(brisk, "SELECT count(*) AS n FROM tasks WHERE kind = 'log'", [{"n": 1}])
    await gathered(world)
    line = await owner.sees_in(log, "let in by hand")
    assert (line.text or "").endswith("by Olga")


async def test_somebody_blocked_who_comes_by_another_way_is_removed_and_that_is_told(
    world: World, brisk: Installation
) -> None:
    owner, group, log = await logged_gate(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await owner.says("/pending", group)
    await owner.sees("Flat owners: 1")
    await owner.presses("👤")
    await owner.presses("Block")
    await world.wait_until(lambda: anna.id not in group.requests)
    link = await owner.makes_link(group)

    await anna.opens_link(link)

    await world.wait_until(lambda: group.member(anna.account).status == "kicked")
    await all_is_carried_but_log(brisk)
    await gathered(world)
    await owner.sees_in(log, "removed: blocked")


async def all_is_carried_but_log(callgate: Installation) -> None:
    await eventually(callgate, "SELECT count(*) AS n FROM tasks WHERE done_at IS NULL AND kind <> 'log'", [{"n": 0}])
