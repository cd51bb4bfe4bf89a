"""`python -m bot stats`: read while the bot runs, for people and for machines."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot import settings
from bot.__main__ import doctor, main, stats
from bot.clock import REAL_TIME
from bot.domain.gates import Gate
from bot.sandbox.world import World
from bot.settings import Settings
from storage.engine.database import Database
from tests.domain.makers import NOW
from tests.installation import Installation, verify
from tests.scenarios.story import all_is_carried, guarded

VALUES = {
    "BOT_TOKEN": "1:a",
    "SMSC_API_KEY": "key",
    "SMSC_CALLBACK_TOKEN": "callback-token-of-the-tests",
    "SECRET_KEY": "a secret key that only the tests know",
}


def asked(period: str = "7d", gate: int | None = None, *, as_json: bool = False) -> argparse.Namespace:
    return argparse.Namespace(period=period, gate=gate, json=as_json)


def config(callgate: Installation) -> Settings:
    return settings.load({name: value for name, value in callgate.environment().items() if value}, None)


async def told(callgate: Installation, capsys: pytest.CaptureFixture[str], **given: Any) -> dict[str, Any]:
    capsys.readouterr()
    assert await stats(config(callgate), asked(**given, as_json=True)) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


@pytest.fixture
async def story(world: World, callgate: Installation) -> int:
    """One person entered at one gate of two; return the id of that gate."""
    _, group = await guarded(world)
    await guarded(world, "[red]Garage\u202e")
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)
    await all_is_carried(callgate)
    return group.id


async def test_the_numbers_are_told_while_the_bot_runs(
    callgate: Installation, story: int, capsys: pytest.CaptureFixture[str]
) -> None:
    statistics = await told(callgate, capsys)

    funnel = {"asked": 1, "contact": 1, "number": 1, "called": 1, "in": 1}
    assert statistics["funnel"] == funnel
    assert statistics["by_country"] == {"RU": 1}
    assert statistics["by_gate"][str(story)] == {"title": "Flat owners", **funnel}
    assert statistics["gate"] is None


async def test_of_one_gate_only_its_own_are_told(
    callgate: Installation, story: int, capsys: pytest.CaptureFixture[str]
) -> None:
    statistics = await told(callgate, capsys, period="all", gate=story)

    assert statistics["gate"] == story
    assert statistics["period"]["first"] is None
    assert statistics["funnel"]["asked"] == 1
    assert statistics["by_gate"] == {}


async def test_people_get_tables_in_which_no_name_plays_with_the_terminal(
    callgate: Installation, story: int, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert await stats(config(callgate), asked()) == 0

    shown = capsys.readouterr().out
    assert re.search(r"came in by the call +│ +1 │ +100 %", shown)
    assert "Flat owners" in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(("given", "says"), [(asked("8d"), "--period"), (asked(gate=-1009), "--gate")])
async def test_a_wrong_question_is_said_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sqlite_path: Path, given: argparse.Namespace, says: str
) -> None:
    values = VALUES | {"DATABASE_URL": f"sqlite:///{sqlite_path}"}

    assert await stats(settings.load(values, None), given) == 2
    assert capsys.readouterr().err.startswith(says)


@pytest.mark.parametrize("more", [["--gate", "somewhere"], ["--week"], ["extra"]])
def test_a_word_that_is_none_of_the_commands_ends_with_wrong_use(more: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["stats", *more])

    assert ended.value.code == 2


def test_where_nothing_is_kept_yet_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (VALUES | {"DATABASE_URL": "sqlite:///callgate.db"}).items():
        monkeypatch.setenv(name, value)
    assert main(["stats"]) == 1
    assert "is not there yet" in capsys.readouterr().err

    (tmp_path / "callgate.db").touch()
    assert main(["stats"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "python -m bot migrate" in line


async def test_an_empty_period_is_told_without_shares(sqlite_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = Database(f"sqlite:///{sqlite_path}", REAL_TIME.now)
    await database.open()
    gate = Gate(-1001, "Flat owners", None, is_channel=False, is_on=True)
    await database.transact(lambda store: store.gates.save(gate, NOW))
    await database.close()
    values = VALUES | {"DATABASE_URL": f"sqlite:///{sqlite_path}"}

    assert await stats(settings.load(values, None), asked("today")) == 0
    assert "%" not in capsys.readouterr().out


async def test_the_doctor_tells_machines_what_it_tells_people(
    world: World, callgate: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    status = await doctor(config(callgate), argparse.Namespace(json=True))

    findings = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert status == (0 if all(found["is_well"] for found in findings) else 1)
    assert any("Telegram knows this bot" in found["what"] and found["is_right"] for found in findings)
    assert all((found["mend"] is None) == found["is_right"] for found in findings)
