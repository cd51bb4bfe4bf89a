"""Newcomers who may not write until they are verified: who is muted, how they learn of it, and how it ends."""

from __future__ import annotations

import pytest

from bot.domain.gate_settings import AtDeadline
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.conftest import Install
from tests.scenarios.gates import (
    NOBODY,
    WAITING,
    calls,
    is_freed,
    is_muted,
    is_swept,
    may_write,
    muting,
    place,
    posted,
    writes,
)
from tests.scenarios.story import DAY, WINDOW, all_is_carried, eventually, gets_number, sent_to

LEFT = {"event": "left_alone"}
MINUTE = 60


async def verifies_from(group: Group, person: Person) -> None:
    """Follow the button of the message in the group, and do all the steps."""
    pressed = await person.presses("Verify", chat=group)
    await person.opens_deep_link(pressed["url"])
    await person.sees("👋")
    await person.shares_contact()
    await person.calls(await number_shown(person))
    await person.sees("✅")


@pytest.mark.parametrize("how", ["joins", "hidden", "forum", "link"])
async def test_a_newcomer_is_muted_told_alone_verifies_and_may_write(
    world: World, brisk: Installation, how: str
) -> None:
    owner, group = await muting(world, brisk, forum=how == "forum", hides_members=how == "hidden")
    anna = world.person("Anna", language="en")
    if how == "link":
        await anna.opens_link(await owner.makes_link(group))
    else:
        await anna.joins(group)

    await is_muted(world, group, anna)
    message = await anna.sees_in(group, "Only you see this")
    assert message.receiver is anna.account
    assert "Anna" not in (message.text or "")
    assert owner.shown_in(group, "one free call") is None
    assert (await anna.presses("Verify", chat=group))["url"].endswith("?start=verify")
    await verifies_from(group, anna)

    await is_freed(world, group, anna)
    await anna.sees("You are in: Flat owners")
    await all_is_carried(brisk)
    assert posted(world, group) == []
    assert len(calls(world, "restrictChatMember")) == 2


async def test_whom_a_member_adds_is_muted_and_whom_an_admin_adds_is_not(world: World, brisk: Installation) -> None:
    owner, group = await muting(world, brisk)
    boris, anna, vera = (world.person(name, language="en") for name in ("Boris", "Anna", "Vera"))
    await verify(boris)
    await boris.joins(group)

    await boris.adds(group, anna)
    await is_muted(world, group, anna)
    await owner.adds(group, vera)
    await eventually(
        brisk, "SELECT event FROM journal WHERE user_id = :id AND event = 'left_alone'", [LEFT], id=vera.id
    )

    await all_is_carried(brisk)
    assert may_write(group, vera)
    assert [call["user_id"] for call in calls(world, "restrictChatMember")] == [str(anna.id)]
    assert await brisk.rows(WAITING) == [{"n": 1}]


async def test_whom_an_anonymous_admin_adds_is_not_muted(world: World, brisk: Installation) -> None:
    owner, group = await muting(world, brisk)
    await owner.promotes(group, owner, anonymous=True)
    anna = world.person("Anna", language="en")

    await owner.adds(group, anna)

    await eventually(
        brisk, "SELECT event FROM journal WHERE user_id = :id AND event = 'left_alone'", [LEFT], id=anna.id
    )
    await all_is_carried(brisk)
    assert may_write(group, anna)
    assert calls(world, "restrictChatMember") == []


async def test_bots_channel_posts_and_anonymous_admins_are_left_alone(world: World, brisk: Installation) -> None:
    owner, group = await muting(world, brisk)
    other = world.bot_account("Other bot")
    await owner.adds(group, other)
    await owner.promotes(group, owner, anonymous=True)
    await owner.says("I am the group", group)
    await owner.promotes(group, owner, anonymous=False)

    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)

    await all_is_carried(brisk)
    assert [call["user_id"] for call in calls(world, "restrictChatMember")] == [str(anna.id)]
    assert calls(world, "banChatMember") == []
    assert [message.text for message in group.messages if not message.service] == ["I am the group"]


async def test_who_is_verified_already_is_never_muted(world: World, brisk: Installation) -> None:
    _, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    await verify(anna)
    before = sent_to(world, anna)

    await anna.joins(group)

    await eventually(brisk, "SELECT event FROM journal WHERE event = 'member_came'", [{"event": "member_came"}])
    await all_is_carried(brisk)
    assert may_write(group, anna)
    assert calls(world, "restrictChatMember") == []
    assert await brisk.rows(WAITING) == NOBODY
    assert sent_to(world, anna) == before


async def test_who_wrote_to_the_bot_before_gets_the_screen_at_once(world: World, brisk: Installation) -> None:
    _, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.sees("👋")
    await all_is_carried(brisk)

    await anna.joins(group)

    await anna.sees("To join Flat owners")
    await is_muted(world, group, anna)
    await anna.shares_contact()
    await anna.calls(await number_shown(anna))
    await is_freed(world, group, anna)


async def test_people_whom_the_bot_cannot_tell_alone_are_told_by_one_message_that_goes_when_nobody_waits(
    world: World, brisk: Installation
) -> None:
    _, group = await muting(world, brisk)
    anna, boris, vera = (world.person(name, language="en") for name in ("Anna", "Boris", "Vera"))
    for person in (anna, boris, vera):
        person.account.ephemeral = False
    await anna.joins(group)
    first = await anna.sees_in(group, "New here?")
    await boris.joins(group)
    await is_muted(world, group, boris)
    await all_is_carried(brisk)
    assert posted(world, group) == [first]
    world.clock.advance(MINUTE + 1)
    await world.wait_until(lambda: posted(world, group) not in ([first], []))
    await all_is_carried(brisk)

    (second,) = posted(world, group)
    assert second.id != first.id
    assert not any(name in (second.text or "") for name in ("Anna", "Boris"))
    await verifies_from(group, anna)
    assert posted(world, group) == [second]
    await verifies_from(group, boris)
    await world.wait_until(lambda: posted(world, group) == [])
    await vera.joins(group)
    await is_muted(world, group, vera)
    world.clock.advance(MINUTE + 1)
    await vera.sees_in(group, "New here?")
    await vera.leaves(group)
    await world.wait_until(lambda: posted(world, group) == [])


async def test_who_did_not_get_the_message_meant_for_them_is_told_with_all_others_after_two_minutes(
    world: World, brisk: Installation
) -> None:
    _, group = await muting(world, brisk, prompts_group=True)
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    anna.account.loses_ephemeral = True
    await anna.joins(group)
    await boris.joins(group)
    await is_muted(world, group, anna, boris)
    await verifies_from(group, boris)
    await all_is_carried(brisk)
    assert posted(world, group) == []

    world.clock.advance(2 * MINUTE + 1)

    await anna.sees_in(group, "New here?")
    await verifies_from(group, anna)
    await is_freed(world, group, anna)
    await world.wait_until(lambda: posted(world, group) == [])


async def test_a_newcomer_who_takes_no_notice_of_their_message_is_no_reason_to_write_to_the_group(
    world: World, brisk: Installation
) -> None:
    _, group = await muting(world, brisk)
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await anna.joins(group)
    await anna.sees_in(group, "Only you see this")
    await all_is_carried(brisk)

    for _ in range(3):
        world.clock.advance(5 * MINUTE)
        await is_swept(brisk)
        await all_is_carried(brisk)

    assert posted(world, group) == []
    # Somebody whom the bot cannot reach alone has no other way to learn it.
    boris.account.ephemeral = False
    await boris.joins(group)
    await boris.sees_in(group, "New here?")


async def test_a_message_that_telegram_takes_late_still_goes_to_the_newcomer_alone(
    world: World, brisk: Installation
) -> None:
    _, group = await muting(world, brisk)
    world.faults.add(where="telegram", kind="500", method="sendMessage", times=None)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    world.clock.advance(5 * MINUTE)
    await is_swept(brisk)

    world.faults.clear()
    world.clock.advance(5 * MINUTE)

    await anna.sees_in(group, "Only you see this")
    assert posted(world, group) == []


async def test_who_came_to_the_private_chat_is_the_reason_for_no_message_in_the_group(
    world: World, brisk: Installation
) -> None:
    _, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    pressed = await anna.presses("Verify", chat=group)
    await anna.opens_deep_link(pressed["url"])
    await anna.sees("To join Flat owners")
    await all_is_carried(brisk)

    world.clock.advance(10 * MINUTE)
    await is_swept(brisk)
    await eventually(brisk, "SELECT count(*) AS n FROM join_requests WHERE reach = 'reached'", [{"n": 1}])
    await verify(anna)

    await is_freed(world, group, anna)
    assert posted(world, group) == []
    assert all("New here?" not in str(call.get("text")) for call in calls(world, "sendMessage"))


async def test_who_does_not_verify_in_time_is_removed_told_and_may_come_again(
    world: World, brisk: Installation
) -> None:
    _, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.joins(group)
    await anna.sees("Flat owners")
    await is_muted(world, group, anna)
    await all_is_carried(brisk)
    world.clock.advance(DAY - MINUTE)
    await anna.says("/start")
    await is_swept(brisk)
    await all_is_carried(brisk)
    assert place(group, anna).inside

    world.clock.advance(MINUTE + 1)

    await anna.sees("I removed you from Flat owners")
    assert place(group, anna).status == "left"
    await anna.joins(group)
    await is_muted(world, group, anna)
    await verify(anna)
    await is_freed(world, group, anna)


async def test_nobody_is_removed_in_the_middle_of_a_call_window(world: World, brisk: Installation) -> None:
    _, group = await muting(world, brisk)
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    for person in (anna, boris):
        await person.joins(group)
    await is_muted(world, group, anna, boris)
    world.clock.advance(DAY - MINUTE)
    for person in (anna, boris):
        await person.says("/start")
        await person.shares_contact()
        await number_shown(person)

    world.clock.advance(2 * MINUTE)
    await anna.calls(await number_shown(anna))
    await is_freed(world, group, anna)
    await is_swept(brisk)
    assert place(group, boris).inside
    world.clock.advance(WINDOW)

    await boris.sees("I removed you")
    await all_is_carried(brisk)
    assert may_write(group, anna)


async def test_a_second_call_that_is_lost_leaves_nobody_banned(world: World, brisk: Installation) -> None:
    _, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    await all_is_carried(brisk)
    world.faults.add(where="telegram", kind="reset_before", method="unbanChatMember", times=1)

    world.clock.advance(DAY + 1)

    await world.wait_until(lambda: place(group, anna).status == "kicked")
    await world.wait_until(lambda: place(group, anna).status == "left")
    await eventually(brisk, "SELECT count(*) AS n FROM journal WHERE event = 'removed'", [{"n": 1}])
    await anna.joins(group)


async def test_a_gate_that_leaves_it_to_its_admins_removes_nobody(world: World, brisk: Installation) -> None:
    _, group = await muting(world, brisk, at_deadline=AtDeadline.LEAVE)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    await all_is_carried(brisk)

    world.clock.advance(3 * DAY)
    await is_swept(brisk)
    await verify(anna)

    await is_freed(world, group, anna)
    assert calls(world, "banChatMember") == []


async def test_who_leaves_waits_no_more_and_who_comes_again_is_muted_told_and_unmuted_anew(
    world: World, brisk: Installation
) -> None:
    _, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    for _ in range(2):
        await anna.joins(group)
        await is_muted(world, group, anna)
        await all_is_carried(brisk)
        await anna.leaves(group)
        await eventually(brisk, WAITING, NOBODY)
    await anna.joins(group)
    await eventually(brisk, WAITING, [{"n": 1}])
    await all_is_carried(brisk)

    await verify(anna)

    await is_freed(world, group, anna)
    assert (await brisk.journal()).count("gone") == 2


async def test_who_leaves_muted_and_verifies_outside_may_write_when_they_come_again(
    world: World, brisk: Installation
) -> None:
    _, group = await muting(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    await anna.leaves(group)
    await eventually(brisk, WAITING, NOBODY)
    await verify(anna)

    await anna.joins(group)

    await is_freed(world, group, anna)


async def test_a_call_that_is_reported_between_the_deadline_and_the_removal_counts(
    world: World, install: Install
) -> None:
    callgate = await install(SMSC_POLL_SECONDS="0")
    _, group = await muting(world, callgate)
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    await all_is_carried(callgate)
    # A gate check meanwhile would run into the failures too, and time stands still while Telegram fails.
    await writes(callgate, "UPDATE gates SET health = NULL")
    world.clock.advance(DAY - 20 * MINUTE)
    number = await gets_number(anna)
    world.faults.add(where="callback", kind="late", seconds=30 * MINUTE)
    await anna.calls(number)
    world.faults.add(where="telegram", kind="500", method="getChatMember", times=None)
    world.clock.advance(25 * MINUTE)
    await eventually(callgate, "SELECT count(*) AS n FROM tasks WHERE kind = 'kick' AND done_at IS NULL", [{"n": 1}])

    world.clock.advance(5 * MINUTE)
    await anna.sees("✅")
    world.faults.clear()
    world.clock.advance(MINUTE)

    await is_freed(world, group, anna)
    await all_is_carried(callgate)
    assert calls(world, "banChatMember") == []
