"""Photos: sent, edited into a message, and refused as Telegram refuses them."""

from __future__ import annotations

import struct
import zlib

import httpx
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaDocument
from aiogram.types import InputMediaPhoto as Photo

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World

BUTTON = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="More", callback_data="more")]])


def png(width: int, height: int) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(width)) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def file(width: int = 4, height: int = 3) -> BufferedInputFile:
    return BufferedInputFile(png(width, height), "picture.png")


async def test_a_photo_is_there_to_look_at_and_can_be_sent_again(world: World, bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    sent = await bot.send_photo(anna.id, file(), caption="<b>Numbers</b>", parse_mode="HTML", reply_markup=BUTTON)
    assert sent.photo is not None
    assert [(size.width, size.height) for size in sent.photo] == [(4, 3)]
    assert (sent.caption, sent.text, sent.document) == ("Numbers", None, None)
    seen = await anna.sees("numbers")
    assert seen.photo is not None
    assert seen.photo.data == png(4, 3)
    assert seen.entity_texts("bold") == ["Numbers"]
    assert seen.buttons == ["More"]
    again = await bot.send_photo(anna.id, sent.photo[0].file_id)
    assert again.photo == sent.photo
    assert again.caption is None


async def test_the_page_shows_it(world: World, bot: Bot, anna: Person, http: httpx.AsyncClient) -> None:
    await anna.says("/start")
    await bot.send_photo(anna.id, file())
    state = (await http.get(f"{world.url}/sandbox/state", params={"as": anna.id})).json()
    photo = state["chats"][0]["messages"][-1]["photo"]
    assert (photo["width"], photo["height"]) == (4, 3)
    picture = await http.get(f"{world.url}{photo['url']}")
    assert (picture.headers["Content-Type"], picture.content) == ("image/png", png(4, 3))
    assert (await http.get(f"{world.url}/sandbox/photo/none")).status_code == 404


async def test_another_photo_takes_the_place_of_one_and_of_a_text(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    shown = await bot.send_photo(anna.id, file(), caption="One", reply_markup=BUTTON)
    media = Photo(media=file(8, 8), caption="<i>Two</i>", parse_mode="HTML")
    await bot.edit_message_media(media, chat_id=anna.id, message_id=shown.message_id)
    seen = await anna.sees("two")
    assert seen.id == shown.message_id
    assert seen.photo is not None
    assert (seen.photo.width, seen.buttons, seen.entity_texts("italic")) == (8, [], ["Two"])
    assert seen.edit_date is not None
    words = await bot.send_message(anna.id, "Words")
    await bot.edit_message_media(Photo(media=file()), chat_id=anna.id, message_id=words.message_id)
    assert [message.id for message in anna.chat.messages if message.photo] == [shown.message_id, words.message_id]
    assert anna.shown("words") is None
    with pytest.raises(TelegramBadRequest, match="no text in the message to edit"):
        await bot.edit_message_text("x", chat_id=anna.id, message_id=words.message_id)


async def test_the_same_photo_again_is_no_change(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    sent = await bot.send_photo(anna.id, file(), caption="One")
    assert sent.photo is not None
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_message_media(
            Photo(media=sent.photo[0].file_id, caption="One"), chat_id=anna.id, message_id=sent.message_id
        )


async def test_what_is_no_photo_is_refused(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    document = await bot.send_document(anna.id, file())
    assert document.document is not None
    for known in ("photo999", "https://example.org/x.png", document.document.file_id):
        with pytest.raises(TelegramBadRequest, match="wrong file identifier"):
            await bot.send_photo(anna.id, known)
    for data, refusal in (
        (b"", "file must be non-empty"),
        (b"GIF89a", "IMAGE_PROCESS_FAILED"),
        (png(4, 3)[:-4], "IMAGE_PROCESS_FAILED"),
        (png(21, 1), "PHOTO_INVALID_DIMENSIONS"),
        (png(9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
    ):
        with pytest.raises(TelegramBadRequest, match=refusal):
            await bot.send_photo(anna.id, BufferedInputFile(data, "picture.png"))
    with pytest.raises(TelegramBadRequest, match="caption is too long"):
        await bot.send_photo(anna.id, file(), caption="x" * 1025)
    await bot.send_photo(anna.id, file(), caption="<b>" + "x" * 1024 + "</b>", parse_mode="HTML")


async def test_what_cannot_be_edited_into_a_photo_is_refused(bot: Bot, anna: Person, group: Group) -> None:
    said = await anna.says("/start")
    sent = await bot.send_message(anna.id, "Words")
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_media(Photo(media=file()), chat_id=anna.id, message_id=999)
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_media(Photo(media=file()), chat_id=anna.id, message_id=said.id)
    with pytest.raises(TelegramBadRequest, match="photos only"):
        await bot.edit_message_media(InputMediaDocument(media=file()), chat_id=anna.id, message_id=sent.message_id)
    with pytest.raises(TelegramBadRequest, match="does not support"):
        await bot.edit_message_media(Photo(media=file(), has_spoiler=True), chat_id=anna.id, message_id=sent.message_id)
