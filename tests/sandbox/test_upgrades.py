"""Basic groups, their upgrade to supergroups, and groups that are deleted."""

from __future__ import annotations

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat

from bot.sandbox.people import Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.sandbox.conftest import Poller


@pytest.fixture
async def yard(world: World, anna: Person, olga: Person, poller: Poller) -> Group:
    """A basic group with Anna and the bot."""
    yard = world.basic_group("Yard", olga)
    await olga.makes_bot_admin(yard, can_invite_users=True, can_restrict_members=True)
    await olga.adds(yard, anna)
    await poller.take()
    return yard


async def test_basic_groups_look_and_behave_like_basic_groups(
    bot: Bot, anna: Person, yard: Group, poller: Poller
) -> None:
    chat = await bot.get_chat(yard.id)
    assert chat.type == "group"
    assert -10_000_000_000 < chat.id < 0
    await anna.says("hello", yard)
    message = (await poller.one()).message
    assert message is not None
    assert message.chat.type == "group"
    with pytest.raises(TelegramBadRequest, match="supergroup and channel chats only"):
        await bot.unban_chat_member(yard.id, anna.id)
    await bot.ban_chat_member(yard.id, anna.id)
    assert (await bot.get_chat_member(yard.id, anna.id)).status == "left"


async def test_an_upgrade_gives_another_id_and_refuses_the_old_one(
    bot: Bot, anna: Person, olga: Person, yard: Group, poller: Poller
) -> None:
    with pytest.raises(NotAllowed, match="does not own"):
        await anna.upgrades(yard)
    new = await olga.upgrades(yard)
    goodbye, welcome, mine = await poller.take()
    assert goodbye.message is not None
    assert (goodbye.message.chat.id, goodbye.message.migrate_to_chat_id) == (yard.id, new.id)
    assert welcome.message is not None
    assert (welcome.message.chat.id, welcome.message.migrate_from_chat_id) == (new.id, yard.id)
    assert mine.my_chat_member is not None
    assert mine.my_chat_member.chat.id == new.id
    assert (mine.my_chat_member.old_chat_member.status, mine.my_chat_member.new_chat_member.status) == (
        "left",
        "administrator",
    )
    assert new.type == "supergroup"
    assert set(new.members) == {anna.id, olga.id, bot.id}
    assert new.member(olga.account).status == "creator"
    for call in (
        bot.send_message(yard.id, "x"),
        bot.get_chat(yard.id),
        bot.get_chat_member(yard.id, anna.id),
        bot.ban_chat_member(yard.id, anna.id),
    ):
        with pytest.raises(TelegramMigrateToChat) as refusal:
            await call
        assert refusal.value.migrate_to_chat_id == new.id
    await bot.send_message(new.id, "x")
    with pytest.raises(NotAllowed, match="no basic group"):
        await olga.upgrades(new)


async def test_a_deleted_group_is_gone_for_everybody(
    world: World, bot: Bot, anna: Person, olga: Person, yard: Group, group: Group, poller: Poller
) -> None:
    boris = world.person("Boris")
    await boris.asks_to_join(group)
    await poller.take()
    with pytest.raises(NotAllowed, match="does not own"):
        await anna.deletes(yard)
    await olga.deletes(yard)
    await olga.deletes(group)
    told = [update.my_chat_member for update in await poller.take()]
    assert [change and (change.chat.id, change.new_chat_member.status) for change in told] == [
        (yard.id, "left"),
        (group.id, "kicked"),
    ]
    with pytest.raises(TelegramForbiddenError, match="the group chat was deleted"):
        await bot.send_message(yard.id, "x")
    with pytest.raises(TelegramForbiddenError, match="bot was kicked from the supergroup chat"):
        await bot.approve_chat_join_request(group.id, boris.id)
    assert not group.requests
    with pytest.raises(NotAllowed, match="does not exist any more"):
        await boris.asks_to_join(group)
    assert anna.sees_of(yard) == []
