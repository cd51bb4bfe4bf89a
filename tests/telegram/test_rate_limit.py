"""Each call is charged where it is made, whatever makes it, and flood control applies there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramNetworkError, TelegramRetryAfter
from aiogram.types import InlineKeyboardButton

from bot.delivery import rate_limit
from bot.delivery.execute import TelegramExecutor, chat_of
from bot.delivery.rate_limit import RateLimiter, RateLimitMiddleware
from bot.delivery.screens import ScreenRenderer
from bot.domain.gates import GrantKind
from bot.domain.notifications import Notification
from bot.domain.outgoing import DeliveryStatus, Outgoing, PendingGrant, PendingTask, TaskKind
from bot.i18n.texts import Texts
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from bot.telegram import keyboards
from bot.telegram.fallback import Fallback
from bot.telegram.methods import EditText, GetRawUpdates, SendText
from tests.domain.makers import NOW
from tests.tasks import work

HARDLY_EVER = 0.001
"""A rate that allows one call now, and the next one in a quarter of an hour."""


class Ours:
    """A bot whose calls are charged, on a clock that stands still until a test moves it."""

    def __init__(self, world: World, rate: float) -> None:
        self.now = 1000.0
        self.budget = RateLimiter(rate)
        self.leads = True
        self.limit = RateLimitMiddleware(self.budget, lambda: self.now, lambda: self.leads)
        session = AiohttpSession(api=TelegramAPIServer.from_base(world.url))
        session.middleware(Fallback(lambda _: None))
        session.middleware(self.limit)
        self.bot = Bot(world.bot_token, session=session)
        self.deliverer = TelegramExecutor(self.bot, world.clock, Texts("en"), ScreenRenderer(None), None)

    async def carries(self, item: Outgoing) -> tuple[DeliveryStatus, float | None]:
        """Do it as the delivery worker does."""
        self.budget.spend(chat_of(item), self.now)
        with self.limit.paid(chat_of(item)):
            receipt = await self.deliverer.deliver(item)
        return receipt.result, receipt.retry_after


@pytest.fixture
async def frugal(world: World) -> AsyncIterator[Ours]:
    """A bot that may make one call and then hardly any."""
    ours = Ours(world, HARDLY_EVER)
    async with ours.bot:
        yield ours


@pytest.fixture
async def generous(world: World) -> AsyncIterator[Ours]:
    """A bot that limits chats, but hardly itself."""
    ours = Ours(world, 1e6)
    async with ours.bot:
        yield ours


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits for their turn; return how long they would have waited."""
    waited: list[float] = []

    class NoTime:
        async def pause(self, seconds: float) -> None:
            waited.append(seconds)

    monkeypatch.setattr(rate_limit, "REAL_TIME", NoTime())
    return waited


@pytest.fixture
async def group(world: World) -> Group:
    owner = world.person("Olga")
    group = world.group("Flat owners", owner=owner, approves=False)
    await owner.makes_bot_admin(group, can_invite_users=True, can_restrict_members=True, can_manage_tags=True)
    return group


@pytest.fixture
async def anna(world: World, group: Group) -> Person:
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.joins(group)
    return anna


def calls(world: World) -> list[str]:
    return [entry.detail["method"] for entry in world.trace.of("bot_api")]


@pytest.mark.parametrize(
    ("kind", "needed"),
    [
        (TaskKind.CHECK_GATE, 4),
        (TaskKind.CHECK_ADMIN, 1),
        (TaskKind.MUTE, 2),
        (TaskKind.KICK, 3),
        (TaskKind.BAN, 2),
        (GrantKind.TAG, 2),
    ],
)
async def test_every_call_of_a_item_is_paid_for(
    world: World, group: Group, anna: Person, at_once: list[float], kind: TaskKind | GrantKind, needed: int
) -> None:
    details: dict[str, str | int] = {"user_id": anna.id, "gate": group.id}
    item: Outgoing = (
        PendingGrant(group.id, anna.id, kind, NOW, 0, tag="verified")
        if isinstance(kind, GrantKind)
        else PendingTask(1, work(kind, **details), group.id, user_id=anna.id)
    )
    ours, before = Ours(world, 1.0), len(calls(world))

    async with ours.bot:
        assert await ours.carries(item) == (DeliveryStatus.DONE, None)

    assert len(calls(world)) - before == needed
    assert at_once == pytest.approx([float(number) for number in range(1, needed)])


async def test_a_item_whose_chat_takes_no_more_for_long_is_put_back(world: World, generous: Ours, anna: Person) -> None:
    for _ in range(10):
        generous.budget.spend_message(anna.id, generous.now)
    before = len(calls(world))
    details: dict[str, str | int] = {"notice": Notification.NO_OPERATOR}

    with generous.limit.paid(None):
        receipt = await generous.deliverer.deliver(PendingTask(1, work(TaskKind.NOTIFY, **details), anna.id))

    assert (receipt.result, receipt.retry_after) == (DeliveryStatus.RETRY, 8)
    assert len(calls(world)) == before
    # An unsent call is not charged.
    assert generous.budget.wait(anna.id, generous.now) == pytest.approx(8)


async def test_what_is_sent_again_without_a_refused_part_is_paid_for_too(
    world: World, generous: Ours, anna: Person, at_once: list[float]
) -> None:
    button = InlineKeyboardButton(text="Go", url="https://refused.example/")
    world.telegram.refused_parts["url"] = "BUTTON_URL_INVALID"
    with generous.limit.paid(anna.id):
        generous.budget.spend(anna.id, generous.now)
        await generous.bot(SendText(chat_id=anna.id, text="words", reply_markup=keyboards.rows([button])))

    assert calls(world)[-2:] == ["sendMessage", "sendMessage"]
    assert generous.budget.wait(anna.id, generous.now) == 0
    generous.budget.spend(anna.id, generous.now)
    assert generous.budget.wait(anna.id, generous.now) > 0


async def test_what_was_paid_for_and_not_used_is_given_back(generous: Ours, anna: Person) -> None:
    for _ in range(10):
        generous.budget.spend(anna.id, generous.now)
        with generous.limit.paid(anna.id):
            await generous.bot.get_me()

    assert generous.budget.wait(anna.id, generous.now) == 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [("400", TelegramBadRequest), ("reset_before", TelegramNetworkError), ("429", TelegramRetryAfter)],
)
async def test_a_call_that_fails_was_a_call(world: World, fault: str, error: type[TelegramAPIError]) -> None:
    ours = Ours(world, HARDLY_EVER)
    world.faults.add(where="telegram", kind=fault)  # type: ignore[arg-type] # one of them
    async with ours.bot:
        with pytest.raises(error):
            await ours.bot.get_me()

    assert ours.budget.room(ours.now) == 0


async def test_a_flooded_call_rests_its_chat_and_one_about_no_chat_the_whole_bot(
    world: World, generous: Ours, anna: Person, group: Group
) -> None:
    world.telegram.flood.refuse_messages(group, 30)
    for _ in range(2):
        with pytest.raises(TelegramRetryAfter):
            await generous.bot(SendText(chat_id=group.id, text="x"))
    assert generous.budget.resting(generous.now) == {group.id}
    assert generous.budget.wait_for_any(generous.now) == 0
    sent = await generous.bot(SendText(chat_id=anna.id, text="x"))

    world.faults.add(where="telegram", kind="429", method="editMessageText", seconds=20)
    with pytest.raises(TelegramRetryAfter):
        await generous.bot(EditText(chat_id=anna.id, message_id=sent.message_id, text="y"))
    assert generous.budget.resting(generous.now) == {group.id, anna.id}
    assert generous.budget.wait_for_any(generous.now) == 0

    world.faults.add(where="telegram", kind="429", method="getChat", seconds=20)
    with pytest.raises(TelegramRetryAfter):
        await generous.bot.get_chat(group.id)
    assert generous.budget.wait_for_any(generous.now) == 0

    world.faults.add(where="telegram", kind="429", method="getMyCommands", seconds=20)
    with pytest.raises(TelegramRetryAfter):
        await generous.bot.get_my_commands()
    assert generous.budget.wait_for_any(generous.now) == 20


async def test_while_calls_about_a_chat_rest_none_is_made_for_what_is_delivered(
    world: World, generous: Ours, anna: Person, group: Group
) -> None:
    """Messages to the chat, and calls about others, go on."""
    generous.budget.flooded(group.id, 20, generous.now, is_message=False)
    before = calls(world)

    with generous.limit.paid(None), pytest.raises(TelegramRetryAfter) as refused:
        await generous.bot.get_chat(group.id)
    assert refused.value.retry_after == 20
    assert calls(world) == before

    with generous.limit.paid(group.id):
        await generous.bot(SendText(chat_id=group.id, text="x"))
    with generous.limit.paid(None):
        await generous.bot.get_chat(anna.id)
    generous.now += 20
    with generous.limit.paid(None):
        await generous.bot.get_chat(group.id)
    assert calls(world)[len(before) :] == ["sendMessage", "getChat", "getChat"]


async def test_while_the_whole_bot_rests_what_is_delivered_is_put_back_without_a_call(
    world: World, generous: Ours, anna: Person, group: Group
) -> None:
    """The pause begins while the item is in flight."""
    before = len(calls(world))
    with generous.limit.paid(None):
        await generous.bot.get_me()
        generous.budget.flooded(None, 20, generous.now)
        with pytest.raises(TelegramRetryAfter) as refused:
            await generous.bot.get_chat(group.id)

    assert refused.value.retry_after == 20
    assert len(calls(world)) - before == 1


async def test_while_the_whole_bot_rests_it_still_learns_whether_telegram_is_there(generous: Ours) -> None:
    generous.budget.flooded(None, 20, generous.now)

    await generous.bot.get_me()

    assert generous.budget.wait_for_any(generous.now) == 20


async def test_the_first_call_after_a_pause_is_waited_for(world: World, generous: Ours, group: Group) -> None:
    world.faults.add(where="telegram", kind="delay", method="getChat", seconds=0.3)

    async def tries() -> None:
        assert generous.budget.wait(None, generous.now) == 0
        generous.budget.spend(None, generous.now)
        with generous.limit.paid(None):
            await generous.bot.get_chat(group.id)

    with generous.limit.paid(None):
        await generous.bot.get_me()
        generous.budget.flooded(None, 20, generous.now)
        generous.now += 20
        await asyncio.gather(tries(), generous.bot.get_chat_administrators(group.id))

    assert calls(world)[-2:] == ["getChat", "getChatAdministrators"]


async def test_a_long_poll_is_not_the_first_call_after_a_pause(generous: Ours) -> None:
    generous.budget.flooded(None, 5, generous.now)
    generous.now += 5

    await generous.bot(GetRawUpdates(limit=1, timeout=0, allowed_updates=[]))

    assert generous.budget.wait(None, generous.now) == 0


async def test_a_call_that_was_cancelled_tries_nothing(generous: Ours, anna: Person) -> None:
    generous.budget.flooded(None, 5, generous.now)
    generous.now += 5
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            await generous.bot.send_message(anna.id, "Hello")

    assert generous.budget.wait(None, generous.now) == 0


async def test_a_long_poll_counts_and_neither_waits_nor_pauses_the_bot(world: World, frugal: Ours) -> None:
    for _ in range(3):
        await frugal.bot(GetRawUpdates(limit=1, timeout=0, allowed_updates=[]))
    assert frugal.budget.wait(None, frugal.now) == pytest.approx(3 / HARDLY_EVER)

    world.faults.add(where="telegram", kind="429", method="getUpdates", seconds=20)
    paused = frugal.budget.pause(None, frugal.now)
    with pytest.raises(TelegramRetryAfter):
        await frugal.bot(GetRawUpdates(limit=1, timeout=0, allowed_updates=[]))
    assert paused == frugal.budget.pause(None, frugal.now) == 0


async def test_nothing_is_delivered_by_a_process_that_may_not_lead_any_more(
    world: World, generous: Ours, group: Group, anna: Person
) -> None:
    details: dict[str, str | int] = {"user_id": anna.id, "gate": group.id}
    item = PendingTask(1, work(TaskKind.KICK, **details), group.id, user_id=anna.id)
    generous.leads, before = False, len(calls(world))

    result, again_in = await generous.carries(item)

    assert (result, again_in) == (DeliveryStatus.RETRY, 1)
    assert calls(world)[before:] == []
    # Calls outside deliveries go out: they show the bot whether Telegram is there.
    await generous.bot.get_me()
    assert calls(world)[before:] == ["getMe"]
