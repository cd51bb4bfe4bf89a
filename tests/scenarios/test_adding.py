"""An owner who asks for their groups adds the bot with all rights it needs: one button, then one choice in the app."""

from __future__ import annotations

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Message
from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.story import all_is_carried, eventually, guarded


def link_of(message: Message, label: str) -> str:
    return next(str(each["url"]) for row in message.inline_keyboard for each in row if each["text"] == label)


async def empty_list(olga: Person) -> Message:
    await olga.says("/gates")
    return await olga.sees("You manage no group that I guard")


async def test_a_button_below_the_empty_list_leads_to_a_guarded_group_with_every_right(
    world: World, brisk: Installation
) -> None:
    olga = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=olga)

    await olga.opens_deep_link(link_of(await empty_list(olga), "➕ Add me to a group"), group)

    await olga.sees("Flat owners")
    await eventually(brisk, "SELECT title, is_on FROM gates", [{"title": "Flat owners", "is_on": True}])
    await all_is_carried(brisk)
    me = group.member(world.telegram.bot)
    held = {right for right, is_held in me.rights.items() if is_held}
    assert held == {"can_manage_chat", "can_invite_users", "can_restrict_members", "can_delete_messages"}
    # The link has no payload: nothing appears in the group.
    assert [message.text for message in group.messages if not message.service] == []


async def test_another_button_does_so_for_a_channel(world: World, brisk: Installation) -> None:
    olga = world.person("Olga", language="en")
    channel = world.channel("News", owner=olga)

    await olga.opens_deep_link(link_of(await empty_list(olga), "➕ Add me to a channel"), channel)

    await olga.sees("News")
    await eventually(brisk, "SELECT title, is_on FROM gates", [{"title": "News", "is_on": True}])
    me = channel.member(world.telegram.bot)
    held = {right for right, is_held in me.rights.items() if is_held}
    assert held == {"can_manage_chat", "can_invite_users", "can_restrict_members"}


async def test_the_help_of_admins_has_the_buttons_and_that_of_others_has_not(world: World, brisk: Installation) -> None:
    olga, _ = await guarded(world)
    await olga.says("/help")
    assert "➕ Add me to a group" in (await olga.sees("For administrators")).buttons
    anna = world.person("Anna", language="en")
    await anna.says("/help")
    assert "➕ Add me to a group" not in (await anna.sees("How this works")).buttons
    await all_is_carried(brisk)
