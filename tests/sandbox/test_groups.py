"""Groups: service messages, topics, anonymous administrators, other bots, links, outages."""

from __future__ import annotations

import asyncio

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramNetworkError
from aiogram.types import ReplyParameters

from bot.sandbox.people import Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.sandbox.conftest import Poller


@pytest.fixture
async def open_group(world: World, olga: Person, poller: Poller) -> Group:
    """A group anybody can join, administered by the bot; earlier updates have been taken."""
    group = world.group("Flat owners", owner=olga, approves=False)
    await poller.take()
    await olga.makes_bot_admin(group, can_invite_users=True, can_restrict_members=True)
    await poller.take()
    return group


async def test_people_join_at_once_where_nobody_has_to_approve_them(
    bot: Bot, anna: Person, open_group: Group, group: Group
) -> None:
    await anna.joins(open_group)
    assert anna.id in open_group.members
    assert not (await bot.get_chat(open_group.id)).join_by_request
    with pytest.raises(NotAllowed, match="has to be asked"):
        await anna.joins(group)
    with pytest.raises(NotAllowed, match="already in"):
        await anna.joins(open_group)


async def test_lines_tell_who_came_who_was_added_who_left_and_who_was_removed(
    world: World, bot: Bot, anna: Person, olga: Person, open_group: Group, poller: Poller
) -> None:
    boris = world.person("Boris")
    await anna.joins(open_group)
    await anna.adds(open_group, boris)
    await anna.leaves(open_group)
    await bot.ban_chat_member(open_group.id, boris.id)
    lines = [update.message for update in await poller.take() if update.message]
    told = [
        (
            line.from_user.id if line.from_user else None,
            [user.id for user in line.new_chat_members or []],
            line.left_chat_member.id if line.left_chat_member else None,
        )
        for line in lines
    ]
    assert told == [
        (anna.id, [anna.id], None),
        (anna.id, [boris.id], None),
        (anna.id, [], anna.id),
        (bot.id, [], boris.id),
    ]
    assert all(message.service for message in open_group.messages)


async def test_hidden_members_come_without_a_line_and_are_told_to_administrators_only(
    world: World, bot: Bot, anna: Person, olga: Person, poller: Poller
) -> None:
    group = world.group("Quiet", owner=olga, approves=False, hides_members=True)
    await olga.makes_bot_admin(group)
    await poller.take()
    await anna.joins(group)
    await anna.leaves(group)
    assert [update.event_type for update in await poller.take()] == ["chat_member", "chat_member"]
    assert group.messages == []
    assert (await bot.get_chat(group.id)).has_hidden_members
    await olga.demotes_bot(group)
    with pytest.raises(TelegramBadRequest, match="member list is inaccessible"):
        await bot.get_chat_member(group.id, anna.id)


async def test_members_add_others_unless_they_may_not_or_those_were_removed(
    world: World, anna: Person, olga: Person, open_group: Group
) -> None:
    boris = world.person("Boris")
    with pytest.raises(NotAllowed, match="may not add"):
        await anna.adds(open_group, boris)
    await anna.joins(open_group)
    await olga.bans(open_group, boris)
    with pytest.raises(NotAllowed, match="was removed"):
        await anna.adds(open_group, boris)
    await olga.adds(open_group, boris)
    assert boris.id in open_group.members
    await olga.permits(open_group, can_invite_users=False)
    with pytest.raises(NotAllowed, match="may not add"):
        await anna.adds(open_group, world.person("Vera"))


async def test_other_bots_are_members_too(
    world: World, bot: Bot, olga: Person, open_group: Group, poller: Poller
) -> None:
    other = world.bot_account("Helper")
    await olga.adds(open_group, other)
    change, line = await poller.take()
    assert change.chat_member is not None
    assert change.chat_member.new_chat_member.user.is_bot
    assert line.message is not None
    await olga.promotes(open_group, other)
    admins = await bot.get_chat_administrators(open_group.id)
    assert other.id not in [admin.user.id for admin in admins]
    admins = await bot.get_chat_administrators(open_group.id, return_bots=True)
    assert other.id in [admin.user.id for admin in admins]
    with pytest.raises(TelegramForbiddenError, match="can't send messages to bots"):
        await bot.send_message(other.id, "hello")


async def test_the_bot_itself_is_added_as_a_member_and_reads_what_is_for_it(
    world: World, bot: Bot, anna: Person, olga: Person, poller: Poller
) -> None:
    group = world.group("Yard", owner=olga, approves=False)
    await olga.adds(group, world.telegram.bot)
    sent = await bot.send_message(group.id, "hello")
    await poller.take()
    await olga.says("not for bots", group)
    await olga.says("/gate", group)
    await olga.says("for you", group, reply_to=group.by_id[sent.message_id])
    texts = [update.message.text for update in await poller.take() if update.message]
    assert texts == ["/gate", "for you"]
    await olga.permits(group, can_send_messages=False)
    with pytest.raises(TelegramBadRequest, match="not enough rights to send text messages to the chat"):
        await bot.send_message(group.id, "hello")


async def test_topics_are_told_and_written_to(world: World, bot: Bot, olga: Person, poller: Poller) -> None:
    forum = world.group("Forum", owner=olga, forum=True)
    await olga.makes_bot_admin(forum)
    await poller.take()
    assert (await bot.get_chat(forum.id)).is_forum
    topic = await olga.opens_topic(forum, "Log")
    await olga.says("in the topic", forum, topic=topic)
    await olga.says("in general", forum)
    created, inside, general = [update.message for update in await poller.take()]
    assert created is not None
    assert created.forum_topic_created is not None
    assert created.forum_topic_created.name == "Log"
    assert inside is not None
    assert (inside.message_thread_id, inside.is_topic_message, inside.chat.is_forum) == (topic, True, True)
    assert general is not None
    assert (general.message_thread_id, general.is_topic_message) == (None, None)
    sent = await bot.send_message(forum.id, "logged", message_thread_id=topic)
    assert (sent.message_thread_id, sent.is_topic_message) == (topic, True)
    await olga.deletes_topic(forum, topic)
    assert [message.text for message in forum.messages] == ["in general"]
    with pytest.raises(TelegramBadRequest, match="message thread not found"):
        await bot.send_message(forum.id, "logged", message_thread_id=topic)
    with pytest.raises(NotAllowed, match="no such topic"):
        await olga.says("x", forum, topic=topic)


async def test_threads_of_replies_are_no_topics(bot: Bot, olga: Person, group: Group, poller: Poller) -> None:
    first = await olga.says("first", group)
    await olga.says("second", group, reply_to=first)
    reply = [update.message for update in await poller.take()][-1]
    assert reply is not None
    assert reply.reply_to_message is not None
    assert reply.reply_to_message.message_id == first.id
    assert (reply.message_thread_id, reply.is_topic_message) == (first.id, None)
    with pytest.raises(TelegramBadRequest, match="message thread not found"):
        await bot.send_message(group.id, "x", message_thread_id=reply.message_thread_id)


async def test_the_bot_replies_to_messages_that_are_there(bot: Bot, olga: Person, group: Group) -> None:
    said = await olga.says("hello", group)
    sent = await bot.send_message(group.id, "hello back", reply_parameters=ReplyParameters(message_id=said.id))
    assert sent.reply_to_message is not None
    assert (await olga.sees_in(group, "hello")).reply_to is said
    gone = ReplyParameters(message_id=999)
    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        await bot.send_message(group.id, "x", reply_parameters=gone)
    anyway = ReplyParameters(message_id=999, allow_sending_without_reply=True)
    assert (await bot.send_message(group.id, "x", reply_parameters=anyway)).reply_to_message is None


async def test_anonymous_administrators_write_as_the_group(
    bot: Bot, anna: Person, olga: Person, open_group: Group, poller: Poller
) -> None:
    await anna.joins(open_group)
    with pytest.raises(NotAllowed, match="not anonymous"):
        await anna.says("/gate", open_group, anonymously=True)
    await olga.promotes(open_group, anna, anonymous=True)
    await poller.take()
    await anna.says("/gate", open_group, anonymously=True)
    message = (await poller.one()).message
    assert message is not None
    assert message.from_user is not None
    assert message.sender_chat is not None
    assert (message.from_user.id, message.from_user.username) == (1087968824, "GroupAnonymousBot")
    assert message.sender_chat.id == open_group.id
    member = await bot.get_chat_member(open_group.id, anna.id)
    assert getattr(member, "is_anonymous", None)


async def test_one_use_and_expiring_links_end(world: World, bot: Bot, anna: Person, open_group: Group) -> None:
    boris = world.person("Boris")
    once = await bot.create_chat_invite_link(open_group.id, member_limit=1, expire_date=world.telegram.now() + 600)
    short = await bot.create_chat_invite_link(open_group.id, expire_date=world.telegram.now() + 600)
    await anna.opens_link(once.invite_link)
    with pytest.raises(NotAllowed, match="expired"):
        await boris.opens_link(once.invite_link)
    world.clock.advance(600)
    with pytest.raises(NotAllowed, match="expired"):
        await boris.opens_link(short.invite_link)
    with pytest.raises(TelegramBadRequest, match="EXPIRE_DATE_INVALID"):
        await bot.create_chat_invite_link(open_group.id, expire_date=world.telegram.now())


async def test_the_bot_revokes_its_own_links_once(bot: Bot, anna: Person, olga: Person, open_group: Group) -> None:
    link = await bot.create_chat_invite_link(open_group.id)
    assert (await bot.revoke_chat_invite_link(open_group.id, link.invite_link)).is_revoked
    with pytest.raises(NotAllowed, match="expired"):
        await anna.opens_link(link.invite_link)
    for url in (link.invite_link, await olga.makes_link(open_group), "https://t.me/+nothing"):
        with pytest.raises(TelegramBadRequest, match="INVITE_HASH_EXPIRED"):
            await bot.revoke_chat_invite_link(open_group.id, url)
    await olga.takes_rights(open_group)
    with pytest.raises(TelegramBadRequest, match="not enough rights to manage chat invite link"):
        await bot.revoke_chat_invite_link(open_group.id, link.invite_link)


async def test_the_primary_link_goes_round_the_approval(bot: Bot, anna: Person, group: Group) -> None:
    url = (await bot.get_chat(group.id)).invite_link
    assert url is not None
    await anna.opens_link(url)
    assert anna.id in group.members


async def test_deep_links_start_the_bot_and_bring_it_into_groups(
    world: World, anna: Person, olga: Person, poller: Poller
) -> None:
    await anna.blocks_bot()
    await anna.opens_deep_link("https://t.me/callgate_bot?start=g-1_x")
    assert anna.chat.messages[-1].text == "/start g-1_x"
    group = world.group("Yard", owner=olga)
    await olga.opens_deep_link("https://t.me/Callgate_Bot?startgroup=new&admin=invite_users+restrict_members", group)
    assert group.member(world.telegram.bot).may("can_restrict_members")
    told = await poller.take()
    assert told[-1].message is not None
    assert told[-1].message.text == "/start@callgate_bot new"
    other = world.group("Other", owner=olga)
    assert await olga.opens_deep_link("https://t.me/callgate_bot?startgroup", other) is None
    assert other.member(world.telegram.bot).status == "member"
    for url in ("https://t.me/other_bot?start=x", "https://t.me/callgate_bot?start=a%20b"):
        with pytest.raises(NotAllowed):
            await anna.opens_deep_link(url)
    with pytest.raises(NotAllowed, match="asks for a group"):
        await anna.opens_deep_link("https://t.me/callgate_bot?startgroup=x")


async def test_while_telegram_is_unreachable_no_update_gets_through(
    world: World, bot: Bot, anna: Person, poller: Poller
) -> None:
    world.faults.add(where="telegram", kind="reset_before", times=None)
    await anna.says("/start")
    with pytest.raises(TelegramNetworkError):
        await poller.take()
    with pytest.raises(TelegramNetworkError):
        await bot.get_me()
    world.faults.clear()
    assert [update.event_type for update in await poller.take()] == ["message"]


async def test_a_poll_that_waits_when_telegram_goes_away_brings_nothing(
    world: World, anna: Person, poller: Poller
) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(failing(poller))
        await world.wait_until(lambda: world.telegram.delivery.polled)
        world.faults.add(where="telegram", kind="reset_before", times=None)
        await anna.says("/start")
    assert waiting.result()
    world.faults.clear()
    assert len(await poller.take()) == 1


async def failing(poller: Poller) -> bool:
    try:
        await poller.take(within=10)
    except TelegramNetworkError:
        return True
    return False


async def test_an_administrator_gives_no_right_that_they_lack(world: World) -> None:
    owner, boris, anna = world.person("Olga"), world.person("Boris"), world.person("Anna")
    group = world.group("Yard", owner=owner)
    for one in (boris, anna):
        await owner.adds(group, one)
    await owner.promotes(group, boris, can_promote_members=True, can_pin_messages=True)

    with pytest.raises(NotAllowed, match="can_invite_users"):
        await boris.promotes(group, anna, can_invite_users=True)
    await boris.promotes(group, anna)

    assert group.member(anna.account).may("can_pin_messages")
    assert not group.member(anna.account).may("can_invite_users")


async def test_a_link_to_a_channel_makes_the_bot_an_administrator_there_and_nowhere_else(
    world: World, olga: Person
) -> None:
    link = "https://t.me/callgate_bot?startchannel&admin=invite_users"
    channel, group = world.channel("News", owner=olga), world.group("Yard", owner=olga)
    with pytest.raises(NotAllowed, match="asks for a channel"):
        await olga.opens_deep_link(link, group)
    with pytest.raises(NotAllowed, match="as an administrator only"):
        await olga.opens_deep_link("https://t.me/callgate_bot?startchannel", channel)
    with pytest.raises(NotAllowed, match="asks for a group"):
        await olga.opens_deep_link("https://t.me/callgate_bot?startgroup&admin=invite_users", channel)
    await olga.opens_deep_link(link, channel)
    assert channel.member(world.telegram.bot).may("can_invite_users")
