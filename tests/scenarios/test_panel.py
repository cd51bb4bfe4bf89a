"""The panel as an admin uses it, and its effect on a newcomer."""

from __future__ import annotations

import pytest

from bot.sandbox.world import World
from tests.installation import Installation, verify
from tests.scenarios.panel_walk import (
    admin_of,
    applies_preset,
    chooses,
    comes_in,
    opens,
    opens_setting,
    screens,
    writes,
)
from tests.scenarios.story import DAY, all_is_carried, eventually, guarded, reads

HOUR = 3600
VOIP = "+445611223344"


async def test_from_adding_the_bot_to_a_strict_gate_is_three_taps(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    card = screens(owner)[-1]

    assert await applies_preset(owner, "Strict") == "Strict: a call within an hour, no rented numbers."

    await owner.sees("is guarded now")
    assert screens(owner)[-1].id == card.id
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    world.clock.advance(HOUR + 60)
    await anna.sees("declined")
    await world.wait_until(lambda: anna.id not in group.requests)


async def test_at_an_open_gate_everybody_is_in_without_a_call(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    assert not await applies_preset(owner, "Open")
    await owner.sees("Open Flat owners to everybody?")
    await owner.presses("No, keep the call")
    await owner.sees("A preset replaces")
    assert await brisk.rows("SELECT settings FROM gates") == [{"settings": None}]
    await owner.presses("Open")
    assert "no call needed" in (await owner.presses("Yes, open it"))["text"]
    await owner.sees("🔓 Flat owners is open to everybody")
    anna = world.person("Anna", language="en")

    await anna.asks_to_join(group)

    await world.wait_until(lambda: anna.id in group.members)
    assert world.smsc.wait_calls == []


async def test_a_deadline_is_written_and_felt(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    text = await opens_setting(owner, "⏱ Deadline", "within 1 day")
    assert "waiting" not in text

    await writes(world, owner, "30 minutes", then="within 30 minutes")

    assert len(screens(owner)) == 1
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    world.clock.advance(31 * 60)
    await anna.sees("declined")
    assert await brisk.rows("SELECT code, actor_id FROM journal WHERE event = 'gate_changed'") == [
        {"code": "deadline=30", "actor_id": owner.id}
    ]


async def test_what_could_not_be_understood_is_said_below_and_the_setting_stays(
    world: World, brisk: Installation
) -> None:
    owner, _ = await guarded(world)
    await opens_setting(owner, "⏱ Deadline", "within 1 day")

    said = await owner.says("soon")

    page = await owner.sees("I do not understand this time")
    assert "within 1 day" in (page.text or "")
    assert owner.chat.messages.index(page) > owner.chat.messages.index(said)
    await writes(world, owner, "2 hours", then="within 2 hours")
    await all_is_carried(brisk)
    assert len(owner.chat.messages) == 1 + len([m for m in owner.chat.messages if m.text == "/start"])


async def test_who_is_left_at_the_deadline_goes_on_waiting(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await opens_setting(owner, "⏱ Deadline", "within 1 day")

    await chooses(owner, "Leave them to the administrators")

    world.clock.advance(2 * DAY)
    boris = await comes_in(world, group, "Boris")
    await all_is_carried(brisk)
    assert anna.id in group.requests
    await verify(anna)
    await world.wait_until(lambda: {anna.id, boris.id} <= set(group.members))


async def test_numbers_of_a_refused_country_are_told_so_before_anybody_calls(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    await opens_setting(owner, "🌍 Countries", "countries: any")
    await writes(world, owner, "Russia, Франция", then="Russia, France")
    await chooses(owner, "all but these")
    await owner.sees("all but these: Russia, France")
    await chooses(owner, "✓ 🇫🇷 France")
    await owner.sees("all but these: Russia.")

    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await anna.shares_contact()
    await anna.sees("does not accept numbers of your country")
    assert world.smsc.wait_calls == []

    assert (await owner.presses("only these"))["text"] == "Saved"
    await chooses(owner, "Empty the list")
    answer = await owner.presses("only these")
    assert answer == {"text": "With an empty list nobody could join. Mark a country first.", "show_alert": True}
    await owner.sees("Mark a country first")


async def test_kinds_of_numbers_are_refused(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    await opens_setting(owner, "☎️", "Not accepted: none")
    await chooses(owner, "internet (VoIP)")
    await owner.sees("Not accepted: internet (VoIP)")

    anna = world.person("Anna", VOIP, language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await anna.shares_contact()
    await anna.sees("does not accept numbers of this kind")


async def test_an_old_verification_is_wanted_anew(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await verify(anna)
    owner, group = await guarded(world)
    await opens_setting(owner, "♻️", "calls again: never")
    await chooses(owner, "7 days")
    await owner.sees("calls again: after 7 days")
    world.clock.advance(8 * DAY)

    await anna.asks_to_join(group)

    await anna.sees("new call")
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)


async def test_one_phone_brings_in_as_many_accounts_as_chosen(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    anna = await comes_in(world, group)
    await opens_setting(owner, "👤", "Accounts allowed per phone: 1")
    await writes(world, owner, "2", then="Accounts allowed per phone: 2")

    second = await comes_in(world, group, "Anna at work", anna.phone)

    third = world.person("Anna again", anna.phone, language="en")
    await third.asks_to_join(group)
    await third.sees("Flat owners")
    await third.shares_contact()
    await third.sees("already verified another account")
    assert second.id in group.members


async def test_who_comes_in_gets_the_tag(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    await owner.makes_bot_admin(group, can_manage_tags=True)
    await owner.presses("⚙️ Settings")
    await owner.presses("🎁")
    await opens(owner, "🏷 Tag", "everyone I let in: none")
    await writes(world, owner, "neighbour", then="everyone I let in: neighbour")

    anna = await comes_in(world, group)

    await world.wait_until(lambda: group.member(anna.account).tag == "neighbour")


async def test_who_comes_in_gets_a_link_to_a_further_chat(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    garden = world.group("Garden", owner=owner)
    await owner.makes_bot_admin(garden, can_invite_users=True)
    await owner.sees("Garden is guarded now")
    await owner.presses("All my groups")
    await opens(owner, "Flat owners", "Flat owners is guarded")
    await owner.presses("⚙️ Settings")
    await owner.presses("🎁")
    await opens(owner, "🔗 Further chats", "each marked chat")
    await chooses(owner, "Garden")

    anna = await comes_in(world, group)

    url = (await anna.presses("Join “Garden”"))["url"]
    await anna.opens_link(url)
    await world.wait_until(lambda: anna.id in garden.members)


async def test_the_welcome_is_previewed_and_read_by_who_comes_in(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    await opens_setting(owner, "👋 Welcome", "I only say that they are in")
    await writes(world, owner, "Read <b>the rules</b> & enjoy", then="Read <b>the rules</b> & enjoy")

    anna = await comes_in(world, group)

    screen = await anna.sees("You are in")
    assert screen.entity_texts("blockquote") == ["Read <b>the rules</b> & enjoy"]
    assert "the rules" not in screen.entity_texts("bold")
    await chooses(owner, "No welcome")
    await owner.sees("I only say that they are in")


@pytest.mark.parametrize("in_topic", [False, True])
async def test_decisions_are_told_in_the_group_or_topic_that_the_admin_chose(
    world: World, brisk: Installation, in_topic: bool
) -> None:
    owner, group = await guarded(world)
    log = world.group("Log", owner=owner, forum=in_topic)
    await opens_setting(owner, "📒 Log", "decisions nowhere")
    link = (await owner.presses("Choose a group"))["url"]
    topic = None
    if in_topic:
        await owner.makes_bot_admin(log)
        topic = await owner.opens_topic(log, "Decisions")
        await owner.says("/log", log, topic=topic)
    else:
        await owner.opens_deep_link(link, log)

    told = await owner.sees_in(log, "From now on")
    assert "Flat owners" in (told.text or "")
    assert told.thread_id == topic
    await owner.sees("In the topic you chose I post" if in_topic else "In the group you chose I post")
    before = len(log.messages)
    await comes_in(world, group)
    await world.wait_until(lambda: len(log.messages) > before)
    assert log.messages[-1].thread_id == topic
    await chooses(owner, "Post nowhere")
    await owner.sees("decisions nowhere")


async def test_other_choices_are_kept_too(world: World, brisk: Installation) -> None:
    owner, _ = await guarded(world)
    for button, heading, choice, then in (
        ("🌊 Raids", "A raid is more than 30 requests", "be strict for an hour", "Then: strict for an hour"),
        ("🧹", "“Joined the group” lines stay", "Delete them", "lines are deleted"),
        ("💬", "bot default", "Русский", "I write Русский"),
        ("🚪", "let them in after the call", "By a link from me", "get an invite link"),
    ):
        await opens_setting(owner, button, heading)
        await chooses(owner, choice)
        await owner.sees(then)
        await owner.presses("‹ Back")
        await owner.sees("⚙️ Settings")
        await owner.presses("‹ Back")
        await owner.sees("is guarded now")
    await opens_setting(owner, "🌊 Raids", "A raid is more than 30 requests")
    await writes(world, owner, "50 in 10", then="more than 50 requests in 10 minutes")
    await eventually(
        brisk, "SELECT count(*) AS n FROM journal WHERE event = 'gate_changed' AND actor_id > 0", [{"n": 5}]
    )


async def test_two_admins_see_each_others_choices(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    boris = await admin_of(world, owner, group)
    await boris.says("/gates")
    await opens(boris, "Flat owners", "is guarded now")
    await opens_setting(boris, "👤", "Accounts allowed per phone: 1")

    await opens_setting(owner, "👤", "Accounts allowed per phone: 1")
    await chooses(owner, "3")

    await boris.sees("Accounts allowed per phone: 3")


async def test_the_button_of_an_ex_admin_changes_nothing_and_shows_nothing_of_the_gate(
    world: World, brisk: Installation
) -> None:
    owner, group = await guarded(world)
    boris = await admin_of(world, owner, group)
    await boris.says("/gates")
    await opens(boris, "Flat owners", "is guarded now")
    card = screens(boris)[-1]
    await owner.demotes(group, boris)
    await all_is_carried(brisk)

    answer = await boris.presses_button(card.id, f"g:preset:{group.id}::strict")

    assert "Only administrators" in answer["text"]
    await boris.sees("Only administrators of that group see this")
    assert [message.text for message in screens(boris)] == ["Only administrators of that group see this."]
    assert await brisk.rows("SELECT settings FROM gates") == [{"settings": None}]


async def test_old_buttons_that_nobody_knows_are_answered(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    card = screens(owner)[-1]
    for data in ("g:set:{id}:colour:red", "g:set:{id}:way:window", "g:open:{id}:cellar:", "g:preset:{id}::lax"):
        answer = await owner.presses_button(card.id, data.format(id=group.id))
        assert "do not know this button" in answer["text"]
    for data in ("g:dance:{id}::", "g:set:9999999999999999999999:way:mute", "g:set::way:mute", "g:set"):
        answer = await owner.presses_button(card.id, data.format(id=group.id))
        assert "do not know this button" in answer["text"]
    answer = await owner.presses_button(card.id, "g:set:-1:way:mute")
    assert "Only administrators" in answer["text"]
    await all_is_carried(brisk)
    assert "failure" not in await brisk.journal()
    assert "is guarded now" in await reads(owner, "Flat owners")
