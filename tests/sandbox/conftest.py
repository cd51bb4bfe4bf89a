"""A world without flood limits, a bot that uses it, and a few people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

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


class Page:
    """The page on one person's phone: what it gets, and what it posts."""

    def __init__(self, world: World, http: httpx.AsyncClient, me: Person) -> None:
        self._world = world
        self._http = http
        self.me = me

    async def state(self, **more: int) -> dict[str, Any]:
        answer = await self._http.get(f"{self._world.url}/sandbox/state", params={"as": self.me.id} | more)
        state: dict[str, Any] = answer.raise_for_status().json()
        return state

    async def chat(self, chat_id: int | None = None) -> dict[str, Any]:
        chats = {chat["id"]: chat for chat in (await self.state())["chats"]}
        chat: dict[str, Any] = chats[chat_id or self.me.id]
        return chat

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = await self._http.post(f"{self._world.url}/sandbox/{path}", json=body)
        result: dict[str, Any] = answer.json()
        assert answer.status_code == (400 if result.get("ok") is False else 200)
        return result

    async def act(self, do: str, **rest: Any) -> dict[str, Any]:
        return await self.post("act", **{"as": self.me.id, "do": do}, **rest)


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
    """A group with the bot as administrator; the update about that has been taken."""
    group = world.group("Flat owners", owner=olga)
    await poller.take()
    await olga.makes_bot_admin(group, can_invite_users=True)
    await poller.take()
    return group


@pytest.fixture
def page(world: World, http: httpx.AsyncClient, anna: Person) -> Page:
    return Page(world, http, anna)
