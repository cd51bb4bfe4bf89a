"""Statistics: rollups of the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import BigInteger, ColumnElement, TextClause, case, cast, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.journal import Event
from bot.domain.statistics import NO_GATE, Dimension, EventCount, Granularity, Period, Rollup, add_up, span_number
from storage.sql import tables
from storage.sql.statements import insert

J = tables.journal.c
S = tables.sums.c
M = tables.cursors.c
MARK = "journal rolled"
ROLLED_UNTIL = select(M.at).where(M.name == MARK)
HOUR = timedelta(hours=1) // tables.MICROSECOND
AT_ONCE = 1000
EVENTS = {event.value: event for event in Event}


class Rollups:
    """Rollups of the journal. They include the entries before `rolled_until`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def rolled_until(self) -> datetime | None:
        found = await self._connection.execute(ROLLED_UNTIL)
        until: datetime | None = found.scalar_one_or_none()
        return until

    async def oldest_unrolled(self) -> datetime | None:
        """When the first entry was made that is not rolled up yet."""
        since = await self.rolled_until()
        when = [] if since is None else [J.at >= since]
        oldest: datetime | None = (await self._connection.execute(select(func.min(J.at)).where(*when))).scalar_one()
        return oldest

    async def roll(self, until: datetime) -> int:
        """Roll up the entries before `until`; return how many there were."""
        since = await self.rolled_until()
        if (since is not None and until <= since) or not await self._move_mark(since, until):
            return 0
        facts = await self._facts(since, until)
        rows = [
            {
                "gate_id": key.gate_id,
                "grain": key.grain,
                "span": key.span,
                "dimension": key.dimension,
                "key": key.key,
                "event": key.event,
                "count": count,
            }
            for key, count in add_up(facts).items()
        ]
        statement = insert(self._connection, tables.sums)
        statement = statement.on_conflict_do_update(
            index_elements=list(tables.sums.primary_key.columns),
            set_={"count": S["count"] + statement.excluded["count"]},
        )
        for begin in range(0, len(rows), AT_ONCE):
            await self._connection.execute(statement, rows[begin : begin + AT_ONCE])
        return sum(fact.count for fact in facts)

    async def _move_mark(self, since: datetime | None, until: datetime) -> bool:
        """Move the cursor; return whether it was still there. This comes first: another transaction that rolls up the
        same span waits for this one, and then finds the cursor moved."""
        if since is None:
            moving = insert(self._connection, tables.cursors).values(name=MARK, at=until).on_conflict_do_nothing()
        else:
            moving = update(tables.cursors).where(M.name == MARK, M.at == since).values(at=until)
        return bool((await self._connection.execute(moving)).rowcount)

    async def read(self, period: Period, gate_id: int | None, grain: Granularity) -> dict[Rollup, int]:
        """The rollups of a period, including what is not rolled up yet: of one gate, or of all gates and each
        one (None). Totals keep their spans; everything else is summed up as span 0."""
        within = [S.grain == grain, S.span <= span_number(period.last, grain)]
        if period.first is not None:
            within.append(S.span >= span_number(period.first, grain))
        whose = NO_GATE if gate_id is None else gate_id
        # Only totals are shown over time; the database sums up the rest.
        span = case((S.dimension == Dimension.TOTAL, S.span), else_=0)
        sums = await self._added_up(grain, span, [S.gate_id == whose, *within])
        if gate_id is None:
            sums |= await self._added_up(grain, literal(0), [S.gate_id != NO_GATE, tables.OF_FUNNEL, *within])
        return _with_rest(sums, await self._rest(period, gate_id), gate_id, grain)

    async def _added_up(
        self, grain: Granularity, span: ColumnElement[int], conditions: Sequence[ColumnElement[bool] | TextClause]
    ) -> dict[Rollup, int]:
        columns = (span.label("told_span"), S.gate_id, S.dimension, S.key, S.event)
        total = cast(func.sum(S["count"]), BigInteger).label("total")
        rows = await self._connection.execute(select(*columns, total).where(*conditions).group_by(*columns))
        return {
            Rollup(grain, row.told_span, row.gate_id, Dimension(row.dimension), row.key, EVENTS[row.event]): row.total
            for row in rows
            if row.event in EVENTS
        }

    async def _rest(self, period: Period, gate_id: int | None) -> list[EventCount]:
        """The events of the period that are not rolled up yet."""
        begin = None if period.first is None else datetime.combine(period.first, time(), UTC)
        rolled = await self.rolled_until()
        since = max((moment for moment in (begin, rolled) if moment is not None), default=None)
        return await self._facts(since, datetime.combine(period.last + timedelta(days=1), time(), UTC), gate_id)

    async def _facts(self, since: datetime | None, until: datetime, gate_id: int | None = None) -> list[EventCount]:
        hour = (cast(J.at, BigInteger) // literal(HOUR)).label("hour")
        columns = (J.event, J.gate_id, J.region, J.code, J.took_ms)
        when = [J.at < until] if since is None else [J.at >= since, J.at < until]
        if gate_id is not None:
            when.append(J.gate_id == gate_id)
        rows = await self._connection.execute(
            select(hour, *columns, func.count().label("entries")).where(*when).group_by(hour, *columns)
        )
        facts = []
        for row in rows:
            if row.event not in EVENTS:
                continue
            moment = tables.EPOCH + timedelta(hours=row.hour)
            took = None if row.took_ms is None else row.took_ms / 1000
            event, gate_id = EVENTS[row.event], row.gate_id or NO_GATE
            facts.append(
                EventCount(moment.date(), moment.hour, event, gate_id, row.region, row.code, took, row.entries)
            )
        return facts


def _with_rest(
    sums: Mapping[Rollup, int], rest: list[EventCount], gate_id: int | None, grain: Granularity
) -> dict[Rollup, int]:
    together = dict(sums)
    for key, count in add_up(rest, [grain]).items():
        is_of_gate = gate_id is None or key.gate_id == gate_id
        is_told = gate_id is not None or key.gate_id == NO_GATE or key.dimension in (Dimension.TOTAL, Dimension.CODE)
        if is_of_gate and is_told:
            together[key] = together.get(key, 0) + count
    return together
