"""Operators get the journal as files."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest

from bot.domain.journal import Event
from bot.features.privacy import export, tasks
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Message
from bot.sandbox.world import World
from storage.store import Store
from tests.installation import Installation, verify
from tests.process import BotProcess
from tests.scenarios.story import all_is_carried, eventually, guarded

MANY = 3000
NOT_SENT = "SELECT count(*) AS n FROM tasks WHERE kind = 'make_file' AND done_at IS NULL"


def documents(person: Person) -> list[Message]:
    return [message for message in person.chat.messages if message.document is not None]


def rows_of(message: Message) -> list[dict[str, str]]:
    assert message.document is not None
    return list(csv.DictReader(io.StringIO(message.document.data.decode("utf-8-sig"), newline="")))


async def made_up(callgate: Installation, count: int) -> None:
    """Add so many entries to the bot's own."""
    at = callgate.world.clock.now()
    assert callgate.app is not None

    async def add(store: Store) -> None:
        for number in range(count):
            store.journal.add(Event.STARTED, at - timedelta(seconds=number), user_id=number + 1)

    await callgate.app._parts.database.transact(add)


async def test_the_journal_of_a_period_comes_as_csv_and_as_json_and_shows_no_phone(
    world: World, brisk: Installation, operator: Person
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)
    await operator.says("/start")
    await operator.sees("👋")

    await operator.says("/export today")
    await operator.sees("File 2 of 2")

    table, document = documents(operator)
    assert table.document is not None
    assert document.document is not None
    assert table.document.name.endswith(".csv")
    assert document.document.name.endswith(".json")
    told = json.loads(document.document.data)
    assert [row["event"] for row in rows_of(table)] == [row["event"] for row in told]
    assert {"join_asked", "confirmed", "grant_done"} <= {row["event"] for row in told}
    (confirmed,) = [row for row in told if row["event"] == "confirmed"]
    assert (confirmed["user_id"], confirmed["gate"]) == (anna.id, group.title)
    assert anna.phone[2:] not in table.document.data.decode() + document.document.data.decode()
    await all_is_carried(brisk)
    assert operator.shown("Exporting") is None


async def test_a_large_export_tells_how_far_it_is_and_comes_packed(
    world: World, brisk: Installation, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "PROGRESS_EVERY", 0.0)
    monkeypatch.setattr(tasks, "PLAIN", 1000)
    monkeypatch.setattr(tasks, "BETWEEN_FILES", 0.0)
    monkeypatch.setattr(tasks, "PART", 150_000)
    monkeypatch.setattr(export, "PAGE", 1000)
    await operator.says("/start")
    await operator.sees("👋")
    await made_up(brisk, MANY)

    await operator.says("/export")
    await operator.sees("Exporting")
    await eventually(brisk, NOT_SENT, [{"n": 0}])

    edits = [str(call["text"]) for call in world.trace.calls_of("editMessageText")]
    assert any("2\u202f000 of 3\u202f0" in text for text in edits)
    found: list[str] = []
    for message in documents(operator):
        assert message.document is not None
        with zipfile.ZipFile(io.BytesIO(message.document.data)) as archive:
            (name,) = archive.namelist()
            assert message.document.name == f"{name}.zip"
            if name.endswith(".json"):
                found += [row["user_id"] for row in json.loads(archive.read(name)) if row["event"] == "started"]
    assert len(found) == MANY + 1


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("/export yesterday", "I do not know that period"),
        ("/export <b>", "I do not know that period"),
        ("/export 2026-02-30..2026-03-01", "no such day"),
        ("/export 2026-03-02..2026-03-01", "end before it begins"),
        ("/export 2001-01-01..2001-01-02", "Nothing happened"),
    ],
)
async def test_what_cannot_be_exported_is_answered_with_what_can(
    world: World, brisk: Installation, operator: Person, written: str, answer: str
) -> None:
    await operator.says(written)

    await operator.sees(answer)

    assert documents(operator) == []


async def test_a_huge_range_is_refused_with_the_command_for_a_shell(
    world: World, brisk: Installation, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "MOST_EXPORTED", 100)
    await made_up(brisk, 101)

    await operator.says("/export all")

    message = await operator.sees("more than 100 entries")
    assert "python -m bot export --period all" in (message.text or "")
    assert documents(operator) == []


async def test_asked_for_twice_it_is_made_once(world: World, brisk: Installation, operator: Person) -> None:
    held = world.faults.add(where="telegram", kind="delay", method="sendDocument", seconds=2)
    await operator.says("/start")
    await operator.sees("👋")
    await operator.says("/export all")
    await world.wait_until(lambda: held.times == 0)

    await operator.says("/export all")

    await operator.sees("not finished yet")
    await operator.sees("File 2 of 2")
    assert len(documents(operator)) == 2


async def test_killed_while_it_exports_the_bot_begins_anew(fast_world: World, process: BotProcess) -> None:
    world, bot = fast_world, process
    operator = world.person("Oleg", language="en", role="operator")
    await bot.start(OPERATORS=str(operator.id))
    await operator.says("/start")
    await operator.sees("👋")
    held = world.faults.add(where="telegram", kind="reset_before", method="sendDocument")
    await operator.says("/export all")
    await world.wait_until(lambda: held.times == 0)

    await bot.kill()
    await bot.start()

    await operator.sees("File 2 of 2")
    await eventually(bot, NOT_SENT, [{"n": 0}])


async def test_what_telegram_does_not_take_is_given_up_and_said(
    world: World, brisk: Installation, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "TRIES", 1)
    await operator.says("/start")
    await operator.sees("👋")
    world.faults.add(where="telegram", kind="500", method="sendDocument")

    await operator.says("/export all")

    await operator.sees("could not send")
