"""Logging: one event per line, for people or for machines. Never pass in a phone, a token or a whole update."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from contextvars import Context
from typing import Any, Literal, TextIO

import structlog

from bot.domain.incidents import UnreadableRow
from bot.domain.journal import NewEntry

log = structlog.get_logger()

QUOTING = frozenset({"sqlalchemy", "asyncpg", "sqlite3", "aiosqlite", "pydantic", "pydantic_core", "decimal"})
"""Packages whose errors may quote their input."""
OURS = frozenset({"bot", "handlers", "storage"})
QUOTING_KINDS = (ValueError, LookupError, ArithmeticError)
"""Python and its libraries raise these where they decode a value, and their messages may quote it."""
QUOTING_NAMES = frozenset({"ClientDecodeError", "ClientResponseError", "HTTPStatusError"})
"""Errors of libraries whose messages contain a whole answer, or an address, which may contain a token."""
EQUAL_LINES, EQUAL_LINES_FOR = 10, 60.0
"""At most this many equal lines of a library in this many seconds."""


def configure(log_format: Literal["console", "json"], *, quiet: bool = False) -> None:
    """Set up logging for the process: all to stderr, since stdout is for answers. `quiet`: only warnings and worse."""
    as_text: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_print_traceback)
    )
    common: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    exceptions: list[structlog.types.Processor] = (
        [structlog.processors.ExceptionRenderer(_traceback)] if log_format == "json" else []
    )
    structlog.configure(
        processors=[*common, *exceptions, as_text],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    sys.excepthook = _print_uncaught
    # Libraries log through the standard library. Their warnings are useful; their debugging (which can contain
    # addresses with the bot's token) is not.
    handler = logging.StreamHandler(sys.stderr)
    if log_format == "json":
        as_event = structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *exceptions, as_text],
        )
        handler.setFormatter(as_event)
    else:
        handler.setFormatter(_Formatter("%(levelname)s %(name)s %(message)s"))
    handler.addFilter(_Restraint())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for noisy in ("aiogram", "httpx", "httpcore", "aiohttp.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


class _Formatter(logging.Formatter):
    """With the same tracebacks as everywhere here."""

    def formatException(self, ei: Any) -> str:  # noqa: N802, ANN401 - logging's own
        return _traceback(ei)


class _Restraint(logging.Filter):
    """Keeps strangers from filling the log: an invalid HTTP request becomes one line, and of equal lines ten go out."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: Counter[str] = Counter()
        self._since = time.monotonic()

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and (
            type(error).__module__ == "aiohttp.http_exceptions" or type(error).__name__ == "RequestPayloadError"
        ):
            record.msg, record.args, record.exc_info = "not a request of HTTP (%s)", (type(error).__name__,), None
        if time.monotonic() - self._since > EQUAL_LINES_FOR:
            self._counts.clear()
            self._since = time.monotonic()
        key = f"{record.name} {record.msg} {type(error).__name__}"
        self._counts[key] += 1
        if self._counts[key] == EQUAL_LINES:
            record.msg = f"{record.msg} (more of these are left out for a while)"
        return self._counts[key] <= EQUAL_LINES


def _traceback(exc_info: Any) -> str:  # noqa: ANN401 - sys.exc_info()
    """A traceback in which errors of decoding and of databases show only kind and place: their messages may quote a
    value."""
    parts, error = [], exc_info[1]
    while error is not None:
        parts.append("".join([*traceback.format_tb(error.__traceback__), _last_line(error)]))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nThen, because of it or while it was handled:\n\n".join(reversed(parts))


def _last_line(error: BaseException) -> str:
    if not _may_quote(error):
        return "".join(traceback.format_exception_only(error)).rstrip()
    code = getattr(error, "sqlstate", None) or getattr(getattr(error, "orig", None), "sqlstate", None)
    return f"{type(error).__name__} ({code})" if code else type(error).__name__


def _may_quote(error: BaseException) -> bool:
    package = type(error).__module__.partition(".")[0]
    names = {kind.__name__ for kind in type(error).__mro__}
    return (
        package in QUOTING
        or not QUOTING_NAMES.isdisjoint(names)
        or (isinstance(error, QUOTING_KINDS) and package not in OURS)
    )


def words_of(error: BaseException) -> str:
    """An error's message, or its kind where the message may quote a value."""
    return _last_line(error) if _may_quote(error) else str(error)


def _print_uncaught(_kind: type[BaseException], error: BaseException, _traceback_of_it: Any) -> None:  # noqa: ANN401
    sys.stderr.write(_traceback((type(error), error, error.__traceback__)) + "\n")


def _print_traceback(to: TextIO, exc_info: Any) -> None:  # noqa: ANN401 - sys.exc_info()
    to.write("\n" + _traceback(exc_info))


def log_noted(entries: Sequence[NewEntry]) -> None:
    """Logs one line for each committed event: what happened, in which attempt, at which gate; never to whom."""
    for entry in entries:
        about = {"verification": entry.verification_id, "gate": entry.gate_id, "code": entry.code or None}
        # Several tasks' works share a commit: the context bound in the one that made it is not theirs.
        Context().run(
            log.info, entry.event.value, **{name: value for name, value in about.items() if value is not None}
        )


NAMING_NOBODY = frozenset({"incidents", "tasks", "gates", "outbox", "verifications"})
"""Tables without a person's id in their key."""


def log_set_aside(error_id: str, row: UnreadableRow) -> None:
    """Log an unreadable row, and where it is; never whose it is."""
    key = row.key if row.table in NAMING_NOBODY else None
    # Several tasks' works share a transaction: the context bound in the one that read it is not theirs.
    Context().run(
        log.error, "row_set_aside", error_id=error_id, table=row.table, key=key, error=row.error, exc_info=row.cause
    )
