"""Reports an incident to operators at once, from anywhere, even while the database is away."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from bot.clock import Clock
from bot.domain.errors import StorageUnavailableError
from bot.domain.trouble import Finding
from bot.supervisor import Supervisor
from bot.usecases.open_incident import OpenIncident
from storage.store import Transactions

log = structlog.get_logger()

RETRY_AFTER = 5.0


class Reporter:
    """Call it with a finding: it returns at once, and keeps trying until the database has stored the finding."""

    def __init__(
        self,
        transactions: Transactions,
        open_incident: OpenIncident,
        clock: Clock,
        supervisor: Supervisor,
        wake: Callable[[], None],
    ) -> None:
        self._transactions = transactions
        self._open_incident = open_incident
        self._clock = clock
        self._supervisor = supervisor
        self._wake = wake
        self._under_way: set[str] = set()

    def __call__(self, finding: Finding) -> None:
        """Report something found just now."""
        key = f"{finding.name} {finding.variant}"
        if key not in self._under_way:
            self._under_way.add(key)
            self._supervisor.start("report", self._keep(finding, key))

    async def _keep(self, finding: Finding, key: str) -> None:
        stopping, now = self._supervisor.stopping, self._clock.now()
        try:
            while not stopping.is_set():
                try:
                    await self._transactions.transact(lambda store: self._open_incident(store, finding, now))
                except StorageUnavailableError:
                    await self._clock.pause(RETRY_AFTER, stopping)
                else:
                    self._wake()
                    return
            log.warning("trouble_not_kept", trouble=finding.name)
        finally:
            self._under_way.discard(key)
