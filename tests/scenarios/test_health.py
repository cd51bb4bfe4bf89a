"""/health: one message that shows operators the state of the installation, whatever is wrong."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.exc import OperationalError

from bot import VERSION
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Message
from bot.sandbox.world import World
from storage.monitoring import MonitoringQueries
from tests.features.webhooks.receiver import SECRET, receiver
from tests.installation import Installation, number_shown, verify
from tests.scenarios.conftest import Install
from tests.scenarios.story import all_is_carried, eventually

TASKS = "SELECT count(*) AS asked FROM tasks WHERE kind IN ('health', 'balance')"


def reports(person: Person) -> list[Message]:
    """Return the health messages."""
    return [message for message in person.chat.messages if "Callgate " in (message.text or "")]


async def asks(world: World, operator: Person) -> Message:
    """Send /health; return the answer."""
    before = len(reports(operator))
    await operator.says("/health")
    await world.wait_until(lambda: len(reports(operator)) > before)
    return reports(operator)[-1]


async def refreshed(world: World, operator: Person, message: Message, text: str) -> str:
    """Press the button of the message, and return its text once it contains `text`."""
    await operator.presses_under(message, "r:health")
    await world.wait_until(lambda: text in (message.text or ""))
    return message.text or ""


async def test_a_fresh_installation_is_well(world: World, brisk: Installation, operator: Person) -> None:
    message = await asks(world, operator)

    text = message.text or ""
    assert text.startswith("✅ All is well.")
    assert f"Callgate {VERSION}\nStarted: " in text
    kind = "SQLite" if "sqlite" in brisk.database_url else "PostgreSQL"
    assert re.search(rf"Storage · {kind} · [\d.]+ MB\n", text)
    assert ("Free on its disk: " in text) == (kind == "SQLite")
    assert re.search(r"Transactions in 5 min: [\d,]+, half within .+, slowest ", text)
    assert "Telegram · by polling\nLast answer: " in text
    assert "“Too many requests” in 5 min: 0 · budget left: 100%" in text
    assert "Breaker: closed" in text
    assert (
        "Requests in 15 min: none\nCallback last seen: never, PUBLIC_URL is not set\nCalls last asked for: never"
        in text
    )
    assert "Waiting\nNothing.\n" in text
    assert "Your own systems" not in text
    assert "Leads since: " in text
    assert message.buttons == ["🔄 Refresh"]
    assert len(text) < 1200


async def test_what_came_in_last_is_told(world: World, brisk: Installation, operator: Person) -> None:
    await verify(world.person("Anna", language="en"))

    text = (await asks(world, operator)).text or ""

    assert re.search("Last request: .+, number given\nRequests in 15 min: 1, of which failed: 0 ", text)
    assert re.search(r"Callback last seen: (\d\d\.\d\d )?\d\d:\d\d UTC", text)
    assert re.search(r"Calls last asked for: (\d\d\.\d\d )?\d\d:\d\d UTC", text)


async def test_a_gateway_in_trouble_and_mended_is_told_in_the_same_message(
    world: World, brisk: Installation, operator: Person
) -> None:
    anna = world.person("Anna", language="en")
    world.smsc.fail_with(3)
    await anna.says("/start")
    await anna.shares_contact()
    await anna.sees("is unavailable right now")

    message = await asks(world, operator)

    text = message.text or ""
    assert text.startswith("🚨 1 trouble\n• nobody gets a number: gateway account is empty; began ")
    assert "Breaker: open (gateway account is empty); next trial: " in text
    assert re.search("Last request: .+, gateway account is empty\nRequests in 15 min: 1, of which failed: 1 ", text)

    world.smsc.fail_with(None)
    world.clock.advance(1000)
    await anna.presses("Try again")
    await number_shown(anna)
    world.clock.advance(90)
    text = await refreshed(world, operator, message, "Breaker: closed")
    assert "last seen" in text.splitlines()[1]
    assert len(reports(operator)) == 1


async def test_an_own_system_that_is_down_is_told_with_when_it_is_tried_next(
    world: World, install: Install, operator: Person
) -> None:
    # The clock is minutes ahead here, so no signature would look current.
    async with receiver(secret=None) as owners:
        owners.status = 500
        callgate = await install(EVENTS_URL=owners.url, EVENTS_SECRET=SECRET, EVENTS_ALLOW_PRIVATE="1")
        message = await asks(world, operator)
        assert ("Your own systems\nEVENTS_URL: nothing sent yet\n") in (message.text or "")
        await verify(world.person("Anna", language="en"))
        await eventually(callgate, "SELECT attempts FROM outbox", [{"attempts": 1}])
        (row,) = await callgate.rows("SELECT due_at FROM outbox")

        text = await refreshed(world, operator, message, "EVENTS_URL: 1 wait")
        assert "Failed: 1, tries: 1/10, next: " in text
        assert "error: HTTP 500" in text
        moments = {entity["unix_time"] for entity in message.entities if entity["type"] == "date_time"}
        assert row["due_at"] // 1_000_000 in moments

        world.clock.advance(6)
        await eventually(callgate, "SELECT attempts FROM outbox", [{"attempts": 2}])
        await refreshed(world, operator, message, "tries: 2/10")

        owners.status = 200
        world.clock.advance(301)
        await eventually(callgate, "SELECT count(*) AS n FROM outbox WHERE delivered_at IS NULL", [{"n": 0}])
        await refreshed(world, operator, message, "EVENTS_URL: queue empty, last accepted: ")


async def test_however_often_it_is_refreshed_it_stays_one_message_and_every_press_is_answered(
    world: World, brisk: Installation, operator: Person
) -> None:
    message = await asks(world, operator)

    for _ in range(5):
        assert (await operator.presses_under(message, "r:health"))["text"] == "Checking…"

    await all_is_carried(brisk)
    assert len(reports(operator)) == 1
    assert world.telegram.unanswered_queries == []


async def test_where_the_message_cannot_be_edited_a_new_one_takes_its_place(
    world: World, brisk: Installation, operator: Person
) -> None:
    message = await asks(world, operator)
    world.faults.add(where="telegram", kind="400", method="editMessageText", times=1)

    await operator.presses_under(message, "r:health")

    await world.wait_until(lambda: len(reports(operator)) == 2)


async def test_with_telegram_down_it_comes_when_that_is_back_and_is_of_then(
    world: World, brisk: Installation, operator: Person
) -> None:
    fault = world.faults.add(where="telegram", kind="500", method="sendMessage", times=None)
    # Menus are compared meanwhile, and any answer counts.
    world.faults.add(where="telegram", kind="reset_before", method="getMyCommands", times=None)
    await operator.says("/health")
    await eventually(brisk, f"{TASKS} AND attempts > 0", [{"asked": 1}])
    world.clock.advance(20 * 60)
    back_at = world.clock.timestamp()
    world.faults.remove(fault.kind)

    message = await operator.sees("Callgate ")

    assert "Has not answered since " in (message.text or "")
    read_at = max(entity["unix_time"] for entity in message.entities if entity["type"] == "date_time")
    assert read_at >= int(back_at)


async def test_a_database_that_gives_no_answer_is_told_with_what_is_known_without_it(
    world: World, brisk: Installation, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_self: MonitoringQueries) -> int:
        raise OperationalError("", None, Exception())

    monkeypatch.setattr(MonitoringQueries, "size", fails)

    text = (await asks(world, operator)).text or ""

    assert "• the database does not answer" in text
    assert "Telegram · by polling" in text
    assert "Waiting" not in text


async def test_strangers_do_not_learn_that_there_are_such_commands(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await anna.says("hello")
    as_any_text = (await anna.sees("👋")).text

    for words in ("/health", "/balance", "/health now"):
        await anna.says(words)
        await all_is_carried(brisk)
        assert [message.text for message in anna.chat.messages if message.sender.is_bot] == [as_any_text]

    assert await brisk.rows(TASKS) == [{"asked": 0}]
    assert all("health" not in str(menu) for menu in world.telegram.commands.values())
    await anna.says("/help")
    shown = await anna.sees("/privacy")
    assert "/health" not in (shown.text or "")
    for data in ("r:health", "r:balance", "r:mute"):
        assert "do not know this button" in (await anna.presses_button(shown.id, data))["text"]
    assert await brisk.rows(TASKS) == [{"asked": 0}]


async def test_who_is_no_operator_any_more_has_an_old_button_that_tells_nothing(
    world: World, brisk: Installation, operator: Person
) -> None:
    message = await asks(world, operator)
    told = message.text
    await brisk.restart(OPERATORS="1")

    answer = await operator.presses_under(message, "r:health")

    assert "do not know this button" in answer["text"]
    await operator.says("/health")
    await operator.sees("👋")
    await all_is_carried(brisk)
    assert [report.text for report in reports(operator)] == [told]


async def test_in_russian(world: World, install: Install) -> None:
    olga = world.person("Olga", language="ru")
    await install(OPERATORS=str(olga.id))

    await olga.says("/health")

    text = (await olga.sees("Всё в порядке.")).text or ""
    assert "Предохранитель: замкнут" in text
    assert olga.shown("🔄") is None
    assert (await olga.sees("Всё в порядке.")).buttons == ["🔄 Обновить"]


@pytest.fixture
async def replicas(world: World, postgres_url: str, operator: Person) -> AsyncIterator[list[Installation]]:
    """Two replicas on one database; the first of them leads."""
    world.telegram.flood.on = False
    found = [Installation(world, postgres_url, TELEGRAM_RATE="0", OPERATORS=str(operator.id)) for _ in range(2)]
    await found[0].start()
    # Only the leader answers; while it does, nobody else can.
    await operator.says("/start")
    await operator.sees("👋")
    await found[1].start()
    yield found
    for replica in reversed(found):
        await replica.stop()


async def test_of_several_replicas_the_one_that_leads_tells_and_says_so(
    world: World, replicas: list[Installation], operator: Person
) -> None:
    message = await asks(world, operator)
    text = message.text or ""
    assert "This is the leader." in text
    leads_since = re.search("Leads since: .+", text)
    assert leads_since is not None

    world.clock.advance(3600)
    await replicas[0].stop()
    await operator.presses_under(message, "r:health")

    await world.wait_until(lambda: leads_since.group() not in (message.text or ""))
    assert "This is the leader." in (message.text or "")
    assert len(reports(operator)) == 1
