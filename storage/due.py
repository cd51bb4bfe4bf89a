"""When the next delivery is due: one statement, answered from the indexes of due rows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, String, func, literal_column, not_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.outgoing import DueTimes, Priority
from storage.access import IS_BEING_MUTED
from storage.screens import ACTED, IN_CROWD, NEWCOMER, STALE
from storage.sql import tables
from storage.tasks import RANGES

E = tables.tasks.c
A = tables.grants.c
S = tables.screens.c
GRANTS, SCREENS = "grants", "screens"


def _first(sort: str, column: ColumnElement[datetime], *where: ColumnElement[bool]) -> Select[str, datetime]:
    """When the first row of one sort is due. Its index begins with a fixed value, so only one row is read."""
    return select(literal_column(f"'{sort}'", String).label("sort"), func.min(column).label("at")).where(*where)


def _is(column: ColumnElement[object], value: str | int) -> ColumnElement[bool]:
    """Compare with a literal, so that the database sees that a partial index fits."""
    return column == literal_column(repr(value))


FIRST = union_all(
    *(
        _first(urgency.name, E.due_at, E.done_at.is_(None), _is(E.rank, rank))
        for urgency, (lowest, highest) in RANGES.items()
        for rank in range(lowest, highest + 1)
    ),
    _first(GRANTS, A.due_at, _is(A.state, "due"), not_(IS_BEING_MUTED)),
    *(_first(SCREENS, S.due_at, STALE, _is(S.turn, turn)) for turn in (ACTED, NEWCOMER, IN_CROWD)),
    _first(SCREENS, S.refresh_at, S.refresh_at.is_not(None), not_(STALE)),
)


async def due_times(connection: AsyncConnection) -> DueTimes:
    """Return when the first row of each sort is due."""
    rows = await connection.execute(FIRST)
    first: dict[str, datetime] = {}
    for row in rows:
        if row.at is not None:
            first[row.sort] = min(row.at, first.get(row.sort, row.at))
    tasks = {urgency: first[urgency.name] for urgency in Priority if urgency.name in first}
    return DueTimes(tasks, first.get(GRANTS), first.get(SCREENS))
