"""The courier between a real database and Telegram, when what came of a parcel cannot be noted."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiogram import Bot
from structlog.testing import capture_logs

from bot.domain.delivery import Parcel, Receipt, ScreenDue
from bot.domain.screen import Face
from bot.sandbox.people import Person
from bot.sandbox.pulse import PATIENCE
from bot.sandbox.world import World
from bot.supervisor import Supervisor
from bot.telegram import courier
from bot.telegram.budget import Budget
from bot.telegram.courier import Courier
from bot.telegram.deliver import Deliverer
from bot.telegram.screens import Screens
from bot.telegram.texts import Texts
from bot.usecases.installation_views import InstallationViews
from bot.usecases.pick_parcels import PickParcels
from bot.usecases.ports import StorageUnavailableError, Store
from bot.usecases.settle_errand import SettleErrand
from bot.usecases.settle_grant import SettleGrant
from bot.usecases.settle_parcels import SettleParcels
from bot.usecases.tell_raid import HearOfRaid
from storage.database import Database
from tests.scenarios.story import sent_to
from tests.usecases.rules import Rules


class Stumbling(SettleParcels):
    """Fails to note what came of one person's screen: among others always, alone for as long as `error` is set."""

    def __init__(self, rules: Rules, whose: int, error: type[Exception]) -> None:
        settle_errand = SettleErrand(rules.desk, HearOfRaid(rules.operators), rules.operators)
        super().__init__(rules.clock, SettleGrant(rules.tell_operators), settle_errand)
        self._whose = whose
        self.error: type[Exception] | None = error
        self.tried_alone = 0

    async def __call__(self, store: Store, receipts: Sequence[Receipt]) -> None:
        await super().__call__(store, receipts)
        if self._whose not in [receipt.parcel.user_id for receipt in receipts if isinstance(receipt.parcel, ScreenDue)]:
            return
        if len(receipts) > 1:
            raise ZeroDivisionError
        self.tried_alone += 1
        if self.error is not None:
            raise self.error


class Together(Deliverer):
    """Comes back from the first few errands only when all of them are done, so that they are noted together."""

    def __init__(self, world: World, bot: Bot, count: int) -> None:
        super().__init__(bot, world.clock, Texts("en"), Screens(None), None)
        self._left = count
        self._all = asyncio.Event()

    async def deliver(self, parcel: Parcel) -> Receipt:
        receipt = await super().deliver(parcel)
        self._left -= 1
        if self._left == 0:
            self._all.set()
        await self._all.wait()
        return receipt


@pytest.fixture
async def rules(database_url: str) -> AsyncIterator[Rules]:
    database = Database(database_url)
    await database.open()
    yield Rules(database)
    await database.close()


@pytest.fixture
async def people(world: World, rules: Rules) -> list[Person]:
    """Three people who opened the chat, each with a screen that is due."""
    people = [world.person(name, language="en") for name in ("Anna", "Boris", "Carol")]
    for person in people:
        await person.says("/start")
        await rules.meets(person.id)
        await is_to_see(rules, person, Face.WELCOME)
    return people


async def is_to_see(rules: Rules, person: Person, face: Face) -> None:
    await rules.database.transact(lambda store: store.screens.show(person.id, person.id, face, rules.now))


async def are_not_noted(rules: Rules, *people: Person) -> None:
    """Return once the database takes the screens of these people, and of no others, for not shown."""
    deadline, query = (
        time.monotonic() + PATIENCE,
        "SELECT user_id FROM screens WHERE shown_revision < revision ORDER BY 1",
    )
    while (found := [row["user_id"] for row in await rules.rows(query)]) != [person.id for person in people]:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.01)


@asynccontextmanager
async def carrying(world: World, rules: Rules, bot: Bot, settle: SettleParcels) -> AsyncIterator[None]:
    """A courier at work."""
    supervisor = Supervisor(world.clock)
    pick, deliverer = PickParcels(rules.clock, InstallationViews(rules.operators)), Together(world, bot, 3)
    works = Courier(rules.database, pick, settle, deliverer, Budget(0), supervisor)
    supervisor.keep("courier", functools.partial(works.run, supervisor.stopping))
    yield
    supervisor.stopping.set()
    works.wake.set()
    await supervisor.stop()


async def test_a_receipt_that_cannot_be_noted_keeps_no_other_from_being_noted_and_is_not_carried_again_at_once(
    world: World, rules: Rules, bot: Bot, people: list[Person]
) -> None:
    anna, boris, carol = people

    with capture_logs() as logs:
        async with carrying(world, rules, bot, Stumbling(rules, boris.id, ZeroDivisionError)):
            await are_not_noted(rules, boris)
            for person in (anna, carol):
                await is_to_see(rules, person, Face.HELP)
                await person.sees("How this works")
            await are_not_noted(rules, boris)

    assert [log["parcel"] for log in logs if log["event"] == "receipt_not_noted"] == ["Welcome"]
    assert [sent_to(world, person) for person in people] == [2, 1, 2]


async def test_what_could_not_be_noted_is_carried_once_more_after_a_rest(
    world: World, rules: Rules, bot: Bot, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "UNNOTED_RESTS", 0.0)
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
