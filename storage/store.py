"""Everything kept, within one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.usecases.ports import StorageUnavailableError, UnreadableRow
from bot.usecases.ports_delivery import DueTimes
from bot.usecases.ports_personal import Pseudonymizer
from storage.admins import SqlAdmins, SqlAppeals, SqlOverrides
from storage.due import due_times
from storage.erasures import SqlErasures
from storage.failures import may_pass
from storage.gates import SqlGates
from storage.grants import SqlGrants
from storage.incidents import SqlIncidents
from storage.installation import SqlAnnouncements, SqlOperators
from storage.monitoring import SqlMonitoringQueries
from storage.outbox import SqlOutbox
from storage.people import SqlPeople, SqlVerifiedPhones
from storage.personal import SqlPersonalData
from storage.raids import SqlMassDeclines, SqlRaids
from storage.records import SqlGatewayEvents, SqlGatewayState, SqlJournal, SqlProcessedUpdates, SqlUsedInitData
from storage.requests import SqlJoinRequests
from storage.retention import SqlRetention
from storage.screens import SqlScreens
from storage.stepped_clock import pull_back
from storage.sums import SqlRollups
from storage.tasks import SqlTasks
from storage.unreadable import setting_aside
from storage.verifications import SqlVerifications

T = TypeVar("T")


class SqlStore:
    """See `bot.usecases.ports.Store`. Lives as long as its transaction."""

    def __init__(self, connection: AsyncConnection, marker: Pseudonymizer | None = None) -> None:
        """Without a `marker` nobody who was erased is recognised, and nobody can be erased."""
        self.connection = connection
        self._marker = marker
        self.unreadable: list[UnreadableRow] = []
        """What this transaction could not read."""

    @cached_property
    def people(self) -> SqlPeople:
        """Everyone the bot has met."""
        return SqlPeople(self.connection)

    @cached_property
    def phones(self) -> SqlVerifiedPhones:
        """Which phone verified whom."""
        return SqlVerifiedPhones(self.connection, self._marker)

    @cached_property
    def verifications(self) -> SqlVerifications:
        """All attempts."""
        return SqlVerifications(self.connection, self.note_unreadable)

    @cached_property
    def gates(self) -> SqlGates:
        """The chats guarded."""
        return SqlGates(self.connection, self.note_unreadable)

    @cached_property
    def requests(self) -> SqlJoinRequests:
        """Who asked to enter which gate."""
        return SqlJoinRequests(self.connection, self.note_unreadable)

    @cached_property
    def grants(self) -> SqlGrants:
        """What confirmed persons are given."""
        return SqlGrants(self.connection, self.note_unreadable)

    @cached_property
    def overrides(self) -> SqlOverrides:
        """What admins decided about people."""
        return SqlOverrides(self.connection, self._marker)

    @cached_property
    def appeals(self) -> SqlAppeals:
        """Who asked the admins."""
        return SqlAppeals(self.connection)

    @cached_property
    def admins(self) -> SqlAdmins:
        """Who is an admin of which gate."""
        return SqlAdmins(self.connection)

    @cached_property
    def raids(self) -> SqlRaids:
        """The newest raid of each gate."""
        return SqlRaids(self.connection, self.gates)

    @cached_property
    def mass_declines(self) -> SqlMassDeclines:
        """Many to be declined together."""
        return SqlMassDeclines(self.connection)

    @cached_property
    def erasures(self) -> SqlErasures:
        """Erasing people."""
        return SqlErasures(self.connection, self._marker, self.journal.write)

    @cached_property
    def personal(self) -> SqlPersonalData:
        """All about one person."""
        return SqlPersonalData(self.connection, self._marker)

    @cached_property
    def tasks(self) -> SqlTasks:
        """One-off deliveries."""
        return SqlTasks(self.connection, self.note_unreadable)

    @cached_property
    def screens(self) -> SqlScreens:
        """What each person should see."""
        return SqlScreens(self.connection, self.note_unreadable)

    @cached_property
    def events(self) -> SqlGatewayEvents:
        """All that the gateway reported."""
        return SqlGatewayEvents(self.connection, self.note_unreadable)

    @cached_property
    def gateway(self) -> SqlGatewayState:
        """The breaker and the inbox cursor."""
        return SqlGatewayState(self.connection)

    @cached_property
    def journal(self) -> SqlJournal:
        """The append-only record."""
        return SqlJournal(self.connection)

    @cached_property
    def sums(self) -> SqlRollups:
        """What the journal adds up to."""
        return SqlRollups(self.connection)

    @cached_property
    def incidents(self) -> SqlIncidents:
        """What operators know to be wrong."""
        return SqlIncidents(self.connection, self.note_unreadable)

    @cached_property
    def outbox(self) -> SqlOutbox:
        """What is owed to the owner's own systems."""
        return SqlOutbox(self.connection, self.note_unreadable)

    @cached_property
    def monitoring(self) -> SqlMonitoringQueries:
        """How the installation is doing."""
        return SqlMonitoringQueries(self.connection)

    @cached_property
    def retention(self) -> SqlRetention:
        """Deleting what is old."""
        return SqlRetention(self.connection)

    @cached_property
    def operators(self) -> SqlOperators:
        """Who was made an operator at run time."""
        return SqlOperators(self.connection)

    @cached_property
    def announcements(self) -> SqlAnnouncements:
        """Words to all admins."""
        return SqlAnnouncements(self.connection)

    @cached_property
    def used_init_data(self) -> SqlUsedInitData:
        """Launches of the Mini App that were used."""
        return SqlUsedInitData(self.connection)

    @cached_property
    def seen(self) -> SqlProcessedUpdates:
        """Updates already handled."""
        return SqlProcessedUpdates(self.connection)

    def note_unreadable(self, row: UnreadableRow) -> None:
        """At the end of the transaction it is set aside, and operators are told."""
        self.unreadable.append(row)

    async def take_out(self, row: UnreadableRow, now: datetime) -> bool | None:
        """See `bot.usecases.ports.Store`."""
        statements = setting_aside(row, now)
        if statements is None:
            return None
        changed = [(await self.connection.execute(statement)).rowcount for statement in statements]
        return bool(changed[0])

    async def attempt(self, work: Callable[[], Awaitable[T]]) -> tuple[T | None, Exception | None]:
        """See `bot.usecases.ports.Store`."""
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
        """See `bot.usecases.ports.Store`."""
        await pull_back(self.connection, now, call_window, self.note_unreadable)

    async def due_times(self) -> DueTimes:
        """When the first delivery of each sort is due."""
        return await due_times(self.connection)
