"""/readyz says why a bot is not ready, in true words."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from structlog.testing import capture_logs

from bot.sandbox.people import Person
from bot.sandbox.pulse import PATIENCE
from bot.sandbox.world import World
from tests.installation import Installation
from tests.process import free_port
from tests.scenarios.conftest import Install


def webhook() -> dict[str, str]:
    """The settings of a bot that Telegram brings its updates to."""
    port = str(free_port())
    return {"UPDATES": "webhook", "HTTP_PORT": port, "PUBLIC_URL": f"http://127.0.0.1:{port}"}


async def becomes(callgate: Installation, browser: httpx.AsyncClient, status: int, says: str) -> str:
    """Return what /readyz says once it says so."""
    seen = [(0, "")]
    try:
        async with asyncio.timeout(3 * PATIENCE):
            while seen[-1][0] != status or says not in seen[-1][1]:
                answer = await browser.get(f"{callgate.url}/readyz")
                if (answer.status_code, answer.text) != seen[-1]:
                    seen.append((answer.status_code, answer.text))
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"never {status} {says}, only {seen}\n{callgate.world.story()}") from None
    return seen[-1][1]


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_a_definite_refusal_is_told_in_telegrams_own_words(
    world: World, database_url: str, browser: httpx.AsyncClient, operator: Person, way: str
) -> None:
    world.telegram.logged_out = True
    environment = webhook() if way == "webhook" else {}
    bot = Installation(world, database_url, OPERATORS=str(operator.id), **environment)
    with capture_logs() as logged:
        await bot.start()
        await becomes(bot, browser, 503, "Telegram refuses: Logged out")
    assert any(line["event"] == "telegram_refuses" and line["error"] == "Logged out" for line in logged)
    assert not any(line["event"] == "telegram_not_answering" for line in logged)

    world.telegram.logged_out = False
    await operator.says("/start")
    await becomes(bot, browser, 200, "OK")

    for _ in range(20):
        world.clock.advance(31)
        await asyncio.sleep(0.1)
        if operator.shown("Telegram takes my calls again") is not None:
            break
    assert "Logged out" in ((await operator.sees("Telegram takes my calls again")).text or "")
    await bot.stop()


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_a_refusal_while_the_bot_runs_is_told_too(
    world: World, install: Install, browser: httpx.AsyncClient, operator: Person, way: str
) -> None:
    bot = await install(**(webhook() if way == "webhook" else {}))
    await operator.says("/start")
    await operator.sees("👋")

    world.telegram.logged_out = True
    world.telegram.delivery.end_poll("terminated by other getUpdates request")
    world.clock.advance(31)

    await becomes(bot, browser, 503, "Telegram refuses: Logged out")
    world.telegram.logged_out = False
    world.clock.advance(31)
    await becomes(bot, browser, 200, "OK")
