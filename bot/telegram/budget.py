"""How much the bot allows itself to ask of Telegram.

Telegram's own figures (Bot API FAQ): about one message a second to one chat, twenty a minute to a group, about
thirty a second overall. Time here is the machine's monotonic one, in seconds, passed in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CHAT_RATE = 1.0
CHAT_BURST = 3.0
GROUP_RATE = 20 / 60
GROUP_BURST = 5.0
BURST_SECONDS = 0.5
"""How many seconds' worth of calls may go out at once."""
SPARE_SHARE = 0.5
"""What can wait does so until this share of the overall budget is unspent."""
UNLIMITED = 1000
TOO_WIDE = 2
"""From so many paused chats at once, flood control means the whole bot."""


@dataclass(slots=True)
class _Bucket:
    """Tokens that come back with time."""

    rate: float
    size: float
    tokens: float
    at: float

    def refill(self, now: float) -> None:
        self.tokens = min(self.size, self.tokens + (now - self.at) * self.rate)
        self.at = now

    def wait(self) -> float:
        return 0.0 if self.tokens >= 1 else (1 - self.tokens) / self.rate


@dataclass(slots=True)
class Budget:
    """Says when the next call may go out. `rate` calls a second overall; 0 means no limits at all."""

    rate: float
    _all: _Bucket = field(init=False)
    _chats: dict[int, _Bucket] = field(init=False, default_factory=dict)
    _paused: dict[int, float] = field(init=False, default_factory=dict)
    _all_paused_until: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        size = max(1.0, self.rate * BURST_SECONDS)
        self._all = _Bucket(self.rate, size, size, 0.0)

    def wait(self, chat_id: int | None, now: float, *, spare_only: bool = False) -> float:
        """Seconds until a call may go out; 0 means now. `chat_id`: the chat a message goes to, None for calls
        that are no messages. `spare_only`: as long as anything more important might need the budget."""
        pause = max(self._all_paused_until, self._paused.get(chat_id, 0.0) if chat_id is not None else 0.0) - now
        if self.rate == 0:
            return max(0.0, pause)
        self._all.refill(now)
        overall = self._all.wait()
        if spare_only and self._all.tokens < self._all.size * SPARE_SHARE:
            overall = max(overall, (self._all.size * SPARE_SHARE - self._all.tokens) / self.rate)
        return max(0.0, pause, overall, self._chat(chat_id, now).wait() if chat_id is not None else 0.0)

    def left(self, now: float) -> float:
        """The share of the overall budget that is unspent, from 0 to 1."""
        if self.rate == 0:
            return 1.0
        if now < self._all_paused_until:
            return 0.0
        self._all.refill(now)
        return max(0.0, self._all.tokens) / self._all.size

    def wait_for_any(self, now: float) -> float:
        """Seconds until any call at all may go out."""
        return self.wait(None, now)

    def room(self, now: float) -> int:
        """How many calls may go out now."""
        if self.rate == 0:
            return UNLIMITED
        self._all.refill(now)
        return int(self._all.tokens)

    def resting(self, now: float) -> frozenset[int]:
        """The chats that no message may go to yet."""
        paused = {chat for chat, until in self._paused.items() if until > now}
        return frozenset(paused | {chat for chat in self._chats if self._chat(chat, now).wait() > 0})

    def spend(self, chat_id: int | None, now: float) -> None:
        """A call goes out."""
        if self.rate == 0:
            return
        self._all.refill(now)
        self._all.tokens -= 1
        if chat_id is not None:
            self._chat(chat_id, now).tokens -= 1
        if len(self._chats) > 10 * max(100.0, self.rate):
            self._forget(now)

    def flooded(self, chat_id: int | None, retry_after: float, now: float) -> None:
        """Telegram asked to wait: this chat rests; with several at once, or for a call that is no message (None),
        the whole bot does."""
        if chat_id is None:
            self._all_paused_until = max(self._all_paused_until, now + retry_after)
            return
        self._paused = {chat: until for chat, until in self._paused.items() if until > now}
        self._paused[chat_id] = now + retry_after
        if len(self._paused) >= TOO_WIDE:
            self._all_paused_until = max(self._all_paused_until, now + retry_after)

    def _chat(self, chat_id: int, now: float) -> _Bucket:
        bucket = self._chats.get(chat_id)
        if bucket is None:
            # Ids of groups and channels are negative.
            rate, size = (CHAT_RATE, CHAT_BURST) if chat_id > 0 else (GROUP_RATE, GROUP_BURST)
            bucket = self._chats[chat_id] = _Bucket(rate, size, size, now)
        bucket.refill(now)
        return bucket

    def _forget(self, now: float) -> None:
        for bucket in self._chats.values():
            bucket.refill(now)
        self._chats = {chat: bucket for chat, bucket in self._chats.items() if bucket.tokens < bucket.size}
