"""What a Mini App gets when it opens, and what the person does in it."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from aiogram import Bot
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, WebAppInfo
from aiogram.utils.web_app import WebAppInitData, check_webapp_signature, safe_parse_webapp_init_data

from bot.sandbox.people import Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import App, Group
from bot.sandbox.telegram.webapp import init_data
from bot.sandbox.world import World
from tests.sandbox.conftest import Poller

APP = "https://gate.example/app?x=1"


def launch(app: App) -> dict[str, str]:
    """The contents of the fragment."""
    return {name: values[0] for name, values in parse_qs(urlsplit(app.url).fragment, strict_parsing=True).items()}


def read(world: World, app: App) -> WebAppInitData:
    """What the bot reads after checking the signature."""
    return safe_parse_webapp_init_data(world.bot_token, app.init_data)


async def test_a_button_opens_an_app_that_knows_who_opened_it_and_when(world: World, bot: Bot) -> None:
    anna = world.person("Анна & Ко", language="en", username="anna")
    await anna.says("/start")
    button = InlineKeyboardButton(text="Open", web_app=WebAppInfo(url=APP))
    await bot.send_message(anna.id, "x", reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]))
    app = await anna.opens_app((await anna.presses("Open"))["web_app"]["url"])
    assert app.url.startswith(f"{APP}#tgWebAppData=")
    data = read(world, app)
    assert data.user is not None
    assert (data.user.id, data.user.first_name, data.user.username) == (anna.id, "Анна & Ко", "anna")
    assert (data.user.language_code, data.user.allows_write_to_pm) == ("en", True)
    assert abs(data.auth_date.timestamp() - world.clock.timestamp()) < 5
    assert (data.chat, app.group, app.query_id) == (None, None, None)
    shown = launch(app)
    assert shown["tgWebAppData"] == app.init_data
    assert (shown["tgWebAppVersion"], shown["tgWebAppPlatform"]) == ("9.6", "android")
    assert json.loads(shown["tgWebAppThemeParams"])["bg_color"].startswith("#")


async def test_a_guard_s_app_knows_the_query_and_the_chat(
    world: World, bot: Bot, anna: Person, olga: Person, group: Group, poller: Poller
) -> None:
    await olga.assigns_guard(group)
    await anna.asks_to_join(group)
    request = (await poller.one()).chat_join_request
    assert request is not None
    assert request.query_id is not None
    await bot.send_chat_join_request_web_app(request.query_id, APP)
    app = await anna.sees_app()
    data = read(world, app)
    assert data.user is not None
    assert (data.user.id, data.user.allows_write_to_pm) == (anna.id, None), "she never wrote to the bot"
    assert data.chat is not None
    assert (data.chat.id, data.chat.type, data.chat.title) == (group.id, "supergroup", "Flat owners")
    assert data.model_extra is not None
    assert data.model_extra["chat_join_request_query_id"] == request.query_id
    assert launch(app)["tgWebAppData"] == app.init_data


async def test_what_the_client_says_is_signed_field_by_field(world: World, anna: Person) -> None:
    data = init_data(world.bot_token, 1_800_000_000.9, anna.account, start_param="x")
    assert check_webapp_signature(world.bot_token, data)
    assert not check_webapp_signature("42:another token", data)
    fields = parse_qs(data)
    assert (fields["auth_date"], fields["start_param"]) == (["1800000000"], ["x"])
    for name in ("user", "auth_date", "start_param", "signature", "hash"):
        assert not check_webapp_signature(world.bot_token, data.replace(f"{name}=", f"{name}=0")), name


async def test_a_fragment_of_the_page_s_own_is_kept(anna: Person) -> None:
    assert "#part&tgWebAppData=" in (await anna.opens_app("https://gate.example/app#part")).url


async def test_a_desktop_client_says_so(anna: Person) -> None:
    assert anna.device == "phone"
    anna.device = "desktop"
    assert launch(await anna.opens_app(APP))["tgWebAppPlatform"] == "tdesktop"


async def test_an_app_opens_at_safe_addresses_only(anna: Person) -> None:
    for url in ("", "http://gate.example/app", "tel:+79991234512", "https://[", "/app"):
        with pytest.raises(NotAllowed, match="https"):
            await anna.opens_app(url)


async def test_a_contact_shared_in_the_app_reaches_the_bot_as_a_message_and_opens_the_chat(
    bot: Bot, anna: Person, poller: Poller
) -> None:
    await anna.shares_contact_in_app()
    message = (await poller.one()).message
    assert message is not None
    assert message.contact is not None
    assert (message.contact.phone_number, message.contact.user_id) == ("79991234512", anna.id)
    assert (message.chat.id, message.forward_origin) == (anna.id, None)
    assert (await bot.send_message(anna.id, "thank you")).text == "thank you"
