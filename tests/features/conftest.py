"""The use cases over a database of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from bot.crypto import Pseudonymizer
from bot.gateway.smsc.client import SmscClient, SmscCredentials
from bot.sandbox.world import World
from storage.engine.database import Database
from tests.databases import Postgres
from tests.features.rules import Rules, frozen_clock


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A PostgreSQL database with the newest schema and nothing in it.

    Rules change nothing but rows, so these tests use one database in turn.
    """
    with postgres.shared_database() as url:
        yield url


@pytest.fixture
async def rules(database_url: str) -> AsyncIterator[Rules]:
    clock = frozen_clock()
    database = Database(database_url, clock.now, Pseudonymizer("the key of these tests"))
    await database.open()
    yield Rules(database, clock)
    await database.close()


@pytest.fixture
async def gateway(world: World) -> AsyncIterator[SmscClient]:
    """The client of the world's gateway."""
    async with httpx.AsyncClient() as http:
        yield SmscClient(SmscCredentials((world.url,), login=None, password=None, api_key=world.smsc.api_key), http)
