"""The parts of the bot that talk to Telegram, each test in a sandbox world of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from bot.delivery.execute import TelegramExecutor
from bot.delivery.screens import ScreenRenderer
from bot.i18n.texts import Texts
from bot.sandbox.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Telegram without flood limits, and people."""
    async with World(flood_limits=False) as the_world:
        yield the_world


@pytest.fixture
async def bot(world: World) -> AsyncIterator[Bot]:
    """The bot's client of that Telegram."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(world.url))
    async with Bot(world.bot_token, session=session) as bot:
        yield bot


@pytest.fixture
def deliverer(world: World, bot: Bot) -> TelegramExecutor:
    """The real one."""
    return TelegramExecutor(bot, world.clock, Texts("en"), ScreenRenderer(None), None)
