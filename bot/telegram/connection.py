"""Whether Telegram is there at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from aiogram import Bot
from aiogram.exceptions import AiogramError, ClientDecodeError, TelegramNetworkError, TelegramServerError

from bot.clock import REAL_TIME

ASK_AFTER = 30.0
"""Seconds without an answer after which Telegram is asked who the bot is; more than a long poll takes, so that this
happens where updates are brought by webhook, and when something is wrong."""
ASK_AGAIN_AFTER = 5.0
"""The same since the last call that failed."""
LOST_AFTER = 75.0
"""Seconds without an answer after which Telegram counts as away."""
LOOK_EVERY = 1.0
TIMEOUT = 15
NO_ANSWER = (TelegramNetworkError, TelegramServerError, ClientDecodeError, OSError)
"""What is no word of Telegram's: no network, a server in trouble, or a page of something in between."""


class TelegramAvailability:
    """Hears of every call to the Bot API how it went: the latest tells whether Telegram is there.

    A refusal is an answer. Time here is the machine's, whatever the clock does: it is a matter of networks.
    """

    def __init__(
        self, told: Callable[[bool], None] = lambda _: None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`told` hears of each call whether it was answered."""
        self._told = told
        self._monotonic = monotonic
        self._answered_at = self._called_at = float("-inf")
        self._is_failing = False

    def is_there(self) -> bool:
        """Whether Telegram answers."""
        return not self._is_failing and self._monotonic() - self._answered_at < LOST_AFTER

    @contextmanager
    def call(self) -> Iterator[None]:
        """A call to the Bot API is made."""
        try:
            yield
        except NO_ANSWER:
            self._note(answered=False)
            raise
        except Exception:
            self._note(answered=True)
            raise
        self._note(answered=True)

    async def watch(self, bot: Bot, stop: asyncio.Event) -> None:
        """Until `stop`: ask Telegram something whenever it has not answered for a while, for want of questions or
        because it does not. `bot` makes its calls within `call`."""
        while not stop.is_set():
            patience = ASK_AGAIN_AFTER if self._is_failing else ASK_AFTER
            if self._monotonic() - self._called_at >= patience:
                with suppress(AiogramError, OSError):
                    await bot.get_me(request_timeout=TIMEOUT)
            await REAL_TIME.pause(LOOK_EVERY, stop)

    def _note(self, *, answered: bool) -> None:
        self._called_at, self._is_failing = self._monotonic(), not answered
        if answered:
            self._answered_at = self._called_at
        self._told(answered)
