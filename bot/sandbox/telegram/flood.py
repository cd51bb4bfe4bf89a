"""Telegram's flood limits, on real time: nobody can fast-forward the pause after a burst."""

from __future__ import annotations

import math
import time
from collections import deque
from typing import NoReturn

from bot.sandbox.telegram.api_errors import too_many_requests
from bot.sandbox.telegram.state import Chat


class Bucket:
    """A token bucket."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = time.monotonic()

    def wait(self) -> float:
        """Seconds until a token is there; 0 when one is there now."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (1 - self._tokens) / self._rate)

    def take(self) -> None:
        """Use a token up."""
        self._tokens -= 1


class Window:
    """So many in any stretch of so many seconds."""

    __slots__ = ("_moments", "_most", "_seconds")

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._moments: deque[float] = deque(maxlen=most)

    def wait(self) -> float:
        """Seconds until there is room for one more; 0 when there is now."""
        if len(self._moments) < self._most:
            return 0.0
        return max(0.0, self._moments[0] + self._seconds - time.monotonic())

    def take(self) -> None:
        """Count one."""
        self._moments.append(time.monotonic())


class Flood:
    """30 calls a second for the whole bot, 1 message a second per private chat, 20 in any minute per group."""

    def __init__(self, *, on: bool) -> None:
        self.on = on
        self.too_many = 0
        self.moments: deque[float] = deque(maxlen=100_000)
        """When each call of any kind arrived, on the machine's clock."""
        self._whole = Bucket(rate=30, burst=30)
        self._chats: dict[int, Bucket | Window] = {}
        self._messages_refused_until: dict[int, float] = {}
        self._calls_refused_until: dict[int, float] = {}

    def arrived(self) -> None:
        """Record a call of any kind."""
        self.moments.append(time.monotonic())

    def most_within(self, seconds: float) -> int:
        """The most calls that arrived in any stretch of so many seconds."""
        most, first, moments = 0, 0, list(self.moments)
        for last, moment in enumerate(moments):
            while moments[first] <= moment - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most

    def refuse_messages(self, chat: Chat, seconds: float) -> None:
        """Refuse messages to this chat for so long, whatever the limits are."""
        self._messages_refused_until[chat.id] = time.monotonic() + seconds

    def refuse_calls(self, chat: Chat, seconds: float) -> None:
        """Refuse all calls about this chat for so long: messages, members, requests, links."""
        self._calls_refused_until[chat.id] = time.monotonic() + seconds

    def check(self, chat_id: object) -> None:
        """Refuse a call about a chat that is blocked for now."""
        ends = {str(chat): end for chat, end in self._calls_refused_until.items()}
        if (wait := ends.get(str(chat_id), 0.0) - time.monotonic()) > 0:
            self._refuse(wait)

    def count(self, chat: Chat | None = None) -> None:
        """Count one call (a message, when it goes to a `chat`); refuse it with 429 when it is one too many."""
        if chat is not None and (wait := self._messages_refused_until.get(chat.id, 0.0) - time.monotonic()) > 0:
            self._refuse(wait)
        if not self.on:
            return
        limits: list[Bucket | Window] = [self._whole]
        if chat is not None:
            limits.append(self._limit(chat))
        wait = max(limit.wait() for limit in limits)
        if wait > 0:
            self._refuse(wait)
        for limit in limits:
            limit.take()

    def _refuse(self, wait: float) -> NoReturn:
        self.too_many += 1
        raise too_many_requests(max(1, math.ceil(wait)))

    def _limit(self, chat: Chat) -> Bucket | Window:
        limit = self._chats.get(chat.id)
        if limit is None:
            limit = self._chats[chat.id] = Bucket(rate=1, burst=4) if chat.type == "private" else Window(20, 60)
        return limit
