"""Rows that this version of the program cannot decode, such as those of a newer one after a roll-back.

Each row is decoded by itself. A bad one is skipped and recorded; at its end the transaction sets it aside, so that it
is not read again and again, and notifies operators (`bot.features.monitoring.actions`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Table, Update, and_, or_, update

from bot.domain.gates import GrantState
from bot.domain.incidents import UnreadableRow
from bot.domain.verification import VerificationState
from storage.sql import tables

T = TypeVar("T")
E = TypeVar("E", bound=Enum)
NoteUnreadable = Callable[[UnreadableRow], None]
SET_ASIDE = "unreadable"
"""The state of a request that was set aside, the error of other rows, and the value that replaces invalid JSON."""
ERROR_LENGTH = 200
NOW = object()
"""In place of the moment at which a row is set aside."""
NUMBERS = tables.numbers.c
SCREEN_KEY = (tables.screens.c.user_id, tables.screens.c.revision)
IS_LEFT: Mapping[str, tuple[ColumnElement[bool], Mapping[str, object]]] = {
    "tasks": (tables.tasks.c.done_at.is_(None), {"done_at": NOW}),
    "grants": (tables.grants.c.state == GrantState.DUE, {"state": GrantState.FAILED, "settled_at": NOW}),
    "screens": (
        or_(tables.screens.c.revision > tables.screens.c.shown_revision, tables.screens.c.refresh_at.is_not(None)),
        {"shown_revision": tables.screens.c.revision, "refresh_at": None},
    ),
    "verifications": (
        tables.verifications.c.ended_at.is_(None),
        {"state": VerificationState.EXPIRED, "ended_at": NOW, "window_ends_at": None, "encrypted": None},
    ),
    "join_requests": (tables.join_requests.c.state != SET_ASIDE, {"state": SET_ASIDE, "decided_at": NOW}),
    "incidents": (tables.incidents.c.cleared_at.is_(None), {"cleared_at": NOW}),
    "outbox": (
        and_(tables.outbox.c.delivered_at.is_(None), tables.outbox.c.given_up_at.is_(None)),
        {"given_up_at": NOW, "body": None, "admin_id": None},
    ),
}
"""For each table that is searched repeatedly: which rows are still searched for, and what ends that."""


def pass_over(_row: UnreadableRow) -> None:
    """For those who read while the bot runs, and change nothing."""


def readable(
    rows: Iterable[Any],
    decode: Callable[[Any], T],
    note: NoteUnreadable,
    table: Table,
    *key: str,
) -> list[T]:
    """The decodable ones of `rows`; the others are recorded. `key`: the names of the columns with the primary key of
    `table`, where they differ."""
    names = key or tuple(column.name for column in table.primary_key)
    found = []
    for row in rows:
        try:
            found.append(decode(row))
        except Exception as error:  # noqa: BLE001 - decoding asks nobody: whatever it raises, the row is the reason
            note(UnreadableRow(table.name, tuple(getattr(row, name) for name in names), type(error).__name__, error))
    return found


def one_readable(
    row: Row[Any] | None, decode: Callable[[Any], T], note: NoteUnreadable, table: Table, *key: str
) -> T | None:
    """The same of one row, if any."""
    found = readable([] if row is None else [row], decode, note, table, *key)
    return found[0] if found else None


def known(kind: type[E], value: object, otherwise: E) -> E:
    """The member of this value, or `otherwise` if this version does not know it."""
    try:
        return kind(value)
    except ValueError:
        return otherwise


def details(row: Row[Any]) -> Mapping[str, str | int]:
    """The details of a row. Raises TypeError if they are not a mapping."""
    found = row.details
    if not isinstance(found, dict):
        raise TypeError(f"details are {type(found).__name__}")
    return found


def read_json(text: str | bytes) -> Any:  # noqa: ANN401 - whatever was stored
    """The value of a JSON column; SET_ASIDE for invalid JSON, which fits nowhere and is recorded where it is used."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return SET_ASIDE


def setting_aside(row: UnreadableRow, now: datetime) -> list[Update] | None:
    """Statements that take a row out of the way of all others; the first changes nothing if that was done before. None
    if nothing searches for rows of this table repeatedly."""
    if row.table not in IS_LEFT:
        return None
    table = tables.metadata.tables[row.table]
    is_left, values = IS_LEFT[row.table]
    columns = SCREEN_KEY if table is tables.screens else tuple(table.primary_key)
    where = [column == value for column, value in zip(columns, row.key, strict=True)]
    said: dict[str, object] = {"error": f"{SET_ASIDE}: {row.error}"[:ERROR_LENGTH]} if "error" in table.c else {}
    changes: dict[str, object] = {name: now if value is NOW else value for name, value in values.items()}
    statements = [update(table).where(*where, is_left).values(**changes, **said)]
    if table is tables.verifications:
        of_it = (NUMBERS.verification_id == row.key[0], NUMBERS.state == "asked")
        statements.append(update(tables.numbers).where(*of_it).values(state="dropped"))
    return statements
