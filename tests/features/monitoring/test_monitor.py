"""The monitor reports what it could not measure as unknown."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import StorageUnavailableError
from bot.domain.gateway import Balance, CircuitBreaker, GatewayError, GatewayReason
from bot.domain.incidents import IncidentKind
from bot.domain.monitoring import Spending
from bot.features.monitoring.balance import BalanceCache
from bot.features.monitoring.monitor import Monitor, WebhookReading
from bot.features.monitoring.runtime_stats import RuntimeStats
from bot.sandbox.clock import SandboxClock
from tests.domain.makers import NOW


class World:
    """The services outside, and the database as far as it is read here."""

    def __init__(self) -> None:
        self.clock = SandboxClock(rate=0, start=NOW)
        self.answers = True
        self.breaker = CircuitBreaker()
        self.webhook = WebhookReading()

    async def balance(self) -> Balance:
        if not self.answers:
            raise GatewayError(GatewayReason.UNAVAILABLE, 0)
        return Balance("12.30", "RUR")

    def read_webhook(self) -> WebhookReading:
        return self.webhook

    async def spending(self, _store: object) -> Spending:
        if not self.answers:
            raise StorageUnavailableError
        return Spending(Decimal(1), Decimal(7))

    async def transact(self, work: Any) -> Any:
        return await self.spending(None) if work == self.spending else self.breaker

    def monitor(self, *, has_webhook: bool = True, has_price: bool = False, folder: Path | None = None) -> Monitor:
        """Return a monitor that has just started."""
        self.balance_cache = BalanceCache(self, self.balance, self.clock)
        return Monitor(
            self,
            None,  # type: ignore[arg-type] # nothing is noted here
            self.spending,  # type: ignore[arg-type]
            RuntimeStats(self.clock),
            self.clock,
            self.balance_cache,
            self.read_webhook if has_webhook else None,
            folder,
            50.0,
            lambda: None,
            has_price=has_price,
        )


@pytest.fixture
def world() -> World:
    return World()


async def test_before_anything_outside_was_asked_nothing_of_it_is_known(world: World) -> None:
    world.webhook = WebhookReading(is_known=False)
    assert world.monitor().readings().unknown == {IncidentKind.MONEY_SHORT, IncidentKind.WEBHOOK, IncidentKind.CLOCK}
    assert world.monitor(has_webhook=False).readings().unknown == {IncidentKind.MONEY_SHORT, IncidentKind.CLOCK}


async def test_what_answers_is_known_until_it_does_not(world: World) -> None:
    world.webhook = WebhookReading(error_at=NOW, error="503")
    monitor = world.monitor()
    await monitor._look_outside()
    assert monitor.readings().unknown == {IncidentKind.CLOCK}

    world.answers = False
    world.webhook = replace(world.webhook, is_known=False)
    world.clock.advance(3600)
    await monitor._look_outside()

    readings = monitor.readings()
    assert readings.unknown == {IncidentKind.WEBHOOK, IncidentKind.CLOCK}
    assert (readings.webhook_error, readings.money) == ("503", 12.3)


async def test_after_a_restart_money_is_not_known_while_the_gateway_is_left_alone(world: World) -> None:
    world.breaker = CircuitBreaker().open(GatewayReason.CREDENTIALS, NOW)
    monitor = world.monitor()

    await monitor._look_outside()

    assert monitor.readings().unknown == {IncidentKind.MONEY_SHORT, IncidentKind.CLOCK}


async def test_for_how_long_money_lasts_is_not_known_while_what_is_spent_is_not(world: World) -> None:
    monitor = world.monitor(has_price=True)
    await world.balance_cache.look()
    assert IncidentKind.MONEY_SHORT in monitor.readings().unknown

    await monitor._look_outside()

    assert monitor.readings().unknown == {IncidentKind.CLOCK}


async def test_a_disk_that_cannot_be_looked_at_is_not_known(world: World, tmp_path: Path) -> None:
    assert IncidentKind.DISK_SHORT not in world.monitor(folder=tmp_path).readings().unknown
    assert IncidentKind.DISK_SHORT in world.monitor(folder=tmp_path / "nowhere").readings().unknown
