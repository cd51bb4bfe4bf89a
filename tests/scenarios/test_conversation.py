"""What a person reads and presses in the private chat."""

from __future__ import annotations

import re

import httpx
import pytest

from bot.i18n.texts import unbroken
from bot.sandbox.people import Person
from bot.sandbox.world import World
from bot.telegram.commands import OPERATOR_COMMANDS
from tests.installation import Installation, number_shown, verify
from tests.scenarios.conftest import Install
from tests.scenarios.story import WINDOW, all_is_carried, gets_number, guarded, moments, reads

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)


async def test_start_shows_one_button_and_it_asks_for_the_contact(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")

    await anna.says("/start")

    welcome = await anna.sees("👋")
    assert "free" in (welcome.text or "")
    assert "password" in (welcome.text or "")
    assert welcome.buttons == []
    keyboard = anna.chat.reply_keyboard
    assert keyboard is not None
    assert [button.get("request_contact") for button in keyboard.buttons] == [True]
    assert keyboard.one_time


async def test_the_welcome_names_every_gate_at_which_the_person_waits(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    _, flats = await guarded(world, "Flat owners")
    _, garden = await guarded(world, "Garden")

    await anna.asks_to_join(flats)
    await anna.sees("Flat owners")
    await anna.asks_to_join(garden)

    await anna.sees("Flat owners, Garden")
    await all_is_carried(brisk)
    assert len(anna.chat.messages) == 1


async def test_the_number_stands_as_plain_text_that_clients_make_tappable(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")

    number = await gets_number(anna)

    screen = await anna.sees(number)
    assert screen.entity_texts("phone_number") == [number]
    assert not {entity["type"] for entity in screen.entities} & {"code", "pre", "text_link", "url"}
    assert number in world.smsc.pool(anna.phone)


async def test_the_number_screen_counts_down_to_the_end_of_the_window(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")

    await gets_number(anna)

    (kept,) = await brisk.rows("SELECT asked_at, window_ends_at FROM numbers")
    assert moments(anna, "📞") == [kept["window_ends_at"] // 10**6]
    assert WINDOW <= (kept["window_ends_at"] - kept["asked_at"]) / 10**6 < WINDOW + 60


async def test_the_number_screen_shows_a_mask_and_never_the_persons_own_number(
    world: World, brisk: Installation
) -> None:
    anna = world.person("Anna", phone="+79161234567", language="en")

    await gets_number(anna)

    screen = await anna.sees("📞")
    assert unbroken("+7 ••• ••• 45-67") in (screen.text or "")
    assert "9161234567" not in (screen.text or "").replace(" ", "")


async def test_a_button_copies_the_number(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")

    number = await gets_number(anna)

    assert (await anna.presses("📋"))["copied"] == number


async def test_without_a_public_address_there_is_no_call_button(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")

    await gets_number(anna)

    assert len((await anna.sees("📞")).buttons) == 3
    assert (await anna.sees("📞")).button("📞") is None


async def test_with_a_public_address_a_button_opens_a_page_that_dials(world: World, install: Install) -> None:
    callgate = await install(PUBLIC_URL="http://localhost:8080")
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)

    url = (await anna.presses("📞"))["url"]

    address, _, token = url.rpartition("/call/")
    assert address == "http://localhost:8080"
    async with httpx.AsyncClient() as browser:
        page = await browser.get(f"{callgate.url}/call/{token}")
        assert page.status_code == 200
        assert f'href="tel:{number}"' in page.text
        await anna.presses("✖️")
        assert (await browser.get(f"{callgate.url}/call/{token}")).status_code == 410


async def test_only_one_message_remains_whatever_the_person_does(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    for text in ("/start", "/help", "/privacy", "hello?", "/start"):
        await anna.says(text)
    await anna.shares_contact()
    number = await number_shown(anna)
    await anna.presses("🔄")
    await anna.says("/help")
    await anna.sees("How this works")
    await anna.calls(number)

    await anna.sees("✅")

    await all_is_carried(brisk)
    assert [
        message.text for message in anna.chat.messages if message.sender.is_bot and "✅" not in (message.text or "")
    ] == []
    assert len([message for message in anna.chat.messages if message.sender.is_bot]) == 1
    assert [message.contact for message in anna.chat.messages if message.contact] == []


@pytest.mark.parametrize(
    ("language", "is_russian"), [("ru", True), ("uk", True), (None, True), ("en", False), ("en-GB", False)]
)
async def test_a_person_is_spoken_to_in_their_language_or_else_in_that_of_the_installation(
    world: World, brisk: Installation, language: str | None, is_russian: bool
) -> None:
    anna = world.person("Anna", language=language)

    await anna.says("/start")

    welcome = await anna.sees("👋")
    assert bool(CYRILLIC.search(welcome.text or "")) is is_russian
    assert anna.chat.reply_keyboard is not None
    assert bool(CYRILLIC.search(anna.chat.reply_keyboard.buttons[0]["text"])) is is_russian
    await anna.shares_contact()
    number_screen = await anna.sees("📞")
    assert bool(CYRILLIC.search((number_screen.text or "") + "".join(number_screen.buttons))) is is_russian


async def test_a_person_who_changes_the_language_is_answered_in_the_new_one(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.sees("free call")
    anna.account.language_code = "ru"

    await anna.says("/start")

    await anna.sees("👋")
    await all_is_carried(brisk)
    assert CYRILLIC.search(await reads(anna, "👋"))


async def test_help_lists_the_commands_of_the_menu(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")

    await anna.says("/help")

    text = await reads(anna, "How this works")
    in_private = [("all_private_chats", language) for language in ("", "en", "ru")]
    await world.wait_until(lambda: set(in_private) <= set(world.telegram.commands))
    for menu in (world.telegram.commands[scope] for scope in in_private):
        assert [command["command"] for command in menu] == re.findall(r"^/(\w+)", text, re.MULTILINE)


async def helps(callgate: Installation, reader: Person) -> list[str]:
    """Return the commands that /help lists to somebody."""
    await reader.says("/help")
    text = await reads(reader, "How this works")
    await all_is_carried(callgate)
    return re.findall(r"^/(\w+)", text, re.MULTILINE)


async def test_help_lists_commands_only_to_people_who_may_use_them(
    world: World, brisk: Installation, operator: Person
) -> None:
    anna = world.person("Anna", language="en")
    everybody = await helps(brisk, anna)
    owner, _ = await guarded(world)

    assert await helps(brisk, anna) == everybody
    admins = [*everybody, "gate", "pending", "who", "revoke", "block", "unblock", "log", "stats"]
    assert await helps(brisk, owner) == admins
    assert "For administrators" in await reads(owner, "How this works")
    named = [command.name for command in OPERATOR_COMMANDS]
    assert await helps(brisk, operator) == [*everybody, *named]
    assert "For operators" in await reads(operator, "How this works")


async def test_help_and_privacy_lead_back_to_the_number(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)

    await anna.says("/help")
    await anna.sees("How this works")
    await anna.presses("Privacy")
    await anna.sees("What I keep")
    await anna.presses("Back")

    await anna.sees(number)
    assert len([message for message in anna.chat.messages if message.sender.is_bot]) == 1


async def test_the_privacy_screen_says_what_is_kept_and_what_is_not(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")

    await anna.says("/privacy")

    text = await reads(anna, "What I keep")
    assert "fingerprint" in text
    assert "What I do not keep" in text


async def test_cancel_ends_the_attempt_and_is_no_error_without_one(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")

    await anna.says("/cancel")
    await anna.sees("👋")
    number = await gets_number(anna)
    await anna.says("/cancel")

    await anna.sees("✖️")
    await anna.calls(number)
    await all_is_carried(brisk)
    assert anna.shown("✅") is None
    assert anna.shown(number) is None


@pytest.mark.parametrize("text", ["hello", "/unknown", "+79161234567", "👍"])
async def test_anything_written_is_answered_with_where_one_stands(world: World, brisk: Installation, text: str) -> None:
    anna = world.person("Anna", language="en")

    await anna.says(text)
    await anna.sees("👋")
    await anna.shares_contact()
    number = await number_shown(anna)
    await anna.says(text)

    await all_is_carried(brisk)
    (screen,) = [message for message in anna.chat.messages if message.sender.is_bot]
    assert number in (screen.text or "")


async def test_a_verified_person_who_starts_again_is_told_so_and_asked_for_nothing(
    world: World, brisk: Installation
) -> None:
    anna = world.person("Anna", language="en")
    await verify(anna)

    await anna.says("/start")

    await all_is_carried(brisk)
    (screen,) = [message for message in anna.chat.messages if message.sender.is_bot]
    assert "✅" in (screen.text or "")
    assert not anna.asked_for_contact()
    assert len(world.smsc.wait_calls) == 1


async def test_a_person_who_is_in_gets_a_button_that_opens_the_chat(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner, username="flat_owners")
    await owner.makes_bot_admin(group, can_invite_users=True)
    await anna.asks_to_join(group)

    await verify(anna)

    await anna.sees("You are in")
    assert (await anna.presses("Flat owners"))["url"] == "https://t.me/flat_owners"


async def test_what_is_written_in_the_group_is_not_answered(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)

    for text in ("/start", "/help@callgate_bot", "hello"):
        await owner.says(text, chat=group)
    await owner.says("/help")

    await owner.sees("How this works")
    await all_is_carried(brisk)
    assert [message.text for message in group.messages if message.sender.is_bot] == []
