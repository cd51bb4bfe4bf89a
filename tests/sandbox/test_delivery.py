"""How updates travel: polling, the webhook, and pressed buttons."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.exceptions import ClientDecodeError, TelegramBadRequest, TelegramConflictError
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiohttp import web

from bot.sandbox.people import NotSeen, Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.world import World
from tests.sandbox.conftest import Poller, bot_for

CANCEL = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="✖ Cancel", callback_data="no")]])


async def test_an_update_comes_until_a_later_offset_confirms_it(bot: Bot, anna: Person) -> None:
    for text in ("1", "2", "3"):
        await anna.says(text)
    first = await bot.get_updates(limit=2)
    assert [update.message.text for update in first if update.message] == ["1", "2"]
    assert await bot.get_updates(limit=2) == first
    (third,) = await bot.get_updates(offset=first[-1].update_id + 1)
    assert third.update_id == first[-1].update_id + 1
    assert await bot.get_updates(offset=third.update_id + 1) == []
    assert await bot.get_updates(offset=1) == []


async def test_a_negative_offset_takes_the_newest_and_forgets_the_rest(bot: Bot, anna: Person) -> None:
    for text in ("1", "2", "3"):
        await anna.says(text)
    (newest,) = await bot.get_updates(offset=-1)
    assert newest.message is not None
    assert newest.message.text == "3"
    assert await bot.get_updates() == [newest]


async def is_polled(world: World) -> None:
    """Return once somebody waits for updates."""
    await world.wait_until(lambda: world.telegram.delivery._poll is not None)


async def test_a_long_poll_returns_as_soon_as_something_comes(world: World, bot: Bot, anna: Person) -> None:
    async with asyncio.TaskGroup() as tasks:
        poll = tasks.create_task(bot.get_updates(timeout=30))
        await is_polled(world)
        await anna.says("hello")
    assert len(poll.result()) == 1
    assert await bot.get_updates(offset=poll.result()[0].update_id + 1, timeout=1) == []


async def test_two_pollers_are_one_too_many(world: World, bot: Bot, anna: Person) -> None:
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(conflict(bot))
        await is_polled(world)
        second = tasks.create_task(bot.get_updates(timeout=5))
        assert "make sure that only one bot instance is running" in await first
        await anna.says("hello")
    assert len(second.result()) == 1


async def conflict(bot: Bot) -> str:
    with pytest.raises(TelegramConflictError) as refusal:
        await bot.get_updates(timeout=30)
    return refusal.value.message


async def test_updates_are_kept_for_24_hours(world: World, bot: Bot, anna: Person) -> None:
    await anna.says("old")
    world.clock.advance(24 * 3600 + 1)
    await anna.says("new")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "new"


async def test_anything_can_be_put_into_the_queue(world: World, bot: Bot, poller: Poller) -> None:
    world.telegram.push_raw({"update_id": 200_000_000, "message": {"no": "such message"}})
    world.telegram.push_raw({"telepathy": {"from": 1}})
    with pytest.raises(ClientDecodeError):
        await bot.get_updates()
    (unknown,) = await bot.get_updates(offset=200_000_001)
    assert unknown.update_id == 200_000_001


async def test_an_update_that_is_no_json_at_all(world: World, bot: Bot) -> None:
    world.telegram.push_raw("{broken")
    with pytest.raises(ClientDecodeError):
        await bot.get_updates()


class Hook:
    """A bot's end of a webhook: gives the answers in `answers`, then 200."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[int] = []
        self.headers: dict[str, str] = {}
        self.taken: list[tuple[int, int]] = []
        self.at_once = 0
        self.most_at_once = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.secret: str | None = None

    async def handle(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.may_answer.wait()
        self.at_once -= 1
        status = self.answers.pop(0) if self.answers else 200
        self.taken.append((update["update_id"], status))
        return web.Response(status=status, headers=self.headers)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/telegram", hook.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/telegram"
    yield hook
    await runner.cleanup()


async def test_a_webhook_gets_what_waits_and_what_comes_with_its_secret(
    world: World, bot: Bot, anna: Person, hook: Hook
) -> None:
    await anna.says("before")
    await bot.set_webhook(hook.url, secret_token="s3cret")
    await anna.says("after")
    await world.wait_until(lambda: len(hook.taken) == 2)
    assert hook.secret == "s3cret"
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == (hook.url, 0)
    with pytest.raises(TelegramConflictError, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == []


async def test_what_is_not_taken_is_brought_again_in_order(world: World, bot: Bot, anna: Person, hook: Hook) -> None:
    hook.answers = [500, 503]
    await bot.set_webhook(hook.url)
    for text in ("1", "2"):
        await anna.says(text)
    await world.wait_until(lambda: len(hook.taken) == 4)
    first = hook.taken[0][0]
    assert hook.taken == [(first, 500), (first, 503), (first, 200), (first + 1, 200)]
    error = (await bot.get_webhook_info()).last_error_message
    assert error == "Wrong response from the webhook: 503 Service Unavailable"


async def test_retry_after_is_honoured_and_what_is_left_can_be_polled(
    world: World, bot: Bot, anna: Person, hook: Hook
) -> None:
    hook.answers, hook.headers = [503] * 5, {"Retry-After": "60"}
    await bot.set_webhook(hook.url)
    await anna.says("hello")
    await world.wait_until(lambda: hook.taken)
    await asyncio.sleep(0.1)
    assert len(hook.taken) == 1
    assert (await bot.get_webhook_info()).pending_update_count == 1
    await bot.delete_webhook()
    assert len(await bot.get_updates()) == 1


async def test_one_update_is_in_flight_per_chat_and_several_over_all(
    world: World, bot: Bot, anna: Person, hook: Hook
) -> None:
    await bot.set_webhook(hook.url, max_connections=2)
    hook.may_answer.clear()
    for _ in range(2):
        await anna.says("hello")
    await world.wait_until(lambda: hook.at_once == 1)
    # Time enough for another one, which must not come.
    await asyncio.sleep(0.05)
    hook.may_answer.set()
    await world.wait_until(lambda: len(hook.taken) == 2)
    assert hook.most_at_once == 1
    hook.may_answer.clear()
    for name in ("Boris", "Clara", "Dina"):
        await world.person(name).says("hello")
    await world.wait_until(lambda: hook.at_once == 2)
    hook.may_answer.set()
    await world.wait_until(lambda: len(hook.taken) == 5)
    assert hook.most_at_once == 2


async def test_a_webhook_ends_a_poll_and_must_be_well_formed(world: World, bot: Bot, hook: Hook) -> None:
    async with asyncio.TaskGroup() as tasks:
        poll = tasks.create_task(conflict(bot))
        await is_polled(world)
        await bot.set_webhook(hook.url)
    assert "terminated by setWebhook request" in poll.result()
    with pytest.raises(TelegramBadRequest, match="An HTTPS URL must be provided for webhook"):
        await bot.set_webhook("http://example.org/telegram")
    with pytest.raises(TelegramBadRequest, match="secret token contains unallowed characters"):
        await bot.set_webhook(hook.url, secret_token="секрет")


async def test_a_bot_that_is_down_gets_its_updates_when_it_is_back(
    world: World, bot: Bot, anna: Person, hook: Hook
) -> None:
    await bot.set_webhook("http://127.0.0.1:9/telegram")
    await anna.says("hello")
    await world.wait_until(lambda: any("webhook: Connection failed" in title for title in world.trace.titles()))
    await bot.set_webhook(hook.url)
    await world.wait_until(lambda: hook.taken)


async def test_a_world_that_was_down_goes_on_where_it_was(anna: Person, hook: Hook) -> None:
    world = World(flood_limits=False)
    await world.start()
    port = int(world.url.rpartition(":")[2])
    async with bot_for(world) as bot:
        await bot.set_webhook(hook.url)
    await world.person("Clara").says("1")
    await world.wait_until(lambda: len(hook.taken) == 1)
    await world.stop()
    await world.start(port)
    await world.person("Boris").says("2")
    # Updates that were in flight when the world stopped come once more.
    await world.wait_until(lambda: len({update_id for update_id, _ in hook.taken}) == 2)
    await world.stop()


async def test_waiting_updates_can_be_dropped(bot: Bot, anna: Person, hook: Hook) -> None:
    await anna.says("1")
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == []
    await anna.says("2")
    await bot.set_webhook(hook.url, drop_pending_updates=True)
    await bot.set_webhook("")
    assert await bot.get_updates() == []
    assert hook.taken == []


async def test_a_pressed_button_waits_for_its_answer(bot: Bot, anna: Person, world: World, poller: Poller) -> None:
    await anna.says("/start")
    sent = await bot.send_message(anna.id, "x", reply_markup=CANCEL)
    await poller.take()
    async with asyncio.TaskGroup() as tasks:
        press = tasks.create_task(anna.presses("cancel"))
        query = (await poller.one()).callback_query
        assert query is not None
        assert (query.data, query.from_user.id) == ("no", anna.id)
        assert len(world.telegram.unanswered_queries) == 1
        await bot.answer_callback_query(query.id, "Cancelled", show_alert=True)
    assert press.result() == {"text": "Cancelled", "show_alert": True}
    assert world.telegram.unanswered_queries == []
    with pytest.raises(TelegramBadRequest, match="query is too old and response timeout expired"):
        await bot.answer_callback_query(query.id)
    assert query.message is not None
    assert query.message.message_id == sent.message_id


async def test_a_query_can_be_answered_for_150_seconds(bot: Bot, anna: Person, world: World, poller: Poller) -> None:
    await anna.says("/start")
    sent = await bot.send_message(anna.id, "x", reply_markup=CANCEL)
    await poller.take()
    with pytest.raises(NotSeen, match="was not answered"):
        await anna.presses_button(sent.message_id, "an old button", within=0.05)
    query = (await poller.one()).callback_query
    assert query is not None
    world.clock.advance(151)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_callback_query(query.id)
    assert [query.data for query in world.telegram.unanswered_queries] == ["an old button"]
    await bot.delete_message(anna.id, sent.message_id)
    with pytest.raises(NotAllowed, match="gone"):
        await anna.presses_button(sent.message_id, "no")
