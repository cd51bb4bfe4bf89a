"""Limits on how often the bot calls Telegram.

Telegram's own figures (Bot API FAQ): about one message a second to one chat, twenty a minute to a group, about thirty a
second overall. Times are monotonic seconds, passed in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramNetworkError, TelegramRetryAfter, TelegramServerError
from aiogram.methods import TelegramMethod

from bot.clock import REAL_TIME

CHAT_RATE = 1.0
CHAT_BURST = 3.0
GROUP_RATE = 15 / 60
GROUP_BURST = 5.0
"""Together with what refills in a minute, at most twenty in any minute."""
BURST_SECONDS = 0.08
"""How many seconds' worth of calls may go out at once. No more than a tenth above the rate may reach Telegram in any
second, even when some calls take a little longer than others."""
SPARE_SHARE = 0.5
"""Deferrable items wait until this share of the overall budget is unspent."""
UNLIMITED = 1000
TOO_WIDE = 5
WIDE_WITHIN = 5.0
"""When so many chats hit flood control within so many seconds, and none accepted a message in between, the limit
applies to the whole bot."""
PROBE_PATIENCE = 15.0
"""Seconds that the first call after a pause of the whole bot may take; then another call becomes the first."""
PROBE_LOOK = 0.1
"""Seconds between two checks whether it was answered."""


@dataclass(slots=True)
class _Bucket:
    """Tokens that refill over time."""

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
    """Decides when the next call may go out. `rate`: calls a second overall; 0 means no limits."""

    rate: float
    _all: _Bucket = field(init=False)
    _chats: dict[int, _Bucket] = field(init=False, default_factory=dict)
    _paused: dict[int, float] = field(init=False, default_factory=dict)
    _left_alone: dict[int, float] = field(init=False, default_factory=dict)
    """Until when the bot makes no calls about a chat, except messages to it."""
    _floods: dict[int, tuple[float, float]] = field(init=False, default_factory=dict)
    """When each chat last hit flood control, and how long Telegram asked to wait."""
    _all_paused_until: float = field(init=False, default=0.0)
    _is_probing: bool = field(init=False, default=False)
    _probe_at: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        size = max(1.0, self.rate * BURST_SECONDS)
        self._all = _Bucket(self.rate, size, size, 0.0)

    def wait(self, chat_id: int | None, now: float, *, spare_only: bool = False) -> float:
        """Return the seconds until a call may go out; 0 means now. `chat_id`: the chat of a message, None for other
        calls. `spare_only`: wait as long as something more important might need the budget."""
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
        """Return for how many seconds flood control forbids the call; 0 when it does not."""
        pause = max(self._all_paused_until, self._paused.get(chat_id, 0.0) if chat_id is not None else 0.0) - now
        if self._is_probing and self._probe_at is not None and now < self._probe_at + PROBE_PATIENCE:
            pause = max(pause, PROBE_LOOK)
        return max(0.0, pause)

    def rest_of_calls(self, chat_id: int, now: float) -> float:
        """Return for how many seconds flood control forbids calls about a chat that send it no message."""
        return max(0.0, self._left_alone.get(chat_id, 0.0) - now)

    def left(self, now: float) -> float:
        """Return the unspent share of the overall budget, from 0 to 1."""
        if self.rate == 0:
            return 1.0
        if now < self._all_paused_until:
            return 0.0
        self._all.refill(now)
        return max(0.0, self._all.tokens) / self._all.size

    def wait_for_any(self, now: float) -> float:
        """Return the seconds until any call may go out."""
        return self.wait(None, now)

    def room(self, now: float) -> int:
        """Return how many calls may go out now."""
        if self.rate == 0:
            return UNLIMITED
        self._all.refill(now)
        return max(0, int(self._all.tokens))

    def resting(self, now: float) -> frozenset[int]:
        """Return the chats that may not get a message yet."""
        paused = {chat for chat, until in self._paused.items() if until > now}
        # During a raid thousands of chats have had a message, and hardly any of them still has to wait.
        self._forget(now)
        return frozenset(paused | {chat for chat, bucket in self._chats.items() if bucket.wait() > 0})

    def spend(self, chat_id: int | None, now: float, *, is_long_poll: bool = False) -> float:
        """Spend a call and return the seconds until it may go out: 0 when `wait` returns 0. Waiting calls go out in the
        order in which they were spent. A long poll cannot be the first call after a pause, because its answer is not
        reported."""
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
        """Spend one message of the chat's budget, and none of the whole bot's. Return the seconds to wait."""
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
        """Telegram asked to wait: pause this chat, for messages or for all other calls. Pause the whole bot when the
        call was about no chat (None), when it was the first call after such a pause, or when many chats are
        flooded and no other gets an answer. The pause is the shortest that Telegram named; one call then tests whether
        the flood is over."""
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
        """Telegram answered a call, sent at `sent_at`, with anything but flood control."""
        if sent_at >= self._all_paused_until:
            self._is_probing, self._probe_at = False, None
        if chat_id is not None:
            # An earlier flood did not concern the whole bot.
            self._floods = {chat: flood for chat, flood in self._floods.items() if flood[0] > sent_at}

    def unanswered(self) -> None:
        """A call got no answer; if it was the test call after a pause, another one takes over."""
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


LONGEST_WAIT = 5.0
"""Seconds that a call waits for its chat, or until a flood is over. A call that would wait longer fails as if Telegram
had asked to wait, so that its item is put back and blocks nobody."""
GET_UPDATES = "getUpdates"
MESSAGES = ("send", "editMessage")
"""Prefixes of methods that write to a chat, if they name one (Bot API, "Available methods")."""


@dataclass(slots=True)
class _Paid:
    """The call and the message to a chat that were paid in advance."""

    call: bool
    chat_id: int | None


_paid: ContextVar[_Paid | None] = ContextVar("paid", default=None)


class RateLimitMiddleware:
    """A session middleware: each call waits for its turn, and flood control is respected.

    The delivery worker makes its calls within `paid`. Other calls (few: `getMe`, commands, the webhook) wait for their
    turn, but not for a flood to end: they show the bot that Telegram is there. A long poll is counted and does not
    wait.
    """

    def __init__(
        self,
        budget: RateLimiter,
        monotonic: Callable[[], float] = time.monotonic,
        may_deliver: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_deliver`: whether this process is certain to be the one that delivers. A process that was stopped for a
        while may have been replaced, and the new leader sends what it was about to send."""
        self._budget = budget
        self._monotonic = monotonic
        self._may_deliver = may_deliver

    @contextmanager
    def paid(self, chat_id: int | None) -> Iterator[None]:
        """Within this the first call, and the first message to `chat_id`, are already paid. Whatever was not used is
        given back."""
        paid = _Paid(call=True, chat_id=chat_id)
        token = _paid.set(paid)
        try:
            yield
        finally:
            _paid.reset(token)
            self._budget.give_back(paid.chat_id, self._monotonic(), call=paid.call)

    async def __call__(self, make_request: Any, bot: Bot, method: TelegramMethod[Any]) -> Any:  # noqa: ANN401 - aiogram's signature
        """Make the call when its turn has come. Raises TelegramRetryAfter also when flood control or the chat's limit
        would delay it for long."""
        chat_id, about = chat_written_to(method), _chat_of(method)
        if method.__api_method__ == GET_UPDATES:
            self._budget.spend(None, self._monotonic(), is_long_poll=True)
            # Floods of long polls are separate: the poller pauses.
            return await make_request(bot, method)
        if chat_id is None and about is not None and _paid.get() is not None:
            rest = self._budget.rest_of_calls(about, self._monotonic())
            if rest > 0:
                raise _too_long(method, rest)
        await self._pay(method, chat_id)
        if _paid.get() is not None and not self._may_deliver():
            raise TelegramRetryAfter(method, "this process may not lead any more", 1)
        sent_at = self._monotonic()
        try:
            answer = await make_request(bot, method)
        except TelegramRetryAfter as error:
            self._budget.flooded(about, error.retry_after, self._monotonic(), is_message=chat_id is not None)
            raise
        except (TelegramNetworkError, TelegramServerError):
            self._budget.unanswered()
            raise
        except AiogramError:
            # A rejection is an answer.
            self._budget.taken(chat_id, sent_at)
            raise
        except BaseException:
            self._budget.unanswered()
            raise
        self._budget.taken(chat_id, sent_at)
        return answer

    async def _pay(self, method: TelegramMethod[Any], chat_id: int | None) -> None:
        paid, delay = _paid.get(), 0.0
        is_paid = paid is not None and paid.call
        if paid is not None and not is_paid:
            await self._sit_out(method, chat_id)
        if paid is not None and paid.chat_id == chat_id:
            paid.chat_id = None
        elif chat_id is not None:
            delay = self._budget.spend_message(chat_id, self._monotonic())
            if delay > LONGEST_WAIT:
                self._budget.give_back(chat_id, self._monotonic(), call=False)
                raise _too_long(method, delay)
        if paid is not None and is_paid:
            paid.call = False
        else:
            delay = max(delay, self._budget.spend(None, self._monotonic()))
        if delay > 0:
            await REAL_TIME.pause(delay)
            if paid is not None:
                await self._sit_out(method, chat_id)

    async def _sit_out(self, method: TelegramMethod[Any], chat_id: int | None) -> None:
        """Wait until no flood forbids the call."""
        waited = 0.0
        while (pause := self._budget.pause(chat_id, self._monotonic())) > 0:
            if waited + pause > LONGEST_WAIT:
                raise _too_long(method, pause)
            await REAL_TIME.pause(pause)
            waited += pause


def chat_written_to(method: TelegramMethod[Any]) -> int | None:
    """Return the chat that a method sends a message to, or edits one in; else None."""
    return _chat_of(method) if method.__api_method__.startswith(MESSAGES) else None


def _chat_of(method: TelegramMethod[Any]) -> int | None:
    """Return the chat that a method is about; else None."""
    chat_id = getattr(method, "chat_id", None)
    return chat_id if isinstance(chat_id, int) else None


def _too_long(method: TelegramMethod[Any], seconds: float) -> TelegramRetryAfter:
    return TelegramRetryAfter(method, "the bot's own limit", max(1, round(seconds)))
