"""Telegram's flood limits, on real time: bursts are paid for in seconds that nobody can fast-forward."""

from __future__ import annotations

import math
import time

from bot.sandbox.telegram.refusals import too_many_requests
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


class Flood:
    """30 calls a second for the whole bot, 1 message a second per private chat, 20 a minute per group."""

    def __init__(self, *, on: bool) -> None:
        self.on = on
        self.too_many = 0
        self._whole = Bucket(rate=30, burst=30)
        self._chats: dict[int, Bucket] = {}

    def count(self, chat: Chat | None = None) -> None:
        """Count one call (a message, when it goes to a `chat`); refused with 429 when it is one too many."""
        if not self.on:
            return
        buckets = [self._whole]
        if chat is not None:
            buckets.append(self._bucket(chat))
        wait = max(bucket.wait() for bucket in buckets)
        if wait > 0:
            self.too_many += 1
            raise too_many_requests(max(1, math.ceil(wait)))
        for bucket in buckets:
            bucket.take()

    def _bucket(self, chat: Chat) -> Bucket:
        bucket = self._chats.get(chat.id)
        if bucket is None:
            private = chat.type == "private"
            bucket = Bucket(rate=1, burst=4) if private else Bucket(rate=20 / 60, burst=20)
            self._chats[chat.id] = bucket
        return bucket
