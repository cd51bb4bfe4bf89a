"""Text: Telegram's HTML, its limits, and the entities its server adds."""

from __future__ import annotations

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import Message, MessageEntity

from bot.sandbox.people import Person


@pytest.fixture(autouse=True)
async def started(anna: Person) -> None:
    await anna.says("/start")


def kinds(message: Message) -> list[tuple[str, str]]:
    return [(entity.type, entity.extract_from(message.text or "")) for entity in message.entities or []]


async def test_html_becomes_text_and_entities(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(
        anna.id,
        "😀 <b>bold <i>both</i></b> &lt;ok&gt; <code>1</code> <a href='https://a.ru/x'>x</a>",
        parse_mode="HTML",
    )
    assert sent.text == "😀 bold both <ok> 1 x"
    assert kinds(sent) == [("bold", "bold both"), ("italic", "both"), ("code", "1"), ("text_link", "x")]
    assert sent.entities is not None
    assert sent.entities[0].offset == 3, "offsets are UTF-16 units"


async def test_every_known_tag(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(
        anna.id,
        "<u>u</u><s>s</s><tg-spoiler>p</tg-spoiler><span class='tg-spoiler'>q</span><pre>r</pre>"
        "<pre><code class='language-py'>c</code></pre><blockquote expandable>x</blockquote>"
        "<tg-emoji emoji-id='53'>e</tg-emoji><strong>t</strong>",
        parse_mode="HTML",
    )
    assert [entity.type for entity in sent.entities or []] == [
        "underline", "strikethrough", "spoiler", "spoiler", "pre", "pre",
        "expandable_blockquote", "custom_emoji", "bold",
    ]  # fmt: skip


async def test_characters_can_be_written_by_number(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "&#39;&#x1F600;&quot; &#0; AT&T", parse_mode="HTML")
    assert sent.text == "'😀\" &#0; AT&T"


async def test_links_to_people_and_bare_addresses(bot: Bot, anna: Person) -> None:
    html = f'<a href="tg://user?id={anna.id}">Anna</a> <a href="a.ru/x">x</a> <a>https://b.ru</a>'
    sent = await bot.send_message(anna.id, html, parse_mode="HTML")
    assert [entity.type for entity in sent.entities or []] == ["text_mention", "text_link", "text_link"]
    assert [entity.url for entity in sent.entities or []] == [None, "http://a.ru/x", "https://b.ru"]


async def test_entities_can_be_given_instead_of_html_and_must_lie_in_the_text(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "  bold", entities=[MessageEntity(type="bold", offset=1, length=3)])
    assert kinds(sent) == [("bold", "bo")]
    with pytest.raises(TelegramBadRequest, match="out of the text"):
        await bot.send_message(anna.id, "bold", entities=[MessageEntity(type="bold", offset=0, length=9)])


async def test_a_moment_becomes_a_date_time_entity(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(
        anna.id, 'until <tg-time unix="1760000000" format="r">14:35</tg-time>', parse_mode="HTML"
    )
    (entity,) = sent.entities or []
    assert (entity.type, entity.unix_time, entity.date_time_format) == ("date_time", 1760000000, "r")
    assert entity.extract_from(sent.text or "") == "14:35"


async def test_a_phone_number_in_plain_text_is_made_tappable_and_nowhere_else(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(
        anna.id,
        "call +74951234567 <code>+74951234568</code> 84951234569 <a href='tel:+74951234570'>phone</a>",
        parse_mode="HTML",
    )  # fmt: skip
    assert kinds(sent) == [("phone_number", "+74951234567"), ("code", "+74951234568")]


async def test_a_bot_cannot_set_a_phone_number_entity_itself(bot: Bot, anna: Person) -> None:
    fake = MessageEntity(type="phone_number", offset=0, length=4)
    sent = await bot.send_message(anna.id, "call me", entities=[fake])
    assert not sent.entities


async def test_mentions_commands_and_addresses_are_found(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "/help @callgate_bot https://t.me/x. a@b.ru t.me/y #tag")
    assert kinds(sent) == [
        ("bot_command", "/help"),
        ("mention", "@callgate_bot"),
        ("url", "https://t.me/x"),
        ("email", "a@b.ru"),
        ("url", "t.me/y"),
        ("hashtag", "#tag"),
    ]


async def test_white_space_around_the_text_goes(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "\n <b> x</b>\n ", parse_mode="HTML")
    assert sent.text == "x"
    assert kinds(sent) == [("bold", "x")]


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("ё<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("a &nbsp; b", 'Unsupported named entity "&nbsp;"'),
        ("a <b", "Unclosed start tag at byte offset 2"),
        ("<b x>y</b>", "Expected equal sign in declaration of an attribute"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler"'),
        ("<tg-time unix='soon'>x</tg-time>", "Invalid Unix time specified"),
        ("<tg-time unix='1760000000' format='R'>x</tg-time>", "Invalid date-time format specified"),
        ("<tg-emoji>x</tg-emoji>", "Invalid custom emoji identifier specified"),
    ],
)
async def test_broken_html_is_refused(bot: Bot, anna: Person, html: str, complaint: str) -> None:
    with pytest.raises(TelegramBadRequest) as refusal:
        await bot.send_message(anna.id, html, parse_mode="HTML")
    assert f"Bad Request: can't parse entities: {complaint}" in refusal.value.message


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "message text is empty"),
        (" \n", "message text is empty"),
        ("<b> </b>", "message text is empty"),
        ("x" * 4097, "message is too long"),
    ],
)
async def test_text_is_1_to_4096_characters(bot: Bot, anna: Person, text: str, complaint: str) -> None:
    with pytest.raises(TelegramBadRequest, match=complaint):
        await bot.send_message(anna.id, text, parse_mode="HTML")


async def test_the_limit_counts_characters_after_parsing(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, f"<b>{'😀' * 4096}</b>", parse_mode="HTML")
    assert len(sent.text or "") == 4096
