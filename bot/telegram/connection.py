"""Whether Telegram answers at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from aiogram import Bot
from aiogram.exceptions import AiogramError, ClientDecodeError, TelegramNetworkError, TelegramServerError

from bot.clock import REAL_TIME

ASK_AFTER = 30.0
"""Seconds without an answer before the bot calls `getMe`; longer than a long poll, so it happens only with a webhook,
or when something is wrong."""
ASK_AGAIN_AFTER = 5.0
"""The same after a failed call."""
LOST_AFTER = 75.0
"""Seconds without an answer after which Telegram counts as away."""
LOOK_EVERY = 1.0
TIMEOUT = 15
NO_ANSWER = (TelegramNetworkError, TelegramServerError, ClientDecodeError, OSError)
"""Not an answer from Telegram: no network, a server error, or a page from something in between."""


class TelegramAvailability:
    """Learns the result of every Bot API call: the latest one shows whether Telegram answers.

    A rejection is an answer. Times are monotonic, whatever the clock does.
    """

    def __init__(
        self, told: Callable[[bool], None] = lambda _: None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`told` is called after each call with whether Telegram answered."""
        self._told = told
        self._monotonic = monotonic
        self._answered_at = self._called_at = float("-inf")
        self._is_failing = False

    def is_there(self) -> bool:
        """Return whether Telegram answers."""
        return not self._is_failing and self._monotonic() - self._answered_at < LOST_AFTER

    @contextmanager
    def call(self) -> Iterator[None]:
        """Make a call to the Bot API within this."""
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
        """Until `stop`: call Telegram whenever it has not answered for a while, either because nothing else called it
        or because it does not answer. `bot` makes its calls within `call`."""
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
