"""The delivery worker between a real database and Telegram, when the result of an item cannot be saved."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiogram import Bot
from structlog.testing import capture_logs

from bot.delivery import worker
from bot.delivery.execute import TelegramExecutor
from bot.delivery.rate_limit import RateLimiter, RateLimitMiddleware
from bot.delivery.results import ApplyResults, SettleTask
from bot.delivery.screens import ScreenRenderer
from bot.delivery.select import InFlight, Selection, SelectOutgoing
from bot.delivery.worker import DeliveryWorker
from bot.domain.errors import StorageUnavailableError
from bot.domain.outgoing import (
    SLOW,
    SLOW_AT_ONCE,
    DeliveryResult,
    DeliveryStatus,
    Outgoing,
    PendingScreen,
    PendingTask,
    TaskKind,
)
from bot.domain.screens import ScreenName
from bot.features.access.grant_results import SettleGrant
from bot.features.raids.alerts import OnAlertResult
from bot.i18n.texts import Texts
from bot.sandbox.changes import WAIT_TIMEOUT
from bot.sandbox.people import Person
from bot.sandbox.world import World
from bot.supervisor import Supervisor
from storage.engine.database import Database
from storage.store import Store
from tests.features.rules import HOUR, Rules, frozen_clock
from tests.scenarios.story import sent_to
from tests.tasks import work


class Stumbling(ApplyResults):
    """Fails to save the result of one person's screen: always together with others, alone while `error` is set."""

    def __init__(self, rules: Rules, whose: int, error: type[Exception]) -> None:
        settle_task = SettleTask(rules.desk, OnAlertResult(rules.operators), rules.operators)
        super().__init__(SettleGrant(rules.notify_operators), settle_task, rules.report)
        self._whose = whose
        self.error: type[Exception] | None = error
        self.tried_alone = 0

    async def __call__(self, store: Store, receipts: Sequence[DeliveryResult]) -> None:
        await super().__call__(store, receipts)
        if self._whose not in [receipt.item.user_id for receipt in receipts if isinstance(receipt.item, PendingScreen)]:
            return
        if len(receipts) > 1:
            raise ZeroDivisionError
        self.tried_alone += 1
        if self.error is not None:
            raise self.error


class Together(TelegramExecutor):
    """Returns from the first few tasks only when all of them are done, so that their results are saved together."""

    def __init__(self, world: World, bot: Bot, count: int) -> None:
        super().__init__(bot, world.clock, Texts("en"), ScreenRenderer(None), None)
        self._left = count
        self._all = asyncio.Event()

    async def deliver(self, item: Outgoing) -> DeliveryResult:
        receipt = await super().deliver(item)
        self._left -= 1
        if self._left == 0:
            self._all.set()
        await self._all.wait()
        return receipt


class Held(TelegramExecutor):
    """Returns as many tasks as `let_go` allows."""

    def __init__(self, world: World, bot: Bot) -> None:
        super().__init__(bot, world.clock, Texts("en"), ScreenRenderer(None), None)
        self.let_go = asyncio.Semaphore(0)
        self.begun = 0

    async def deliver(self, item: Outgoing) -> DeliveryResult:
        self.begun += 1
        await self.let_go.acquire()
        return DeliveryResult(item, DeliveryStatus.DONE)


class Counting(SelectOutgoing):
    """Counts the cycles."""

    def __init__(self, rules: Rules) -> None:
        super().__init__({}, rules.is_operator)
        self.looks = 0

    async def __call__(self, store: Store, limit: int, busy: InFlight, look: int = 0) -> Selection:
        self.looks += 1
        return await super().__call__(store, limit, busy, look)


@pytest.fixture
async def rules(database_url: str) -> AsyncIterator[Rules]:
    clock = frozen_clock()
    database = Database(database_url, clock.now)
    await database.open()
    yield Rules(database, clock)
    await database.close()


@pytest.fixture
async def people(world: World, rules: Rules) -> list[Person]:
    """Three people who opened the chat, each with a screen that is due."""
    people = [world.person(name, language="en") for name in ("Anna", "Boris", "Carol")]
    for person in people:
        await person.says("/start")
        await rules.meets(person.id)
        await is_to_see(rules, person, ScreenName.WELCOME)
    return people


async def is_to_see(rules: Rules, person: Person, face: ScreenName) -> None:
    await rules.database.transact(lambda store: store.screens.show(person.id, person.id, face, rules.now))


async def are_not_noted(rules: Rules, *people: Person) -> None:
    """Return once the database has the screens of these people, and of no others, as not shown."""
    deadline, query = (
        time.monotonic() + WAIT_TIMEOUT,
        "SELECT user_id FROM screens WHERE shown_revision < revision ORDER BY 1",
    )
    while (found := [row["user_id"] for row in await rules.rows(query)]) != [person.id for person in people]:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.01)


@asynccontextmanager
async def carrying(
    world: World,
    rules: Rules,
    bot: Bot,
    settle: ApplyResults,
    pick: SelectOutgoing | None = None,
    deliverer: TelegramExecutor | None = None,
) -> AsyncIterator[DeliveryWorker]:
    """A running delivery worker that looks only once an hour unless it is woken."""
    supervisor = Supervisor(world.clock)
    budget = RateLimiter(0)
    works = DeliveryWorker(
        rules.database,
        pick or rules.pick,
        settle,
        deliverer or Together(world, bot, 3),
        budget,
        RateLimitMiddleware(budget),
        supervisor,
        rules.clock,
        HOUR,
    )
    supervisor.keep("delivery", functools.partial(works.run, supervisor.stopping))
    yield works
    supervisor.stopping.set()
    works.wake()
    await supervisor.stop()


async def test_a_receipt_that_cannot_be_noted_keeps_no_other_from_being_noted_and_is_not_carried_again_at_once(
    world: World, rules: Rules, bot: Bot, people: list[Person]
) -> None:
    anna, boris, carol = people

    with capture_logs() as logs:
        async with carrying(world, rules, bot, Stumbling(rules, boris.id, ZeroDivisionError)) as works:
            await are_not_noted(rules, boris)
            for person in (anna, carol):
                await is_to_see(rules, person, ScreenName.HELP)
                works.wake()
                await person.sees("How this works")
            await are_not_noted(rules, boris)

    assert [log["item"] for log in logs if log["event"] == "receipt_not_noted"] == ["Welcome"]
    assert [sent_to(world, person) for person in people] == [2, 1, 2]


async def test_what_could_not_be_noted_is_carried_once_more_after_a_rest(
    world: World, rules: Rules, bot: Bot, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "UNNOTED_RESTS", 0.0)
    boris = people[1]
    settle = Stumbling(rules, boris.id, ZeroDivisionError)

    async with carrying(world, rules, bot, settle):
        await world.wait_until(lambda: sent_to(world, boris) > 1)
        settle.error = None
        await are_not_noted(rules)


async def test_a_receipt_for_which_the_database_was_away_is_kept_and_noted_when_it_is_back(
    world: World, rules: Rules, bot: Bot, people: list[Person]
) -> None:
    settle = Stumbling(rules, people[1].id, StorageUnavailableError)

    async with carrying(world, rules, bot, settle):
        await world.wait_until(lambda: settle.tried_alone > 1)
        settle.error = None
        await are_not_noted(rules)

    assert [sent_to(world, person) for person in people] == [1, 1, 1]


async def due_in(rules: Rules, seconds: float, count: int = 1) -> None:
    """Add so many tasks that are due then, on the clock of the rules."""

    async def add(store: Store) -> None:
        for message_id in range(count):
            details: dict[str, str | int] = {"message_id": message_id}
            # Each of another person, so that none is delayed.
            await store.tasks.add(work(TaskKind.DELETE_MESSAGE, **details), 1 + message_id, rules.now, after=seconds)

    await rules.database.transact(add)


async def are_done(rules: Rules, count: int) -> None:
    """Return once so many tasks are saved as done."""
    deadline = time.monotonic() + WAIT_TIMEOUT
    while await rules.rows("SELECT count(*) AS n FROM tasks WHERE done_at IS NOT NULL") != [{"n": count}]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_what_is_due_later_goes_out_once_the_clock_has_come_to_it(world: World, rules: Rules, bot: Bot) -> None:
    pick, deliverer = Counting(rules), Held(world, bot)
    deliverer.let_go.release()
    await due_in(rules, HOUR)

    async with carrying(world, rules, bot, rules.settle, pick, deliverer):
        await world.wait_until(lambda: pick.looks == 1)
        assert deliverer.begun == 0
        rules.later(HOUR)
        await are_done(rules, 1)


async def test_what_is_due_anew_goes_out_once_the_delivery_worker_is_woken(
    world: World, rules: Rules, bot: Bot
) -> None:
    pick, deliverer = Counting(rules), Held(world, bot)
    deliverer.let_go.release()

    async with carrying(world, rules, bot, rules.settle, pick, deliverer) as works:
        await world.wait_until(lambda: pick.looks == 1)
        await due_in(rules, 0)
        works.wake()
        await are_done(rules, 1)


async def test_in_a_flood_it_is_looked_for_more_when_half_of_what_may_be_under_way_is_free(
    world: World, rules: Rules, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOOK_EVERY", HOUR)
    pick, deliverer = Counting(rules), Held(world, bot)
    await due_in(rules, 0, 2 * worker.AT_ONCE)

    async with carrying(world, rules, bot, rules.settle, pick, deliverer):
        await world.wait_until(lambda: deliverer.begun == worker.AT_ONCE)
        half = worker.AT_ONCE // 2
        for done in range(1, half):
            deliverer.let_go.release()
            await are_done(rules, done)
        assert (pick.looks, deliverer.begun) == (1, worker.AT_ONCE)

        deliverer.let_go.release()
        await world.wait_until(lambda: deliverer.begun == worker.AT_ONCE + half)
        for _ in range(2 * worker.AT_ONCE):
            deliverer.let_go.release()
        await are_done(rules, 2 * worker.AT_ONCE)


class Uploading(Held):
    """Files take until `let_go` releases them; everything else is done at once."""

    async def deliver(self, item: Outgoing) -> DeliveryResult:
        if isinstance(item, PendingTask) and item.kind in SLOW:
            return await super().deliver(item)
        return DeliveryResult(item, DeliveryStatus.DONE, message_id=1, digest="x")


@pytest.mark.parametrize("kind", [TaskKind.MAKE_FILE, TaskKind.SEND_FILE, TaskKind.STATS])
async def test_slow_tasks_leave_hands_for_others_and_are_all_done_in_the_end(
    world: World, rules: Rules, bot: Bot, kind: TaskKind
) -> None:
    count = worker.AT_ONCE + 5

    async def add(store: Store) -> None:
        for user_id in range(1, count + 1):
            await store.tasks.add(work(kind), user_id, rules.now, user_id=user_id)

    await rules.database.transact(add)
    deliverer = Uploading(world, bot)

    async with carrying(world, rules, bot, rules.settle, deliverer=deliverer) as works:
        await world.wait_until(lambda: deliverer.begun == SLOW_AT_ONCE)
        for done in range(1, 4):
            await due_in(rules, 0)
            works.wake()
            await are_done(rules, done)
        assert deliverer.begun == SLOW_AT_ONCE
        for _ in range(count):
            deliverer.let_go.release()
        await are_done(rules, 3 + count)
