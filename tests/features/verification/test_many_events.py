"""However many events the gateway reports at once, no transaction is long, and no event is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from sqlalchemy import event

from bot.domain.errors import StorageUnavailableError
from bot.domain.gateway import EventKind, GatewayEvent
from bot.features.verification.confirm import PART
from bot.features.verification.inbox import ReadInbox
from storage.engine.database import Database
from storage.store import Store
from tests.features.rules import ANNA, PHONE, Rules, callback, inbox_entry

T = TypeVar("T")
MANY = 1000


class Inbox:
    """All entries after the cursor, in no order."""

    def __init__(self, count: int) -> None:
        self.entries = [inbox_entry(number, f"+7999{number:07}") for number in range(count, 0, -1)]

    async def read_inbox(self, after_id: int | None) -> list[GatewayEvent]:
        return [entry for entry in self.entries if (entry.inbox_id or 0) > (after_id or 0)]


class Failing:
    """A database that fails after a number of transactions."""

    def __init__(self, database: Database, after: int) -> None:
        self._database = database
        self.left = after

    async def transact(self, work: Callable[[Store], Awaitable[T]]) -> T:
        if self.left == 0:
            raise StorageUnavailableError("gone")
        self.left -= 1
        return await self._database.transact(work)


async def cursor(rules: Rules) -> tuple[int | None, bool]:
    reached, read_at = await rules.database.transact(lambda store: store.gateway.inbox_cursor())
    return reached, read_at is not None


async def test_an_inbox_of_very_many_entries_is_taken_in_parts_and_goes_on_where_it_was_left(rules: Rules) -> None:
    inbox = Inbox(3 * PART + 5)
    failing = Failing(rules.database, after=3)
    with pytest.raises(StorageUnavailableError):
        await ReadInbox(rules.clock, failing, inbox.read_inbox, rules.take_event)()

    # It was not read to its end, so this must not count as the cursor.
    assert await cursor(rules) == (2 * PART, False)
    await rules.gets_number(ANNA, inbox_after=3 * PART + 5)
    inbox.entries.append(inbox_entry(3 * PART + 6, PHONE))
    assert await ReadInbox(rules.clock, rules.database, inbox.read_inbox, rules.take_event)() == 3 * PART + 6

    assert await cursor(rules) == (3 * PART + 6, True)
    assert await rules.states() == ["confirmed"]
    assert await rules.rows("SELECT count(*) AS n FROM gateway_events") == [{"n": 3 * PART + 6}]


async def test_what_is_no_call_is_kept_by_one_statement_and_known_when_it_comes_again(rules: Rules) -> None:
    reports = [callback(identity=f"report {number}", kind=EventKind.STATUS) for number in range(MANY)]
    reports.append(reports[0])
    statements: list[str] = []
    event.listen(
        rules.database.engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: statements.append(statement),
    )

    foreign = await rules.database.transact(lambda store: rules.take_event.take_many(store, reports))

    assert foreign == [True] * MANY + [False]
    assert len(statements) < MANY / 50
    assert not any(await rules.database.transact(lambda store: rules.take_event.take_many(store, reports)))
    assert await rules.rows("SELECT count(*) AS n FROM gateway_events") == [{"n": MANY}]
