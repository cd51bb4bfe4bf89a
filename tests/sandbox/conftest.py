"""A world without flood limits, a bot that speaks to it, and a few people."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Update

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World

EVERYTHING = ["message", "callback_query", "my_chat_member", "chat_member", "chat_join_request"]


class Poller:
    """Takes updates as a bot does: each `take` confirms what came before."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._offset: int | None = None

    async def take(self, within: int = 0) -> list[Update]:
        updates = await self._bot.get_updates(self._offset, timeout=within, allowed_updates=EVERYTHING)
        if updates:
            self._offset = updates[-1].update_id + 1
        return updates

    async def one(self, within: int = 2) -> Update:
        (update,) = await self.take(within)
        return update


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World(flood_limits=False) as world:
        yield world


@pytest.fixture
async def bot(world: World) -> AsyncIterator[Bot]:
    async with bot_for(world) as bot:
        yield bot


def bot_for(world: World) -> Bot:
    return Bot(world.bot_token, session=AiohttpSession(api=TelegramAPIServer.from_base(world.url)))


@pytest.fixture
def poller(bot: Bot) -> Poller:
    return Poller(bot)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def anna(world: World) -> Person:
    return world.person("Anna", phone="+79991234512")


@pytest.fixture
def olga(world: World) -> Person:
    return world.person("Olga", role="owner")


@pytest.fixture
async def group(world: World, olga: Person, poller: Poller) -> Group:
    """A group the bot runs; the update about that has been taken."""
    group = world.group("Flat owners", owner=olga)
    await poller.take()
    await olga.makes_bot_admin(group, can_invite_users=True)
    await poller.take()
    return group
