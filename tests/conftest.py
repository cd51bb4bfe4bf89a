"""The fixtures: a world, a bot in it, and a database of each kind."""

from __future__ import annotations

import asyncio
import functools
import gc
import shutil
import ssl
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog
import uvloop
from aiogram.client.session.aiohttp import AiohttpSession

from bot.sandbox.clock import SandboxClock
from bot.sandbox.world import World
from tests import compiled_cache
from tests.databases import Postgres, keep_in_memory, migrate_now, postgres_server
from tests.installation import Installation
from tests.needs import DATABASES

LEFT_OPEN: list[str] = []


def pytest_configure() -> None:
    # How long an example takes depends on the machine's other work.
    hypothesis.settings.register_profile(
        "any pace",
        hypothesis.settings.get_profile(hypothesis.settings.get_current_profile_name()),
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("any pace")
    keep_in_memory()
    compiled_cache.share()


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The event loop that the program runs in."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_warning_recorded(warning_message: warnings.WarningMessage, nodeid: str) -> None:
    """Record tests that left a connection or a server open; see `filterwarnings` in pyproject.toml."""
    if issubclass(warning_message.category, ResourceWarning):
        LEFT_OPEN.append(nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if LEFT_OPEN and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for nodeid in LEFT_OPEN:
        terminalreporter.write_line(f"{nodeid} left a connection or a server open", red=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the long tests first: at the end, one would leave the other processes idle."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Have the garbage collector skip what stays to the end: thousands of tests, and the libraries.

    Going through all of it again and again took a twentieth of the processor's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def without_tls() -> Iterator[None]:
    """Skip TLS in clients: no test uses it, and its setup takes longer than many a test.

    Each client reads all certificate authorities, and aiogram's waits a quarter of a second at its end.
    """

    async def close(session: AiohttpSession) -> None:
        if session._session is not None:
            await session._session.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        patch.setattr(AiohttpSession, "close", close)
        yield


@pytest.fixture(scope="session", autouse=True)
def logs_can_be_set_up_again() -> Iterator[None]:
    """Stop loggers from caching their configuration at their first use: it would last for all later tests."""
    configure = structlog.configure

    def configure_for_now(**given: Any) -> None:
        configure(**given | {"cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", configure_for_now)
        yield


@pytest.fixture(autouse=True)
def plain_log() -> None:
    """Plain tracebacks: drawing a box with every local variable takes seconds."""
    structlog.reset_defaults()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with the newest schema, to copy."""
    file = tmp_path_factory.mktemp("migrated") / "callgate.db"
    migrate_now(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_path(tmp_path: Path, migrated_file: Path) -> Path:
    """An SQLite database with the newest schema and nothing in it."""
    return Path(shutil.copyfile(migrated_file, tmp_path / "callgate.db"))


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A PostgreSQL database with the newest schema and nothing in it."""
    with postgres.database(migrated=True) as url:
        yield url


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A database of each kind in turn, with the newest schema and no data, as an earlier bot left it."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_path')}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def empty_postgres_url(postgres: Postgres) -> Iterator[str]:
    """A PostgreSQL database without a single table."""
    with postgres.database(migrated=False) as url:
        yield url


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind in turn, without a single table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'callgate.db'}"
    return str(request.getfixturevalue("empty_postgres_url"))


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
