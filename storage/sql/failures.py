"""Database errors, and whether a retry may help."""

from __future__ import annotations

import socket
import sqlite3
import ssl

from asyncpg import InterfaceError, InternalClientError  # type: ignore[import-untyped] # it comes without types
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

COLLISIONS = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock, unique violation (PostgreSQL manual, appendix A)."""
OUR_FAULT = ("22", "23", "42")
"""Classes of codes that a retry does not fix: invalid data, broken constraints, wrong statements (the same)."""
UNSENT = ("cannot switch to state", "cannot call Transaction.", "connection is closed")
"""How asyncpg's message begins when it has sent nothing."""
DAMAGED = ("malformed JSON", "bad JSON path", "JSON path error", "integer overflow")
"""SQLite's message about a row that it cannot compute with; it has no code for that."""


def collided(error: SQLAlchemyError) -> bool:
    """Whether another transaction was in the way."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in COLLISIONS


def was_cut_off(error: SQLAlchemyError) -> bool:
    """Whether the connection is lost, for example because the server was restarted since its last use."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def was_not_sent(error: SQLAlchemyError) -> bool:
    """Whether the driver found its connection closed before it sent anything, so that not even a commit was stored."""
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig is not None else None
    return isinstance(cause, InternalClientError | InterfaceError) and str(cause).startswith(UNSENT)


def may_pass(error: SQLAlchemyError) -> bool:
    """Whether the same work may succeed later. Work that never will must not block everything after it."""
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError | DataError | ProgrammingError):
        return False
    if str(error.orig).startswith(DAMAGED):
        return False
    return not str(getattr(error.orig, "sqlstate", None)).startswith(OUR_FAULT)


OTHER_TABLES = (
    "its tables are not those that it should have; run `python -m bot migrate`, or put a back-up in its place"
)
OF_SERVER = {
    "28P01": "wrong user or password; correct them",
    "28000": "the server refuses the user; create it, or let it log in from here (pg_hba.conf)",
    "3D000": "there is no such database; create it, or name another",
    "3F000": "there is no schema to use; create it, or set search_path",
    "42501": "the user lacks a right there; make it the owner of the database and of its tables",
    "42P01": OTHER_TABLES,
    "42P07": OTHER_TABLES,
    "42701": OTHER_TABLES,
    "42703": OTHER_TABLES,
    "25006": "the server takes no writes; name the one that does",
    "53300": "the server has too many connections; end some, or raise max_connections",
    "57P03": "the server is starting or stopping; try again in a moment",
}
"""What can be done about an error of PostgreSQL (its manual, appendix A)."""
OF_FILE = {
    sqlite3.SQLITE_ERROR: OTHER_TABLES,
    sqlite3.SQLITE_BUSY: "another program has locked the file; close that one first",
    sqlite3.SQLITE_LOCKED: "another program has locked the file; close that one first",
    sqlite3.SQLITE_READONLY: "the file or its folder cannot be written; give this user the right to",
    sqlite3.SQLITE_IOERR: "the disk fails, or the file system cannot be used for it; look at the system's log",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; put a back-up in its place",
    sqlite3.SQLITE_FULL: "the disk is full; make room",
    sqlite3.SQLITE_CANTOPEN: "the file, or what stands beside it (-wal, -shm), cannot be opened; look at their rights",
    sqlite3.SQLITE_NOTADB: "the file is damaged, or no SQLite database; put a back-up in its place",
}
"""The same of SQLite (https://sqlite.org/rescode.html)."""
OF_NETWORK: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "the host is not known; check its name"),
    (ssl.SSLError, "TLS fails; check sslmode and the certificates"),
    (ConnectionRefusedError, "nothing listens there; start the server, or correct the host and the port"),
    (FileNotFoundError, "there is no such socket; start the server, or correct the host"),
    (PermissionError, "this user may not connect to that socket; give it the right to"),
    (TimeoutError, "no answer in time; check the host, the port and what stands between"),
    (ConnectionError, "the connection is closed at once; check that a PostgreSQL server listens there"),
)


def unusable(error: Exception) -> str:
    """Why a database cannot be used, and what to do, in our words: the server's own may quote its input."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, sqlite3.Error):
        # The low byte is the sort of the failure, the rest gives details.
        code = getattr(cause, "sqlite_errorcode", None) or 0
        if (known := OF_FILE.get(code & 0xFF)) is not None:
            return known
    if (known := OF_SERVER.get(str(getattr(cause, "sqlstate", None)))) is not None:
        return known
    for kind, known in OF_NETWORK:
        if isinstance(cause, kind):
            return known
    return f"{type(cause).__name__}; look at the server's log, or put a back-up in its place"
