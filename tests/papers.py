"""What the project's documents, container files and examples may mention: what really exists."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
from pathlib import Path
from typing import cast

from aiohttp import web

from bot.__main__ import main
from bot.settings import Settings
from bot.telegram.commands import ADMIN_COMMANDS, COMMANDS, OPERATOR_COMMANDS
from handlers.call_page import CallPages
from handlers.console import ConsolePages
from handlers.http_routes import build_http
from handlers.mini_app import AppPages

ROOT = Path(__file__).parent.parent
VARIABLES = frozenset(Settings.model_fields)
README = {"en": ROOT / "README.md", "ru": ROOT / "README.ru.md"}


def documents() -> list[Path]:
    """Everything written for people to read."""
    return sorted([*README.values(), ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def bot_commands() -> set[str]:
    """The commands of `python -m bot`, as its help lists them."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        main(["--help"])
    return set(re.findall(r"^ {4}([a-z]+) ", shown.getvalue(), re.MULTILINE))


def make_targets() -> set[str]:
    """The targets of the Makefile that its list shows."""
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^make ([a-z]+)\t", shown, re.MULTILINE))


def chat_commands() -> set[str]:
    """The bot's commands, such as /start."""
    return {f"/{command.name}" for command in (*COMMANDS, *ADMIN_COMMANDS, *OPERATOR_COMMANDS)}


def routes() -> set[str]:
    """The addresses of the HTTP server, such as /smsc/{token}."""

    async def nothing(_request: web.Request) -> web.Response:
        return web.Response()

    class Nothing:
        page = state = events = another = cancel = session = gates = gate = statistics = act = staticmethod(nothing)

    served = build_http(
        callback_path="/smsc/{token}",
        callback=nothing,
        telegram=nothing,
        call=cast("CallPages", Nothing()),
        mini_app=cast("AppPages", Nothing()),
        console=cast("ConsolePages", Nothing()),
        call_file=nothing,
        health=nothing,
        ready=nothing,
        metrics=nothing,
    )
    return {resource.canonical for resource in served.router.resources()}
