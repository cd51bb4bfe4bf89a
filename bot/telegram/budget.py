"""How much the bot allows itself to ask of Telegram.

Telegram's own figures (Bot API FAQ): about one message a second to one chat, twenty a minute to a group, about
thirty a second overall. Time here is the machine's monotonic one, in seconds, passed in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CHAT_RATE = 1.0
CHAT_BURST = 3.0
GROUP_RATE = 15 / 60
GROUP_BURST = 5.0
"""With what comes back in a minute, no more than the twenty of any minute."""
BURST_SECONDS = 0.08
"""How many seconds' worth of calls may go out at once. In no second more than a tenth beyond the rate may reach
Telegram, also when some are on their way a little longer than others."""
SPARE_SHARE = 0.5
"""What can wait does so until this share of the overall budget is unspent."""
UNLIMITED = 1000
TOO_WIDE = 5
WIDE_WITHIN = 5.0
"""So many chats of which all were flooded within so many seconds, and none took a message in between, mean the whole
bot."""
PROBE_PATIENCE = 15.0
"""Seconds that the first call after a pause of the whole bot may take; then another one is the first."""
PROBE_LOOK = 0.1
"""Seconds between two looks whether it was answered."""


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
class RateLimiter:
    """Says when the next call may go out. `rate` calls a second overall; 0 means no limits at all."""

    rate: float
    _all: _Bucket = field(init=False)
    _chats: dict[int, _Bucket] = field(init=False, default_factory=dict)
    _paused: dict[int, float] = field(init=False, default_factory=dict)
    _left_alone: dict[int, float] = field(init=False, default_factory=dict)
    """Until when no calls are made about a chat, other than messages to it."""
    _floods: dict[int, tuple[float, float]] = field(init=False, default_factory=dict)
    """When each chat was last flooded, and for how long it was to rest."""
    _all_paused_until: float = field(init=False, default=0.0)
    _is_probing: bool = field(init=False, default=False)
    _probe_at: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        size = max(1.0, self.rate * BURST_SECONDS)
        self._all = _Bucket(self.rate, size, size, 0.0)

    def wait(self, chat_id: int | None, now: float, *, spare_only: bool = False) -> float:
        """Seconds until a call may go out; 0 means now. `chat_id`: the chat a message goes to, None for calls
        that are no messages. `spare_only`: as long as anything more important might need the budget."""
        pause = self.pause(chat_id, now)
        if self.rate == 0:
            return pause
        self._all.refill(now)
        overall = self._all.wait()
        if spare_only:
            enough = max(1.0, self._all.size * SPARE_SHARE)
            overall = max(overall, (enough - self._all.tokens) / self.rate)
        return max(pause, overall, self._chat(chat_id, now).wait() if chat_id is not None else 0.0)

    def pause(self, chat_id: int | None, now: float) -> float:
        """Seconds for which flood control forbids the call; 0 when it does not."""
        pause = max(self._all_paused_until, self._paused.get(chat_id, 0.0) if chat_id is not None else 0.0) - now
        if self._is_probing and self._probe_at is not None and now < self._probe_at + PROBE_PATIENCE:
            pause = max(pause, PROBE_LOOK)
        return max(0.0, pause)

    def rest_of_calls(self, chat_id: int, now: float) -> float:
        """Seconds for which flood control forbids calls about a chat that are no messages to it; 0 when it does not."""
        return max(0.0, self._left_alone.get(chat_id, 0.0) - now)

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
        return max(0, int(self._all.tokens))

    def resting(self, now: float) -> frozenset[int]:
        """The chats that no message may go to yet."""
        paused = {chat for chat, until in self._paused.items() if until > now}
        return frozenset(paused | {chat for chat in self._chats if self._chat(chat, now).wait() > 0})

    def spend(self, chat_id: int | None, now: float, *, is_long_poll: bool = False) -> float:
        """A call goes out after so many seconds, which come back: 0 when `wait` says 0. Calls that are to wait get
        their turns in the order in which they spent. A long poll cannot be the first call after a pause: nothing is
        told of its answer."""
        if self._is_probing and not is_long_poll and now >= self._all_paused_until:
            self._probe_at = now
        if self.rate == 0:
            return 0.0
        self._all.refill(now)
        self._all.tokens -= 1
        delay = -self._all.tokens / self.rate
        if chat_id is not None:
            delay = max(delay, self.spend_message(chat_id, now))
        if len(self._chats) > 10 * max(100.0, self.rate):
            self._forget(now)
        return max(0.0, delay)

    def spend_message(self, chat_id: int, now: float) -> float:
        """The same of the chat's budget alone."""
        if self.rate == 0:
            return 0.0
        bucket = self._chat(chat_id, now)
        bucket.tokens -= 1
        return max(0.0, -bucket.tokens / bucket.rate)

    def give_back(self, chat_id: int | None, now: float, *, call: bool = True) -> None:
        """Return what was spent on a message to the chat, and on the call itself (`call`), when it was not needed."""
        if call:
            self._probe_at = None
        if self.rate == 0:
            return
        if call:
            self._all.refill(now)
            self._all.tokens = min(self._all.size, self._all.tokens + 1)
        if chat_id is not None:
            bucket = self._chat(chat_id, now)
            bucket.tokens = min(bucket.size, bucket.tokens + 1)

    def flooded(self, chat_id: int | None, retry_after: float, now: float, *, is_message: bool = True) -> None:
        """Telegram asked to wait: this chat rests, as to messages or as to all other calls. The whole bot does when the
        call was about no chat (None), or the first one after such a rest, or when many chats are flooded and none is
        not; for the shortest time of all that Telegram named, since one call alone then tries whether it is over."""
        if chat_id is None or (self._is_probing and self._probe_at is not None):
            self._pause_all(retry_after, now)
            return
        resting = self._paused if is_message else self._left_alone
        for chat in [chat for chat, until in resting.items() if until <= now]:
            del resting[chat]
        resting[chat_id] = now + retry_after
        self._floods = {chat: flood for chat, flood in self._floods.items() if flood[0] > now - WIDE_WITHIN}
        self._floods[chat_id] = (now, retry_after)
        if len(self._floods) >= TOO_WIDE:
            self._pause_all(min(at + rest - now for at, rest in self._floods.values()), now)

    def taken(self, chat_id: int | None, sent_at: float) -> None:
        """Telegram answered a call, made then, with anything but flood control."""
        if sent_at >= self._all_paused_until:
            self._is_probing, self._probe_at = False, None
        if chat_id is not None:
            # A flood from before it was not one of the whole bot.
            self._floods = {chat: flood for chat, flood in self._floods.items() if flood[0] > sent_at}

    def unanswered(self) -> None:
        """A call was not answered at all; if it was the one that tried whether a rest is over, another one does."""
        self._probe_at = None

    def _pause_all(self, retry_after: float, now: float) -> None:
        until = now + retry_after
        is_paused = now < self._all_paused_until
        self._all_paused_until = min(self._all_paused_until, until) if is_paused else until
        self._is_probing, self._probe_at = True, None
        self._floods = {}

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
