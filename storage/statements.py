"""Upserts, which each database spells in its own dialect.

Statements of the hot path are built once and get their values when they run: building one takes longer than running it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    TextClause,
    any_,
    case,
    delete,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

AT_ONCE = 1000
"""Rows deleted in one statement: no transaction is long, and the next one deletes more."""
LARGEST = 2**31 - 1
"""The range of PostgreSQL's INTEGER."""
NOTHING: Mapping[str, ColumnElement[Any]] = MappingProxyType({})
_built: dict[tuple[object, ...], Any] = {}


def insert(connection: AsyncConnection, table: Table) -> Any:  # noqa: ANN401 - the two dialects' Insert share no base with on_conflict_*
    """An INSERT with ON CONFLICT, in the dialect of `connection`."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def insert_new(connection: AsyncConnection, table: Table, *returned: ColumnElement[Any]) -> Any:  # noqa: ANN401 - as above
    """An INSERT of the values it is run with, which skips existing rows. It returns these columns."""
    key = (connection.dialect.name, table, "new", returned)
    if key not in _built:
        statement = insert(connection, table).on_conflict_do_nothing()
        _built[key] = statement.returning(*returned) if returned else statement
    return _built[key]


def upsert(
    connection: AsyncConnection,
    table: Table,
    *replaced: str,
    computed: Mapping[str, ColumnElement[Any]] = NOTHING,
    derived: Mapping[str, ColumnElement[Any]] = NOTHING,
    returned: tuple[ColumnElement[Any], ...] = (),
) -> Any:  # noqa: ANN401 - as above
    """An INSERT of the values it is run with. If the key exists, it replaces the named columns.

    If the key exists, the columns in `computed` are set to an expression; those in `derived` are inserted as one. Pass
    the same expression for a column every time. It returns those in `returned`; pass the same objects every time.
    """
    key = (connection.dialect.name, table, replaced, tuple(computed), tuple(derived), returned)
    if key not in _built:
        statement = insert(connection, table)
        if derived:
            statement = statement.values(derived)
        statement = statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={**{column: statement.excluded[column] for column in replaced}, **computed},
        )
        _built[key] = statement.returning(*returned) if returned else statement
    return _built[key]


async def delete_some(
    connection: AsyncConnection,
    table: Table,
    order: ColumnElement[Any],
    *conditions: ColumnElement[bool] | TextClause,
    limit: int = AT_ONCE,
) -> int:
    """Delete the first few of the rows that meet these conditions; return how many."""
    is_postgresql = connection.dialect.name == "postgresql"
    place: ColumnElement[Any] = literal_column("ctid" if is_postgresql else "rowid")
    some = select(place).select_from(table).where(*conditions).order_by(order).limit(limit)
    # PostgreSQL would read the whole table to find a thousand rows by anything other than their places in an array.
    those = place == any_(func.array(some.scalar_subquery())) if is_postgresql else place.in_(some)
    deleted: int = (await connection.execute(delete(table).where(those))).rowcount
    return deleted


def one_more(counter: Column[Any]) -> ColumnElement[Any]:
    """The counter plus one; the largest number stays, so that a damaged row does not stop a statement about many."""
    return case((counter < LARGEST, counter + 1), else_=counter)


def is_none(found: Select[Any]) -> ColumnElement[bool]:
    """Whether there is no such row: NOT EXISTS, but looked up for each row of the enclosing statement.

    PostgreSQL may answer EXISTS by reading the whole other table first, even for a few rows.
    """
    return found.limit(1).scalar_subquery().is_(None)
