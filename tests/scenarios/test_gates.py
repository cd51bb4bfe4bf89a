"""Gates: which bot guards them, who waits at them, and how each wait ends."""

from __future__ import annotations

import pytest

from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.story import DAY, WINDOW, all_is_carried, eventually, guarded, reads, sent_to, verifications

ON = "SELECT is_on FROM gates"
REQUESTS = "SELECT state, reach FROM join_requests"
YES, NO = [{"is_on": 1}], [{"is_on": 0}]


async def test_a_gate_is_on_as_soon_as_the_bot_may_invite_and_who_added_it_is_told(
    world: World, brisk: Installation
) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.says("/start")

    await owner.makes_bot_admin(group)
    assert "Invite users" in await reads(owner, "⚠️")
    assert await brisk.rows(ON) == []
    await owner.makes_bot_admin(group, can_invite_users=True)

    assert "Flat owners" in await reads(owner, "guarded now")
    assert await brisk.rows(ON) == YES


async def test_a_gate_is_on_also_when_nobody_can_be_told(world: World, brisk: Installation) -> None:
    owner, anna = world.person("Olga", language="en"), world.person("Anna", language="en")
    group = world.group("Flat owners", owner=owner)

    await owner.makes_bot_admin(group, can_invite_users=True)
    await eventually(brisk, ON, YES)
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await verify(anna)

    await world.wait_until(lambda: anna.id in group.members)
    assert owner.chat.messages == []


@pytest.mark.parametrize("how", ["takes_rights", "demotes_bot", "removes_bot"])
async def test_losing_the_right_or_the_chat_switches_the_gate_off_and_the_operators_are_told(
    world: World, brisk: Installation, operator: Person, how: str
) -> None:
    await operator.says("/start")
    owner, group = await guarded(world)

    await getattr(owner, how)(group)

    assert "Flat owners" in await reads(operator, "no longer guarded")
    assert await brisk.rows(ON) == NO
    await all_is_carried(brisk)
    assert sum("no longer guarded" in (message.text or "") for message in operator.chat.messages) == 1


@pytest.mark.parametrize("channel", [False, True])
async def test_a_group_and_a_channel_let_a_verified_person_in_and_nothing_is_posted_there(
    world: World, brisk: Installation, channel: bool
) -> None:
    _, group = await guarded(world, channel=channel)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    assert anna.id in group.requests

    await verify(anna)

    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("You are in: Flat owners")
    await all_is_carried(brisk)
    assert [message for message in group.messages if message.sender.is_bot] == []


async def test_a_verified_person_is_let_in_at_once_without_a_word(world: World, brisk: Installation) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await verify(anna)
    await all_is_carried(brisk)
    before = sent_to(world, anna)
    texts = [message.text for message in anna.chat.messages]

    await anna.asks_to_join(group)

    await world.wait_until(lambda: anna.id in group.members)
    await all_is_carried(brisk)
    assert sent_to(world, anna) == before
    assert [message.text for message in anna.chat.messages] == texts


async def test_one_call_opens_every_gate_at_which_the_person_waits(world: World, brisk: Installation) -> None:
    groups = [(await guarded(world, title))[1] for title in ("Flats", "Garden", "Garage")]
    anna = world.person("Anna", language="en")
    for group in groups:
        await anna.asks_to_join(group)

    await verify(anna)

    await world.wait_until(lambda: all(anna.id in group.members for group in groups))
    await all_is_carried(brisk)
    screen = await anna.sees("✅")
    assert all(f"You are in: {group.title}" in (screen.text or "") for group in groups)
    assert len(world.smsc.wait_calls) == 1


async def test_who_cannot_be_written_to_stays_kept_and_gets_in_after_writing(world: World, brisk: Installation) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.sees("👋")
    await anna.blocks_bot()

    await anna.asks_to_join(group)

    await eventually(brisk, REQUESTS, [{"state": "waiting", "reach": "not_reached"}])
    assert anna.id in group.requests
    assert "join_not_reached" in await brisk.journal()
    await anna.says("/start")
    await anna.sees("Flat owners")
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)


async def test_a_request_heard_of_too_late_to_write_is_kept(world: World, brisk: Installation) -> None:
    _, group = await guarded(world)
    await brisk.stop()
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    world.clock.advance(6 * 60)

    await brisk.start()

    await eventually(brisk, REQUESTS, [{"state": "waiting", "reach": "not_reached"}])
    assert anna.chat.messages == []
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)


async def test_who_could_not_be_written_to_in_time_because_telegram_failed_counts_as_not_reached(
    world: World, brisk: Installation
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    world.faults.add(where="telegram", kind="500", method="sendMessage", times=None)
    await anna.asks_to_join(group)
    await world.wait_until(lambda: world.faults.happened)

    world.clock.advance(6 * 60)

    await eventually(brisk, REQUESTS, [{"state": "waiting", "reach": "not_reached"}])
    assert "join_not_reached" in await brisk.journal()
    world.faults.clear()
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)


async def test_who_was_let_in_by_hand_meanwhile_is_in(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await owner.approves(group, anna)

    await verify(anna)

    await anna.sees("You are in: Flat owners")
    assert await brisk.rows("SELECT state FROM grants") == [{"state": "done"}]


@pytest.mark.parametrize("how", ["withdrawn", "declined"])
async def test_a_request_that_is_no_more_is_no_failure(
    world: World, brisk: Installation, operator: Person, how: str
) -> None:
    await operator.says("/start")
    owner, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    if how == "withdrawn":
        await anna.withdraws_request(group)
    else:
        await owner.declines(group, anna)

    await verify(anna)

    await eventually(brisk, "SELECT state FROM grants", [{"state": "gone"}])
    await all_is_carried(brisk)
    assert anna.id not in group.members
    assert "Flat owners" not in await reads(anna, "✅")
    assert len([message for message in operator.chat.messages if message.sender.is_bot]) == 1


async def test_who_is_in_too_many_chats_is_told_leaves_one_presses_the_button_and_is_in(
    world: World, brisk: Installation
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en", too_many_chats=True)
    await anna.asks_to_join(group)
    await verify(anna)
    screen = await anna.sees("too many groups")
    assert anna.id not in group.members
    anna.account.too_many_chats = False

    await anna.presses("Let me in")

    await world.wait_until(lambda: anna.id in group.members)
    assert (await anna.sees("You are in: Flat owners")).id == screen.id


async def test_a_verified_person_in_too_many_chats_is_told_at_the_next_gate_too(
    world: World, brisk: Installation
) -> None:
    anna = world.person("Anna", language="en")
    await verify(anna)
    anna.account.too_many_chats = True
    _, group = await guarded(world, "Garden")

    await anna.asks_to_join(group)

    await anna.sees("Garden: you are in too many groups")
    anna.account.too_many_chats = False
    await anna.presses("Let me in")
    await world.wait_until(lambda: anna.id in group.members)


async def test_after_a_day_the_request_is_declined_the_person_told_and_may_ask_again(
    world: World, brisk: Installation
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await all_is_carried(brisk)

    world.clock.advance(DAY - 60)
    await anna.says("/start")
    await all_is_carried(brisk)
    assert anna.id in group.requests
    world.clock.advance(61)

    await anna.sees("declined")
    await world.wait_until(lambda: anna.id not in group.requests)
    await anna.asks_to_join(group)
    await anna.sees("👋")
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)


async def test_nobody_is_declined_in_the_middle_of_a_call_window(world: World, brisk: Installation) -> None:
    _, group = await guarded(world)
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    for person in (anna, boris):
        await person.says("/start")
        await person.asks_to_join(group)
        await person.sees("Flat owners")
    world.clock.advance(DAY - 60)
    for person in (anna, boris):
        await person.shares_contact()
        await number_shown(person)

    world.clock.advance(120)
    await anna.calls(await number_shown(anna))

    await world.wait_until(lambda: anna.id in group.members)
    assert boris.id in group.requests
    world.clock.advance(WINDOW)
    await boris.sees("declined")
    await world.wait_until(lambda: boris.id not in group.requests)
    assert await verifications(brisk, boris) == ["expired"]


async def test_while_the_gate_is_off_nobody_comes_in_and_once_it_is_on_again_they_do(
    world: World, brisk: Installation
) -> None:
    owner, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await owner.takes_rights(group)
    await eventually(brisk, ON, NO)
    await verify(anna)
    await all_is_carried(brisk)
    assert anna.id not in group.members
    assert (await brisk.rows(REQUESTS))[0]["state"] == "waiting"

    await owner.makes_bot_admin(group, can_invite_users=True)

    await world.wait_until(lambda: anna.id in group.members)


async def test_who_waited_while_the_gate_was_off_gets_time_to_verify(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await owner.takes_rights(group)
    await eventually(brisk, ON, NO)
    world.clock.advance(2 * DAY)

    await owner.makes_bot_admin(group, can_invite_users=True)
    await eventually(brisk, ON, YES)
    await verify(anna)

    await world.wait_until(lambda: anna.id in group.members)


async def test_a_restart_between_any_two_steps_loses_nobody(world: World, brisk: Installation) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await brisk.restart()
    await anna.sees("Flat owners")
    await anna.shares_contact()
    await brisk.restart()
    number = await number_shown(anna)
    await brisk.stop()
    await anna.calls(number)
    await brisk.start()
    world.clock.advance(20)

    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("You are in: Flat owners")


async def test_a_day_in_which_the_bot_was_away_does_not_count_against_those_who_wait(
    world: World, brisk: Installation
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await brisk.stop()
    (before,) = await brisk.rows("SELECT deadline_at FROM join_requests")
    world.clock.advance(2 * DAY)

    await brisk.start()

    await eventually(
        brisk,
        "SELECT count(*) AS n FROM join_requests WHERE deadline_at >= :later",
        [{"n": 1}],
        later=before["deadline_at"] + 2 * DAY * 10**6,
    )
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)
    assert "join_expired" not in await brisk.journal()
