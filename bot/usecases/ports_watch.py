"""What is kept of troubles and of what is owed to the owner's own systems, as the use cases ask for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.gate import Gate
from bot.domain.health import GateHealth
from bot.domain.installation import GateOverview
from bot.domain.outbox import Destination, DestinationStatus, NewMessage, OutboxMessage, RetryStats
from bot.domain.trouble import Finding, Incident, Queue, Unmatched


class Incidents(Protocol):
    """The troubles that operators know of. One row a trouble, whoever sees it and however often."""

    async def sight(self, finding: Finding, now: datetime) -> bool:
        """Note that it is there; whether that is news."""

    async def active(self) -> list[Incident]:
        """Those not over, oldest first."""

    async def clear(self, name: str, seen_before: datetime, now: datetime) -> Incident | None:
        """It is over, if it was not seen since; the alarm, when this is news."""


class Outbox(Protocol):
    """What is owed to the owner's own systems."""

    async def add(
        self,
        target: Destination,
        message_id: str,
        kind: str,
        body: bytes,
        now: datetime,
        *,
        user_id: int | None = None,
        admin_id: int | None = None,
    ) -> None:
        """Owe it. `user_id`: whom it is about; `admin_id`: whom its data, a JSON object, names as who decided that."""

    async def add_many(self, target: Destination, letters: Sequence[NewMessage]) -> None:
        """Owe all of these."""

    async def due(
        self, target: Destination, now: datetime, limit: int, busy: Collection[int]
    ) -> list[OutboxMessage]: ...

    async def delivered(self, letter_id: int, now: datetime) -> None:
        """It was taken. What it said is not needed any more."""

    async def retry(self, letter_id: int, due_at: datetime, error: str) -> None: ...

    async def keep(self, letter_id: int, error: str) -> None:
        """It stays as it was, though it was not taken; that counts as no try."""

    async def give_up(self, letter_id: int, now: datetime, error: str) -> None:
        """It is not brought any more. What it said is not needed."""

    async def outgoing(self) -> list[DestinationStatus]:
        """How it stands with each target that has, or had, anything to be told."""

    async def failing_since(self) -> dict[Destination, datetime]:
        """Since when the oldest letter waits that failed at least once."""

    async def owed_since(self, before: datetime, limit: int) -> list[OutboxMessage]:
        """Those that are owed for longer, the oldest first."""

    async def forget(self, before: datetime, limit: int) -> None:
        """Delete what was owed earlier, and is settled."""


class MonitoringQueries(Protocol):
    """How the installation is doing, as far as it can be read from what is kept."""

    async def queues(self) -> list[Queue]:
        """All that waits: call numbers, grants, screens, tasks by urgency."""

    async def notices(self) -> RetryStats | None:
        """Messages to operators and admins, about alarms among other things, that did not go out at once."""

    async def size(self) -> int:
        """How many bytes the database takes."""

    async def called_back_at(self) -> datetime | None:
        """When a call was last reported by callback."""

    async def unreported(self, since: datetime, before: datetime) -> tuple[int, datetime | None]:
        """How many confirmations the inbox alone made in that time, and when the first of them."""

    async def unmatched(self, since: datetime, now: datetime) -> Unmatched:
        """What became of the calls reported since then; of many, the newest. How many people waited in vain is counted
        only where it matters, and only up to what matters."""

    async def gates(self, since: datetime) -> list[GateOverview]:
        """All gates there ever were, with how each is doing; `since`: people who came round them later count."""

    async def states(self) -> list[tuple[Gate, GateHealth | None]]:
        """All gates there ever were, with what Telegram said last of each."""

    async def rights(self) -> list[tuple[Gate, GateHealth]]:
        """The gates that work, and how Telegram last said it stands there."""
