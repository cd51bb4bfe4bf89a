"""Operators ask for the health report, and what is read for it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain.gateway import CircuitBreaker, GatewayReason
from bot.domain.incidents import IncidentKind, Measurements
from bot.domain.journal import Event
from bot.domain.monitoring import Spending, StoredHealth
from bot.domain.notifications import SendBalance, SendHealth, Toast
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, Priority, TaskKind
from bot.domain.webhooks import RetryStats
from bot.features.monitoring.actions import AskCondition, read_condition
from bot.features.monitoring.incidents import ReadSpending
from storage.store import Store
from tests.features.rules import ANNA, HOUR, OPERATOR, Rules
from tests.tasks import said

WORK: dict[TaskKind, type[SendHealth | SendBalance]] = {TaskKind.HEALTH: SendHealth, TaskKind.BALANCE: SendBalance}
KINDS = list(WORK)


class Asking:
    """People who ask, over one database."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.ask = AskCondition()

    async def says(self, user_id: int, kind: TaskKind = TaskKind.HEALTH) -> None:
        person = await self.rules.meets(user_id)
        await self.rules.database.transact(lambda store: self.ask(store, person, WORK[kind]()))

    async def presses(self, user_id: int, kind: TaskKind, message_id: int | None = 5) -> str:
        """Press the button; return the answer."""
        person = await self.rules.meets(user_id)
        await self.rules.database.transact(lambda store: self.ask.press(store, person, "query", WORK[kind](message_id)))
        return str(said((await self.rules.tasks(TaskKind.ANSWER_BUTTON))[-1])["toast"])

    async def reads(self) -> StoredHealth:
        return await self.rules.database.transact(read_condition)


@pytest.fixture
def asking(rules: Rules) -> Asking:
    return Asking(rules)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_operator_who_asks_is_owed_one_answer_however_often_they_ask(asking: Asking, kind: TaskKind) -> None:
    for _ in range(3):
        await asking.says(OPERATOR, kind)
    assert await asking.presses(OPERATOR, kind) == Toast.CHECKING

    (task,) = await asking.rules.tasks(kind)
    assert (task.chat_id, said(task)) == (OPERATOR, {"message_id": 5})


async def test_an_answer_of_one_kind_does_not_take_the_place_of_the_other(asking: Asking) -> None:
    for kind in KINDS:
        await asking.says(OPERATOR, kind)

    assert [len(await asking.rules.tasks(kind)) for kind in KINDS] == [1, 1]


async def test_an_answer_waits_for_a_day_until_it_can_be_given(asking: Asking) -> None:
    await asking.says(OPERATOR)
    asking.rules.later(23 * HOUR)
    await asking.rules.sweeps()
    assert len(await asking.rules.tasks(TaskKind.HEALTH)) == 1

    asking.rules.later(2 * HOUR)
    await asking.rules.sweeps()

    assert await asking.rules.tasks(TaskKind.HEALTH) == []


async def test_what_waits_is_told_without_the_answer_itself(asking: Asking) -> None:
    rules = asking.rules
    await rules.asks_to_join()
    rules.later(7)
    assert await asking.presses(OPERATOR, TaskKind.HEALTH) == Toast.CHECKING

    waiting = {queue.name: queue for queue in (await asking.reads()).queues if queue.length}
    assert {name: queue.length for name, queue in waiting.items()} == {"screens": 1}
    assert waiting["screens"].age(rules.now) == timedelta(seconds=7)

    rules.later(7)
    assert {queue.name: queue.length for queue in (await asking.reads()).queues if queue.length} == {
        "screens": 1,
        "tasks_soon": 1,
    }


async def test_messages_that_do_not_go_out_are_told_with_when_they_are_tried_next(asking: Asking) -> None:
    rules = asking.rules
    assert (await asking.reads()).notifications is None
    await rules.watches(Measurements(floods=50))
    for _ in range(2):
        due = await rules.database.transact(lambda store: store.tasks.due(rules.now, 10, (), Priority.LATER))
        await rules.settles(*(DeliveryResult(task, DeliveryStatus.RETRY, error="TelegramNetworkError") for task in due))
        rules.later(1)

    kept = await asking.reads()

    assert [incident.trouble for incident in kept.incidents] == [IncidentKind.FLOODS]
    assert kept.notifications == RetryStats(1, 2, rules.now + timedelta(seconds=1), "TelegramNetworkError")


async def test_the_gateway_is_told_as_it_is_kept(asking: Asking) -> None:
    rules = asking.rules
    breaker = CircuitBreaker().open(GatewayReason.NO_MONEY, rules.now)
    await rules.database.transact(lambda store: store.gateway.set_breaker(breaker))
    await rules.database.transact(lambda store: store.gateway.set_inbox_cursor(7, rules.now))
    rules.later(2)
    await rules.verifies()

    kept = await asking.reads()

    assert kept.breaker == breaker
    assert kept.called_back_at == rules.now
    assert kept.inbox_read_at == rules.now - timedelta(seconds=2)
    assert kept.size > 100_000


async def test_spending_is_that_of_today_and_of_seven_days(rules: Rules) -> None:
    async def is_given(store: Store) -> None:
        store.journal.add(Event.NUMBER_GIVEN, rules.now, user_id=ANNA)

    read = ReadSpending(Decimal("0.5"))
    await rules.database.transact(is_given)
    rules.later(24 * HOUR)
    await rules.database.transact(is_given)
    assert await rules.database.transact(read) == Spending(Decimal("0.5"), Decimal("1.0"))

    rules.later(6 * 24 * HOUR)

    assert await rules.database.transact(read) == Spending(Decimal(0), Decimal("0.5"))
    assert await rules.database.transact(ReadSpending(None)) is None
