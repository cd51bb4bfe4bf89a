"""The bot does not do for administrators what they may not do in Telegram."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.gate_settings import AtDeadline
from bot.sandbox.telegram.state import Message
from bot.sandbox.world import World
from bot.telegram.deep_links import Start, payload
from tests.installation import Installation, number_shown
from tests.scenarios.gates import WAITING, calls
from tests.scenarios.log_gates import choose, full_gate, log_chat, logged_gate
from tests.scenarios.panel_walk import admin_of, comes_in, opens_setting
from tests.scenarios.story import WINDOW, all_is_carried, eventually, reads

DECISIONS = "SELECT event FROM journal WHERE event IN ('allowed', 'declined_by_hand', 'blocked') ORDER BY id"
STANDINGS = "SELECT user_id FROM access_overrides"


async def test_an_admin_who_may_only_pin_messages_is_told_which_right_each_act_needs(
    world: World, brisk: Installation
) -> None:
    owner, group = await full_gate(world)
    boris = await admin_of(world, owner, group)
    await owner.promotes(group, boris, can_pin_messages=True)
    inside, waiting = await comes_in(world, group, "Anna"), world.person("Wanda", language="en")
    await waiting.asks_to_join(group)
    await waiting.sees("Flat owners")

    await boris.says(f"/block {inside.id}", group)
    assert "you need the right “Ban users”" in await reads(boris, f"id {inside.id}")
    assert "“Ban users”" in (await boris.presses("Block"))["text"]
    await boris.says("/pending")
    assert "“Invite users via link”" in (await boris.presses("✅"))["text"]
    await boris.says("/gates")
    await boris.presses("Flat owners")
    await boris.presses("Pause")
    await all_is_carried(brisk)

    assert inside.id in group.members
    assert await brisk.rows(STANDINGS) == []
    assert await brisk.rows(WAITING) == [{"n": 1}]
    assert await brisk.rows("SELECT switch FROM gates") == [{"switch": "on"}]
    assert calls(world, "banChatMember") == []


async def test_a_right_that_is_given_counts_at_once_and_one_that_is_taken_no_more(
    world: World, brisk: Installation
) -> None:
    owner, group = await full_gate(world)
    boris = await admin_of(world, owner, group)
    await owner.promotes(group, boris, can_pin_messages=True)
    anna = await comes_in(world, group)
    await boris.says(f"/who {anna.id}", group)
    await boris.presses("Block")

    await owner.promotes(group, boris, can_restrict_members=True)
    await all_is_carried(brisk)
    assert (await boris.presses("Block"))["text"] == "Blocked"
    await world.wait_until(lambda: anna.id not in group.members)

    await owner.promotes(group, boris, can_invite_users=True)
    await all_is_carried(brisk)
    assert "“Ban users”" in (await boris.presses("Unblock"))["text"]
    await eventually(brisk, STANDINGS, [{"user_id": anna.id}])


async def test_the_undo_of_a_log_line_needs_the_right_at_the_gate_and_not_in_the_log_chat(
    world: World, brisk: Installation
) -> None:
    owner, group, log = await logged_gate(world, brisk)
    boris = await admin_of(world, owner, group)
    await owner.promotes(group, boris, can_invite_users=True)
    await owner.adds(log, boris)
    await owner.promotes(log, boris)
    anna = await comes_in(world, group)
    world.clock.advance(3)
    await boris.sees_in(log, "let in, verified")

    assert "“Ban users”" in (await boris.presses("Verify again", chat=log))["text"]

    await all_is_carried(brisk)
    assert anna.id in group.members
    assert await brisk.rows(STANDINGS) == []


async def test_the_log_is_told_only_where_its_admin_runs_the_chat_too_and_advertises_nothing(
    world: World, brisk: Installation
) -> None:
    owner, group = await full_gate(world, "Buy at t.me/bait @bait +7 999 123-45-67")
    await choose(brisk, group, language="en")
    other = world.person("Carol", language="en")
    foreign = world.group("Book club", owner=other)
    await other.adds(foreign, world.telegram.bot)
    await other.adds(foreign, owner)

    await owner.says("/gates")
    await owner.opens_deep_link(f"https://t.me/callgate_bot?startgroup=log_{group.id}", foreign)
    await owner.sees("administrator of the other chat")
    await all_is_carried(brisk)
    assert [message for message in foreign.messages if message.sender is world.telegram.bot] == []

    own = await log_chat(world, owner)
    await owner.opens_deep_link(f"https://t.me/callgate_bot?startgroup=log_{group.id}", own)
    text = (await owner.sees_in(own, "From now on I post here")).text or ""
    assert "Buy at t me bait bait" in text
    assert not any(sign in text for sign in ("t.me", "@", "999", "123"))


def button_data(message: Message, label: str) -> str:
    buttons = [button for row in message.inline_keyboard for button in row]
    return next(str(button["callback_data"]) for button in buttons if label in button["text"])


@pytest.mark.parametrize(
    ("first", "second"), [("Let in", "Decline"), ("Let in", "Block"), ("Let in", "Let in"), ("Decline", "Block")]
)
async def test_of_two_admins_that_decide_at_once_one_does_and_what_is_done_is_what_is_told(
    world: World, brisk: Installation, first: str, second: str
) -> None:
    owner, group = await full_gate(world)
    await choose(brisk, group, at_deadline=AtDeadline.LEAVE)
    boris = await admin_of(world, owner, group)
    await owner.promotes(group, boris, can_invite_users=True, can_restrict_members=True)
    wanda = world.person("Wanda", language="en")
    await wanda.asks_to_join(group)
    await wanda.says("/start")
    await wanda.shares_contact()
    await number_shown(wanda)
    world.clock.advance(WINDOW + 1)
    await wanda.sees("Time is up")
    await wanda.presses("Ask an administrator")
    messages = [await admin.sees("asks to be let in") for admin in (owner, boris)]
    pressed = [button_data(message, label) for message, label in zip(messages, (first, second), strict=True)]

    answers = await asyncio.gather(
        owner.presses_under(messages[0], pressed[0]), boris.presses_under(messages[1], pressed[1])
    )
    await all_is_carried(brisk)

    told = [answer["text"] for answer in answers]
    decided = [row["event"] for row in await brisk.rows(DECISIONS)]
    blocked = await brisk.rows("SELECT user_id FROM access_overrides WHERE override = 'blocked'")
    # A block may follow an earlier decision; nothing else may.
    assert len(decided) == (2 if "Blocked" in told and set(told) & {"Let in", "Declined"} else 1), (told, decided)
    assert (wanda.id in group.members) == (decided[-1] == "allowed")
    assert bool(blocked) == ("Blocked" in told)
    assert wanda.id not in group.requests


async def test_an_admin_that_is_one_no_more_changes_nothing_by_the_page_that_asked_them(
    world: World, brisk: Installation
) -> None:
    owner, group = await full_gate(world)
    boris = await admin_of(world, owner, group)
    await owner.promotes(group, boris, can_change_info=True, can_invite_users=True)
    await boris.says(f"/start {payload(Start.GATE, group.id)}")
    await all_is_carried(brisk)
    await opens_setting(boris, "⏱ Deadline", "within 1 day")
    before = await brisk.rows("SELECT settings FROM gates")

    await owner.demotes(group, boris)
    await boris.says("2 hours")
    await all_is_carried(brisk)

    assert await brisk.rows("SELECT settings FROM gates") == before
    assert "gate_changed" not in await brisk.journal()
