"""An operator asks for the installation's health or the balance; a clock set back; rows set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.crypto import TokenGenerator
from bot.domain.gate_health import GateState, gate_state
from bot.domain.incidents import Queue, UnreadableRow
from bot.domain.monitoring import StoredHealth
from bot.domain.notifications import Notification, Notify, SendBalance, SendHealth, Toast
from bot.domain.outgoing import Priority
from bot.domain.people import Person
from bot.features.admins.popups import answer_button
from bot.features.operators.registry import OperatorNotifier, ReportFailure
from storage.store import Store

WANTED_FOR = timedelta(days=1)
"""The answer is read when it goes out, so it is never outdated, however long Telegram was away."""


class AskCondition:
    """For operators: the caller has checked that the person is one.

    A task brings the answer, and collects it when it runs. Of several pending requests of one person only the last is
    answered.
    """

    async def __call__(self, store: Store, person: Person, work: SendHealth | SendBalance) -> None:
        """Request the answer."""
        await self._request(store, person, work)

    async def press(self, store: Store, person: Person, query_id: str, work: SendHealth | SendBalance) -> None:
        """Handle the button below the message, which refreshes it."""
        await self._request(store, person, work)
        await answer_button(store, person.user_id, query_id, Toast.CHECKING)

    async def _request(self, store: Store, person: Person, work: SendHealth | SendBalance) -> None:
        now, chat_id = store.now, person.chat_id
        await store.tasks.cancel(work.kind, chat_id, person.user_id, now)
        await store.tasks.add(work, chat_id, now, expires_at=now + WANTED_FOR, user_id=person.user_id)


OWN_QUEUE = f"tasks_{Priority.SOON.name.lower()}"
JUST_NOW = timedelta(seconds=5)


async def read_condition(store: Store) -> StoredHealth:
    """Read everything that waits, open incidents, and when something last came in. It counts neither the task for which
    it is read nor the answer to the button that requested it."""
    now = store.now
    _, inbox_read_at = await store.gateway.inbox_cursor()
    return StoredHealth(
        size=await store.monitoring.size(),
        incidents=await store.incidents.active(),
        queues=[_without_own(queue, now) for queue in await store.monitoring.queues()],
        notifications=await store.monitoring.notifications(),
        outgoing=await store.outbox.outgoing(),
        breaker=await store.gateway.breaker(),
        called_back_at=await store.monitoring.called_back_at(),
        inbox_read_at=inbox_read_at,
        gates=await count_states(store),
    )


async def count_states(store: Store) -> Mapping[GateState, int]:
    """Count the gates in each state; of lost gates, those that the bot still knows."""
    return Counter(gate_state(gate, health, store.now) for gate, health in await store.monitoring.states())


def _without_own(queue: Queue, now: datetime) -> Queue:
    if queue.name != OWN_QUEUE or not queue.length:
        return queue
    if queue.length == 1 or queue.age(now) < JUST_NOW:
        return Queue(queue.name, 0, None)
    return replace(queue, length=queue.length - 1)


class SetClockBack:
    """Pulls back moments written meanwhile, so that nothing waits longer than it would have; notifies operators
    once."""

    def __init__(self, call_window: timedelta, notify_operators: OperatorNotifier) -> None:
        self._call_window = call_window
        self._notify_operators = notify_operators

    async def __call__(self, store: Store, now: datetime, seconds: float) -> None:
        """Pull back by `seconds`, to `now`."""
        await store.pull_back(now, self._call_window)
        await self._notify_operators(store, Notify(Notification.CLOCK_SET_BACK, seconds=int(seconds)))


REMEMBERED = 1000


class SetAside:
    """Sets each row aside, so that nobody reads it again, and notifies the operators with an error id.

    A row that stays in place, such as a gate, is reported once by each process.
    """

    def __init__(
        self, report: ReportFailure, token_generator: TokenGenerator, log: Callable[[str, UnreadableRow], None]
    ) -> None:
        """`log` gets the error id of each row."""
        self._report = report
        self._token_generator = token_generator
        self._log = log
        self._reported: set[UnreadableRow] = set()

    async def __call__(self, store: Store, rows: Sequence[UnreadableRow]) -> None:
        for row in dict.fromkeys(rows):
            is_set_aside = await store.take_out(row, store.now)
            if is_set_aside is False or row in self._reported:
                continue
            if is_set_aside is None:
                if len(self._reported) >= REMEMBERED:
                    self._reported.clear()
                self._reported.add(row)
            error_id = self._token_generator.error_id()
            self._log(error_id, row)
            await self._report(store, error_id, f"A row of {row.table} cannot be read ({row.error})", None)
