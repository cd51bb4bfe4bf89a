"""Read JSON columns in SQL, so that no damaged row stops a query about all of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, String, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

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
