"""Charges every Bot API call to the budget, at the place where it is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramNetworkError, TelegramRetryAfter, TelegramServerError
from aiogram.methods import TelegramMethod

from bot.clock import REAL_TIME
from bot.telegram.budget import RateLimiter

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
