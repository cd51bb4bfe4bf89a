"""Statistics of a period."""

from __future__ import annotations

from bot.domain.statistics import NO_GATE, Granularity, Period, Statistics, statistics
from storage.store import Store

MOST_DAYS = 120
"""For longer periods, monthly sums are read, for the months they touch."""


class ReadStatistics:
    """Reads the statistics of all gates, or of one."""

    async def __call__(self, store: Store, period: Period, gate_id: int | None = None) -> Statistics:
        is_short = period.first is not None and (period.last - period.first).days < MOST_DAYS
        grain = Granularity.DAY if is_short else Granularity.MONTH
        sums = await store.sums.read(period, gate_id, grain)
        return statistics(period, NO_GATE if gate_id is None else gate_id, sums, grain)
