"""Members: what the bot may do to them, for how long it lasts, and updates about what others do."""

from __future__ import annotations

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import ChatMemberRestricted, ChatMemberUpdated, ChatPermissions

from bot.sandbox.people import Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.members import PERMISSIONS
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.sandbox.conftest import Poller

NOTHING = ChatPermissions(can_send_messages=False)
ALL = ChatPermissions(**dict.fromkeys(PERMISSIONS, True))
NO_RIGHT = "not enough rights to restrict/unrestrict chat member"


@pytest.fixture
async def open_group(world: World, olga: Person, anna: Person, poller: Poller) -> Group:
    """A group anybody can join, with Anna in it, where the bot has every right; earlier updates have been taken."""
    group = world.group("Flat owners", owner=olga, approves=False)
    await olga.makes_bot_admin(group, can_restrict_members=True, can_invite_users=True, can_manage_tags=True)
    await anna.joins(group)
    await poller.take()
    return group


async def changes(poller: Poller) -> list[ChatMemberUpdated]:
    return [update.chat_member for update in await poller.take() if update.chat_member]


async def status(bot: Bot, group: Group, person: Person) -> str:
    return str((await bot.get_chat_member(group.id, person.id)).status)


async def test_a_restricted_member_cannot_write_until_freed(bot: Bot, anna: Person, open_group: Group) -> None:
    assert await bot.restrict_chat_member(open_group.id, anna.id, NOTHING)
    member = await bot.get_chat_member(open_group.id, anna.id)
    assert isinstance(member, ChatMemberRestricted)
    assert member.is_member
    assert not any(getattr(member, permission) for permission in PERMISSIONS)
    assert member.until_date.timestamp() == 0
    with pytest.raises(NotAllowed, match="Anna may not write in Flat owners"):
        await anna.says("hello", open_group)
    await bot.restrict_chat_member(open_group.id, anna.id, ALL)
    assert await status(bot, open_group, anna) == "member"
    await anna.says("hello", open_group)


async def test_what_follows_from_a_permission_is_added_unless_told_otherwise(
    bot: Bot, anna: Person, open_group: Group
) -> None:
    for independent, expected in ((False, True), (True, False)):
        await bot.restrict_chat_member(
            open_group.id,
            anna.id,
            ChatPermissions(can_add_web_page_previews=True),
            use_independent_chat_permissions=independent,
        )
        member = await bot.get_chat_member(open_group.id, anna.id)
        assert isinstance(member, ChatMemberRestricted)
        assert (member.can_send_messages, member.can_react_to_messages) == (expected, expected)
        assert not member.can_edit_tag


@pytest.mark.parametrize(("seconds", "ends"), [(29, False), (60, True), (367 * 86400, False)])
async def test_restrictions_and_bans_end_on_the_clock_unless_too_short_or_too_long(
    world: World, bot: Bot, anna: Person, open_group: Group, seconds: int, ends: bool
) -> None:
    boris = world.person("Boris")
    until = world.telegram.now() + seconds
    await bot.restrict_chat_member(open_group.id, anna.id, NOTHING, until_date=until)
    await bot.ban_chat_member(open_group.id, boris.id, until_date=until)
    world.clock.advance(seconds)
    assert await status(bot, open_group, anna) == ("member" if ends else "restricted")
    assert await status(bot, open_group, boris) == ("left" if ends else "kicked")
    assert open_group.member(anna.account).status == ("member" if ends else "restricted")


async def test_a_restriction_waits_for_those_who_leave_and_who_were_never_there(
    world: World, bot: Bot, anna: Person, open_group: Group
) -> None:
    boris = world.person("Boris")
    await bot.restrict_chat_member(open_group.id, boris.id, NOTHING)
    await bot.restrict_chat_member(open_group.id, anna.id, NOTHING)
    await anna.leaves(open_group)
    for person in (anna, boris):
        member = await bot.get_chat_member(open_group.id, person.id)
        assert isinstance(member, ChatMemberRestricted)
        assert not member.is_member
        assert person.id not in open_group.members
        await person.joins(open_group)
        member = await bot.get_chat_member(open_group.id, person.id)
        assert isinstance(member, ChatMemberRestricted)
        assert member.is_member


async def test_a_banned_member_is_out_and_stays_out_until_unbanned(bot: Bot, anna: Person, open_group: Group) -> None:
    await bot.ban_chat_member(open_group.id, anna.id)
    assert open_group.messages[-1].left_chat_member is anna.account
    link = await bot.create_chat_invite_link(open_group.id)
    for come in (anna.joins(open_group), anna.opens_link(link.invite_link)):
        with pytest.raises(NotAllowed, match="was removed"):
            await come
    await bot.unban_chat_member(open_group.id, anna.id)
    assert await status(bot, open_group, anna) == "left"
    await anna.joins(open_group)


async def test_unbanning_a_member_removes_them_unless_only_a_ban_was_to_be_lifted(
    bot: Bot, anna: Person, open_group: Group, poller: Poller
) -> None:
    assert await bot.unban_chat_member(open_group.id, anna.id, only_if_banned=True)
    assert await status(bot, open_group, anna) == "member"
    assert await bot.unban_chat_member(open_group.id, anna.id)
    assert await status(bot, open_group, anna) == "left"
    assert len(await changes(poller)) == 1
    assert await bot.unban_chat_member(open_group.id, anna.id)
    assert await changes(poller) == []


async def test_administrators_the_owner_and_the_bot_itself_are_not_treated(
    world: World, bot: Bot, olga: Person, open_group: Group
) -> None:
    boris = world.person("Boris")
    await boris.joins(open_group)
    await olga.promotes(open_group, boris)
    for user_id, refusal in (
        (boris.id, "user is an administrator of the chat"),
        (olga.id, "can't remove chat owner"),
        (bot.id, "can't restrict self"),
    ):
        for call in (
            bot.restrict_chat_member(open_group.id, user_id, NOTHING),
            bot.ban_chat_member(open_group.id, user_id),
            bot.unban_chat_member(open_group.id, user_id),
        ):
            with pytest.raises(TelegramBadRequest, match=refusal):
                await call


async def test_treating_members_needs_the_right_and_a_supergroup(
    world: World, bot: Bot, anna: Person, olga: Person, group: Group
) -> None:
    for call in (
        bot.restrict_chat_member(group.id, anna.id, NOTHING),
        bot.ban_chat_member(group.id, anna.id),
        bot.unban_chat_member(group.id, anna.id),
    ):
        with pytest.raises(TelegramBadRequest, match=NO_RIGHT):
            await call
    for other in (world.basic_group("Yard", olga), world.channel("News", olga)):
        await olga.makes_bot_admin(other, can_restrict_members=True)
        with pytest.raises(TelegramBadRequest, match="method is available only for supergroups"):
            await bot.restrict_chat_member(other.id, anna.id, NOTHING)


async def test_tags_are_set_and_taken_away_and_stand_beside_messages(
    bot: Bot, anna: Person, open_group: Group, poller: Poller
) -> None:
    assert await bot.set_chat_member_tag(open_group.id, anna.id, "verified")
    await anna.says("hello", open_group)
    change, said = await poller.take()
    assert change.chat_member is not None
    assert getattr(change.chat_member.new_chat_member, "tag", None) == "verified"
    assert said.message is not None
    assert said.message.sender_tag == "verified"
    assert await bot.set_chat_member_tag(open_group.id, anna.id, "")
    assert getattr(await bot.get_chat_member(open_group.id, anna.id), "tag", None) is None


@pytest.mark.parametrize(
    ("tag", "refusal"),
    [("a" * 17, "ADMIN_RANK_INVALID"), ("fine 🎉", "EMOJI_NOT_ALLOWED"), ("❤️", "EMOJI_NOT_ALLOWED")],
)
async def test_tags_are_short_and_without_emoji(
    bot: Bot, anna: Person, open_group: Group, tag: str, refusal: str
) -> None:
    with pytest.raises(TelegramBadRequest, match=refusal):
        await bot.set_chat_member_tag(open_group.id, anna.id, tag)


async def test_tags_are_for_ordinary_members_and_need_a_right(
    bot: Bot, anna: Person, olga: Person, open_group: Group
) -> None:
    with pytest.raises(TelegramBadRequest, match="user is an administrator"):
        await bot.set_chat_member_tag(open_group.id, olga.id, "owner")
    await olga.makes_bot_admin(open_group, can_manage_tags=False)
    with pytest.raises(TelegramBadRequest, match="CHAT_ADMIN_REQUIRED"):
        await bot.set_chat_member_tag(open_group.id, anna.id, "x")
    await anna.leaves(open_group)
    await olga.makes_bot_admin(open_group, can_manage_tags=True)
    with pytest.raises(TelegramBadRequest, match="PARTICIPANT_ID_INVALID"):
        await bot.set_chat_member_tag(open_group.id, anna.id, "x")


async def test_members_edit_their_own_tags_where_the_group_lets_them(
    world: World, bot: Bot, anna: Person, olga: Person, open_group: Group
) -> None:
    await anna.tags(open_group, anna, "gardener")
    assert open_group.member(anna.account).tag == "gardener"
    closed = world.group("Closed", owner=olga, approves=False, members_edit_tags=False)
    await olga.makes_bot_admin(closed)
    permissions = (await bot.get_chat(closed.id)).permissions
    assert permissions is not None
    assert permissions.can_edit_tag is False
    await anna.joins(closed)
    with pytest.raises(NotAllowed, match="may not change a tag"):
        await anna.tags(closed, anna, "gardener")
    await olga.tags(closed, anna, "gardener")


async def test_the_bot_is_told_who_did_what_to_whom(
    world: World, anna: Person, olga: Person, open_group: Group, poller: Poller
) -> None:
    boris = world.person("Boris")
    await boris.joins(open_group)
    await olga.promotes(open_group, boris, can_restrict_members=True, can_promote_members=True)
    await poller.take()
    until = world.telegram.now() + 3600
    await boris.restricts(open_group, anna, until=until)
    await boris.frees(open_group, anna)
    await boris.promotes(open_group, anna)
    await olga.promotes(open_group, anna, anonymous=True, can_invite_users=True)
    await boris.demotes(open_group, anna)
    await boris.bans(open_group, anna)
    await boris.unbans(open_group, anna)
    told = await changes(poller)
    assert [change.from_user.id for change in told] == [boris.id, boris.id, boris.id, olga.id, *[boris.id] * 3]
    assert {change.new_chat_member.user.id for change in told} == {anna.id}
    assert [str(change.new_chat_member.status) for change in told] == [
        "restricted", "member", "administrator", "administrator", "member", "kicked", "left",
    ]  # fmt: skip
    restricted: Any = told[0].new_chat_member
    assert restricted.until_date.timestamp() == until
    assert [getattr(change.new_chat_member, "is_anonymous", None) for change in told[2:4]] == [False, True]


async def test_what_an_anonymous_administrator_does_is_the_groups_doing(
    anna: Person, olga: Person, open_group: Group, poller: Poller
) -> None:
    await olga.promotes(open_group, olga, anonymous=True)
    await poller.take()
    await olga.restricts(open_group, anna)
    (change,) = await changes(poller)
    assert change.from_user.username == "GroupAnonymousBot"


async def test_joins_are_told_with_the_link_and_who_added_whom(
    world: World, bot: Bot, anna: Person, olga: Person, open_group: Group, poller: Poller
) -> None:
    boris, vera, gleb = (world.person(name) for name in ("Boris", "Vera", "Gleb"))
    own = await bot.create_chat_invite_link(open_group.id, name="mine")
    await boris.opens_link(own.invite_link)
    await vera.opens_link(await olga.makes_link(open_group))
    await anna.adds(open_group, gleb)
    await gleb.leaves(open_group)
    told = await changes(poller)
    assert [change.from_user.id for change in told] == [boris.id, vera.id, anna.id, gleb.id]
    links = [change.invite_link for change in told]
    assert links[0] == own
    assert links[1] is not None
    assert links[1].invite_link.endswith("…")
    assert links[2:] == [None, None]


async def test_people_need_the_rights_too(world: World, anna: Person, olga: Person, open_group: Group) -> None:
    boris = world.person("Boris")
    await boris.joins(open_group)
    with pytest.raises(NotAllowed, match="Anna does not run Flat owners"):
        await anna.restricts(open_group, boris)
    await olga.promotes(open_group, anna, can_invite_users=True)
    for deed in (anna.bans(open_group, boris), anna.promotes(open_group, boris), anna.tags(open_group, boris, "x")):
        with pytest.raises(NotAllowed, match="Anna has no right to that"):
            await deed
    await olga.promotes(open_group, anna)
    for deed in (anna.bans(open_group, olga), anna.restricts(open_group, anna)):
        with pytest.raises(NotAllowed, match="cannot be removed"):
            await deed
    with pytest.raises(NotAllowed, match="no such permission"):
        await anna.restricts(open_group, boris, can_fly=True)
    with pytest.raises(NotAllowed, match="no such right"):
        await olga.promotes(open_group, boris, can_fly=True)


async def test_members_are_counted(world: World, bot: Bot, olga: Person) -> None:
    group = world.group("Big", owner=olga, crowd=100)
    await olga.makes_bot_admin(group)
    assert await bot.get_chat_member_count(group.id) == 102
