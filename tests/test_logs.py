"""Errors in the log: no value that a database got, and no more lines than useful."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import httpx
import pytest
import structlog
from aiogram.exceptions import ClientDecodeError
from aiogram.types import Update
from aiohttp import ClientResponseError, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from pydantic import TypeAdapter
from sqlalchemy import text
from yarl import URL

from bot import logs
from bot.clock import REAL_TIME
from bot.domain.incidents import UnreadableRow
from bot.domain.outgoing import TaskKind
from bot.sandbox.world import World
from storage.engine.database import Database
from tests.installation import CALLBACK_TOKEN, Installation


@pytest.fixture
def handlers() -> Iterator[None]:
    """Restore the root logger."""
    root = logging.getLogger()
    before, level, hook = list(root.handlers), root.level, sys.excepthook
    yield
    sys.excepthook = hook
    root.handlers[:], root.level = before, level


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("log_format", ["console", "json"])
async def test_an_error_of_the_database_is_told_by_its_kind_and_place(
    postgres_url: str, log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(log_format)  # type: ignore[arg-type]
    # Made here, so that no line of code in the traceback quotes it.
    value = "hidden-number".swapcase()
    database = Database(postgres_url, REAL_TIME.now)
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
            raises(RuntimeError("the first"))
        except RuntimeError:
            raises(OSError("the second"))
    except OSError:
        structlog.get_logger().exception("job_failed")

    err = capsys.readouterr().err
    assert err.index("RuntimeError: the first") < err.index("OSError: the second")


HIDDEN = "tel" + "79165550193"
DECODING: dict[str, Callable[[str], object]] = {
    "int": int,
    "float": float,
    "decimal": Decimal,
    "enum": TaskKind,
    "key": lambda value: dict[str, int]()[value],
    "date": datetime.fromisoformat,
    "json": json.loads,
    "base64": lambda value: base64.b64decode(value + "=", validate=True),
    "utf-8": lambda value: (value.encode() + b"\xff").decode(),
    "pydantic": TypeAdapter(int).validate_python,
    "update": lambda value: Update.model_validate({"update_id": value}),
    "answer of Telegram": lambda value: raises(ClientDecodeError("no", ValueError(value), {"text": value})),
    "address with a token": lambda value: raises(
        ClientResponseError(RequestInfo(URL(f"http://x/{value}"), "GET", CIMultiDictProxy(CIMultiDict())), ())
    ),
}


def raises(error: Exception) -> None:
    raise error


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize("decode", DECODING)
def test_an_error_of_decoding_names_no_value(log_format: str, decode: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(log_format)  # type: ignore[arg-type]
    try:
        try:
            DECODING[decode](HIDDEN)
        except Exception as error:
            logs.log_set_aside("id", UnreadableRow("tasks", (7,), type(error).__name__, error))
            raise RuntimeError("not done") from error
    except RuntimeError:
        structlog.get_logger().exception("job_failed")
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
        uncaught = sys.exc_info()
        sys.excepthook(*uncaught)

    err = capsys.readouterr().err
    assert HIDDEN not in err
    assert HIDDEN[3:] not in err
    assert "test_logs.py" in err
    assert err.count("RuntimeError: not done") == 3
    assert "Error" in err or "Invalid" in err


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


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("log_format", ["console", "json"])
async def test_a_body_that_cannot_be_decoded_is_one_line(
    world: World, sqlite_path: Path, log_format: Literal["console", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    callgate = Installation(world, f"sqlite:///{sqlite_path}")
    await callgate.start()
    logs.configure(log_format)
    async with httpx.AsyncClient() as client:
        for body in (b"\x1f\x8b79165550193", b"79165550193"):
            answer = await client.post(
                f"{callgate.url}/smsc/{CALLBACK_TOKEN}", content=body, headers={"Content-Encoding": "gzip"}
            )
            assert answer.status_code == 400
    await callgate.stop()

    lines = capsys.readouterr().err.splitlines()
    told = [line for line in lines if "aiohttp" in line]
    assert told
    assert all("not a request of HTTP" in line for line in told)
    assert not [line for line in lines if line.startswith(" ") or "79165550193" in line]


@pytest.mark.usefixtures("handlers")
def test_what_libraries_log_is_one_event_a_line_where_machines_read_it(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    try:
        raises(OSError("the disk\nis gone"))
    except OSError:
        logging.getLogger("some.library").exception("failed for %s", "the second time")
    logging.getLogger("some.library").warning("careful")
    logging.getLogger("some.library").info("chatter")

    failed, careful = map(json.loads, capsys.readouterr().err.splitlines())
    assert (failed["event"], failed["level"], failed["logger"]) == (
        "failed for the second time",
        "error",
        "some.library",
    )
    assert "OSError: the disk" in failed["exception"]
    assert careful.keys() == {"event", "level", "logger", "timestamp"}
