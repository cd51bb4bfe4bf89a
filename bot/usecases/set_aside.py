"""Setting unreadable rows aside, so that they do not stop others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.clock import Clock
from bot.crypto import TokenGenerator
from bot.domain.trouble import UnreadableRow
from bot.usecases.report_failure import ReportFailure
from storage.store import Store

REMEMBERED = 1000


class SetAside:
    """Sets each row aside, so that nobody reads it again, and notifies the operators with an error id.

    A row that stays in place, such as a gate, is reported once by each process.
    """

    def __init__(
        self,
        clock: Clock,
        report: ReportFailure,
        token_generator: TokenGenerator,
        log: Callable[[str, UnreadableRow], None],
    ) -> None:
        """`log` gets the error id of each row."""
        self._clock = clock
        self._report = report
        self._token_generator = token_generator
        self._log = log
        self._reported: set[UnreadableRow] = set()

    async def __call__(self, store: Store, rows: Sequence[UnreadableRow]) -> None:
        for row in dict.fromkeys(rows):
            is_set_aside = await store.take_out(row, self._clock.now())
            if is_set_aside is False or row in self._reported:
                continue
            if is_set_aside is None:
                if len(self._reported) >= REMEMBERED:
                    self._reported.clear()
                self._reported.add(row)
            error_id = self._token_generator.error_id()
            self._log(error_id, row)
            await self._report(store, error_id, f"A row of {row.table} cannot be read ({row.error})", None)
