"""What the watchman could not find out it says it does not know."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.domain.breaker import Breaker
from bot.domain.condition import Spending
from bot.domain.gateway import Balance, GatewayError, GatewayReason
from bot.domain.trouble import Trouble
from bot.sandbox.clock import SandboxClock
from bot.usecases.ports import StorageUnavailableError
from bot.watch.pulse import Pulse
from bot.watch.purse import Purse
from bot.watch.watchman import Watchman, WebhookReading
from tests.domain.makers import NOW


class World:
    """What lies outside, and the database as far as it is read here."""

    def __init__(self) -> None:
        self.clock = SandboxClock(rate=0, start=NOW)
        self.answers = True
        self.breaker = Breaker()
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

    def watchman(self, *, has_webhook: bool = True, has_price: bool = False, folder: Path | None = None) -> Watchman:
        """One that has just been started."""
        self.purse = Purse(self, self.balance, self.clock)
        return Watchman(
            self,
            None,  # type: ignore[arg-type] # nothing is noted here
            self.spending,  # type: ignore[arg-type]
            Pulse(self.clock),
            self.clock,
            self.purse,
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
    assert world.watchman().readings().unknown == {Trouble.MONEY_SHORT, Trouble.WEBHOOK, Trouble.CLOCK}
    assert world.watchman(has_webhook=False).readings().unknown == {Trouble.MONEY_SHORT, Trouble.CLOCK}


async def test_what_answers_is_known_until_it_does_not(world: World) -> None:
    world.webhook = WebhookReading(error_at=NOW, error="503")
    watchman = world.watchman()
    await watchman._look_outside()
    assert watchman.readings().unknown == {Trouble.CLOCK}

    world.answers = False
    world.webhook = replace(world.webhook, is_known=False)
    world.clock.advance(3600)
    await watchman._look_outside()

    readings = watchman.readings()
    assert readings.unknown == {Trouble.WEBHOOK, Trouble.CLOCK}
    assert (readings.webhook_error, readings.money) == ("503", 12.3)


async def test_after_a_restart_money_is_not_known_while_the_gateway_is_left_alone(world: World) -> None:
    world.breaker = Breaker().trip(GatewayReason.CREDENTIALS, NOW)
    watchman = world.watchman()

    await watchman._look_outside()

    assert watchman.readings().unknown == {Trouble.MONEY_SHORT, Trouble.CLOCK}


async def test_for_how_long_money_lasts_is_not_known_while_what_is_spent_is_not(world: World) -> None:
    watchman = world.watchman(has_price=True)
    await world.purse.look()
    assert Trouble.MONEY_SHORT in watchman.readings().unknown

    await watchman._look_outside()

    assert watchman.readings().unknown == {Trouble.CLOCK}


async def test_a_disk_that_cannot_be_looked_at_is_not_known(world: World, tmp_path: Path) -> None:
    assert Trouble.DISK_SHORT not in world.watchman(folder=tmp_path).readings().unknown
    assert Trouble.DISK_SHORT in world.watchman(folder=tmp_path / "nowhere").readings().unknown
