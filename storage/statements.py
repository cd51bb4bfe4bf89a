"""The statement both databases spell in their own dialect: insert, or else update.

Statements of the hot path are built once and given their values when they run: building one anew takes longer
than running it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Table, TextClause, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

AT_ONCE = 1000
"""Rows deleted in one statement: no transaction is long, and the next one deletes more."""
_built: dict[tuple[object, ...], Any] = {}


def insert(connection: AsyncConnection, table: Table) -> Any:  # noqa: ANN401 - the two dialects' Insert share no base with on_conflict_*
    """An INSERT that knows ON CONFLICT, in the dialect of `connection`."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def upsert(connection: AsyncConnection, table: Table, *replaced: str, **computed: ColumnElement[Any]) -> Any:  # noqa: ANN401 - as above
    """An INSERT of the values it is run with. Where its key is there already, the columns named are replaced.

    The columns in `computed` are then set to an expression, which has to be the same for a column every time.
    """
    key = (connection.dialect.name, table, replaced, tuple(computed))
    if key not in _built:
        statement = insert(connection, table)
        _built[key] = statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={**{column: statement.excluded[column] for column in replaced}, **computed},
        )
    return _built[key]


async def delete_some(
    connection: AsyncConnection,
    table: Table,
    order: ColumnElement[Any],
    *conditions: ColumnElement[bool] | TextClause,
    limit: int = AT_ONCE,
) -> int:
    """Delete the first few of the rows that meet these conditions; how many those were."""
    key = list(table.primary_key.columns)
    some = select(*key).where(*conditions).order_by(order).limit(limit)
    those = key[0].in_(some) if len(key) == 1 else tuple_(*key).in_(some)
    deleted: int = (await connection.execute(delete(table).where(those))).rowcount
    return deleted
