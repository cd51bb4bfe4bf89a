"""Messages in a group that only one member sees, and commands that nobody else sees."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    EphemeralMessageParameters,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    ReplyParameters,
)

from bot.sandbox.people import NotSeen, Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.sandbox.conftest import Poller


def only_for(person: Person, **rest: Any) -> EphemeralMessageParameters:
    return EphemeralMessageParameters(receiver_user_id=person.id, **rest)


def button(**action: Any) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Prove it", **action)]])


@pytest.fixture
async def joined(group: Group, anna: Person, bot: Bot, poller: Poller) -> Group:
    """The group with Anna in it."""
    await anna.asks_to_join(group)
    await bot.approve_chat_join_request(group.id, anna.id)
    await poller.take()
    return group


async def whispered(bot: Bot, group: Group, person: Person, text: str = "psst", **rest: Any) -> Message:
    return await bot.send_message(group.id, text, ephemeral_message_parameters=only_for(person), **rest)


async def test_a_server_of_before_shows_everybody_what_is_for_one(
    world: World, bot: Bot, joined: Group, anna: Person
) -> None:
    world.telegram.ephemeral_messages = False

    sent = await whispered(bot, joined, anna)

    assert (sent.ephemeral_message_id, sent.message_id > 0) == (None, True)
    assert joined.messages[-1].id == sent.message_id


async def test_an_ephemeral_message_is_seen_by_its_receiver_alone(
    bot: Bot, anna: Person, olga: Person, joined: Group
) -> None:
    before = list(joined.messages)
    sent = await whispered(bot, joined, anna)
    assert sent.message_id == 0
    assert sent.ephemeral_message_id
    assert sent.receiver_user is not None
    assert sent.receiver_user.id == anna.id
    assert (await anna.sees_in(joined, "PSST")).ephemeral_id == sent.ephemeral_message_id
    assert anna.sees_of(joined)[-1].text == "psst"
    assert olga.shown_in(joined, "psst") is None
    assert joined.messages == before
    with pytest.raises(NotSeen, match="Flat owners as Olga sees it"):
        await olga.sees_in(joined, "psst", within=0.01)


async def test_it_is_edited_and_deleted_by_its_own_methods(bot: Bot, anna: Person, joined: Group) -> None:
    sent = await whispered(bot, joined, anna)
    whose: dict[str, Any] = {
        "chat_id": joined.id,
        "receiver_user_id": anna.id,
        "ephemeral_message_id": sent.ephemeral_message_id,
    }
    assert await bot.edit_ephemeral_message_text(text="<b>louder</b>", parse_mode="HTML", **whose)
    assert (await anna.sees_in(joined, "louder")).entity_texts("bold") == ["louder"]
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_ephemeral_message_text(text="<b>louder</b>", parse_mode="HTML", **whose)
    for number in (0, sent.ephemeral_message_id or 0):
        with pytest.raises(TelegramBadRequest, match="message to delete not found"):
            await bot.delete_message(joined.id, number)
        with pytest.raises(TelegramBadRequest, match="message to edit not found"):
            await bot.edit_message_text("x", chat_id=joined.id, message_id=number)
    assert await bot.delete_ephemeral_message(**whose)
    assert anna.shown_in(joined, "louder") is None
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await bot.delete_ephemeral_message(**whose)
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_ephemeral_message_text(text="gone", **whose)


async def test_it_needs_a_group_an_administrator_and_a_member_who_is_no_bot(
    world: World, bot: Bot, anna: Person, olga: Person, joined: Group
) -> None:
    await anna.says("/start")
    boris, other = world.person("Boris"), world.bot_account("Helper")
    await olga.adds(joined, other)
    with pytest.raises(TelegramBadRequest, match="group and supergroup chats only"):
        await bot.send_message(anna.id, "psst", ephemeral_message_parameters=only_for(anna))
    channel = world.channel("News", owner=olga)
    await olga.makes_bot_admin(channel, can_post_messages=True)
    with pytest.raises(TelegramBadRequest, match="group and supergroup chats only"):
        await whispered(bot, channel, olga)
    with pytest.raises(TelegramBadRequest, match="USER_NOT_PARTICIPANT"):
        await whispered(bot, joined, boris)
    with pytest.raises(TelegramBadRequest, match="USER_BOT_INVALID"):
        await bot.send_message(
            joined.id, "psst", ephemeral_message_parameters=EphemeralMessageParameters(receiver_user_id=other.id)
        )
    await olga.demotes_bot(joined)
    with pytest.raises(TelegramBadRequest, match="CHAT_ADMIN_REQUIRED"):
        await whispered(bot, joined, anna)


async def test_some_accounts_cannot_be_sent_any_and_some_apps_lose_them(
    bot: Bot, anna: Person, olga: Person, joined: Group
) -> None:
    anna.account.ephemeral = False
    with pytest.raises(TelegramBadRequest):
        await whispered(bot, joined, anna)
    olga.account.loses_ephemeral = True
    sent = await whispered(bot, joined, olga)
    assert sent.ephemeral_message_id
    assert olga.shown_in(joined, "psst") is None
    with pytest.raises(NotSeen):
        await olga.presses("Prove", within=0.01, chat=joined)


async def test_its_buttons_are_pressed_and_answered_with_another(
    world: World, bot: Bot, anna: Person, olga: Person, joined: Group, poller: Poller
) -> None:
    await whispered(bot, joined, anna, reply_markup=button(callback_data="prove"))
    pressing = asyncio.ensure_future(anna.presses("prove it", chat=joined))  # noqa: TID251 - a test's own
    query = (await poller.one()).callback_query
    assert query is not None
    assert isinstance(query.message, Message)
    assert query.message.message_id == 0
    assert query.message.ephemeral_message_id
    await olga.demotes_bot(joined)
    answer = only_for(anna, callback_query_id=query.id)
    await bot.send_message(joined.id, "that way", ephemeral_message_parameters=answer)
    await bot.answer_callback_query(query.id, "ok")
    assert (await pressing)["text"] == "ok"
    assert anna.shown_in(joined, "that way") is not None
    with pytest.raises(TelegramBadRequest, match="QUERY_ID_INVALID"):
        await bot.send_message(joined.id, "x", ephemeral_message_parameters=only_for(olga, callback_query_id=query.id))
    world.clock.advance(16)
    with pytest.raises(TelegramBadRequest, match="CHAT_ADMIN_REQUIRED"):
        await bot.send_message(joined.id, "too late", ephemeral_message_parameters=answer)


async def test_its_links_lead_out(bot: Bot, anna: Person, joined: Group) -> None:
    await whispered(bot, joined, anna, reply_markup=button(url="https://t.me/callgate_bot?start=abc"))
    pressed = await anna.presses("prove", chat=joined)
    said = await anna.opens_deep_link(pressed["url"])
    assert said is not None
    assert said.text == "/start abc"


async def test_a_command_registered_as_ephemeral_is_seen_by_its_sender_and_the_bot_alone(
    bot: Bot, anna: Person, olga: Person, joined: Group, poller: Poller
) -> None:
    await bot.set_my_commands(
        [BotCommand(command="gate", description="The gate", is_ephemeral=True)],
        scope=BotCommandScopeAllChatAdministrators(),
    )
    await bot.set_my_commands(
        [
            BotCommand(command="gate", description="The gate"),
            BotCommand(command="me", description="I", is_ephemeral=True),
        ],
        scope=BotCommandScopeAllGroupChats(),
    )
    assert (await bot.get_my_commands(scope=BotCommandScopeAllChatAdministrators()))[0].is_ephemeral
    before = list(joined.messages)
    for text in ("/gate", "/gate@callgate_bot now"):
        await olga.says(text, joined)
        message = (await poller.one()).message
        assert message is not None
        assert message.from_user is not None
        assert message.receiver_user is not None
        assert (message.message_id, message.text) == (0, text)
        assert (message.from_user.id, message.receiver_user.id) == (olga.id, bot.id)
    assert joined.messages == before
    assert anna.shown_in(joined, "/gate") is None
    await anna.says("/gate", joined)
    ordinary = (await poller.one()).message
    assert ordinary is not None
    assert ordinary.ephemeral_message_id is None
    for text in ("/gate@other_bot", "gate"):
        await olga.says(text, joined)
        assert (await poller.one()).message
    assert len(joined.messages) == len(before) + 3


async def test_a_reply_to_such_a_command_is_ephemeral_and_comes_within_15_seconds(
    world: World, bot: Bot, olga: Person, joined: Group, poller: Poller
) -> None:
    await bot.set_my_commands([BotCommand(command="gate", description="The gate", is_ephemeral=True)])
    await olga.says("/gate", joined)
    command = (await poller.one()).message
    assert command is not None
    reply = ReplyParameters(ephemeral_message_id=command.ephemeral_message_id)
    with pytest.raises(TelegramBadRequest, match="must be an ephemeral message"):
        await bot.send_message(joined.id, "here", reply_parameters=reply)
    await olga.demotes_bot(joined)
    await whispered(bot, joined, olga, "here", reply_parameters=reply)
    seen = await olga.sees_in(joined, "here")
    assert seen.reply_to is not None
    assert seen.reply_to.text == "/gate"
    world.clock.advance(16)
    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        await whispered(bot, joined, olga, "late", reply_parameters=reply)
    assert command.ephemeral_message_id is not None
    assert await bot.delete_ephemeral_message(joined.id, olga.id, command.ephemeral_message_id)
    assert [message.text for message in olga.sees_of(joined) if message.ephemeral_id] == ["here"]


async def test_a_menu_is_that_of_the_narrowest_scope(bot: Bot, anna: Person, joined: Group) -> None:
    await bot.set_my_commands(
        [BotCommand(command="gate", description="The gate", is_ephemeral=True)], scope=BotCommandScopeAllGroupChats()
    )
    await bot.set_my_commands([BotCommand(command="gate", description="Tor")], language_code="ru")
    assert (await anna.says("/gate", joined)).ephemeral_id is not None
    with pytest.raises(NotAllowed, match="empty"):
        await anna.says("  ", joined)
