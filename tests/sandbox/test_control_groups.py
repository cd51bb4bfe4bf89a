"""The page's own API for groups: what members see in them, and what admins do."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import httpx
import pytest
from aiogram import Bot
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BufferedInputFile,
    EphemeralMessageParameters,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
)

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.sandbox.conftest import Page, Poller

RIGHTS = ("can_invite_users", "can_restrict_members", "can_manage_tags", "can_delete_messages")


@pytest.fixture
async def inside(group: Group, olga: Person, anna: Person) -> Group:
    """The group with Anna in it, where the bot may do everything."""
    await olga.makes_bot_admin(group, **dict.fromkeys(RIGHTS, True))
    await olga.sets_up(group, approves=False)
    await anna.joins(group)
    return group


async def info_of(page: Page, group: Group) -> dict[str, Any]:
    """The group's sheet as the one who holds the phone sees it."""
    state = await page.state(info=group.id)
    info: dict[str, Any] = state["info"]
    return info


async def member_of(page: Page, group: Group, person: Person) -> dict[str, Any]:
    info = await info_of(page, group)
    return next(member for member in info["members"] if member["id"] == person.id)


# As members see it


async def test_messages_carry_names_tags_and_standing(page: Page, olga: Person, inside: Group) -> None:
    await olga.tags(inside, page.me, "Flat 12")
    await page.act("say", chat=inside.id, text="hello")
    asked = (await page.chat(inside.id))["messages"][-1]
    page.me = olga
    await page.act("say", chat=inside.id, text="welcome", reply_to=asked["id"])
    first, second = (await page.chat(inside.id))["messages"][-2:]
    assert (first["from"]["name"], first["from"]["tag"], first["from"]["standing"]) == ("Anna", "Flat 12", None)
    assert (second["from"]["standing"], second["mine"]) == ("owner", True)
    assert second["reply_to"] == {"name": "Anna", "text": "hello"}
    assert first["order"] < second["order"]


async def test_lines_tell_who_came_went_and_was_removed(
    world: World, page: Page, olga: Person, anna: Person, inside: Group
) -> None:
    boris = world.person("Boris")
    page.me = olga
    assert (await page.act("add", chat=inside.id, person=boris.id))["ok"]
    assert (await page.act("ban", chat=inside.id, person=boris.id))["ok"]
    page.me = anna
    assert (await page.act("leave", chat=inside.id))["ok"]
    assert (await page.chat(inside.id))["messages"] == []
    page.me = olga
    lines = [message["text"] for message in (await page.chat(inside.id))["messages"] if message["service"]]
    assert lines == ["Anna joined the group", "Olga added Boris", "Olga removed Boris", "Anna left the group"]


async def test_an_ephemeral_message_is_for_one_and_its_button_works(
    bot: Bot, page: Page, olga: Person, inside: Group, poller: Poller
) -> None:
    button = InlineKeyboardButton(text="Go", callback_data="go")
    await bot.send_message(
        inside.id,
        "Only for you",
        ephemeral_message_parameters=EphemeralMessageParameters(receiver_user_id=page.me.id),
        reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]),
    )
    shown = (await page.chat(inside.id))["messages"][-1]
    assert (shown["text"], shown["alone"], shown["id"] < 0) == ("Only for you", "received", True)
    await poller.take()
    async with asyncio.TaskGroup() as tasks:
        press = tasks.create_task(page.act("press", chat=inside.id, message=shown["id"], data="go"))
        query = (await poller.one()).callback_query
        assert query is not None
        await bot.answer_callback_query(query.id, "Gone")
    assert press.result()["answer"]["text"] == "Gone"
    page.me = olga
    assert all(message["alone"] is None for message in (await page.chat(inside.id))["messages"])
    assert (await page.act("press", chat=inside.id, message=shown["id"], data="go"))["error"] == "That message is gone."


async def test_commands_are_those_of_the_place_and_hidden_ones_are_seen_by_the_sender_only(
    bot: Bot, page: Page, olga: Person, inside: Group
) -> None:
    hidden = BotCommand(command="gate", description="Settings", is_ephemeral=True)
    await bot.set_my_commands([BotCommand(command="help", description="Help")], scope=BotCommandScopeAllGroupChats())
    await bot.set_my_commands([hidden], scope=BotCommandScopeAllChatAdministrators())
    assert [line["command"] for line in (await page.chat(inside.id))["commands"]] == ["help"]
    anna, page.me = page.me, olga
    assert (await page.chat(inside.id))["commands"] == [
        {"command": "gate", "description": "Settings", "is_ephemeral": True}
    ]
    await page.act("say", chat=inside.id, text="/gate@callgate_bot")
    assert (await page.chat(inside.id))["messages"][-1]["alone"] == "sent"
    page.me = anna
    assert "/gate" not in str((await page.chat(inside.id))["messages"])


async def test_who_is_muted_is_told_so_and_cannot_write(page: Page, olga: Person, anna: Person, inside: Group) -> None:
    page.me = olga
    assert (await page.act("restrict", chat=inside.id, person=anna.id, seconds=3600))["ok"]
    assert (await page.act("restrict", chat=inside.id, person=anna.id, seconds=5))["ok"] is False
    page.me = anna
    chat = await page.chat(inside.id)
    assert (chat["can_write"], chat["muted"]["until"] > 0, chat["my_state"]) == (False, True, "member")
    assert (await page.act("say", chat=inside.id, text="x"))["error"] == "Anna may not write in Flat owners."
    page.me = olga
    assert (await member_of(page, inside, anna))["mute"] is True
    assert (await page.act("free", chat=inside.id, person=anna.id))["ok"]
    page.me = anna
    assert ((await page.chat(inside.id))["can_write"], (await page.chat(inside.id))["muted"]) == (True, None)


async def test_topics_are_begun_and_written_in(page: Page, olga: Person, anna: Person, inside: Group) -> None:
    assert (await page.chat(inside.id))["topics"] is None
    page.me = olga
    assert (await page.act("setting", chat=inside.id, name="forum", on=True))["ok"]
    topic = (await page.act("open_topic", chat=inside.id, text="Repairs"))["topic"]
    page.me = anna
    assert (await page.act("say", chat=inside.id, text="The lift", topic=topic))["ok"]
    chat = await page.chat(inside.id)
    assert chat["topics"] == [{"id": topic, "name": "Repairs"}]
    assert chat["messages"][-1]["topic"] == topic
    assert chat["opens_topics"] is False
    assert (await page.act("say", chat=inside.id, text="x", topic=5))["ok"] is False
    refused = await page.act("open_topic", chat=inside.id, text="Mine")
    assert refused["error"] == "Anna cannot begin a topic in Flat owners."


async def test_documents_are_sent_and_fetched(
    world: World, bot: Bot, page: Page, poller: Poller, http: httpx.AsyncClient
) -> None:
    data = base64.b64encode(b'{"gate": 1}').decode()
    assert (await page.act("send_file", name="gate.json", data=data))["ok"]
    message = (await poller.one()).message
    assert message is not None
    assert message.document is not None
    assert message.document.file_name == "gate.json"
    await bot.send_document(page.me.id, BufferedInputFile(b"<script>", filename="page.html"))
    shown = (await page.chat())["messages"][-1]["document"]
    assert (shown["name"], shown["size"]) == ("page.html", 8)
    answer = await http.get(f"{world.url}/sandbox/file/{shown['id']}")
    assert answer.content == b"<script>"
    assert (answer.headers["Content-Type"], answer.headers["Content-Disposition"]) == (
        "application/octet-stream",
        "attachment",
    )
    assert (await http.get(f"{world.url}/sandbox/file/none")).status_code == 404
    large = base64.b64encode(bytes(512 * 1024 + 1)).decode()
    assert (await page.act("send_file", name="x", data=large))["error"] == "The page sends files of up to 512 KB."
    assert (await page.act("send_file", name="x", data="?"))["ok"] is False


# Ways in


async def test_invite_links_lead_in_at_once_or_by_request(
    world: World, page: Page, olga: Person, anna: Person, group: Group
) -> None:
    page.me = olga
    asks = (await page.act("make_link", chat=group.id, approves=True))["url"]
    opens = (await page.act("make_link", chat=group.id))["url"]
    assert [(link["approves"], link["used"]) for link in (await info_of(page, group))["links"]] == [
        (True, 0),
        (False, 0),
    ]
    page.me = anna
    assert (await page.act("make_link", chat=group.id))["ok"] is False
    assert (await page.act("open_link", text=asks))["chat"] == group.id
    assert (await page.chat(group.id))["my_state"] == "requested"
    assert (await page.act("open_link", text=opens))["chat"] == group.id
    assert (await page.chat(group.id))["my_state"] == "member"
    assert (await page.act("open_link", text=opens))["chat"] == group.id, "a member is led to the group"
    refused = await page.act("open_link", text="https://t.me/+none")
    assert refused["error"] == "This invite link has expired."


async def test_deep_links_lead_to_the_bot_and_bring_it_to_groups(
    world: World, page: Page, olga: Person, anna: Person
) -> None:
    assert (await page.act("open_deep_link", text="https://t.me/callgate_bot?start=verify"))["chat"] == anna.id
    assert (await page.chat())["messages"][-1]["text"] == "/start verify"
    other = world.group("Other", owner=olga)
    link = "https://t.me/callgate_bot?startgroup=new&admin=invite_users+restrict_members"
    assert (await page.act("open_deep_link", text=link))["error"] == "The link asks for a group."
    page.me = olga
    assert (await page.act("open_deep_link", text=link, chat=other.id))["chat"] == other.id
    rights = (await info_of(page, other))["bot"]["rights"]
    assert [right for right, held in rights.items() if held] == ["can_invite_users", "can_restrict_members"]
    assert (await page.act("open_deep_link", text="https://t.me/other_bot?start=x"))["ok"] is False


async def test_a_secret_group_is_found_by_its_members_only(page: Page, olga: Person, anna: Person) -> None:
    page.me = olga
    new = (await page.act("found", kind="group", text="Cellar"))["chat"]
    assert (await page.chat(new))["owner"] is True
    page.me = anna
    state = await page.state(info=new)
    assert (new in [chat["id"] for chat in state["chats"]], state["info"]) == (False, None)
    page.me = olga
    await page.act("add", chat=new, person=anna.id)
    page.me = anna
    assert (await page.chat(new))["my_state"] == "member"


# Running a group


async def test_requests_are_decided_by_hand(world: World, page: Page, olga: Person, anna: Person, group: Group) -> None:
    boris = world.person("Boris")
    await anna.asks_to_join(group)
    await boris.asks_to_join(group)
    assert (await info_of(page, group))["requests"] == [], "who does not run the group is not told"
    page.me = olga
    assert (await page.chat(group.id))["requests"] == 2
    assert {request["name"] for request in (await info_of(page, group))["requests"]} == {"Anna", "Boris"}
    assert (await page.act("approve", chat=group.id, person=anna.id))["ok"]
    assert (await page.act("decline", chat=group.id, person=boris.id))["ok"]
    assert (await page.act("decline", chat=group.id, person=boris.id))["error"] == "There is no such request."
    assert (group.member(anna.account).inside, group.member(boris.account).inside) == (True, False)
    assert (await page.act("approve", chat=group.id, person=5))["error"] == "There is no such person."


async def test_members_are_tagged_removed_and_let_back(page: Page, olga: Person, anna: Person, inside: Group) -> None:
    page.me = olga
    assert (await page.act("tag", chat=inside.id, person=anna.id, text="Flat 12"))["ok"]
    assert (await member_of(page, inside, anna))["tag"] == "Flat 12"
    assert (await page.act("ban", chat=inside.id, person=anna.id))["ok"]
    assert [place["name"] for place in (await info_of(page, inside))["removed"]] == ["Anna"]
    page.me = anna
    assert (await page.chat(inside.id))["my_state"] == "banned"
    page.me = olga
    assert (await page.act("unban", chat=inside.id, person=anna.id))["ok"]
    assert (await info_of(page, inside))["removed"] == []
    page.me = anna
    assert (await page.act("ban", chat=inside.id, person=olga.id))["error"] == "Anna does not run Flat owners."


async def test_administrators_are_made_anonymous_and_ordinary_again(
    page: Page, olga: Person, anna: Person, inside: Group
) -> None:
    page.me = olga
    assert (await page.act("promote", chat=inside.id, person=anna.id, anonymous=True))["ok"]
    shown = await member_of(page, inside, anna)
    assert (shown["status"], shown["anonymous"]) == ("administrator", True)
    page.me = anna
    assert (await page.chat(inside.id))["anonymous"] is True
    await page.act("say", chat=inside.id, text="from all of us")
    said = (await page.chat(inside.id))["messages"][-1]
    assert (said["from"], said["mine"]) == ({"id": inside.id, "name": "Flat owners", "is_bot": False}, True)
    page.me = olga
    assert (await page.act("demote", chat=inside.id, person=anna.id))["ok"]
    assert (await member_of(page, inside, anna))["status"] == "member"


@pytest.mark.parametrize("name", ["approves", "hides_members", "forum", "edit_tags"])
async def test_settings_are_turned_on_and_off(name: str, page: Page, olga: Person, anna: Person, inside: Group) -> None:
    page.me = olga
    for on in (True, False):
        assert (await page.act("setting", chat=inside.id, name=name, on=on))["ok"]
        assert (await info_of(page, inside))["settings"][name] is on
    page.me = anna
    assert (await page.act("setting", chat=inside.id, name=name, on=True))["error"] == "Anna does not run Flat owners."


async def test_hidden_members_are_hidden_from_members(page: Page, olga: Person, inside: Group) -> None:
    await olga.sets_up(inside, hides_members=True)
    assert {member["name"] for member in (await info_of(page, inside))["members"]} == {"Olga", "Callgate"}
    page.me = olga
    assert {member["name"] for member in (await info_of(page, inside))["members"]} == {"Olga", "Callgate", "Anna"}


async def test_the_bot_s_rights_are_given_and_taken_one_by_one(page: Page, olga: Person, group: Group) -> None:
    page.me = olga
    for right in RIGHTS:
        for on in (True, False):
            assert (await page.act("bot_right", chat=group.id, right=right, on=on))["ok"]
            assert (await info_of(page, group))["bot"]["rights"][right] is on
    assert (await page.act("bot_right", chat=group.id, right="can_fly", on=True))["ok"] is False
    assert (await page.act("demote_bot", chat=group.id))["ok"]
    assert (await info_of(page, group))["bot"] == {
        "inside": True,
        "runs": False,
        "rights": dict.fromkeys(RIGHTS, False),
    }


async def test_a_basic_group_is_upgraded_and_a_group_deleted(page: Page, olga: Person) -> None:
    page.me = olga
    old = (await page.act("found", kind="group", text="Cellar"))["chat"]
    assert (await page.act("setting", chat=old, name="forum", on=True))["error"] == "Cellar is no supergroup."
    new = (await page.act("upgrade", chat=old))["chat"]
    chat = await page.chat(new)
    assert (chat["type"], chat["messages"][-1]["text"]) == ("supergroup", "This supergroup was a basic group before")
    assert (await page.act("delete", chat=new))["ok"]
    assert (await page.act("say", chat=new, text="x"))["error"] == "There is no such chat."


# Raids


async def test_a_raid_comes_in_small_steps_and_is_kept_out_of_the_people(
    world: World, page: Page, olga: Person, group: Group
) -> None:
    assert (await page.post("raid", chat=group.id, size=30)) == {"ok": True}
    assert (await page.post("raid", chat=group.id, size=30))["error"] == "A raid is on already."
    world.clock.set_rate(60)
    await world.wait_until(lambda: world.raids.last is not None and world.raids.last.over)
    state = await page.state()
    assert state["raid"] == {
        "group": group.id,
        "title": "Flat owners",
        "size": 30,
        "came": 30,
        "over": True,
        "trouble": None,
    }
    assert (len(state["crowd"]), len(state["people"])) == (30, 2)
    page.me = olga
    assert len((await info_of(page, group))["requests"]) == 30
    page.me = world.find(state["crowd"][0]["id"])
    assert (await page.state())["me"]["role"] == "stranger"
    assert (await page.chat(group.id))["my_state"] == "requested"


async def test_a_raid_takes_time_on_the_sandbox_clock_and_can_be_stopped(
    world: World, page: Page, group: Group
) -> None:
    world.clock.set_rate(0)
    await page.post("raid", chat=group.id, size=300)
    raid = world.raids.last
    assert raid is not None
    await world.wait_until(lambda: raid.came == 10)
    assert (await page.post("raid", stop=True)) == {"ok": True}
    await world.wait_until(lambda: raid.over)
    assert len(group.requests) == raid.came == 10
    assert (await page.post("raid", stop=True))["error"] == "There is no raid to stop."


async def test_a_raid_enters_where_nobody_is_asked_and_ends_with_the_group(
    world: World, page: Page, olga: Person, inside: Group
) -> None:
    world.clock.set_rate(0)
    await page.post("raid", chat=inside.id, size=100)
    raid = world.raids.last
    assert raid is not None
    await world.wait_until(lambda: raid.came == 4)
    assert len(inside.members) == 3 + 4
    await olga.deletes(inside)
    world.clock.set_rate(60)
    await world.wait_until(lambda: raid.over)
    assert (raid.came, raid.trouble) == (4, "Flat owners does not exist any more.")
    assert (await page.post("raid", chat=inside.id))["error"] == "A raid needs a group to come to."
    assert (await page.post("raid", chat=inside.id, size=7))["ok"] is False
