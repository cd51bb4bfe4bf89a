"""No query of a loop reads more than ten times what it returns, however many rows there are."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot import settings
from bot.delivery.select import PATIENT_SHARE, InFlight
from bot.domain.incidents import Measurements
from bot.sandbox.clock import SandboxClock
from bot.wiring.build import Container
from storage.store import Store
from tests.storage.crowd import NOW, Statements, fill

Work = Callable[[Store], Awaitable[Any]]

ENVIRONMENT = {
    "BOT_TOKEN": "1234567890:AAAA-a-token-that-nobody-has-at-all-AAA",
    "SMSC_API_KEY": "a key",
    "SMSC_CALLBACK_TOKEN": "callback-token-of-the-tests",
    "SECRET_KEY": "a secret key that only the tests know",
    "OPERATORS": "999",
    "PUBLIC_URL": "https://callgate.example",
    "EVENTS_URL": "https://events.example",
    "EVENTS_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "SMSC_RELAY_URL": "https://relay.example",
    "SMSC_PRICE": "1",
}
MOMENTS = {"nothing is due": timedelta(), "much is due": timedelta(hours=5), "all is old": timedelta(days=800)}
ASK_NOTHING = {"connection", "poller", "backups", "menus"}
"""Loops that do not read the database unless woken."""


class UndoneError(Exception):
    """Rolls the finished work back."""


@pytest.fixture
async def parts(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Container]:
    """The whole bot, idle, with a crowd in its database. Its changes there are undone."""
    config = settings.load({**ENVIRONMENT, "DATABASE_URL": database_url}, None)

    async def is_ready() -> None:
        return None

    parts = Container(config, SandboxClock(rate=0, start=NOW), "https://telegram.example/script.js", is_ready)
    await parts.database.open()
    await fill(parts.database)
    assert await parts.leadership.acquire()
    transact = parts.database.transact

    async def undo(work: Work) -> Any:
        results = []

        async def do(store: Store) -> None:
            results.append(await work(store))
            raise UndoneError

        with contextlib.suppress(UndoneError):
            await transact(do)
        return results.pop()

    monkeypatch.setattr(parts.database, "transact", undo)
    yield parts
    await parts.leadership.release()
    await parts.database.close()
    await parts.bot.session.close()
    await parts.gateway.close()
    await parts.looking_after.close()


def rounds(parts: Container) -> Iterator[tuple[str, Awaitable[Any]]]:
    """The queries of each loop in one round, by the loop's name."""
    behind: dict[str, Any] = {name: getattr(loop, "__self__", None) for name, loop in parts.loops.items()}
    for name, loop in behind.items():
        works: list[Work] = []
        if name == "sweeper":
            works = list(loop._sweep.steps)
        elif name == "delivery":
            works = [
                functools.partial(loop._pick, limit=50, busy=InFlight(), look=look) for look in (0, PATIENT_SHARE - 1)
            ]
        elif name == "monitor":
            works = [functools.partial(loop._watch, readings=Measurements()), loop._spending]
        elif name == "numbers":
            yield name, loop._request.due(10, ())
        elif name == "inbox":
            yield name, loop._read.next_reading(timedelta(seconds=20))
        elif name.startswith("webhook worker of "):
            yield name, loop._due(10)
        else:
            assert name in ASK_NOTHING, f"say here what {name} asks the database"
        for work in works:
            yield name, parts.database.transact(work)


@pytest.mark.long
async def test_a_round_of_any_loop_reads_only_what_it_needs_among_a_hundred_thousand(parts: Container) -> None:
    statements = Statements(parts.database)
    asked, wasteful = set(), []
    for moment, later in MOMENTS.items():
        assert isinstance(parts.clock, SandboxClock)
        parts.clock.advance((NOW + later - parts.clock.now()).total_seconds())
        for name, a_round in rounds(parts):
            await a_round
            costs = await statements.costs()
            asked |= {name} if costs else set()
            wasteful += [(moment, name, cost) for cost in costs if not cost.is_small]

    assert wasteful == [], wasteful
    assert asked == parts.loops.keys() - ASK_NOTHING
