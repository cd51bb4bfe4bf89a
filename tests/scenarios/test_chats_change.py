"""Chats that become supergroups or are deleted while people wait; and Telegram's join and leave messages."""

from __future__ import annotations

import pytest

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group, Message
from bot.sandbox.world import World
from bot.telegram.deep_links import Start, payload
from tests.installation import Installation, number_shown, verify
from tests.scenarios.gates import calls, chooses, is_muted, is_swept, muting, with_gate, writes
from tests.scenarios.story import DAY, WINDOW, all_is_carried, eventually, guarded

GATES = "SELECT chat_id, is_on FROM gates"
REQUESTS = "SELECT gate_id, state FROM join_requests"


async def basic_gate(world: World, callgate: Installation) -> tuple[Person, Group, Person]:
    """Make an owner, their basic group with a gate, and somebody who waits there."""
    owner = world.person("Olga", language="en")
    group = world.basic_group("Yard", owner)
    await with_gate(world, callgate, group, owner)
    anna = world.person("Anna", language="en")
    await anna.opens_link(await owner.makes_link(group, approves=True))
    await anna.sees("Yard")
    await all_is_carried(callgate)
    return owner, group, anna


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_group_that_becomes_a_supergroup_keeps_its_gate_and_who_waits_there(
    world: World, brisk: Installation, is_told: bool
) -> None:
    owner, group, anna = await basic_gate(world, brisk)
    if not is_told:
        await brisk.stop()
    new = await owner.upgrades(group)
    new.approves_new_members = True
    if not is_told:
        world.telegram.delivery.waiting.clear()
        await brisk.start()
    else:
        await eventually(brisk, GATES, [{"chat_id": new.id, "is_on": True}])
        assert await brisk.rows(REQUESTS) == [{"gate_id": new.id, "state": "waiting"}]

    await verify(anna)

    await eventually(brisk, GATES, [{"chat_id": new.id, "is_on": True}])
    await eventually(brisk, REQUESTS, [{"gate_id": new.id, "state": "gone"}])
    await anna.asks_to_join(new)
    await world.wait_until(lambda: anna.id in new.members)
    await all_is_carried(brisk)
    assert (await brisk.journal()).count("gate_moved") == 1


async def test_a_decline_on_its_way_when_the_group_becomes_a_supergroup_is_carried_there_and_ends(
    world: World, brisk: Installation
) -> None:
    owner, group, _ = await basic_gate(world, brisk)
    await brisk.stop()
    new = await owner.upgrades(group)
    world.telegram.delivery.waiting.clear()
    await brisk.start()

    await writes(brisk, "UPDATE join_requests SET deadline_at = 0")

    await eventually(brisk, REQUESTS, [{"gate_id": new.id, "state": "declined"}])
    await all_is_carried(brisk)
    assert [call["chat_id"] for call in calls(world, "declineChatJoinRequest")] == [str(group.id), str(new.id)]


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_log_chat_and_further_chats_that_become_supergroups_are_followed(
    world: World, brisk: Installation, is_told: bool
) -> None:
    owner, group = await guarded(world)
    staff = world.basic_group("Staff", owner)
    await owner.makes_bot_admin(staff)
    await chooses(brisk, group, log_chat=staff.id, further=(staff.id,))
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await all_is_carried(brisk)
    await brisk.stop()
    new = await owner.upgrades(staff)
    if not is_told:
        world.telegram.delivery.waiting.clear()
    await brisk.start()

    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)
    world.clock.advance(5)

    await world.wait_until(lambda: [message for message in new.messages if message.sender.is_bot])
    await all_is_carried(brisk)
    (row,) = await brisk.rows("SELECT CAST(settings AS TEXT) AS settings FROM gates WHERE chat_id = :id", id=group.id)
    assert str(new.id) in row["settings"]
    assert str(staff.id) not in row["settings"]


async def appealed(world: World, callgate: Installation) -> tuple[Person, Group, Person, Message]:
    """Make an owner, their basic group, somebody who waits there, and the message that asks the owner to let them
    in."""
    owner = world.person("Olga", language="en")
    await owner.says("/start")
    group = world.basic_group("Yard", owner)
    await with_gate(world, callgate, group, owner)
    anna = world.person("Anna", language="en")
    await anna.opens_link(await owner.makes_link(group, approves=True))
    await anna.says("/start")
    await anna.shares_contact()
    await number_shown(anna)
    world.clock.advance(WINDOW + 1)
    await anna.sees("Time is up")
    await anna.presses("Ask an administrator")
    return owner, group, anna, await owner.sees("asks to be let in")


def button_data(message: Message, label: str) -> str:
    return next(
        str(button["callback_data"]) for row in message.inline_keyboard for button in row if label in button["text"]
    )


async def upgraded(callgate: Installation, owner: Person, group: Group) -> Group:
    new = await owner.upgrades(group)
    new.approves_new_members = True
    await eventually(callgate, GATES, [{"chat_id": new.id, "is_on": True}])
    return new


async def test_a_button_sent_before_a_group_became_a_supergroup_acts_in_the_new_chat(
    world: World, brisk: Installation
) -> None:
    owner, group, anna, message = await appealed(world, brisk)
    data = button_data(message, "Let in")
    assert f":{group.id}:" in data
    boris = world.person("Boris", language="en")
    await boris.says("/start")
    own = await boris.sees("1. ")

    new = await upgraded(brisk, owner, group)

    answer = await boris.presses_button(own.id, data)
    assert answer["text"] == "Only administrators of that group can do this."
    assert await brisk.rows(REQUESTS) == [{"gate_id": new.id, "state": "waiting"}]
    answer = await owner.presses_button(message.id, data)
    assert answer["text"] == "Let in"
    await anna.sees("An administrator let you in: Yard")
    rows = await brisk.rows("SELECT gate_id, actor_id FROM journal WHERE event = 'allowed'")
    assert rows == [{"gate_id": new.id, "actor_id": owner.id}]


async def test_the_rights_for_an_old_button_are_those_in_the_new_chat(world: World, brisk: Installation) -> None:
    owner, group, _, message = await appealed(world, brisk)
    igor = world.person("Igor", language="en")
    await owner.adds(group, igor)
    new = await upgraded(brisk, owner, group)
    await owner.promotes(new, igor, can_invite_users=True)
    await igor.says("/start")
    own = await igor.sees("1. ")

    decline, let_in = button_data(message, "Decline"), button_data(message, "Let in")

    answer = await igor.presses_button(own.id, decline)
    assert answer["text"] == "Declined"
    await owner.demotes(new, igor)
    await all_is_carried(brisk)
    answer = await igor.presses_button(own.id, let_in)

    assert answer["text"] == "Only administrators of that group can do this."
    assert await brisk.rows("SELECT count(*) AS n FROM journal WHERE event = 'allowed'") == [{"n": 0}]


@pytest.mark.parametrize(("start", "sees"), [(Start.GATE, "Yard"), (Start.PENDING, "Anna"), (Start.WHO, "Anna")])
async def test_a_link_made_before_a_group_became_a_supergroup_leads_to_the_new_chat(
    world: World, brisk: Installation, start: Start, sees: str
) -> None:
    owner, group, anna = await basic_gate(world, brisk)
    await owner.says("/start")
    await owner.sees("1. ")
    await upgraded(brisk, owner, group)

    await owner.says(f"/start {payload(start, group.id, anna.id if start is Start.WHO else None)}")

    await owner.sees(sees)
    boris = world.person("Boris", language="en")
    await boris.says(f"/start {payload(start, group.id)}")
    await boris.sees("Only administrators of that group see this")
    assert not [message for message in boris.chat.messages if sees in (message.text or "")]


async def test_a_link_to_the_log_made_before_a_group_became_a_supergroup_is_about_the_new_chat(
    world: World, brisk: Installation
) -> None:
    owner, group, _ = await basic_gate(world, brisk)
    new = await upgraded(brisk, owner, group)
    log = world.group("Log", owner=owner)
    await owner.makes_bot_admin(log)

    await owner.says(f"/start@{world.telegram.bot.username} {payload(Start.LOG, group.id)}", log)

    await owner.sees_in(log, "Yard")
    (row,) = await brisk.rows("SELECT CAST(settings AS TEXT) AS settings FROM gates WHERE chat_id = :id", id=new.id)
    assert str(log.id) in row["settings"]


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_stranger_whose_group_becomes_a_supergroup_while_rights_there_are_asked_about_moves_nobodys_gate(
    world: World, brisk: Installation, is_told: bool
) -> None:
    _, group = await guarded(world)
    mallory = world.person("Mallory", language="en")
    await mallory.says("/start")
    await mallory.sees("1. ")
    staff = world.basic_group("Staff", mallory)
    await mallory.makes_bot_admin(staff)
    await all_is_carried(brisk)
    await brisk.stop()
    await mallory.says(f"/start@{world.telegram.bot.username} {payload(Start.LOG, group.id)}", staff)
    asked = dict(world.telegram.delivery.waiting)
    await mallory.upgrades(staff)
    if not is_told:
        world.telegram.delivery.waiting.clear()
        world.telegram.delivery.waiting.update(asked)
    await brisk.start()

    await all_is_carried(brisk)

    assert await brisk.rows("SELECT chat_id, settings FROM gates") == [{"chat_id": group.id, "settings": None}]
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)


async def test_a_chat_that_is_deleted_while_people_wait_is_a_gate_that_is_off(
    world: World, brisk: Installation, operator: Person
) -> None:
    await operator.says("/start")
    owner, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")

    await owner.deletes(group)

    await operator.sees("no longer guarded")
    await verify(anna)
    world.clock.advance(2 * DAY)
    await is_swept(brisk)
    await all_is_carried(brisk)
    assert "failure" not in await brisk.journal()


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_chat_that_is_deleted_while_people_are_muted_there_troubles_nobody(
    world: World, brisk: Installation, is_told: bool
) -> None:
    owner, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await all_is_carried(brisk)
    if not is_told:
        await brisk.stop()
    await owner.deletes(group)
    if not is_told:
        world.telegram.delivery.waiting.clear()
        await brisk.start()

    await verify(anna)

    await all_is_carried(brisk)
    assert "Flat owners" not in ((await anna.sees("✅")).text or "") or not is_told


async def test_lines_about_who_joined_and_left_are_deleted_where_the_gate_wants_that(
    world: World, brisk: Installation
) -> None:
    owner, group = await muting(world, brisk, rights=("can_restrict_members", "can_delete_messages"), tidies_joins=True)
    advert = world.person("Cheap loans @loans", language="en")
    await advert.joins(group)
    await world.wait_until(lambda: group.messages == [])
    await advert.leaves(group)
    await owner.says("hello", group)

    await all_is_carried(brisk)

    await world.wait_until(lambda: [message.text for message in group.messages] == ["hello"])
    assert all("loans" not in str(call) for call in calls(world, "sendMessage"))


async def test_a_line_about_who_joined_from_a_community_is_deleted_too(world: World, brisk: Installation) -> None:
    _, group = await muting(world, brisk, rights=("can_restrict_members", "can_delete_messages"), tidies_joins=True)
    group.community = {"id": 7, "name": "Our house"}
    advert = world.person("Cheap loans @loans", language="en")

    await advert.joins_from_community(group)

    await is_muted(world, group, advert)
    await world.wait_until(lambda: group.messages == [])


@pytest.mark.parametrize("tidies", [True, False])
async def test_without_the_right_or_the_wish_the_lines_stay_and_nobody_is_troubled(
    world: World, brisk: Installation, operator: Person, tidies: bool
) -> None:
    await operator.says("/start")
    await operator.sees("👋")
    rights = ("can_restrict_members",) if tidies else ("can_restrict_members", "can_delete_messages")
    _, group = await muting(world, brisk, rights=rights, tidies_joins=tidies)
    anna = world.person("Anna", language="en")

    await anna.joins(group)
    await verify(anna)

    await all_is_carried(brisk)
    assert [message.new_chat_members for message in group.messages] == [[anna.account]]
    assert len(calls(world, "deleteMessage")) - len(anna.chat.messages) <= 3
    assert len([message for message in operator.chat.messages if message.sender.is_bot]) == 1
    assert "failure" not in await brisk.journal()
