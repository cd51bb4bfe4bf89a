"""The log: one event a line, the attempt in each line about it, and no personal data."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import structlog

from bot import logs
from bot.sandbox.world import World
from tests.installation import CALLBACK_TOKEN, SECRET_KEY, Installation, number_shown
from tests.process import BotProcess
from tests.scenarios.conftest import Install
from tests.scenarios.story import all_is_carried, guarded

STEPS = ["number_asked", "number_given", "confirmed", "grant_due", "grant_done"]
"""All events of an attempt once it has begun."""


def events(output: str) -> list[dict[str, Any]]:
    """Return the lines of a log; each must be one event."""
    lines = [json.loads(line) for line in output.splitlines() if line]
    assert all(isinstance(line, dict) and {"event", "level", "timestamp"} <= line.keys() for line in lines)
    return lines


async def test_a_whole_story_is_told_by_one_event_a_line_without_anything_of_anybodys(
    fast_world: World, process: BotProcess
) -> None:
    world = fast_world
    await process.start(LOG_FORMAT="json")
    _, group = await guarded(world, "Very secret society")
    anna = world.person("Annabella", language="en", username="annabella_x")
    await anna.asks_to_join(group)
    await anna.says("/start")
    await anna.shares_contact()
    await anna.presses("Cancel")
    await anna.presses("Try again")
    await anna.sees("👋")
    await anna.shares_contact()
    number = await number_shown(anna)
    # Something also fails on the way.
    world.faults.add(where="telegram", kind="500", method="approveChatJoinRequest")
    await anna.calls(number)
    await world.wait_until(lambda: anna.id in group.members)
    await all_is_carried(process)
    await process.stop()

    told = events(process.output())

    (verification,) = await process.rows("SELECT id FROM verifications WHERE state = 'confirmed'")
    steps = [line["event"] for line in told if line.get("verification") == verification["id"]]
    assert [step for step in steps if step in STEPS] == STEPS
    assert "delivery_failed" in steps
    output = process.output()
    phone = (anna.account.phone or "").lstrip("+")
    private = [phone, phone[-7:], number.lstrip("+"), "Annabella", "annabella_x", "Olga", "Very secret"]
    secrets = [world.bot_token, world.bot_token.partition(":")[2], CALLBACK_TOKEN, SECRET_KEY, world.smsc.api_key]
    assert [text for text in private + secrets if text in output] == []
    assert re.findall(r"\+?\d[\d ()-]{9,}\d", re.sub(r'"timestamp": "[^"]+"|"gate": -?\d+', "", output)) == []


async def test_the_error_id_that_a_person_sees_finds_its_line_with_their_attempt(
    world: World, install: Install, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await install()
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.shares_contact()
    await number_shown(anna)

    async def fails(*_: object, **_more: object) -> None:
        raise LookupError

    monkeypatch.setattr("handlers.verification.show_screen", fails)
    capsys.readouterr()
    logs.configure("json")
    await anna.says("/help")

    message = await anna.sees("error id")
    found = re.search(r"[0-9a-f]{8}$", message.text or "")
    assert found is not None
    (line,) = [line for line in events(capsys.readouterr().err) if line.get("error_id") == found.group()]
    assert (line["event"], line["level"], line["verification"]) == ("update_failed", "error", 1)
    structlog.reset_defaults()


async def test_lines_of_several_attempts_at_once_each_name_their_own(
    world: World, brisk: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    logs.configure("json")
    people = [world.person(f"Person {number}", language="en") for number in range(5)]
    for person in people:
        await person.says("/start")
        await person.shares_contact()
    for person in people:
        await person.calls(await number_shown(person))
    for person in people:
        await person.sees("✅")

    told = events(capsys.readouterr().err)

    for step in ("number_asked", "number_given", "confirmed"):
        assert sorted(line["verification"] for line in told if line["event"] == step) == [1, 2, 3, 4, 5]
    assert all("verification" not in line for line in told if line["event"] == "started")
    structlog.reset_defaults()
