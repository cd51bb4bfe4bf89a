"""Sending, editing, deleting: to whom the bot may write, and what it may change."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramUnauthorizedError
from aiogram.types import (
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    KeyboardButtonRequestUsers,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    WebAppInfo,
)

from bot.sandbox.people import NotSeen, Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.sandbox.conftest import Poller

HOUR = 3600
ASK = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Share", request_contact=True)]], one_time_keyboard=True)


def inline(**button: Any) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Button", **button)]])


async def test_people_who_never_wrote_cannot_be_written_to(bot: Bot, anna: Person) -> None:
    with pytest.raises(TelegramForbiddenError, match="bot can't initiate conversation with a user"):
        await bot.send_message(anna.id, "hello")
    await anna.says("hi")
    await bot.send_message(anna.id, "hello")


async def test_people_who_block_the_bot_cannot_be_written_to_until_they_start_it_again(
    bot: Bot, anna: Person, poller: Poller
) -> None:
    await anna.says("/start")
    await anna.blocks_bot()
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(anna.id, "hello")
    with pytest.raises(NotAllowed):
        await anna.says("hello")
    await anna.says("/start")
    await bot.send_message(anna.id, "hello")
    statuses = [update.my_chat_member.new_chat_member.status for update in await poller.take() if update.my_chat_member]
    assert statuses == ["kicked", "member"]


async def test_a_pending_join_request_opens_the_chat_for_five_minutes(
    world: World, bot: Bot, anna: Person, group: Group, poller: Poller
) -> None:
    await anna.asks_to_join(group)
    update = await poller.one()
    assert update.chat_join_request is not None
    await bot.send_message(update.chat_join_request.user_chat_id, "hello")
    world.clock.advance(301)
    with pytest.raises(TelegramForbiddenError, match="can't initiate"):
        await bot.send_message(anna.id, "too late")


async def test_a_decided_join_request_closes_the_chat(bot: Bot, anna: Person, group: Group) -> None:
    await anna.asks_to_join(group)
    await bot.decline_chat_join_request(group.id, anna.id)
    with pytest.raises(TelegramForbiddenError, match="can't initiate"):
        await bot.send_message(anna.id, "sorry")


async def test_unknown_chats_are_not_found(bot: Bot) -> None:
    for chat_id in (12345, -100777, "@nobody_here"):
        with pytest.raises(TelegramBadRequest, match="chat not found"):
            await bot.send_message(chat_id, "hello")


async def test_an_edit_that_changes_nothing_is_refused(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    sent = await bot.send_message(anna.id, "<b>x</b>", parse_mode="HTML", reply_markup=inline(callback_data="1"))
    with pytest.raises(TelegramBadRequest, match="message is not modified: specified new message content"):
        await bot.edit_message_text(
            "<b>x</b> ", chat_id=anna.id, message_id=sent.message_id, parse_mode="HTML",
            reply_markup=inline(callback_data="1"),
        )  # fmt: skip
    await bot.edit_message_text("x", chat_id=anna.id, message_id=sent.message_id)
    shown = await anna.sees("x")
    assert (shown.entities, shown.buttons, shown.edit_date is not None) == ([], [], True)
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_message_reply_markup(chat_id=anna.id, message_id=sent.message_id)


async def test_only_the_bots_own_messages_without_a_reply_keyboard_can_be_edited(bot: Bot, anna: Person) -> None:
    mine = await anna.says("/start")
    asked = await bot.send_message(anna.id, "x", reply_markup=ASK)
    removed = await bot.send_message(anna.id, "x", reply_markup=ReplyKeyboardRemove())
    for message_id in (mine.id, asked.message_id, removed.message_id):
        with pytest.raises(TelegramBadRequest, match="message can't be edited"):
            await bot.edit_message_text("y", chat_id=anna.id, message_id=message_id)
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("y", chat_id=anna.id, message_id=9999)


async def test_in_a_private_chat_the_bot_deletes_any_message_younger_than_48_hours(
    world: World, bot: Bot, anna: Person
) -> None:
    message = await anna.says("my number")
    assert await bot.delete_message(anna.id, message.id)
    assert anna.chat.messages == []
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await bot.delete_message(anna.id, message.id)
    old = await anna.says("old")
    world.clock.advance(49 * HOUR)
    with pytest.raises(TelegramBadRequest, match="message can't be deleted for everyone"):
        await bot.delete_message(anna.id, old.id)
    new = await anna.says("new")
    assert await bot.delete_messages(anna.id, [new.id, 9999])
    assert anna.chat.messages == [old]


async def test_in_a_group_other_peoples_messages_need_a_right(
    bot: Bot, olga: Person, group: Group, poller: Poller
) -> None:
    message = await olga.says("hello all", group)
    update = await poller.one()
    assert update.message is not None
    with pytest.raises(TelegramBadRequest, match="message can't be deleted"):
        await bot.delete_message(group.id, message.id)
    await olga.makes_bot_admin(group, can_delete_messages=True)
    assert await bot.delete_message(group.id, message.id)


async def test_the_bot_writes_only_to_chats_it_is_in(world: World, bot: Bot, olga: Person, group: Group) -> None:
    other, channel = world.group("Other", owner=olga), world.channel("News", owner=olga)
    with pytest.raises(TelegramForbiddenError, match="bot is not a member of the supergroup chat"):
        await bot.send_message(other.id, "x")
    await olga.makes_bot_admin(channel)
    with pytest.raises(TelegramBadRequest, match="need administrator rights in the channel chat"):
        await bot.send_message(channel.id, "x")
    await olga.removes_bot(group)
    with pytest.raises(TelegramForbiddenError, match="bot was kicked from the supergroup chat"):
        await bot.send_message(group.id, "x")


@pytest.mark.parametrize(
    ("button", "complaint"),
    [
        ({"url": "tel:+74951234567"}, r"URL 'tel:\+74951234567' is invalid: Unsupported URL protocol"),
        ({"url": "http://nowhere"}, "is invalid: Wrong HTTP URL"),
        ({"callback_data": "я" * 33}, "BUTTON_DATA_INVALID"),
        ({"callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"copy_text": CopyTextButton(text="x" * 257)}, "BUTTON_COPY_TEXT_INVALID"),
        ({"web_app": WebAppInfo(url="http://a.ru/")}, "Only HTTPS links are allowed"),
        ({}, "Text buttons are unallowed in the inline keyboard"),
        ({"url": "https://a.ru", "callback_data": "x"}, "more than one action"),
        (
            {"callbackdata": "x", "url": "https://a.ru"},
            'unknown field "callbackdata" in InlineKeyboardButton',
        ),
    ],
)
async def test_buttons_telegram_does_not_have_are_refused(
    bot: Bot, anna: Person, button: dict[str, Any], complaint: str
) -> None:
    await anna.says("/start")
    with pytest.raises(TelegramBadRequest, match=complaint):
        await bot.send_message(anna.id, "x", reply_markup=inline(**button))
    assert len(anna.chat.messages) == 1


async def test_buttons_telegram_has_are_taken(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    for button in (
        {"url": "https://a.ru/x"}, {"url": "http://127.0.0.1:8080/call/x"}, {"url": "tg://user?id=1"},
        {"callback_data": "x" * 64}, {"copy_text": CopyTextButton(text="x" * 256)},
        {"web_app": WebAppInfo(url="http://127.0.0.1:8080/app")}, {"web_app": WebAppInfo(url="https://a.ru")},
    ):  # fmt: skip
        sent = await bot.send_message(anna.id, "x", reply_markup=inline(**button))
        assert sent.reply_markup is not None
    copied = await anna.presses("button")
    assert copied["web_app"] == {"url": "https://a.ru"}


async def test_contacts_and_mini_apps_are_asked_for_in_private_chats_only(bot: Bot, group: Group) -> None:
    with pytest.raises(TelegramBadRequest, match="phone number can be requested in private chats only"):
        await bot.send_message(group.id, "x", reply_markup=ASK)
    with pytest.raises(TelegramBadRequest, match="BUTTON_TYPE_INVALID"):
        await bot.send_message(group.id, "x", reply_markup=inline(web_app=WebAppInfo(url="https://a.ru")))


async def test_a_one_time_keyboard_folds_away_after_use_and_goes_with_its_message(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    asked = await bot.send_message(anna.id, "x", reply_markup=ASK)
    before = anna.chat.reply_keyboard
    assert before is not None
    await anna.shares_contact()
    after = anna.chat.reply_keyboard
    assert after is None
    assert anna.asked_for_contact(), "an app can unfold it again"
    await bot.delete_message(anna.id, asked.message_id)
    assert not anna.asked_for_contact()
    await bot.send_message(anna.id, "x", reply_markup=ASK)
    await bot.send_message(anna.id, "x", reply_markup=ReplyKeyboardRemove())
    assert anna.chat.reply_keyboard is None


async def test_what_the_double_only_would_pretend_to_follow_is_refused(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    with pytest.raises(TelegramBadRequest, match='does not support the parameter "message_effect_id"'):
        await bot.send_message(anna.id, "x", message_effect_id="5")
    with pytest.raises(TelegramBadRequest, match="unsupported parse_mode"):
        await bot.send_message(anna.id, "x", parse_mode="MarkdownV2")


async def test_every_way_to_pass_parameters(world: World, anna: Person, http: httpx.AsyncClient) -> None:
    await anna.says("/start")
    url = f"{world.url}/bot{world.bot_token}/SENDMESSAGE"
    markup = '{"inline_keyboard": [[{"text": "Go", "callback_data": "x"}]]}'
    form = {"chat_id": str(anna.id), "text": "Ы", "reply_markup": markup}
    answers = [
        await http.get(url, params=form),
        await http.post(url, data=form),
        await http.post(url, files={name: (None, value) for name, value in form.items()}),
        await http.post(url, json=form),
        await http.post(
            url, json=form | {"reply_markup": {"inline_keyboard": [[{"text": "Go", "callback_data": "x"}]]}}
        ),
    ]
    for answer in answers:
        assert answer.json()["ok"], answer.text
        assert answer.json()["result"]["reply_markup"]["inline_keyboard"][0][0]["text"] == "Go"


async def test_what_is_not_the_bot_api_is_refused(world: World, anna: Person, http: httpx.AsyncClient) -> None:
    await anna.says("/start")

    async def post(method: str, token: str = world.bot_token, **rest: Any) -> tuple[int, str]:
        answer = await http.post(f"{world.url}/bot{token}/{method}", **rest)
        body = answer.json()
        assert body["ok"] is False
        assert body["error_code"] == answer.status_code
        return answer.status_code, body["description"]

    say = {"chat_id": anna.id, "text": "x"}
    assert await post("sendMessage", token="42:WRONG", json=say) == (401, "Unauthorized")
    assert await post("sendTelepathy", json=say) == (404, "Not Found")
    assert await post("sendMessage", json=say | {"txt": "x"}) == (
        400, 'Bad Request: unknown parameter "txt" of SendMessage',
    )  # fmt: skip
    assert await post("sendMessage", json={"text": "x"}) == (400, "Bad Request: chat_id is empty")
    assert await post("sendMessage", json={"chat_id": anna.id}) == (400, "Bad Request: message text is empty")
    assert (await post("sendMessage", data=say | {"reply_markup": "{"}))[0] == 400
    assert (await post("sendMessage", content=b"[1]", headers={"Content-Type": "application/json"}))[0] == 400
    assert (await post("sendMessage", json=say | {"entities": "x"}))[0] == 400
    assert (await post("sendMessage", content=b"x" * 2_000_000, headers={"Content-Type": "application/json"}))[0] == 413
    broken = b"chat_id=1&text=%ff"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await post("sendMessage", content=broken, headers=form) == (
        400, "Bad Request: strings must be encoded in UTF-8",
    )  # fmt: skip


async def test_people_press_buttons_in_groups_too(bot: Bot, anna: Person, group: Group, poller: Poller) -> None:
    sent = await bot.send_message(group.id, "x", reply_markup=inline(callback_data="go"))
    with pytest.raises(NotSeen):
        await anna.presses_button(sent.message_id, "go", within=0.02, chat=group)
    query = (await poller.one()).callback_query
    assert query is not None
    assert query.message is not None
    assert query.message.chat.id == group.id


async def test_a_wrong_token_is_unauthorized(world: World, bot: Bot) -> None:
    assert (await bot.get_me()).username == "callgate_bot"
    world.telegram.token = "42:ANOTHER"
    with pytest.raises(TelegramUnauthorizedError):
        await bot.get_me()


def asks_for_users(**asked: Any) -> ReplyKeyboardMarkup:
    button = KeyboardButton(text="Choose", request_users=KeyboardButtonRequestUsers(request_id=7, **asked))
    return ReplyKeyboardMarkup(keyboard=[[button]], one_time_keyboard=True)


async def test_who_is_picked_comes_with_what_the_button_asked_for(
    world: World, bot: Bot, anna: Person, poller: Poller
) -> None:
    boris = world.person("Boris", language="en")
    boris.account.username = "boris_b"
    await anna.says("/start")
    await poller.take()
    await bot.send_message(anna.id, "x", reply_markup=asks_for_users(max_quantity=2, request_name=True))

    await anna.picks_users(boris, anna)

    message = (await poller.one()).message
    assert message is not None
    assert message.users_shared is not None
    assert message.users_shared.request_id == 7
    told = [(user.user_id, user.first_name, user.username) for user in message.users_shared.users]
    assert told == [(boris.id, "Boris", None), (anna.id, "Anna", None)]
    assert anna.chat.keyboard is not None
    assert anna.chat.keyboard.folded
    await bot.send_message(anna.id, "x", reply_markup=asks_for_users(request_username=True))
    await anna.picks_users(boris)
    again = (await poller.one()).message
    assert again is not None
    assert again.users_shared is not None
    assert [(user.first_name, user.username) for user in again.users_shared.users] == [(None, "boris_b")]


async def test_only_those_can_be_picked_whom_the_button_offers(world: World, bot: Bot, anna: Person) -> None:
    robot = world.telegram.add_account("Robot", username="a_bot", language=None, phone=None, is_bot=True)
    boris = world.person("Boris", language="en")
    await anna.says("/start")
    with pytest.raises(NotSeen, match="a button that asks for people"):
        await anna.picks_users(boris, within=0)
    await bot.send_message(anna.id, "x", reply_markup=asks_for_users(user_is_bot=False))
    with pytest.raises(NotAllowed, match="Robot is not among those"):
        await anna.picks_users(robot)
    with pytest.raises(NotAllowed, match="That many cannot be chosen"):
        await anna.picks_users(boris, anna)
    await bot.send_message(anna.id, "x", reply_markup=asks_for_users(user_is_bot=True))
    with pytest.raises(NotAllowed, match="Boris is not among those"):
        await anna.picks_users(boris)
    await anna.picks_users(robot)


async def test_a_button_that_asks_for_users_is_refused_as_telegram_refuses_it(
    bot: Bot, anna: Person, group: Group
) -> None:
    await anna.says("/start")
    with pytest.raises(TelegramBadRequest, match="max_quantity must be between 1 and 10"):
        await bot.send_message(anna.id, "x", reply_markup=asks_for_users(max_quantity=11))
    with pytest.raises(TelegramBadRequest, match="users can be requested in private chats only"):
        await bot.send_message(group.id, "x", reply_markup=asks_for_users())
    button = KeyboardButton(text="Choose", request_users=KeyboardButtonRequestUsers(request_id=2**31))
    with pytest.raises(TelegramBadRequest, match="signed 32-bit"):
        await bot.send_message(anna.id, "x", reply_markup=ReplyKeyboardMarkup(keyboard=[[button]]))
