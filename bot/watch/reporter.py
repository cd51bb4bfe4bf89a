"""Telling operators of a trouble at once, by whoever notices it, also while the database is away."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from bot.clock import Clock
from bot.domain.trouble import Finding
from bot.supervisor import Supervisor
from bot.usecases.ports import StorageUnavailableError, Transactions
from bot.usecases.raise_alarm import OpenIncident

log = structlog.get_logger()

RETRY_AFTER = 5.0


class Reporter:
    """Call it with what was noticed: it returns at once, and goes on until the database has kept it."""

    def __init__(
        self,
        transactions: Transactions,
        raise_alarm: OpenIncident,
        clock: Clock,
        supervisor: Supervisor,
        wake: Callable[[], None],
    ) -> None:
        self._transactions = transactions
        self._raise_alarm = raise_alarm
        self._clock = clock
        self._supervisor = supervisor
        self._wake = wake
        self._under_way: set[str] = set()

    def __call__(self, sighting: Finding) -> None:
        """What was noticed just now."""
        key = f"{sighting.name} {sighting.variant}"
        if key not in self._under_way:
            self._under_way.add(key)
            self._supervisor.start("report", self._keep(sighting, key))

    async def _keep(self, sighting: Finding, key: str) -> None:
        stopping, now = self._supervisor.stopping, self._clock.now()
        try:
            while not stopping.is_set():
                try:
                    await self._transactions.transact(lambda store: self._raise_alarm(store, sighting, now))
                except StorageUnavailableError:
                    await self._clock.pause(RETRY_AFTER, stopping)
                else:
                    self._wake()
                    return
            log.warning("trouble_not_kept", trouble=sighting.name)
        finally:
            self._under_way.discard(key)
