"""Documents: what the bot sends, and what people send it."""

from __future__ import annotations

import httpx
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, EphemeralMessageParameters

from bot.sandbox.people import Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.sandbox.conftest import Poller

FILE = BufferedInputFile(b'{"gate": 1}', filename="gate.json")


async def test_what_the_bot_sends_is_there_to_read(world: World, bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    sent = await bot.send_document(anna.id, FILE, caption="<b>Settings</b>", parse_mode="HTML")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.file_size, sent.caption) == ("gate.json", 11, "Settings")
    seen = await anna.sees("settings")
    assert seen.document is not None
    assert (seen.document.name, seen.document.data) == ("gate.json", b'{"gate": 1}')
    assert seen.entity_texts("bold") == ["Settings"]
    again = await bot.send_document(anna.id, sent.document.file_id)
    assert again.document == sent.document
    assert world.trace.calls_of("sendDocument")[0]["chat_id"] == str(anna.id)
    with pytest.raises(TelegramBadRequest, match="no text in the message to edit"):
        await bot.edit_message_text("x", chat_id=anna.id, message_id=sent.message_id)


async def test_a_document_can_be_for_one_member_only(bot: Bot, olga: Person, group: Group) -> None:
    parameters = EphemeralMessageParameters(receiver_user_id=olga.id)
    await bot.send_document(group.id, FILE, ephemeral_message_parameters=parameters)
    assert group.messages == []
    assert olga.sees_of(group)[-1].document is not None


async def test_files_that_are_not_there_cannot_be_sent(bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    for document in ("file999", "https://example.org/x.json"):
        with pytest.raises(TelegramBadRequest, match="wrong file identifier"):
            await bot.send_document(anna.id, document)
    with pytest.raises(TelegramBadRequest, match="file must be non-empty"):
        await bot.send_document(anna.id, BufferedInputFile(b"", filename="empty.json"))
    with pytest.raises(TelegramBadRequest, match="caption is too long"):
        await bot.send_document(anna.id, FILE, caption="x" * 1025)


async def test_what_people_send_is_fetched(
    world: World, bot: Bot, anna: Person, poller: Poller, http: httpx.AsyncClient
) -> None:
    await anna.sends_document("gate.json", b"\x00\xff")
    message = (await poller.one()).message
    assert message is not None
    assert message.document is not None
    assert (message.document.file_name, message.document.file_size, message.text) == ("gate.json", 2, None)
    file = await bot.get_file(message.document.file_id)
    assert file.file_path is not None
    fetched = await bot.download_file(file.file_path)
    assert fetched is not None
    assert fetched.read() == b"\x00\xff"
    assert (await http.get(f"{world.url}/file/bot{world.bot_token}/documents/none")).status_code == 404
    assert (await http.get(f"{world.url}/file/bot42:WRONG/{file.file_path}")).status_code == 401
    with pytest.raises(NotAllowed, match="empty file"):
        await anna.sends_document("empty.json", b"")


async def test_huge_files_are_told_and_cannot_be_fetched(bot: Bot, anna: Person, poller: Poller) -> None:
    await anna.sends_document("huge.json", bytes(20 * 2**20 + 1))
    message = (await poller.one()).message
    assert message is not None
    assert message.document is not None
    with pytest.raises(TelegramBadRequest, match="file is too big"):
        await bot.get_file(message.document.file_id)
    with pytest.raises(TelegramBadRequest, match="wrong file_id"):
        await bot.get_file("file999")


async def test_who_may_not_send_files_in_a_group_does_not(olga: Person, anna: Person, group: Group, bot: Bot) -> None:
    await anna.asks_to_join(group)
    await olga.approves(group, anna)
    await olga.restricts(group, anna, can_send_messages=True)
    await anna.says("words only", group)
    with pytest.raises(NotAllowed, match="may not write"):
        await anna.sends_document("x.json", b"{}", group)
