"""The container files: valid, and everything they name exists. No Docker engine is needed."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot import settings, supervisor
from bot.sandbox.world import World
from tests.installation import Installation
from tests.papers import ROOT, VARIABLES, bot_commands

COMPOSE = ROOT / "docker-compose.yml"
NOT_OURS = {
    "PATH",
    "PYTHONUNBUFFERED",
    "PYTHONDONTWRITEBYTECODE",
    "COMPOSE_PROFILES",
    "POSTGRES_PASSWORD",
}
"""Variables for Python, Docker Compose and PostgreSQL."""


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and what follows each."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined)]


def told(name: str) -> str:
    """The text of the last instruction of this name."""
    return [rest for found, rest in instructions() if found == name][-1]


def environment_of_image() -> dict[str, str]:
    return dict(part.split("=", 1) for part in told("ENV").split())


def health_check() -> list[str]:
    command: list[str] = json.loads(told("HEALTHCHECK").partition(" CMD ")[2])
    return command


def compose() -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(COMPOSE)
    return content


def bot_service() -> dict[str, Any]:
    service: dict[str, Any] = compose()["services"]["callgate"]
    return service


def schema_verdict(file: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("check-jsonschema")
    return subprocess.run(
        [program, "--builtin-schema", "vendor.compose-spec", str(file)], capture_output=True, text=True, check=False
    )


def test_the_compose_file_fits_the_published_schema() -> None:
    verdict = schema_verdict(COMPOSE)

    assert verdict.returncode == 0, verdict.stdout


def test_a_misspelt_key_in_the_compose_file_would_be_caught(tmp_path: Path) -> None:
    misspelt = tmp_path / "docker-compose.yml"
    misspelt.write_text(COMPOSE.read_text(encoding="utf-8").replace("restart:", "restarts:"), encoding="utf-8")

    assert schema_verdict(misspelt).returncode != 0


def test_every_path_copied_into_the_image_exists_and_reaches_the_engine() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line[1:] for line in ignore if line.startswith("!")}

    copied = {rest.split()[0] for name, rest in instructions() if name == "COPY" and not rest.startswith("--from")}

    assert "*" in ignore
    assert copied == let_through == {"bot", "handlers", "storage", "requirements.txt"}
    assert all((ROOT / path).exists() for path in copied)


def test_the_image_runs_a_command_that_exists() -> None:
    assert json.loads(told("ENTRYPOINT")) == ["python", "-m", "bot"]
    assert set(json.loads(told("CMD"))) == {"run"}
    assert "run" in bot_commands()


def test_a_command_named_in_the_compose_file_exists() -> None:
    named = re.findall(r"run --rm callgate (\w+)", COMPOSE.read_text(encoding="utf-8"))

    assert named
    assert set(named) <= bot_commands()


def test_the_image_does_not_run_as_root() -> None:
    assert told("USER") == "callgate"
    assert any(name == "RUN" and "useradd" in rest and " callgate " in rest for name, rest in instructions())


def test_the_image_has_the_python_that_the_lock_files_and_the_tests_are_made_for() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    locked = re.findall(r"--python-version (\S+)", makefile)

    images = {rest.split()[0] for name, rest in instructions() if name == "FROM"}

    assert images == {f"python:{version}-slim" for version in locked}


def test_every_variable_named_is_one_that_somebody_reads() -> None:
    text = COMPOSE.read_text(encoding="utf-8")
    named = {
        *environment_of_image(),
        *bot_service()["environment"],
        *re.findall(r"\$\{(\w+)", text),
        *re.findall(r"^# +(\w+)=", text, re.MULTILINE),
    }

    assert "COMPOSE_PROFILES" in named
    assert named - NOT_OURS <= VARIABLES


def test_the_same_port_is_listened_on_exposed_and_published() -> None:
    image, service = environment_of_image(), bot_service()

    assert image["HTTP_PORT"] == told("EXPOSE") == service["environment"]["HTTP_PORT"]
    assert [mapping.split(":")[-1] for mapping in service["ports"]] == [image["HTTP_PORT"]]
    assert image["HTTP_HOST"] == service["environment"]["HTTP_HOST"] == "0.0.0.0"


def test_by_default_the_database_is_on_the_volume() -> None:
    given = {
        "BOT_TOKEN": "1:a",
        "SMSC_API_KEY": "key",
        "SMSC_CALLBACK_TOKEN": "a-callback-token",
        "SECRET_KEY": "a key of at least 32 characters, or more",
        **environment_of_image(),
    }

    config = settings.load(given, None)

    assert config.DATABASE_URL.get_secret_value() == "sqlite:////data/callgate.db"
    assert f":-{given['DATABASE_URL']}}}" in bot_service()["environment"]["DATABASE_URL"]
    assert json.loads(told("VOLUME")) == ["/data"]
    assert bot_service()["volumes"] == ["data:/data"]
    assert "data" in compose()["volumes"]


def test_the_bot_and_postgresql_are_given_the_same_names() -> None:
    server = compose()["services"]["postgres"]["environment"]
    shown = re.findall(r"^# +(DATABASE_URL|POSTGRES_PASSWORD)=(\S+)", COMPOSE.read_text(encoding="utf-8"), re.MULTILINE)
    password = dict(shown)["POSTGRES_PASSWORD"]

    assert dict(shown)["DATABASE_URL"] == (
        f"postgresql://{server['POSTGRES_USER']}:{password}@postgres/{server['POSTGRES_DB']}"
    )


def test_the_container_is_given_longer_to_stop_than_the_bot_takes() -> None:
    assert int(bot_service()["stop_grace_period"].removesuffix("s")) > 2 * supervisor.GRACE


async def test_the_health_check_passes_while_the_bot_lives_and_fails_when_it_does_not(
    world: World, tmp_path: Path
) -> None:
    installation = Installation(world, f"sqlite:///{tmp_path / 'callgate.db'}")
    await installation.start()
    port = installation.url.rpartition(":")[2]

    alive = await _exit_status(health_check(), port)
    await installation.stop()
    dead = await _exit_status(health_check(), port)

    assert alive == 0
    assert dead != 0


async def _exit_status(command: list[str], port: str) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command[1:],
        env={**os.environ, "HTTP_PORT": port},
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()
