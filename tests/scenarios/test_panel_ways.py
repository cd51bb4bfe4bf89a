"""The ways to the panel: the card after set-up, /gate in the group, /gates and links; and the text of the card."""

from __future__ import annotations

import pytest

from bot.sandbox.telegram.commands import menu
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.conftest import Install
from tests.scenarios.panel_walk import (
    admin_of,
    chooses,
    menus_are_set,
    opens,
    opens_setting,
    screens,
    switched_on,
    writes,
)
from tests.scenarios.story import all_is_carried, eventually, guarded, reads

HALF_A_MINUTE = 31


def left_behind(group: Group) -> list[str | None]:
    """Return what everybody can read in a group, apart from Telegram's own lines."""
    return [message.text for message in group.messages if not message.service]


async def test_who_cannot_be_written_to_finds_the_card_by_a_message_that_they_alone_see(
    world: World, brisk: Installation
) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.makes_bot_admin(group, can_invite_users=True)
    await owner.sees_in(group, "Only you see this")
    assert left_behind(group) == []
    assert owner.chat.messages == []

    await owner.opens_deep_link((await owner.presses("Open in private", chat=group))["url"])

    assert "Flat owners" in await reads(owner, "guarded now")


async def test_in_a_channel_nothing_is_said_to_who_cannot_be_written_to(world: World, brisk: Installation) -> None:
    owner = world.person("Olga", language="en")
    channel = world.channel("News", owner=owner)
    await switched_on(world, brisk, owner, channel)

    assert channel.messages == []
    await owner.says("/gates")
    await opens(owner, "News", "News is guarded now")


async def test_in_the_middle_of_a_verification_the_number_stays_on_the_screen(
    world: World, brisk: Installation
) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.says("/start")
    await owner.shares_contact()
    number = await number_shown(owner)

    await owner.makes_bot_admin(group, can_invite_users=True)

    await owner.sees("guarded now")
    assert await number_shown(owner) == number


async def test_who_added_the_bot_as_the_group_itself_is_told_like_all_admins(world: World, brisk: Installation) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.says("/start")
    await owner.sees("👋")
    await owner.promotes(group, owner, anonymous=True)

    await owner.makes_bot_admin(group, can_invite_users=True)

    await owner.sees("guarded now")
    assert left_behind(group) == []
    await owner.says("/gates")
    await owner.presses("Flat owners")


@pytest.mark.parametrize("is_old_app", [False, True], ids=["ephemeral", "ordinary"])
@pytest.mark.parametrize("in_topic", [False, True], ids=["group", "topic"])
async def test_gate_in_the_group_leads_to_the_panel_and_leaves_nothing_behind(
    world: World, brisk: Installation, is_old_app: bool, in_topic: bool
) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner, forum=in_topic)
    await owner.says("/start")
    await owner.makes_bot_admin(group, can_invite_users=True, can_delete_messages=True)
    await owner.sees("guarded now")
    topic = await owner.opens_topic(group, "General talk") if in_topic else None
    await menus_are_set(world)
    if is_old_app:
        world.telegram.commands.clear()

    said = await owner.says("/gate", group, topic=topic)

    assert (said.ephemeral_id is None) is is_old_app
    way = await owner.sees_in(group, "Only you see this")
    assert way.thread_id == topic
    await all_is_carried(brisk)
    assert left_behind(group) == []
    url = (await owner.presses("Open in private", chat=group))["url"]
    assert url == f"https://t.me/{world.telegram.bot.username}?start=gate_{group.id}"
    await owner.opens_deep_link(url)
    await owner.sees("Flat owners is guarded now")


async def test_an_anonymous_admin_is_shown_the_way_for_half_a_minute(world: World, install: Install) -> None:
    brisk = await install(LANGUAGE="en")
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.says("/start")
    await owner.makes_bot_admin(group, can_invite_users=True, can_delete_messages=True)
    await owner.sees("guarded now")
    await owner.promotes(group, owner, anonymous=True)

    said = await owner.says("/gate", group, anonymously=True)

    way = await owner.sees_in(group, "open in the private chat")
    assert way.ephemeral_id is None
    await world.wait_until(lambda: said not in group.messages)
    assert (await owner.presses("Open in private", chat=group))["url"].endswith(f"gate_{group.id}")
    await eventually(brisk, "SELECT count(*) AS n FROM tasks WHERE kind = 'delete_message'", [{"n": 2}])
    world.clock.advance(HALF_A_MINUTE)
    await world.wait_until(lambda: left_behind(group) == [])


async def test_gate_of_somebody_who_is_no_admin_is_not_answered(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await owner.adds(group, anna)

    said = await anna.says("/gate", group)

    await all_is_carried(brisk)
    assert left_behind(group) == [said.text]
    assert [message for message in anna.sees_of(group) if message.sender is world.telegram.bot] == []
    await anna.opens_deep_link(f"https://t.me/{world.telegram.bot.username}?start=gate_{group.id}")
    await anna.sees("Only administrators of that group see this")
    assert all("Flat owners" not in (message.text or "") for message in anna.chat.messages)


async def test_gates_lists_those_that_the_person_runs_now_and_how_many_wait(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    boris = await admin_of(world, owner, group)
    await boris.says("/gates")
    await boris.presses("Flat owners")
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await boris.says("/gates")
    await boris.presses("Flat owners · 1")

    await owner.demotes(group, boris)
    await boris.says("/gates")

    await boris.sees("You manage no group")
    # Telegram's answer also counts when the bot had to ask for it.
    await owner.promotes(group, boris)
    await boris.says("/gates")
    await boris.presses("Flat owners")
    group.members[boris.id].status = "member"
    world.clock.advance(61)
    await boris.says("/gates")
    await boris.sees("You manage no group")


async def test_admins_from_before_the_bot_came_have_the_gate_in_their_list(world: World, brisk: Installation) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    boris = await admin_of(world, owner, group)
    await switched_on(world, brisk, owner, group)

    await boris.says("/gates")

    await opens(boris, "Flat owners", "Flat owners is guarded now")


async def test_the_card_tells_what_is_missing_and_check_again_that_it_is_mended(
    world: World, brisk: Installation
) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner, username="flat_owners", approves=False)
    await owner.says("/start")
    await owner.makes_bot_admin(group, can_invite_users=True)
    assert "switch on “Approve new members”" in await reads(owner, "people can get in without verifying")
    group.approves_new_members = True

    assert (await owner.presses("Check again"))["text"] == "Checking…"

    await world.wait_until(lambda: owner.shown("Approve new members") is None)
    await owner.sees("guarded now")


async def test_the_card_tells_that_people_come_by_links_without_approval(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    assert "I can't see" in await reads(owner, "guarded now")
    anna = world.person("Anna", language="en")
    await anna.opens_link(await owner.makes_link(group))
    await all_is_carried(brisk)

    await owner.presses("Check again")

    await owner.sees("1 person got in without verifying")


async def test_the_bot_makes_a_link_by_which_people_ask_to_join(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)

    await owner.presses("Make a link")

    await owner.sees("Share this link")
    url = (await owner.presses("Copy the link"))["copied"]
    assert url in await reads(owner, "Share this link")
    anna = world.person("Anna", language="en")
    await anna.opens_link(url)
    await anna.sees("Flat owners")
    assert anna.id in group.requests
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)


async def test_at_a_gate_that_gives_links_the_bots_own_address_is_the_link(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    await opens_setting(owner, "🚪", "let them in after the call")
    await chooses(owner, "By a link from me")
    await owner.presses("‹ Back")
    await owner.sees("⚙️ Settings")
    await owner.presses("‹ Back")
    url = (await owner.presses("Copy the link"))["copied"]
    anna = world.person("Anna", language="en")

    await anna.opens_deep_link(url)
    await verify(anna)

    await anna.opens_link((await anna.presses("Join “Flat owners”"))["url"])
    await world.wait_until(lambda: anna.id in group.members)


async def test_a_right_that_is_needed_and_goes_missing_is_told_once(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    await owner.makes_bot_admin(group, can_manage_tags=True)
    await owner.presses("⚙️ Settings")
    await owner.presses("🎁")
    await opens(owner, "🏷 Tag", "everyone I let in: none")
    await writes(world, owner, "neighbour", then="everyone I let in: neighbour")
    await owner.presses("‹ Back")
    await owner.sees("Everyone I let in gets")
    await owner.presses("‹ Back")
    await owner.sees("⚙️ Settings")
    await owner.presses("‹ Back")
    await owner.presses("Check again")
    await all_is_carried(brisk)

    await owner.makes_bot_admin(group, can_manage_tags=False)
    await owner.sees("Flat owners: please check this")
    await owner.makes_bot_admin(group, can_delete_messages=True)
    await all_is_carried(brisk)

    told = [message for message in screens(owner) if "please check this" in (message.text or "")]
    assert len(told) == 1
    assert "switch on “Manage tags”" in (told[0].text or "")
    assert "switch on “Manage tags”" in await reads(owner, "is guarded now")


async def test_a_group_that_becomes_a_supergroup_keeps_its_panel(world: World, brisk: Installation) -> None:
    owner = world.person("Olga", language="en")
    small = world.basic_group("Flat owners", owner=owner)
    await owner.says("/start")
    await owner.makes_bot_admin(small, can_invite_users=True)
    await owner.sees("one step left")
    await opens_setting(owner, "👤", "Accounts allowed per phone: 1")
    await chooses(owner, "3")
    await owner.presses("‹ Back")
    await owner.sees("⚙️ Settings")
    await owner.presses("‹ Back")
    await owner.sees("one step left")
    group = await owner.upgrades(small)

    await owner.presses("Check again")
    await all_is_carried(brisk)

    assert "one step left" in await reads(owner, "Flat owners")
    await opens_setting(owner, "👤", "Accounts allowed per phone: 3")
    assert await brisk.rows("SELECT chat_id FROM gates") == [{"chat_id": group.id}]
    await owner.says("/gates")
    await opens(owner, "Flat owners", "one step left")
    assert "3" in await opens_setting(owner, "👤", "Accounts allowed per phone: 3")


async def test_other_words_and_files_are_answered_by_where_one_stands(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    for _ in range(2):
        await anna.says("hello?")
        await anna.sees("👋")
    await anna.sends_document("cat.json", b"{}")
    await anna.says("/dance")
    await all_is_carried(brisk)
    assert len(screens(anna)) == 1
    assert "failure" not in await brisk.journal()


async def test_admins_find_their_commands_in_the_menu_of_the_group_and_others_do_not(
    world: World, brisk: Installation
) -> None:
    owner, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await owner.adds(group, anna)
    await menus_are_set(world)

    shown = {
        command["command"]: command.get("is_ephemeral", False) for command in menu(world.telegram, group, owner.account)
    }

    about_people = dict.fromkeys(("pending", "who", "revoke", "block", "unblock"), True)
    assert shown == {"gate": True, **about_people, "log": False}
    assert menu(world.telegram, group, anna.account) == []
