"""What went wrong at the database, and whether trying again may help."""

from __future__ import annotations

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

COLLISIONS = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock, unique violation (PostgreSQL manual, appendix A)."""
OUR_FAULT = ("22", "23", "42")
"""Classes of codes that trying again does not mend: unfit data, broken constraints, wrong statements (the same)."""
DAMAGED = ("malformed JSON", "bad JSON path", "JSON path error", "integer overflow")
"""What SQLite says of a row that it cannot compute with; it has no code of its own for that."""


def collided(error: SQLAlchemyError) -> bool:
    """Whether another transaction was in the way."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in COLLISIONS


def was_cut_off(error: SQLAlchemyError) -> bool:
    """Whether the connection is lost, say because the server was restarted since it was last used."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def may_pass(error: SQLAlchemyError) -> bool:
    """Whether the same work may succeed later. What never will must not hold up all that comes after it."""
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError | DataError | ProgrammingError):
        return False
    if str(error.orig).startswith(DAMAGED):
        return False
    return not str(getattr(error.orig, "sqlstate", None)).startswith(OUR_FAULT)
