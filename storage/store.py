"""The store: all repositories within one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.crypto import Pseudonymizer
from bot.domain.errors import StorageUnavailableError
from bot.domain.incidents import UnreadableRow
from bot.domain.outgoing import DueTimes
from storage.access import Grants
from storage.due import due_times
from storage.erasures import Erasures
from storage.gates import Gates
from storage.gateway import GatewayEvents, GatewayState
from storage.joining import JoinRequests
from storage.journal import Journal, ProcessedUpdates, UsedInitData
from storage.moderation import Admins, Appeals, Overrides
from storage.monitoring import Incidents, MonitoringQueries, pull_back
from storage.operators import AddedOperators, Announcements
from storage.people import People, VerifiedPhones
from storage.privacy import PersonalData
from storage.raids import MassDeclines, Raids
from storage.retention import Retention
from storage.screens import Screens
from storage.sql.failures import may_pass
from storage.sql.unreadable import setting_aside
from storage.statistics import Rollups
from storage.tasks import Tasks
from storage.verification import Verifications
from storage.webhooks import Outbox

T = TypeVar("T")


class Store:
    """All repositories within one transaction.

    Lives as long as its transaction.
    """

    def __init__(self, connection: AsyncConnection, now: datetime, pseudonymizer: Pseudonymizer | None = None) -> None:
        """Without a `pseudonymizer`, erased people are not recognised, and nobody can be erased."""
        self.connection = connection
        self.now = now
        """The moment of the work: the clock's time when it began. All that one work reads and writes has this moment,
        however long it waits for locks. A work that runs again gets a new one: the clock went on, and what the failed
        attempt wrote is gone."""
        self.unreadable: list[UnreadableRow] = []
        """Rows that this transaction could not read."""
        self.gates = Gates(connection, self.note_unreadable)
        self.journal = Journal(connection)
        self.people = People(connection)
        self.phones = VerifiedPhones(connection, pseudonymizer)
        self.verifications = Verifications(connection, self.note_unreadable)
        self.requests = JoinRequests(connection, self.note_unreadable)
        self.grants = Grants(connection, self.note_unreadable)
        self.overrides = Overrides(connection, pseudonymizer)
        self.appeals = Appeals(connection)
        self.admins = Admins(connection)
        self.raids = Raids(connection, self.gates)
        self.mass_declines = MassDeclines(connection)
        self.erasures = Erasures(connection, pseudonymizer, self.journal.write)
        self.personal = PersonalData(connection, pseudonymizer)
        self.tasks = Tasks(connection, self.note_unreadable)
        self.screens = Screens(connection, self.note_unreadable)
        self.events = GatewayEvents(connection, self.note_unreadable)
        self.gateway = GatewayState(connection)
        self.sums = Rollups(connection)
        self.incidents = Incidents(connection, self.note_unreadable)
        self.outbox = Outbox(connection, self.note_unreadable)
        self.monitoring = MonitoringQueries(connection)
        self.retention = Retention(connection)
        self.operators = AddedOperators(connection)
        self.announcements = Announcements(connection)
        self.used_init_data = UsedInitData(connection)
        self.seen = ProcessedUpdates(connection)

    def note_unreadable(self, row: UnreadableRow) -> None:
        """Record an unreadable row; at its end the transaction sets it aside and notifies operators."""
        self.unreadable.append(row)

    async def take_out(self, row: UnreadableRow, now: datetime) -> bool | None:
        """Keep this row from being found as due again. False: already done. None: nothing searches for such rows
        repeatedly, so it stays."""
        statements = setting_aside(row, now)
        if statements is None:
            return None
        changed = [(await self.connection.execute(statement)).rowcount for statement in statements]
        return bool(changed[0])

    async def attempt(self, work: Callable[[], Awaitable[T]]) -> tuple[T | None, Exception | None]:
        """Return what `work` returns. If it raises, roll its writes back and return the error. Raises errors that are
        not the fault of `work`, such as a lost database."""
        noted = len(self.journal.noted)
        try:
            async with self.connection.begin_nested():
                return await work(), None
        except StorageUnavailableError:
            raise
        except Exception as error:
            if isinstance(error, SQLAlchemyError) and may_pass(error):
                raise
            del self.journal.noted[noted:]
            return None, error

    async def pull_back(self, now: datetime, call_window: timedelta) -> None:
        """Repair moments after the clock was ahead: what is due further ahead than its longest pause becomes due now,
        what ends too late ends after its longest time, and nothing happened later than now."""
        await pull_back(self.connection, now, call_window, self.note_unreadable)

    async def due_times(self) -> DueTimes:
        """When the first delivery of each sort is due."""
        return await due_times(self.connection)


class Transactions(Protocol):
    """Runs work in transactions. All of a work's writes are stored, or none."""

    async def transact(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """Run `work` and commit. It may run more than once, so it must talk to nothing but the store.

        Raises what `work` raises, and StorageUnavailableError when its writes are not stored.
        """
