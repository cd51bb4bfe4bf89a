"""The words of a story: people do what apps let them do, and name what they waited for without success."""

from __future__ import annotations

import asyncio

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    MenuButtonWebApp,
    ReplyKeyboardMarkup,
    WebAppInfo,
)

from bot.sandbox.people import NotSeen, Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.sandbox.conftest import Poller

ASK = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Share", request_contact=True)]])


async def test_contacts_own_of_others_and_forwarded(world: World, bot: Bot, anna: Person, poller: Poller) -> None:
    boris = world.person("Boris", phone="+79995556677")
    await anna.says("/start")
    await bot.send_message(anna.id, "x", reply_markup=ASK)
    await poller.take()
    await anna.shares_contact()
    await anna.shares_contact_of(boris)
    await anna.forwards_contact_of(anna)
    await anna.sends_contact("+88812345678", user_id=anna.id)
    own, other, forwarded, card = [update.message for update in await poller.take()]
    assert own is not None
    assert own.contact is not None
    assert (own.contact.phone_number, own.contact.user_id) == ("79991234512", anna.id)
    assert own.forward_origin is None
    assert other is not None
    assert other.contact is not None
    assert other.contact.user_id == boris.id
    assert forwarded is not None
    assert forwarded.contact is not None
    assert (forwarded.contact.user_id, forwarded.forward_origin is not None) == (anna.id, True)
    assert card is not None
    assert card.contact is not None
    assert card.contact.phone_number == "+88812345678"


async def test_a_contact_is_shared_as_soon_as_the_bot_asks(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(anna.shares_contact())
        await asyncio.sleep(0.02)
        await bot.send_message(anna.id, "x", reply_markup=ASK)
    assert anna.chat.messages[-1].contact is not None
    boris_like = anna.chat.keyboard
    assert boris_like is not None
    assert not boris_like.folded, "this keyboard is not a one-time one"


async def test_waiting_in_vain_says_for_what_and_shows_the_chat(world: World, anna: Person) -> None:
    await anna.says("/start")
    with pytest.raises(NotSeen, match=r"(?s)did not see 'verified' in 0.05 s.*Anna: /start"):
        await anna.sees("verified", within=0.05)
    with pytest.raises(NotSeen, match="a button that asks for the contact"):
        await anna.shares_contact(within=0.05)
    with pytest.raises(NotSeen, match="a button 'Cancel'"):
        await anna.presses("Cancel", within=0.05)
    with pytest.raises(NotSeen, match=r"(?s)in vain.*message ← Anna"):
        await world.wait_until(lambda: False, within=0.02)


async def test_sees_waits_for_the_newest_text_of_the_bot_also_an_edited_one(bot: Bot, anna: Person) -> None:
    await anna.says("verified, I hope")
    sent = await bot.send_message(anna.id, "waiting")
    async with asyncio.TaskGroup() as tasks:
        seen = tasks.create_task(anna.sees("VERIFIED"))
        await asyncio.sleep(0.02)
        await bot.edit_message_text("You are verified", chat_id=anna.id, message_id=sent.message_id)
    assert seen.result().id == sent.message_id


async def test_buttons_that_need_no_bot(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    row = [
        InlineKeyboardButton(text="Copy", copy_text=CopyTextButton(text="+7")),
        InlineKeyboardButton(text="Open", url="https://a.ru"),
    ]
    await bot.send_message(anna.id, "x", reply_markup=InlineKeyboardMarkup(inline_keyboard=[row]))
    assert (await anna.presses("copy"))["copied"] == "+7"
    assert (await anna.presses("open"))["url"] == "https://a.ru"


async def test_what_an_app_does_not_allow(world: World, anna: Person, olga: Person, group: Group) -> None:
    channel = world.channel("News", owner=olga)
    with pytest.raises(NotAllowed, match="Only members"):
        await anna.says("hello", group)
    with pytest.raises(NotAllowed, match="does not run"):
        await anna.makes_bot_admin(group)
    with pytest.raises(NotAllowed, match="already in"):
        await olga.asks_to_join(group)
    with pytest.raises(NotAllowed, match="not in"):
        await anna.leaves(group)
    with pytest.raises(NotAllowed, match="no such right"):
        await olga.makes_bot_admin(channel, can_fly=True)
    with pytest.raises(NotAllowed, match="no such request"):
        await olga.approves(group, anna)


async def test_the_bot_hears_a_group_only_as_its_administrator_or_by_command(
    world: World, bot: Bot, olga: Person, poller: Poller
) -> None:
    group = world.group("Quiet", owner=olga)
    await olga.says("nobody hears", group)
    await olga.makes_bot_admin(group)
    await olga.demotes_bot(group)
    await poller.take()
    await olga.says("still nobody", group)
    await olga.says("/help", group)
    update = await poller.one()
    assert update.message is not None
    assert update.message.text == "/help"


async def test_open_groups_take_people_without_asking(world: World, anna: Person, olga: Person) -> None:
    group = world.group("Open", owner=olga)
    group.approves_new_members = False
    await anna.asks_to_join(group)
    assert anna.id in group.members


async def test_menus_and_words_of_the_bot(world: World, bot: Bot, anna: Person) -> None:
    start = [BotCommand(command="start", description="Start")]
    scope = BotCommandScopeAllPrivateChats()
    await bot.set_my_commands(start, scope=scope, language_code="ru")
    (shown,) = await bot.get_my_commands(scope=scope, language_code="ru")
    assert (shown.command, shown.description) == ("start", "Start")
    assert await bot.get_my_commands() == []
    await bot.delete_my_commands(scope=scope, language_code="ru")
    assert await bot.get_my_commands(scope=scope, language_code="ru") == []
    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_INVALID"):
        await bot.set_my_commands([BotCommand(command="Start!", description="x")])
    with pytest.raises(TelegramBadRequest, match="description is too long"):
        await bot.set_my_description("x" * 513)
    await bot.set_my_short_description("x")
    button = MenuButtonWebApp(text="x", web_app=WebAppInfo(url="http://127.0.0.1/app"))
    with pytest.raises(TelegramBadRequest, match="Only HTTPS links are allowed"):
        await bot.set_chat_menu_button(anna.id, button)
    await bot.set_chat_menu_button()


async def test_the_trace_tells_a_call_before_what_it_caused(bot: Bot, anna: Person, world: World, group: Group) -> None:
    await anna.asks_to_join(group)
    await bot.approve_chat_join_request(group.id, anna.id)
    assert world.trace.titles()[-4:] == [
        "chat_join_request ← Anna",
        "approveChatJoinRequest → Anna in Flat owners",
        "chat_member ← Anna is member",
        "message ← Anna in Flat owners",
    ]
    assert world.trace.calls_of("approveChatJoinRequest") == [{"chat_id": str(group.id), "user_id": str(anna.id)}]
