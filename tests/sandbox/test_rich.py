"""Rich messages, as far as the sandbox supports them: HTML in, text and entities out."""

from __future__ import annotations

from functools import partial

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import InputRichMessage, Message

from bot.sandbox.people import Person
from bot.sandbox.world import World

NUMBER = '<p><b>Call</b></p><p>📞 <a href="tel:+74951234567">+74951234567</a></p>'


def html(text: str) -> InputRichMessage:
    return InputRichMessage(html=text)


def kinds(message: Message) -> list[tuple[str, str]]:
    assert message.text is not None
    return [(entity.type, entity.extract_from(message.text)) for entity in message.entities or []]


async def test_a_number_in_a_rich_message_can_be_tapped(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    sent = await bot.send_rich_message(anna.id, html(NUMBER))
    assert sent.text == "Call\n\n📞 +74951234567"
    assert kinds(sent) == [("bold", "Call"), ("phone_number", "+74951234567")]
    assert (await anna.sees("+74951234567")).rich


async def test_the_tags_and_links_that_are_played(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    sent = await bot.send_rich_message(
        anna.id,
        html(
            "\n<p>a &lt;  b <i>😀 i</i><u>u</u>\n<s>s</s></p> \n"
            '<p><code>c</code><br>next <tg-time unix="1647531900" format="r">14:35</tg-time></p>'
            '<a href="https://a.ru">site</a> <a href="mailto:a@b.ru">a@b.ru</a> <a href="mailto:a@b.ru">us</a> '
            '<a href="tel:+74951234567">Call</a> <a href="tg://user?id=1">Ann</a>'
        ),
    )
    assert sent.text == "a < b 😀 iu s\n\nc\nnext 14:35\n\nsite a@b.ru us Call Ann"
    assert kinds(sent) == [
        ("italic", "😀 i"), ("underline", "u"), ("strikethrough", "s"), ("code", "c"), ("date_time", "14:35"),
        ("text_link", "site"), ("email", "a@b.ru"), ("text_link", "us"), ("text_link", "Call"), ("text_mention", "Ann"),
    ]  # fmt: skip
    urls = [entity.url for entity in sent.entities or [] if entity.type == "text_link"]
    assert urls == ["https://a.ru", "mailto:a@b.ru", "tel:+74951234567"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("<h1>x</h1>", 'does not support the tag "h1"'),
        ("<p><p>x</p></p>", "a paragraph cannot stand inside"),
        ("<b>x", 'the tag "b" has no end'),
        ("<b>x</i></b>", 'unexpected end tag "i"'),
        ("x</b>", 'unexpected end tag "b"'),
        ("x<!-- y -->", "does not support"),
        ("<!doctype html>x", "does not support"),
        ('<a href="javascript:alert(1)">x</a>', "is not supported"),
        ('<a href="a.ru">x</a>', "is not supported"),
        ("<a>https://a.ru</a>", "is not supported"),
        ('<a href="tel:">x</a>', "is not supported"),
        ('<tg-time unix="x">x</tg-time>', "Invalid Unix time"),
        ("<p> <br> </p>", "message text is empty"),
        ("x" * 32769, "message is too long"),
    ],
)
async def test_what_is_not_played_is_refused(bot: Bot, anna: Person, text: str, complaint: str) -> None:
    await anna.says("/start")
    with pytest.raises(TelegramBadRequest, match=complaint):
        await bot.send_rich_message(anna.id, html(text))
    assert len(anna.chat.messages) == 1


async def test_only_html_is_played(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    for message in (InputRichMessage(markdown="x"), InputRichMessage(html="x", is_rtl=True), InputRichMessage()):
        with pytest.raises(TelegramBadRequest, match="in html only"):
            await bot.send_rich_message(anna.id, message)
    with pytest.raises(TelegramBadRequest, match="unknown field"):
        await bot.send_rich_message(anna.id, InputRichMessage.model_validate({"html": "x", "htm": "x"}))


async def test_a_message_can_be_edited_from_one_kind_to_the_other(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    sent = await bot.send_message(anna.id, "x")
    edit = partial(bot.edit_message_text, chat_id=anna.id, message_id=sent.message_id)
    await edit(rich_message=html("x"))
    assert (await anna.sees("x")).rich, "the same words in another kind are another message"
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await edit(rich_message=html("<p>x</p>"))
    await edit("x")
    assert not (await anna.sees("x")).rich
    with pytest.raises(TelegramBadRequest, match="either a text or a rich message"):
        await edit("y", rich_message=html("y"))
    with pytest.raises(TelegramBadRequest, match="message text is empty"):
        await edit()


async def test_an_old_server_refuses_rich_messages(world: World, bot: Bot, anna: Person) -> None:
    world.telegram.rich_messages = False
    await anna.says("/start")
    with pytest.raises(TelegramBadRequest, match="rich messages are not supported"):
        await bot.send_rich_message(anna.id, html("x"))
    sent = await bot.send_message(anna.id, "x")
    with pytest.raises(TelegramBadRequest, match="rich messages are not supported"):
        await bot.edit_message_text(chat_id=anna.id, message_id=sent.message_id, rich_message=html("y"))
    assert await anna.sees("x")


async def test_a_rich_message_needs_an_open_chat(bot: Bot, anna: Person) -> None:
    with pytest.raises(TelegramForbiddenError, match="can't initiate conversation"):
        await bot.send_rich_message(anna.id, html("x"))
