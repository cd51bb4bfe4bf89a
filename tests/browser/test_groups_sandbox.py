"""Groups on the sandbox's page, as members and admins see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiogram import Bot
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BufferedInputFile,
    EphemeralMessageParameters,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    KeyboardButtonRequestUsers,
    ReplyKeyboardMarkup,
)
from playwright.async_api import Browser, Page, expect

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.browser.demo import DESKTOP, PHONE, Scheme
from tests.browser.test_miniapps_sandbox import held
from tests.sandbox.conftest import bot_for

RIGHTS = ("can_invite_users", "can_restrict_members", "can_manage_tags")


@pytest_asyncio.fixture(loop_scope="session")
async def bot(world: World) -> AsyncIterator[Bot]:
    async with bot_for(world) as bot:
        yield bot


@pytest.fixture
def olga(world: World) -> Person:
    return world.person("Olga", language="en", role="owner")


@pytest.fixture
def anna(world: World) -> Person:
    return world.person("Anna", language="en")


@pytest_asyncio.fixture(loop_scope="session")
async def group(world: World, olga: Person, anna: Person) -> Group:
    """A group with Anna in it, which the bot administers too; newcomers have to ask."""
    group = world.group("Flat owners", owner=olga, approves=False)
    await olga.makes_bot_admin(group, **dict.fromkeys(RIGHTS, True))
    await anna.joins(group)
    await olga.sets_up(group, approves=True)
    return group


def link(text: str, url: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text=text, url=url)]])


async def whisper(
    bot: Bot, group: Group, person: Person, text: str, markup: InlineKeyboardMarkup | None = None
) -> None:
    """A message of the bot in the group that only this person sees."""
    to = EphemeralMessageParameters(receiver_user_id=person.id)
    await bot.send_message(group.id, text, ephemeral_message_parameters=to, reply_markup=markup)


async def become(page: Page, person: Person) -> None:
    await page.get_by_test_id(f"role-{person.id}").click()
    await expect(page.get_by_test_id(f"role-{person.id}")).to_have_attribute("aria-pressed", "true")


async def test_an_owner_runs_a_group_and_a_muted_newcomer_sees_what_is_meant_for_them(
    world: World, bot: Bot, browser: Browser, olga: Person, anna: Person, group: Group
) -> None:
    page = await held(browser, world, olga, group.id, DESKTOP)
    await page.get_by_test_id("chat-info").click()
    right = page.get_by_role("switch", name="Manage tags")
    await expect(right).to_be_checked()
    await right.click()
    await expect(right).not_to_be_checked()
    await world.wait_until(lambda: not group.member(world.telegram.bot).may("can_manage_tags"))

    await page.get_by_test_id(f"member-{anna.id}").click()
    await page.get_by_test_id("restrict").click()
    await expect(page.get_by_test_id(f"member-{anna.id}")).to_contain_text("muted")
    await whisper(bot, group, anna, "Verify to write here")

    await become(page, anna)
    await page.get_by_test_id(f"chat-item-{group.id}").click()
    await expect(page.get_by_test_id("composer-closed")).to_have_text("You are muted here: you can read, not write.")
    await expect(page.get_by_test_id("input")).to_be_hidden()
    whispered = page.get_by_test_id("message").filter(has_text="Verify to write here")
    await expect(whispered.get_by_test_id("alone")).to_have_text("Only you see this")

    await become(page, olga)
    await expect(page.get_by_test_id("message").filter(has_text="Anna joined the group")).to_be_visible()
    await expect(page.get_by_test_id("message").filter(has_text="Verify to write here")).to_have_count(0)
    await page.get_by_test_id("chat-info").click()
    await page.get_by_test_id(f"member-{anna.id}").click()
    await page.get_by_test_id("free").click()
    await expect(page.get_by_test_id(f"member-{anna.id}")).not_to_contain_text("muted")
    await page.get_by_test_id("info-close").click()
    await become(page, anna)
    await expect(page.get_by_test_id("input")).to_be_visible()


async def test_a_raid_is_started_seen_in_the_requests_and_its_strangers_can_be_met(
    world: World, browser: Browser, olga: Person, group: Group
) -> None:
    page = await held(browser, world, olga, group.id, DESKTOP)
    await page.get_by_test_id("clock-rate-60").click()
    await page.get_by_test_id("raid-30").click()
    await page.get_by_test_id("raid-start").click()
    await expect(page.get_by_test_id("raid-progress")).to_contain_text("All 30 came.")
    await page.get_by_test_id("requests-bar").click()
    await expect(page.get_by_test_id("requests").get_by_role("button", name="Let in")).to_have_count(30)
    first = next(iter(world.raids.strangers.values()))
    await page.get_by_test_id(f"approve-{first.id}").click()
    await expect(page.get_by_test_id("requests").get_by_role("button", name="Let in")).to_have_count(29)
    await expect(page.get_by_test_id(f"member-{first.id}")).to_be_visible()
    await page.get_by_test_id("info-close").click()

    await expect(page.locator("[data-testid^=role-]")).to_have_count(2)
    await page.get_by_test_id("crowd").click()
    await page.get_by_test_id(f"stranger-{first.id}").click()
    await expect(page.get_by_test_id(f"role-{first.id}")).to_contain_text("Stranger")
    await page.get_by_test_id(f"chat-item-{group.id}").click()
    await expect(page.get_by_test_id("input")).to_be_visible()


async def test_a_raid_can_be_stopped(world: World, browser: Browser, olga: Person, group: Group) -> None:
    world.clock.set_rate(0)
    page = await held(browser, world, olga, group.id, DESKTOP)
    await page.get_by_test_id("raid-300").click()
    await page.get_by_test_id("raid-start").click()
    await expect(page.get_by_test_id("raid-progress")).to_contain_text("10 of 300 came")
    await page.get_by_test_id("raid-stop").click()
    await expect(page.get_by_test_id("raid-progress")).to_contain_text("Stopped after 10.")
    await expect(page.get_by_test_id("raid-start")).to_be_visible()


async def test_links_lead_to_the_bot_into_groups_and_along_with_it(
    world: World, bot: Bot, browser: Browser, olga: Person, anna: Person, group: Group
) -> None:
    other = world.group("Garden", owner=olga)
    invite = await olga.makes_link(other)
    page = await held(browser, world, anna, group.id)
    await whisper(
        bot, group, anna, "Verify", link("Verify", f"https://t.me/{world.telegram.bot.username}?start=verify")
    )
    await page.get_by_test_id("inline-button").click()
    await expect(page.get_by_test_id("message").filter(has_text="/start verify")).to_be_visible()
    await bot.send_message(anna.id, "In here", reply_markup=link("Garden", invite))
    await page.get_by_test_id("inline-button").click()
    await expect(page.get_by_role("heading", name="Garden", level=2)).to_be_visible()
    await expect(page.get_by_test_id("input")).to_be_visible()
    assert other.member(anna.account).inside
    await page.context.close()

    await olga.says("/start")
    page = await held(browser, world, olga, olga.id)
    along = f"https://t.me/{world.telegram.bot.username}?startgroup=new&admin=invite_users"
    await bot.send_message(olga.id, "Add me", reply_markup=link("Add", along))
    await page.get_by_test_id("inline-button").click()
    await page.get_by_test_id(f"choose-{other.id}").click()
    await expect(page.get_by_role("heading", name="Garden", level=2)).to_be_visible()
    assert other.member(world.telegram.bot).may("can_invite_users")


async def test_topics_replies_tags_and_commands_are_at_hand(
    world: World, bot: Bot, browser: Browser, olga: Person, anna: Person, group: Group
) -> None:
    await olga.sets_up(group, forum=True)
    await olga.tags(group, anna, "Flat 12")
    hidden = BotCommand(command="who", description="Who it is", is_ephemeral=True)
    await bot.set_my_commands([hidden], scope=BotCommandScopeAllChatAdministrators())
    page = await held(browser, world, olga, group.id)
    await page.get_by_test_id("topic-new").click()
    await page.get_by_test_id("prompt-field").fill("Repairs <b>")
    await page.get_by_test_id("prompt-yes").click()
    await expect(page.get_by_role("button", name="Repairs <b>", pressed=True)).to_be_visible()
    (topic,) = group.topics
    await anna.says("The lift is stuck", group, topic=topic)

    asked = page.get_by_test_id("message").filter(has_text="The lift is stuck")
    await expect(asked).to_contain_text("Flat 12")
    await asked.get_by_test_id("reply").click()
    await expect(page.get_by_test_id("reply-bar")).to_contain_text("Reply to Anna")
    await page.get_by_test_id("commands").click()
    await page.get_by_test_id("command-who").click()
    command = page.get_by_test_id("message").filter(has_text="/who")
    await expect(command.get_by_test_id("alone")).to_have_text("Only you and Callgate see this")
    await expect(command).to_contain_text("The lift is stuck")
    await expect(page.get_by_test_id("reply-bar")).to_be_hidden()
    await page.get_by_test_id("topic-general").click()
    await expect(page.get_by_test_id("message").filter(has_text="The lift is stuck")).to_have_count(0)
    await expect(page.get_by_test_id("message").filter(has_text="Anna joined the group")).to_be_visible()


async def test_an_anonymous_administrator_writes_as_the_group(
    world: World, browser: Browser, olga: Person, group: Group
) -> None:
    page = await held(browser, world, olga, group.id)
    await page.get_by_test_id("chat-info").click()
    await page.get_by_test_id(f"member-{olga.id}").click()
    await page.get_by_test_id("anonymous").click()
    await expect(page.get_by_test_id(f"member-{olga.id}")).to_contain_text("anonymous")
    await page.get_by_test_id("info-close").click()
    await expect(page.get_by_test_id("input")).to_have_attribute("placeholder", "Write as the group")
    await page.get_by_test_id("input").fill("We have decided.")
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("message").filter(has_text="We have decided.")).to_be_visible()
    assert group.messages[-1].as_group
    await page.get_by_test_id("as-group").click()
    await page.get_by_test_id("by-name").click()
    await expect(page.get_by_test_id("as-group")).to_be_hidden()


async def test_documents_are_sent_and_kept(
    world: World, bot: Bot, browser: Browser, anna: Person, tmp_path: Path
) -> None:
    await anna.says("/start")
    settings = tmp_path / "gate.json"
    settings.write_text('{"gate": 1}', encoding="utf-8")
    page = await held(browser, world, anna, anna.id)
    await page.get_by_test_id("attach").click()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_test_id("attach-file").click()
    await (await chooser.value).set_files(settings)
    await expect(page.get_by_test_id("document")).to_contain_text("gate.json")
    document = anna.chat.messages[-1].document
    assert document is not None
    assert document.data == b'{"gate": 1}'
    await bot.send_document(anna.id, BufferedInputFile(b"{}", filename="настройки.json"))
    async with page.expect_download() as download:
        await page.get_by_test_id("document").filter(has_text="настройки.json").click()
    kept = await download.value
    assert kept.suggested_filename == "настройки.json"
    await kept.save_as(tmp_path / "kept.json")
    assert (tmp_path / "kept.json").read_bytes() == b"{}"


async def test_a_new_basic_group_is_upgraded_and_deleted(world: World, browser: Browser, olga: Person) -> None:
    page = await held(browser, world, olga, 0)
    await page.get_by_test_id("new-group").click()
    await page.get_by_test_id("new-basic-group").click()
    await page.get_by_test_id("prompt-field").fill("Cellar")
    await page.get_by_test_id("prompt-yes").click()
    await page.get_by_test_id("chat-info").click()
    await expect(page.get_by_test_id("info")).to_contain_text("basic group")
    await page.get_by_test_id("upgrade").click()
    await expect(page.get_by_test_id("message").filter(has_text="was a basic group before")).to_be_visible()
    await page.get_by_test_id("chat-info").click()
    await page.get_by_test_id("delete").click()
    await page.get_by_test_id("certain").click()
    await expect(page.get_by_test_id("chat-list")).to_be_visible()
    await expect(page.get_by_test_id("chat-list").get_by_text("Cellar")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "size"), [("light", PHONE), ("dark", DESKTOP)], ids=["phone", "desktop"])
async def test_no_barrier_is_found_by_axe(
    scheme: Scheme,
    size: dict[str, int],
    world: World,
    bot: Bot,
    browser: Browser,
    olga: Person,
    anna: Person,
    group: Group,
) -> None:
    boris = world.person("محمد " * 8, language="en")
    await boris.asks_to_join(group)
    await olga.sets_up(group, forum=True)
    await anna.says("Hello", group)
    await olga.restricts(group, anna)
    await whisper(bot, group, olga, "Only for you", link("Open", "https://example.org/"))
    await olga.makes_link(group)
    page = await held(browser, world, olga, group.id, size)
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await expect(page.get_by_test_id("message").filter(has_text="Only for you")).to_be_visible()
    found = {"group": await violations(page)}
    await page.get_by_test_id("reply").first.click()
    await expect(page.get_by_test_id("reply-bar")).to_be_visible()
    found["reply"] = await violations(page)
    await page.get_by_test_id("chat-info").click()
    await expect(page.get_by_test_id(f"member-{anna.id}")).to_be_visible()
    found["info"] = await violations(page)
    await page.get_by_test_id(f"member-{anna.id}").click()
    await expect(page.get_by_test_id("free")).to_be_visible()
    found["member"] = await violations(page)
    await page.goto(f"{world.url}/#as={anna.id}&chat={group.id}")
    await expect(page.get_by_test_id("composer-closed")).to_be_visible()
    found["muted"] = await violations(page)

    assert {name: barriers for name, barriers in found.items() if barriers} == {}


async def violations(page: Page) -> list[tuple[str, list[Any]]]:
    """The findings of axe-core on the page."""
    axe = next(file for file in resources.files("axe_core_python").iterdir() if file.name.startswith("axe"))
    await page.evaluate(axe.read_text(encoding="utf-8"))
    found = await page.evaluate("async () => (await axe.run()).violations")
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


async def test_somebody_is_picked_by_the_button_that_asks_for_people(
    browser: Browser, world: World, bot: Bot, olga: Person, anna: Person
) -> None:
    await olga.says("/start")
    asked = KeyboardButtonRequestUsers(request_id=1, user_is_bot=False, request_name=True)
    keyboard = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Choose", request_users=asked)]])
    await bot.send_message(olga.id, "Whom?", reply_markup=keyboard)
    page = await held(browser, world, olga, olga.id)

    await page.get_by_test_id("pick-user").click()
    await page.get_by_test_id(f"pick-{anna.id}").click()

    await expect(page.get_by_test_id("message").last).to_contain_text("Chosen: Anna")
    await page.close()
