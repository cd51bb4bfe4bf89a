"""Logging: one event a line, for people or for machines. No phone, no token, no whole update is ever passed in."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextvars import Context
from typing import Literal

import structlog

from bot.usecases.ports import Noted

log = structlog.get_logger()


def configure(log_format: Literal["console", "json"], *, quiet: bool = False) -> None:
    """Set it up for the process. `quiet`: only warnings and worse."""
    as_text: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    common: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    exceptions: list[structlog.types.Processor] = [structlog.processors.format_exc_info] if log_format == "json" else []
    structlog.configure(
        processors=[*common, *exceptions, as_text],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard library; their warnings are wanted, their debugging (which can hold
    # addresses with the bot's token) is not.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", force=True)
    for noisy in ("aiogram", "httpx", "httpcore", "aiohttp.access", "alembic", "matplotlib"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def log_noted(entries: Sequence[Noted]) -> None:
    """One line for each step that was kept: what happened, in which attempt, at which gate; never to whom."""
    for entry in entries:
        about = {"verification": entry.verification_id, "gate": entry.gate_id, "code": entry.code or None}
        # Works of several tasks share a commit: what is bound in the one that made it is not theirs.
        Context().run(
            log.info, entry.event.value, **{name: value for name, value in about.items() if value is not None}
        )
