"""Caches the balance of the gateway account."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bot.clock import Clock
from bot.domain.errors import StorageUnavailableError
from bot.domain.gateway import BLOCKED_PAUSE, Balance, GatewayError, GatewayReason
from bot.domain.monitoring import BalanceReading
from storage.store import Transactions

ASK_EVERY = timedelta(seconds=10)
"""The gateway answers ten such requests a minute; other users of the account may ask too."""
PATIENCE = 8.0
"""Seconds for which a caller waits; fewer than the time to finish at the end."""

AskBalance = Callable[[], Awaitable[Balance]]


class BalanceCache:
    """Holds the latest balance. However often it is read, it asks the gateway at most once in ten seconds, and never
    while the gateway blocks our address: asking prolongs the block."""

    def __init__(self, transactions: Transactions, ask: AskBalance, clock: Clock) -> None:
        self._transactions = transactions
        self._ask = ask
        self._clock = clock
        self._not_before = clock.now()
        self._one_at_a_time = asyncio.Lock()
        self.statement = BalanceReading()

    async def look(self) -> BalanceReading:
        """Return the current or very recent balance, or why there is none."""
        async with self._one_at_a_time:
            now = self._clock.now()
            if now < self._not_before:
                return self.statement
            if await self._is_blocked():
                return self.statement
            self._not_before = now + ASK_EVERY
            try:
                async with asyncio.timeout(PATIENCE):
                    balance = await self._ask()
            except TimeoutError:
                self._refused(GatewayReason.UNAVAILABLE, None)
            except GatewayError as error:
                self._refused(error.reason, error.code)
            else:
                self.statement = BalanceReading(now, Decimal(balance.amount), balance.currency, told_at=now)
            return self.statement

    def _refused(self, reason: GatewayReason, code: int | None) -> None:
        now, until = self._clock.now(), None
        if reason is GatewayReason.ADDRESS_BLOCKED:
            self._not_before = until = now + BLOCKED_PAUSE
        self.statement = replace(self.statement, asked_at=now, reason=reason, code=code, left_alone_until=until)

    async def _is_blocked(self) -> bool:
        """Return whether a number request has just failed because of the block."""
        try:
            breaker = await self._transactions.transact(lambda store: store.gateway.breaker())
        except StorageUnavailableError:
            return False
        if breaker.reason is not GatewayReason.ADDRESS_BLOCKED or breaker.allows(self._clock.now()):
            return False
        self.statement = replace(self.statement, reason=breaker.reason, code=None, left_alone_until=breaker.retry_at)
        return True
