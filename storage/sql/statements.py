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
    String,
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
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

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


PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
UNFIT = r"\\u(0000|[dD][89a-fA-F])"
"""Escapes that PostgreSQL stores in `json` but does not decode: NUL, and half of a surrogate PAIR (manual, 8.14)."""


class json_text(FunctionElement[str]):  # noqa: N801 - spelled as a function of SQL
    """The value of this name in a column's JSON, as text: "true", "-1001", "mute".

    NULL where there is none, so that a default may apply, and "unreadable" where the column contains no JSON object
    that the database can decode. Compare it with text: a cast to a number or a truth value fails on anything else.
    """

    inherit_cache = True
    type = String()

    def __init__(self, column: Column[Any], name: str) -> None:
        # Not a parameter: each statement asks for the same name every time.
        super().__init__(column, literal_column(f"'{name}'"))


@compiles(json_text, "postgresql")
def _in_postgresql(element: json_text, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    column, name = (compiler.process(part, **options) for part in element.clauses)
    is_unfit = f"regexp_replace(CAST({column} AS TEXT), '{PAIR}', '', 'g') ~ '{UNFIT}'"
    # JSON's null is a value too; ->> turns it into NULL.
    return (
        f"CASE WHEN json_typeof({column}) <> 'object' OR {is_unfit} THEN 'unreadable'"
        f" ELSE COALESCE({column} ->> {name}, CAST({column} -> {name} AS TEXT)) END"
    )


@compiles(json_text, "sqlite")
def _in_sqlite(element: json_text, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    column, name = (compiler.process(part, **options) for part in element.clauses)
    path = f"'$.' || {name}"
    # SQLite extracts true, false and null as 1, 0 and NULL.
    return (
        f"CASE WHEN NOT json_valid({column}) THEN 'unreadable' WHEN json_type({column}) <> 'object' THEN 'unreadable'"
        f" WHEN json_type({column}, {path}) IS NULL THEN NULL"
        f" WHEN json_type({column}, {path}) IN ('true', 'false', 'null') THEN json_type({column}, {path})"
        f" ELSE CAST(json_extract({column}, {path}) AS TEXT) END"
    )
