"""Whether Telegram accepts essential calls, not just others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import TelegramMethod

from bot.telegram.connection import NO_ANSWER

ESSENTIAL = ("send", "editMessage", "approveChatJoinRequest", "restrictChatMember", "getChatMember")
"""Prefixes of essential methods: without them people get no message, do not come in, or stay muted."""
STUCK_AFTER = 20.0
"""Seconds without any answer after which a method counts as stuck."""
STUCK_FROM = 3
"""The least number of calls without an answer in that time."""
FORGOTTEN_AFTER = 150.0
"""Seconds after which a failure no longer counts: the bot retries every minute, or nothing is due."""
MOST_KEPT = 1000


@dataclass(slots=True)
class _Failures:
    """Calls of one method since it last got an answer, and the chats in which they failed. `odd`: chats in which calls
    kept failing while others succeeded."""

    since: float = 0.0
    last: float = float("-inf")
    times: int = 0
    where: set[object] = field(default_factory=set)
    odd: set[object] = field(default_factory=set)


class Deliveries:
    """Records the results of essential calls.

    A rejection is an answer, for example when somebody blocked the bot. A request to wait is not; it counts separately,
    if Telegram asks it in every chat. Failures for one chat only, while others get answers, do not count.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failures: dict[str, _Failures] = {}
        self._floods: dict[str, dict[object, tuple[float, float]]] = {}
        """For each method, where Telegram has asked to wait since its last answer: when, and until when."""

    @contextmanager
    def call(self, method: TelegramMethod[Any]) -> Iterator[None]:
        """Make a call within this."""
        name = method.__api_method__
        if not name.startswith(ESSENTIAL):
            yield
            return
        where = getattr(method, "user_id", None) or getattr(method, "chat_id", None)
        try:
            yield
        except NO_ANSWER:
            self._failed(name, where)
            raise
        except TelegramRetryAfter as error:
            self._told_to_wait(name, where, error.retry_after)
            raise
        except Exception:
            self._answered(name, where)
            raise
        self._answered(name, where)

    def stuck(self) -> str | None:
        """Return a method that was called repeatedly and has had no answer for a while."""
        now = self._monotonic()
        for name, failed in self._failures.items():
            is_fresh = now - failed.last < FORGOTTEN_AFTER
            if is_fresh and failed.times >= STUCK_FROM and now - failed.since >= STUCK_AFTER:
                return name
        return None

    def flooded(self) -> float:
        """Return for how many more seconds Telegram wants no calls of a method, if it has asked to wait in every chat
        for a while; 0 when there is no such method."""
        now = self._monotonic()
        for floods in self._floods.values():
            left = [until - now for _, until in floods.values()]
            since = min((began for began, _ in floods.values()), default=now)
            if len(floods) >= STUCK_FROM and now - since >= STUCK_AFTER and max(left) > 0:
                return max(left)
        return 0.0

    def _told_to_wait(self, name: str, where: object, seconds: float) -> None:
        now, floods = self._monotonic(), self._floods.setdefault(name, {})
        for other in [other for other, (_, until) in floods.items() if until <= now - FORGOTTEN_AFTER]:
            del floods[other]
        if len(floods) < MOST_KEPT:
            floods[where] = (floods.get(where, (now, now))[0], now + seconds)

    def _failed(self, name: str, where: object) -> None:
        now, failed = self._monotonic(), self._failures.setdefault(name, _Failures())
        if where in failed.odd:
            return
        if now - failed.last >= FORGOTTEN_AFTER:
            failed.times, failed.since = 0, now
            failed.where.clear()
        failed.times, failed.last = failed.times + 1, now
        if len(failed.where) < MOST_KEPT:
            failed.where.add(where)

    def _answered(self, name: str, where: object) -> None:
        self._floods.pop(name, None)
        failed = self._failures.get(name)
        if failed is None:
            return
        failed.odd.discard(where)
        # A place where it failed before others got answers may go on failing; failures in many places were an outage.
        if failed.times and len(failed.where) == 1 and where not in failed.where:
            failed.odd = set(list(failed.odd)[-MOST_KEPT:]) | failed.where
        failed.times, failed.last, failed.where = 0, float("-inf"), set()
