"""The bot asks for the balance of the gateway account rarely."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain.errors import StorageUnavailableError
from bot.domain.gateway import BLOCKED_PAUSE, Balance, CircuitBreaker, GatewayError, GatewayReason
from bot.domain.monitoring import BalanceReading
from bot.features.monitoring import balance as balance_cache_module
from bot.features.monitoring.balance import BalanceCache
from bot.sandbox.clock import SandboxClock
from tests.domain.makers import NOW


class Gateway:
    """Answers as told, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: GatewayError | None = None
        self.breaker: CircuitBreaker | None = CircuitBreaker()
        self.answers = asyncio.Event()
        self.answers.set()

    async def balance(self) -> Balance:
        self.asked += 1
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        return Balance("12.30", "RUR")

    async def transact(self, work: object) -> CircuitBreaker:
        """The database; only the breaker is read."""
        if self.breaker is None:
            raise StorageUnavailableError
        return self.breaker


@pytest.fixture
def clock() -> SandboxClock:
    return SandboxClock(rate=0, start=NOW)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def balance_cache(gateway: Gateway, clock: SandboxClock) -> BalanceCache:
    return BalanceCache(gateway, gateway.balance, clock)  # type: ignore[arg-type]


async def test_many_who_look_at_once_ask_once_in_ten_seconds(
    balance_cache: BalanceCache, gateway: Gateway, clock: SandboxClock
) -> None:
    told = await asyncio.gather(*(balance_cache.look() for _ in range(20)))
    assert set(told) == {BalanceReading(NOW, Decimal("12.30"), "RUR", told_at=NOW)}
    clock.advance(9.9)
    await balance_cache.look()
    assert gateway.asked == 1

    clock.advance(0.1)
    await balance_cache.look()

    assert gateway.asked == 2


async def test_a_refusal_is_told_with_what_was_known_before(
    balance_cache: BalanceCache, gateway: Gateway, clock: SandboxClock
) -> None:
    await balance_cache.look()
    clock.advance(60)
    gateway.error = GatewayError(GatewayReason.CREDENTIALS, 2)

    told = await balance_cache.look()

    assert (told.money, told.told_at, told.asked_at) == (Decimal("12.30"), NOW, NOW + timedelta(seconds=60))
    assert (told.reason, told.code, told.left_alone_until) == (GatewayReason.CREDENTIALS, 2, None)


async def test_nobody_waits_long_for_a_gateway_that_does_not_answer(
    balance_cache: BalanceCache, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(balance_cache_module, "PATIENCE", 0.01)
    gateway.answers.clear()

    told = await balance_cache.look()

    assert (told.reason, told.money, told.asked_at) == (GatewayReason.UNAVAILABLE, None, NOW)


async def test_a_gateway_that_blocks_us_is_left_alone_for_minutes(
    balance_cache: BalanceCache, gateway: Gateway, clock: SandboxClock
) -> None:
    gateway.error = GatewayError(GatewayReason.ADDRESS_BLOCKED, 4)
    told = await balance_cache.look()
    assert told.left_alone_until == NOW + BLOCKED_PAUSE
    clock.advance(BLOCKED_PAUSE.total_seconds() - 1)
    assert await balance_cache.look() is told
    gateway.error = None
    clock.advance(1)

    told = await balance_cache.look()

    assert (gateway.asked, told.reason, told.left_alone_until) == (2, None, None)


async def test_a_block_that_others_met_holds_and_other_trouble_does_not_keep_from_asking(
    balance_cache: BalanceCache, gateway: Gateway, clock: SandboxClock
) -> None:
    gateway.breaker = CircuitBreaker().open(GatewayReason.ADDRESS_BLOCKED, NOW)
    told = await balance_cache.look()
    assert (told.reason, told.left_alone_until) == (GatewayReason.ADDRESS_BLOCKED, gateway.breaker.retry_at)
    assert (gateway.asked, told.asked_at) == (0, None)

    gateway.breaker = CircuitBreaker().open(GatewayReason.NO_MONEY, NOW)
    assert (await balance_cache.look()).reason is None
    assert gateway.asked == 1

    clock.advance(60)
    gateway.breaker = None
    await balance_cache.look()
    assert gateway.asked == 2
