"""Every kind of message goes out without the part that Telegram rejected."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import AnswerCallbackQuery
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InputMediaPhoto

from bot.sandbox.people import Person
from bot.sandbox.world import World
from bot.telegram import keyboards
from bot.telegram.fallback import Fallback, plainly, without_quotes
from bot.telegram.methods import EditPhoto, EditText, SendPhoto, SendText
from tests.sandbox.test_photos import png

PLACE = InlineKeyboardButton(text="Home", callback_data="p:home")


@pytest.fixture
def left_out() -> list[str]:
    """The parts that stay out from now on."""
    return []


@pytest.fixture
async def bot(world: World, left_out: list[str]) -> AsyncIterator[Bot]:
    """A bot with the fallback."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(world.url))
    session.middleware(Fallback(left_out.append))
    async with Bot(world.bot_token, session=session) as bot:
        yield bot


@pytest.fixture
async def anna(world: World) -> Person:
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    return anna


def rows(*buttons: InlineKeyboardButton) -> Any:
    return keyboards.rows(*([button] for button in buttons))


def kinds(person: Person, text: str) -> list[str]:
    """Return the texts of the buttons below the message that contains `text`."""
    message = person.shown(text)
    assert message is not None
    return [button["text"] for row in message.inline_keyboard for button in row]


async def send(bot: Bot, person: Person, kind: str, text: str, keyboard: Any = None) -> str:
    """Send a message of that kind; return the words that identify it."""
    photo = BufferedInputFile(png(4, 3), "chart.png")
    match kind:
        case "photo":
            await bot(SendPhoto(chat_id=person.id, photo=photo, caption=text, reply_markup=keyboard))
        case "document":
            file = BufferedInputFile(b"data", "data.json")
            await bot.send_document(person.id, file, caption=text, parse_mode="HTML", reply_markup=keyboard)
        case "edit":
            sent = await bot(SendText(chat_id=person.id, text="before"))
            await bot(EditText(chat_id=person.id, message_id=sent.message_id, text=text, reply_markup=keyboard))
        case "edit photo":
            sent = await bot(SendPhoto(chat_id=person.id, photo=photo, caption="before"))
            media = InputMediaPhoto(media=photo, caption=text, parse_mode="HTML")
            await bot(EditPhoto(chat_id=person.id, message_id=sent.message_id, media=media, reply_markup=keyboard))
        case _:
            await bot(SendText(chat_id=person.id, text=text, reply_markup=keyboard))
    return "words"


KINDS = pytest.mark.parametrize("kind", ["text", "edit", "photo", "edit photo", "document"])


@KINDS
async def test_an_unknown_tag_goes_and_its_words_stay(
    world: World, bot: Bot, anna: Person, left_out: list[str], kind: str
) -> None:
    world.telegram.unknown_tags = frozenset({"tg-time"})
    text = '<b>words</b> &amp; <tg-time unix="1800000000" format="r">14:35 UTC</tg-time>'
    for _ in range(2):
        found = await send(bot, anna, kind, text)

    message = anna.shown(found)
    assert message is not None
    assert message.text == "words & 14:35 UTC"
    assert [entity["type"] for entity in message.entities] == ["bold"]
    assert left_out == ["<tg-time>"]
    assert sum("Unsupported start tag" in title for title in world.trace.titles("bot_api")) == 1


@KINDS
async def test_a_refused_button_goes_and_the_others_stay(
    world: World, bot: Bot, anna: Person, left_out: list[str], kind: str
) -> None:
    world.telegram.button_rules.local_links = False
    good = keyboards.link("Good", "https://callgate.example/call/1")
    bad = keyboards.link("Bad", "https://callgate/call/secret-token")
    app = keyboards.mini_app("App", "http://localhost:8080/app")
    found = await send(bot, anna, kind, "words", rows(good, bad, app, PLACE))

    assert kinds(anna, found) == ["Good", "Home"]
    assert sorted(left_out) == ["http://localhost:8080", "https://callgate"]


async def test_a_keyboard_of_which_nothing_is_left_goes_as_a_whole(world: World, bot: Bot, anna: Person) -> None:
    world.telegram.button_rules.local_links = False
    await send(bot, anna, "text", "words", rows(keyboards.link("Bad", "http://localhost/")))
    assert kinds(anna, "words") == []


async def test_a_link_into_telegram_stays_as_words(world: World, bot: Bot, anna: Person, left_out: list[str]) -> None:
    world.telegram.button_rules.unknown = frozenset({"url"})
    await send(bot, anna, "text", "words", rows(keyboards.link("✅ Verify", "https://t.me/some_bot?start=verify")))
    message = anna.shown("words")
    assert message is not None
    assert message.text == "words\n\n✅ Verify: https://t.me/some_bot?start=verify"
    assert left_out == []


@pytest.mark.parametrize(
    ("part", "words", "left"),
    [
        ("url", "BUTTON_URL_INVALID", ["Copy", "Home", "App"]),
        ("web_app", "BUTTON_TYPE_INVALID", ["Call", "Copy", "Home"]),
        ("copy_text", "BUTTON_COPY_TEXT_INVALID", ["Call", "Home", "App"]),
        ("url", "BUTTON_INVALID", ["Home"]),
        ("callback_data", "BUTTON_DATA_INVALID", []),
        ("reply_markup", "REPLY_MARKUP_INVALID", []),
        ("entities", "can't parse entities: Can't find end tag", ["Call", "Copy", "Home", "App"]),
        ("entities", "ENTITY_MENTION_USER_INVALID", ["Call", "Copy", "Home", "App"]),
        ("link_preview_options", "WEBPAGE_CURL_FAILED", ["Call", "Copy", "Home", "App"]),
    ],
)
async def test_whatever_part_is_refused_the_words_arrive(
    world: World, bot: Bot, anna: Person, part: str, words: str, left: list[str]
) -> None:
    world.telegram.refused_parts = {part: words}
    buttons = [keyboards.link("Call", "https://callgate.example/call/1"), keyboards.copy("Copy", "1"), PLACE]
    buttons.append(keyboards.mini_app("App", "https://callgate.example/app"))

    await bot(SendText(chat_id=anna.id, text="the <b>words</b>", reply_markup=rows(*buttons)))

    assert kinds(anna, "the words") == left


async def test_what_is_no_ornament_is_refused_as_before(bot: Bot, anna: Person) -> None:
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot(SendText(chat_id=4242, text="words", reply_markup=rows(PLACE)))
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot(EditText(chat_id=anna.id, message_id=4242, text="words"))
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot(AnswerCallbackQuery(callback_query_id="1", text="<b>words</b>"))


@KINDS
async def test_bare_text_has_nothing_that_could_be_refused(world: World, bot: Bot, anna: Person, kind: str) -> None:
    with plainly("error 1234"):
        await send(bot, anna, kind, "<b>words</b> &amp; more", rows(PLACE))
    message = anna.shown("words")
    assert message is not None
    assert message.text == "words & more\n\nerror 1234"
    assert (message.entities, message.inline_keyboard) == ([], [])


@KINDS
async def test_bare_text_that_is_too_long_is_cut(bot: Bot, anna: Person, kind: str) -> None:
    with plainly("error 1234"):
        await send(bot, anna, kind, "<b>words</b> " + 4000 * "\N{SMILING FACE WITH SUNGLASSES}")

    text = (await anna.sees("words")).text or ""
    assert text.startswith("words \N{SMILING FACE WITH SUNGLASSES}")
    assert text.endswith("\N{SMILING FACE WITH SUNGLASSES}…\n\nerror 1234")


def test_what_telegram_quotes_is_told_to_nobody() -> None:
    assert without_quotes("button URL 'https://callgate/call/token' is invalid: Wrong HTTP URL") == (
        "button URL '…' is invalid: Wrong HTTP URL"
    )
    assert without_quotes('Unsupported start tag "tg-time"') == 'Unsupported start tag "tg-time"'


@pytest.mark.parametrize(
    "words",
    [
        "can't parse the button: URL 'https://callgate/call/token' is invalid: Wrong HTTP URL",
        "URL 'https://callgate/call/token?it's' is invalid",
        "URL 'https://callgate/call/token",
        "wrong URL https://callgate/call/token specified",
        'invalid URL "tel:+7 999 token 123-45-67" specified',
        "invalid URL tel:+79991234567 specified",
        "PHONE_NUMBER_INVALID: +7 (999) 123-45-67",
        "79991234567 is not a token",
        'text "Anna 9991234567" cannot be parsed',
    ],
)
def test_neither_an_address_nor_a_phone_stays_in_what_telegram_says(words: str) -> None:
    said = without_quotes(words)

    assert "https" not in said
    assert "Anna" not in said
    assert "9" not in said
    assert "/call/" not in said


async def test_a_message_that_is_as_it_was_keeps_its_buttons(bot: Bot, anna: Person) -> None:
    sent = await bot(SendText(chat_id=anna.id, text="Money: 100", reply_markup=rows(PLACE)))

    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot(EditText(chat_id=anna.id, message_id=sent.message_id, text="Money: 100", reply_markup=rows(PLACE)))

    assert kinds(anna, "Money") == ["Home"]
