"""What an administrator may not do in Telegram, the bot does not do for them."""

from __future__ import annotations

from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.gates import WAITING, calls
from tests.scenarios.log_gates import choose, full_gate, log_chat, logged_gate
from tests.scenarios.panel_walk import admin_of, comes_in
from tests.scenarios.story import all_is_carried, eventually, reads

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
    assert "“Invite users via link”" in (await boris.presses("Wanda"))["text"]
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

    assert "“Ban users”" in (await boris.presses("Verify anew", chat=log))["text"]

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
    text = (await owner.sees_in(own, "From now on I tell here")).text or ""
    assert "Buy at t me bait bait" in text
    assert not any(sign in text for sign in ("t.me", "@", "999", "123"))
