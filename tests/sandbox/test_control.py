"""The page's own API: the world as one phone shows it, and the presses on it."""

from __future__ import annotations

import asyncio
import json

import httpx
from aiogram import Bot
from aiogram.types import (
    BotCommand,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    KeyboardButtonRequestUsers,
    ReplyKeyboardMarkup,
)

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.sandbox.conftest import Page, Poller

ASK = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Share", request_contact=True)]], one_time_keyboard=True)


async def test_the_world_as_a_newcomer_sees_it(world: World, bot: Bot, page: Page, group: Group) -> None:
    await bot.set_my_description("What for", language_code="ru")
    await bot.set_my_commands([BotCommand(command="start", description="Start")])
    group.crowd = 126
    state = await page.state()
    assert state["bot"]["username"] == "callgate_bot"
    assert state["bot"]["polling"] is True
    assert state["clock"]["rate"] == 1.0
    assert {person["name"]: person["role"] for person in state["people"]} == {
        "Anna": "newcomer",
        "Olga": "owner",
    }
    private, shown = state["chats"]
    assert (private["id"], private["type"], private["messages"]) == (page.me.id, "private", [])
    assert (private["about"], private["commands"]) == (
        "What for",
        [{"command": "start", "description": "Start"}],
    )
    assert (shown["id"], shown["my_state"], shown["members"], shown["can_write"]) == (
        group.id,
        "none",
        128,
        False,
    )


async def test_messages_and_keyboards_are_shown(world: World, bot: Bot, page: Page) -> None:
    await page.act("say", chat=page.me.id, text="/start")
    await bot.send_message(page.me.id, "😀 <b>hi</b>", parse_mode="HTML", reply_markup=ASK)
    buttons = [
        InlineKeyboardButton(text="a", callback_data="1"),
        InlineKeyboardButton(text="b", url="https://a.ru"),
        InlineKeyboardButton(text="c", copy_text=CopyTextButton(text="+7")),
    ]
    await bot.send_message(page.me.id, "x", reply_markup=InlineKeyboardMarkup(inline_keyboard=[buttons]))
    chat = await page.chat()
    mine, first, second = chat["messages"]
    assert (mine["mine"], mine["text"], mine["entities"][0]["type"]) == (True, "/start", "bot_command")
    assert first["entities"] == [{"type": "bold", "offset": 3, "length": 2}]
    assert second["inline_keyboard"] == [
        [
            {"text": "a", "kind": "callback", "data": "1"},
            {"text": "b", "kind": "url", "url": "https://a.ru"},
            {"text": "c", "kind": "copy", "copy": "+7"},
        ]
    ]
    assert chat["reply_keyboard"] == {
        "rows": [[{"text": "Share", "request_contact": True}]],
        "one_time": True,
    }
    assert chat["unread"] == 2
    assert (await page.act("share_contact"))["ok"]
    chat = await page.chat()
    assert chat["messages"][-1]["contact"]["user_id"] == page.me.id
    assert (chat["reply_keyboard"], chat["folded_keyboard"] is not None) == (None, True)


async def test_somebody_is_picked_on_the_page(world: World, bot: Bot, page: Page, poller: Poller) -> None:
    boris = world.person("Boris", language="en")
    await page.act("say", text="/start")
    await poller.take()
    asked = KeyboardButtonRequestUsers(request_id=1, user_is_bot=False, request_name=True)
    keyboard = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Choose", request_users=asked)]])
    await bot.send_message(page.me.id, "x", reply_markup=keyboard)
    shown = (await page.chat())["reply_keyboard"]["rows"]
    assert shown == [[{"text": "Choose", "request_contact": False, "request_users": True}]]

    assert (await page.act("pick_user", person=boris.id))["ok"]

    assert (await page.chat())["messages"][-1]["text"] == "Chosen: Boris"
    message = (await poller.one()).message
    assert message is not None
    assert message.users_shared is not None


async def test_a_button_pressed_on_the_page_waits_for_the_bot(bot: Bot, page: Page, poller: Poller) -> None:
    await page.act("say", text="/start")
    sent = await bot.send_message(page.me.id, "x")
    await poller.take()
    async with asyncio.TaskGroup() as tasks:
        press = tasks.create_task(page.act("press", chat=page.me.id, message=sent.message_id, data="go"))
        query = (await poller.one()).callback_query
        assert query is not None
        await bot.answer_callback_query(query.id, "Done")
    assert press.result() == {"ok": True, "answer": {"text": "Done", "show_alert": False}, "hears": None}


async def test_joining_withdrawing_dialling_blocking(world: World, page: Page, group: Group) -> None:
    assert (await page.act("join", chat=group.id))["ok"]
    assert (await page.chat(group.id))["my_state"] == "requested"
    assert (await page.act("withdraw", chat=group.id))["ok"]
    assert await page.act("withdraw", chat=group.id) == {
        "ok": False,
        "error": "There is no request to withdraw.",
    }
    assert (await page.act("dial", number="+7 495 123-45-67"))["hears"] == "dropped"
    assert (await page.act("dial", number="hello"))["error"] == "That cannot be dialled."
    assert (await page.act("block_bot"))["ok"]
    assert (await page.chat())["can_write"] is False


async def test_an_owner_runs_the_group(world: World, page: Page, olga: Person) -> None:
    other = world.group("Other", owner=olga)
    assert (await page.act("make_admin", chat=other.id))["error"] == "Anna does not run Other."
    page.me = olga
    assert (await page.act("take_rights", chat=other.id))["error"] == "The bot is not an administrator here."
    for do in ("make_admin", "take_rights", "remove_bot"):
        assert (await page.act(do, chat=other.id))["ok"]
    assert (await page.chat(other.id))["my_state"] == "admin"


async def test_an_owner_chooses_the_guard_on_the_page(page: Page, olga: Person, group: Group) -> None:
    assert (await page.act("guard", chat=group.id, on=True))["error"] == "Anna does not own Flat owners."
    assert (await page.chat(group.id))["guarded"] is False
    page.me = olga
    assert (await page.act("guard", chat=group.id, on=True))["ok"]
    assert (await page.chat(group.id))["guarded"] is True
    assert (await page.act("guard", chat=group.id, on=False))["ok"]
    assert (await page.chat(group.id))["guarded"] is False


async def test_a_guard_s_mini_app_is_on_the_phone_of_the_one_who_asked_until_closed(
    bot: Bot, page: Page, olga: Person, group: Group, poller: Poller
) -> None:
    await olga.assigns_guard(group)
    await page.act("join", chat=group.id)
    request = (await poller.one()).chat_join_request
    assert request is not None
    assert request.query_id is not None
    assert (await page.state())["app"] is None
    await bot.send_chat_join_request_web_app(request.query_id, "https://gate.example/app")
    app = (await page.state())["app"]
    assert app["url"].startswith("https://gate.example/app#tgWebAppData=")
    assert (app["group"], app["title"], app["query"]) == (group.id, "Flat owners", request.query_id)
    assert (await page.state())["app"] == app, "the page would open it again if its address changed"
    assert (await page.act("share_contact_in_app"))["ok"]
    assert (await page.chat())["messages"][-1]["contact"]["user_id"] == page.me.id
    assert (await page.act("close_app"))["ok"]
    assert (await page.state())["app"] is None
    assert (await page.chat(group.id))["my_state"] == "requested"
    page.me = olga
    assert (await page.state())["app"] is None


async def test_mini_apps_open_from_buttons_for_the_device_in_hand(page: Page) -> None:
    assert (await page.state())["me"]["device"] == "phone"
    assert (await page.act("device", text="desktop"))["ok"]
    state = await page.state()
    assert state["me"]["device"] == "desktop"
    assert {person["id"]: person["device"] for person in state["people"]} == {page.me.id: "desktop"}
    opened = await page.act("open_app", text="http://127.0.0.1:8080/app")
    assert opened["ok"]
    assert opened["url"].startswith("http://127.0.0.1:8080/app#tgWebAppData=")
    assert "&tgWebAppPlatform=tdesktop&" in opened["url"]
    assert (await page.act("open_app", text="http://gate.example/app"))["error"] == "A Mini App needs an https address."
    assert "'phone' or 'desktop'" in (await page.act("device", text="fridge"))["error"]


async def test_pages_of_mini_apps_anywhere_can_load_telegram_s_script(world: World, http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{world.url}/js/telegram-web-app.js", headers={"Origin": "http://127.0.0.1:1"})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "javascript" in answer.headers["Content-Type"]
    assert "requestContact" in answer.text


async def test_time_faults_and_people(world: World, page: Page) -> None:
    before = world.clock.timestamp()
    assert await page.post("clock", advance=300) == {"ok": True}
    assert world.clock.timestamp() - before >= 300
    await page.post("clock", rate=10)
    assert world.clock.rate == 10
    assert "advance" in (await page.post("clock", advance=-5))["error"]
    await page.post("faults", where="telegram", kind="delay", method="sendMessage", times=2, seconds=0.5)
    await page.post("faults", where="gateway", kind="code", code=3, times=None)
    faults = (await page.state())["faults"]
    assert [(fault["kind"], fault["method"], fault["code"]) for fault in faults] == [
        ("delay", "sendmessage", None),
        ("code", "wait_call", 3),
    ]
    assert (await page.post("faults", where="telegram", kind="lost"))["ok"] is False
    await page.post("faults", clear=True)
    assert (await page.state())["faults"] == []
    new = await page.post("person", name="Пётр", language="ru")
    assert (new["name"], new["role"], new["phone"][:2]) == ("Пётр", "newcomer", "+7")


async def test_nonsense_is_refused_with_one_sentence(world: World, page: Page, http: httpx.AsyncClient) -> None:
    assert (await page.act("fly"))["ok"] is False
    assert (await page.act("say", text=""))["error"] == "An empty message cannot be sent."
    assert (await page.act("join", chat=5))["error"] == "There is no such chat."
    assert (await page.post("act", **{"as": 5, "do": "say"}))["error"] == "There is no such person."
    for content in (b"{", b"[]", b'{"do": 1}'):
        answer = await http.post(
            f"{world.url}/sandbox/act", content=content, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400
    assert (await http.post(f"{world.url}/sandbox/act", data={"as": "1"})).status_code == 400
    assert (await http.get(f"{world.url}/sandbox/state?as=x")).status_code == 400


async def test_only_loopback_names_and_origins_are_served(world: World, http: httpx.AsyncClient) -> None:
    world.person("Anna")
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        for path in ("/sandbox/state", "/"):
            assert (await http.get(f"{world.url}{path}", headers=headers)).status_code == 403
    assert (await http.get(f"{world.url}/")).headers["Content-Type"].startswith("text/html")
    assert (await http.get(f"{world.url}/static/index.html")).status_code == 200
    assert (await http.get(f"{world.url}/static/../control.py")).status_code == 404
    port = world.url.rpartition(":")[2]
    assert (await http.get(f"{world.url}/sandbox/state", headers={"Host": f"localhost:{port}"})).status_code == 200


async def test_events_follow_what_travels(world: World, anna: Person, http: httpx.AsyncClient) -> None:
    await anna.says("before")
    kinds = []
    async with asyncio.timeout(5), http.stream("GET", f"{world.url}/sandbox/events") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        event = ""
        async for line in stream.aiter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))
                kinds.append((event, data.get("title")))
                if kinds[-1] == ("changed", None) and len(kinds) == 2:
                    await anna.calls("+79991112233")
                if len(kinds) == 4:
                    break
    assert kinds == [
        ("trace", "message ← Anna"),
        ("changed", None),
        ("trace", "Anna (+7 ••• ••• 45-12) calls +79991112233: no such number"),
        ("changed", None),
    ]
