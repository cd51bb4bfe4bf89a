"""What the log says of errors: no value that a database was given, and no more lines than help."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import text

from bot import logs
from bot.sandbox.world import World
from storage.database import Database
from tests.installation import Installation


@pytest.fixture
def handlers() -> Iterator[None]:
    """The root logger is left as it was."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = before, level


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("log_format", ["console", "json"])
async def test_an_error_of_the_database_is_told_by_its_kind_and_place(
    postgres_url: str, log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(log_format)  # type: ignore[arg-type]
    # Made here, so that no line of code in the traceback quotes it.
    value = "hidden-number".swapcase()
    database = Database(postgres_url)
    await database.open()
    try:
        async with database.begin() as connection:
            await connection.execute(text("SELECT CAST(:value AS integer)"), {"value": value})
    except Exception:
        structlog.get_logger().exception("update_failed")
        logging.getLogger("aiohttp.server").exception("Error handling request")
    await database.close()

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("DBAPIError") + said.err.count("DataError") >= 2
    assert "test_logs.py" in said.err
    assert value not in said.err
    if log_format == "json":
        assert json.loads(said.err.splitlines()[0])["event"] == "update_failed"


@pytest.mark.usefixtures("handlers")
def test_other_errors_are_told_in_full_with_what_led_to_them(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("console")
    try:
        try:
            dict[str, int]()["the first"]
        except KeyError:
            int("the second")
    except ValueError:
        structlog.get_logger().exception("job_failed")

    err = capsys.readouterr().err
    assert err.index("KeyError: 'the first'") < err.index("ValueError: invalid literal for int()")


@pytest.mark.usefixtures("handlers")
async def test_what_is_no_request_is_one_line_and_equal_lines_come_to_an_end(
    world: World, sqlite_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("console")
    installation = Installation(world, f"sqlite:///{sqlite_path}")
    await installation.start()
    assert installation.app is not None
    for _ in range(2 * logs.EQUAL_LINES):
        reader, writer = await asyncio.open_connection("127.0.0.1", installation.app.port)
        writer.write(b"GET / HTTP/1.1\r\nbroken header\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.0 400")
        writer.close()
    await installation.stop()

    lines = [line for line in capsys.readouterr().err.splitlines() if "aiohttp" in line]
    assert len(lines) == logs.EQUAL_LINES
    assert all("not a request of HTTP" in line for line in lines)
    assert "more of these are left out" in lines[-1]
