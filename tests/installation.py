"""A Callgate installation under test: the real application with the sandbox's addresses and clock."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bot import settings
from bot.app import App
from bot.sandbox.people import Person
from bot.sandbox.world import World
from storage.engine.checks import driver_url

CALLBACK_TOKEN = "callback-token-of-the-tests"
SECRET_KEY = "a secret key that only the tests know"
OPERATOR = 999
NUMBER = re.compile(r"\+\d{9,15}")


class Installation:
    """One bot. `start` and `stop` it as often as needed: its database stays."""

    def __init__(self, world: World, database_url: str, **environment: str) -> None:
        self.world = world
        self.database_url = database_url
        self._environment = environment
        self.app: App | None = None
        url = driver_url(database_url)
        self._file = url.database if url.get_backend_name() == "sqlite" else None
        # Stories ask hundreds of times, and PostgreSQL starts a process for each connection. Some stories cut them all.
        self._reader = (
            create_async_engine(url, poolclass=NullPool)
            if self._file is not None
            else create_async_engine(url, pool_size=1, pool_pre_ping=True)
        )

    def environment(self) -> dict[str, str]:
        """The bot's configuration."""
        return {
            "BOT_TOKEN": self.world.bot_token,
            "TELEGRAM_API_URL": self.world.url,
            "SMSC_URL": self.world.url,
            "SMSC_API_KEY": self.world.smsc.api_key,
            "SMSC_CALLBACK_TOKEN": CALLBACK_TOKEN,
            "SECRET_KEY": SECRET_KEY,
            "DATABASE_URL": self.database_url,
            "HTTP_PORT": "0",
            "OPERATORS": str(OPERATOR),
            "BACKUP_EVERY_HOURS": "0",
            **self._environment,
        }

    async def start(self, **environment: str) -> None:
        """Start it; `environment` changes its configuration from now on."""
        self._environment.update(environment)
        config = settings.load({name: value for name, value in self.environment().items() if value}, None)
        self.app = App(config, self.world.clock)
        await self.app.start()
        self.world.smsc.callback.url = f"{self.url}/smsc/{CALLBACK_TOKEN}?charset=utf-8"

    async def stop(self) -> None:
        """Stop it as SIGTERM would."""
        if self.app is not None:
            app, self.app = self.app, None
            await app.stop()
        await self._reader.dispose()

    async def restart(self, **environment: str) -> None:
        """Stop and start it."""
        await self.stop()
        await self.start(**environment)

    @property
    def url(self) -> str:
        """Its HTTP server."""
        assert self.app is not None
        return f"http://127.0.0.1:{self.app.port}"

    async def rows(self, query: str, **values: object) -> list[Mapping[str, Any]]:
        """Read the database through a separate connection, while the bot runs."""
        if self._file is not None:
            # Stories read hundreds of times; an engine would start a thread each time.
            return await asyncio.to_thread(_read, self._file, query, values)
        async with self._reader.connect() as connection:
            found: list[Mapping[str, Any]] = [
                dict(row) for row in (await connection.execute(text(query), values)).mappings()
            ]
        if self.app is None:
            await self._reader.dispose()
        return found

    async def journal(self) -> list[str]:
        """The names of the events journalled, in order."""
        return [row["event"] for row in await self.rows("SELECT event FROM journal ORDER BY id")]


def _read(file: str, query: str, values: Mapping[str, object]) -> list[Mapping[str, Any]]:
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]


async def number_shown(person: Person) -> str:
    """The call number on the person's screen, once it is there."""
    message = await person.sees("📞")
    number = NUMBER.search(message.text or "")
    assert number is not None
    return number.group()


async def verify(person: Person) -> None:
    """All a person does to verify: share the contact, call the number."""
    await person.says("/start")
    await person.shares_contact()
    await person.calls(await number_shown(person))
    await person.sees("✅")
