"""The doctor says what is wrong, and how to mend it."""

from __future__ import annotations

import argparse
from decimal import Decimal
from pathlib import Path

import pytest

from bot import settings
from bot.__main__ import doctor
from bot.sandbox.world import World
from storage.database import Database
from tests.installation import Installation
from tests.process import free_port


async def examined(
    world: World, database_url: str, capsys: pytest.CaptureFixture[str], **environment: str
) -> tuple[int, list[str]]:
    """The exit status, and what is wrong, each with its mend."""
    variables = Installation(world, database_url, **environment).environment()
    config = settings.load({name: value for name, value in variables.items() if value}, None)
    status = await doctor(config, argparse.Namespace())
    said = capsys.readouterr().out
    wrong = [part.split("\nok ")[0].strip() for part in f"\n{said}".split("\nWRONG ")[1:]]
    return status, wrong


@pytest.fixture
def url(tmp_path: Path) -> str:
    """An empty database of the simplest kind."""
    return f"sqlite:///{tmp_path / 'callgate.db'}"


async def test_where_all_is_well_nothing_is_wrong(
    world: World, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await examined(world, database_url, capsys) == (0, [])


async def test_beside_the_running_bot_all_is_well_too(
    world: World, callgate: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await examined(world, callgate.database_url, capsys, PUBLIC_URL=callgate.url) == (0, [])


async def test_a_token_that_telegram_refuses(world: World, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, (wrong,) = await examined(world, url, capsys, BOT_TOKEN="43:ANOTHER-token-of-the-sandbox")

    assert status == 1
    assert "BOT_TOKEN" in wrong
    assert "copy the token from BotFather" in wrong


async def test_a_telegram_that_does_not_answer(world: World, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    dead = f"http://127.0.0.1:{free_port()}"

    status, (wrong,) = await examined(world, url, capsys, TELEGRAM_API_URL=dead)

    assert (status, "TELEGRAM_API_URL" in wrong) == (1, True)


@pytest.mark.parametrize(
    ("code", "mend"), [(2, "check SMSC_API_KEY"), (3, "pay money into the gateway account"), (4, "wait some minutes")]
)
async def test_a_gateway_that_refuses(
    world: World, url: str, capsys: pytest.CaptureFixture[str], code: int, mend: str
) -> None:
    world.smsc.fail_with(code, endpoint="balance")

    status, (wrong,) = await examined(world, url, capsys)

    assert status == 1
    assert f"code {code}" in wrong
    assert mend in wrong


@pytest.mark.parametrize("money", ["0", "-3.5"])
async def test_an_account_without_money(world: World, url: str, capsys: pytest.CaptureFixture[str], money: str) -> None:
    world.smsc.balance = Decimal(money)

    status, (wrong,) = await examined(world, url, capsys)

    assert (status, "pay money into the gateway account" in wrong) == (1, True)


async def test_a_public_address_that_leads_nowhere(world: World, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    dead = f"http://127.0.0.1:{free_port()}"

    status, (wrong,) = await examined(world, url, capsys, PUBLIC_URL=dead)

    assert status == 1
    assert f"{dead}/healthz does not reach the bot" in wrong
    assert "let your proxy pass" in wrong


async def test_a_public_address_at_which_somebody_else_answers(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, (wrong,) = await examined(world, url, capsys, PUBLIC_URL=world.url)

    assert (status, "does not reach the bot (404)" in wrong) == (1, True)


async def test_a_bot_that_could_hear_of_no_call_at_all(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, (wrong,) = await examined(world, url, capsys, SMSC_POLL_SECONDS="0")

    assert (status, "set PUBLIC_URL, or SMSC_POLL_SECONDS above 0" in wrong) == (1, True)


async def test_a_database_held_by_the_running_bot_is_right(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database(url)
    await database.open()

    assert await examined(world, url, capsys) == (0, [])

    await database.close()


async def test_a_database_that_is_not_there(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for url in (
        f"postgresql://somebody:hidden@127.0.0.1:{free_port()}/db",
        f"sqlite:///{tmp_path / 'file' / 'callgate.db'}",
    ):
        status, (wrong,) = await examined(world, url, capsys)
        assert status == 1
        assert "check DATABASE_URL" in wrong
        assert "hidden" not in wrong
