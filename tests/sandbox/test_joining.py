"""Groups: requests to join, who may decide, and who gets which update."""

from __future__ import annotations

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError

from bot.sandbox.people import Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.sandbox.conftest import EVERYTHING, Poller


async def test_the_bot_hears_of_becoming_an_administrator_of_losing_rights_and_of_being_removed(
    world: World, olga: Person, poller: Poller
) -> None:
    group = world.group("Flat owners", owner=olga)
    await olga.makes_bot_admin(group, can_invite_users=True)
    await olga.takes_rights(group)
    await olga.demotes_bot(group)
    await olga.removes_bot(group)
    seen = []
    for update in await poller.take():
        assert update.my_chat_member is not None
        new = update.my_chat_member.new_chat_member
        seen.append((update.my_chat_member.old_chat_member.status, new.status, getattr(new, "can_invite_users", None)))
        assert update.my_chat_member.from_user.id == olga.id
    assert seen == [
        ("left", "administrator", True),
        ("administrator", "administrator", False),
        ("administrator", "member", None),
        ("member", "kicked", None),
    ]


async def test_an_approved_person_is_a_member_and_everybody_concerned_is_told(
    bot: Bot, anna: Person, group: Group, poller: Poller
) -> None:
    await anna.asks_to_join(group)
    await anna.asks_to_join(group)
    request = (await poller.one()).chat_join_request
    assert request is not None
    assert (request.chat.id, request.from_user.id, request.user_chat_id) == (group.id, anna.id, anna.id)
    assert anna.id in group.requests
    assert await bot.approve_chat_join_request(group.id, anna.id)
    assert anna.id in group.members
    assert not group.requests
    change, line = await poller.take()
    assert change.chat_member is not None
    assert change.chat_member.via_join_request
    assert (change.chat_member.old_chat_member.status, change.chat_member.new_chat_member.status) == (
        "left",
        "member",
    )
    assert line.message is not None
    assert [user.id for user in line.message.new_chat_members or []] == [anna.id]
    assert group.messages[-1].new_chat_members == [anna.account]


async def test_member_changes_come_only_when_asked_for(bot: Bot, anna: Person, group: Group) -> None:
    await bot.get_updates(allowed_updates=[])
    await anna.asks_to_join(group)
    await bot.approve_chat_join_request(group.id, anna.id)
    kinds = [update.event_type for update in await bot.get_updates()]
    assert kinds[-2:] == ["chat_join_request", "message"]
    await bot.get_updates(offset=-1, allowed_updates=EVERYTHING)
    await anna.leaves(group)
    assert (await bot.get_updates(offset=-1))[0].event_type == "chat_member"


async def test_a_request_can_be_decided_once(world: World, bot: Bot, anna: Person, olga: Person, group: Group) -> None:
    boris = world.person("Boris")
    for somebody in (anna, boris):
        await somebody.asks_to_join(group)
    await bot.approve_chat_join_request(group.id, anna.id)
    with pytest.raises(TelegramBadRequest, match="USER_ALREADY_PARTICIPANT"):
        await bot.approve_chat_join_request(group.id, anna.id)
    await boris.withdraws_request(group)
    for decide in (bot.approve_chat_join_request, bot.decline_chat_join_request):
        with pytest.raises(TelegramBadRequest, match="HIDE_REQUESTER_MISSING"):
            await decide(group.id, boris.id)
    await boris.asks_to_join(group)
    await olga.declines(group, boris)
    with pytest.raises(TelegramBadRequest, match="HIDE_REQUESTER_MISSING"):
        await bot.approve_chat_join_request(group.id, boris.id)
    await boris.asks_to_join(group)
    await olga.approves(group, boris)
    assert boris.id in group.members


async def test_a_person_in_too_many_chats_cannot_be_taken_and_stays_waiting(
    world: World, bot: Bot, group: Group
) -> None:
    busy = world.person("Busy", too_many_chats=True)
    await busy.asks_to_join(group)
    with pytest.raises(TelegramBadRequest, match="USER_CHANNELS_TOO_MUCH"):
        await bot.approve_chat_join_request(group.id, busy.id)
    assert busy.id in group.requests


async def test_deciding_needs_the_right_to_invite(bot: Bot, anna: Person, olga: Person, group: Group) -> None:
    await anna.asks_to_join(group)
    await olga.takes_rights(group)
    with pytest.raises(TelegramBadRequest, match="not enough rights to manage chat join requests"):
        await bot.approve_chat_join_request(group.id, anna.id)
    await olga.removes_bot(group)
    with pytest.raises(TelegramForbiddenError, match="bot was kicked from the supergroup chat"):
        await bot.approve_chat_join_request(group.id, anna.id)
    assert anna.id in group.requests


async def test_a_request_made_while_the_bot_has_no_right_is_never_told(
    anna: Person, olga: Person, group: Group, poller: Poller
) -> None:
    await olga.takes_rights(group)
    await poller.take()
    await anna.asks_to_join(group)
    assert await poller.take() == []
    assert anna.id in group.requests


async def test_channels_take_requests_without_a_line_for_everybody(
    world: World, bot: Bot, anna: Person, olga: Person, poller: Poller
) -> None:
    channel = world.channel("News", owner=olga)
    await olga.makes_bot_admin(channel, can_invite_users=True)
    await anna.asks_to_join(channel)
    await poller.take()
    await bot.approve_chat_join_request(channel.id, anna.id)
    assert [update.event_type for update in await poller.take()] == ["chat_member"]
    assert channel.messages == []


async def test_chats_and_members_can_be_asked_about(
    world: World, bot: Bot, anna: Person, olga: Person, group: Group
) -> None:
    chat = await bot.get_chat(group.id)
    assert (chat.title, chat.join_by_request, chat.type) == ("Flat owners", True, "supergroup")
    assert chat.invite_link is not None
    assert (await bot.get_chat(anna.id)).first_name == "Anna"
    assert (await bot.get_chat_member(group.id, olga.id)).status == "creator"
    assert (await bot.get_chat_member(group.id, anna.id)).status == "left"
    me = await bot.get_chat_member(group.id, bot.id)
    assert me.status == "administrator"
    assert [admin.user.id for admin in await bot.get_chat_administrators(group.id)] == [olga.id, bot.id]
    with pytest.raises(TelegramBadRequest, match="user not found"):
        await bot.get_chat_member(group.id, 5)
    with pytest.raises(TelegramForbiddenError, match="not a member"):
        await bot.get_chat(world.group("Closed", owner=olga).id)
    assert (await bot.get_chat(world.group("Open", owner=olga, username="open_group").id)).title == "Open"
    assert (await bot.get_chat("@open_group")).title == "Open"


async def test_invite_links_let_in_at_once_or_by_request(
    world: World, bot: Bot, anna: Person, group: Group, poller: Poller
) -> None:
    boris = world.person("Boris")
    with pytest.raises(TelegramBadRequest, match="member limit can't be specified for links requiring"):
        await bot.create_chat_invite_link(group.id, member_limit=1, creates_join_request=True)
    once = await bot.create_chat_invite_link(group.id, name="once", member_limit=1)
    await anna.opens_link(once.invite_link)
    assert anna.id in group.members
    with pytest.raises(NotAllowed, match="expired"):
        await boris.opens_link(once.invite_link)
    asking = await bot.create_chat_invite_link(group.id, creates_join_request=True)
    await poller.take()
    await boris.opens_link(asking.invite_link)
    request = (await poller.one()).chat_join_request
    assert request is not None
    assert request.invite_link is not None
    assert request.invite_link.invite_link == asking.invite_link


async def test_the_removed_cannot_ask_again(anna: Person, olga: Person, bot: Bot, group: Group) -> None:
    await anna.asks_to_join(group)
    await bot.approve_chat_join_request(group.id, anna.id)
    await olga.bans(group, anna)
    with pytest.raises(NotAllowed, match="was removed"):
        await anna.asks_to_join(group)
    assert (await bot.get_chat_member(group.id, anna.id)).status == "kicked"
