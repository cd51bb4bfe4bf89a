"""The owner's own systems get events and the reports that belong to them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest

from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.features.webhooks.receiver import OTHER_SECRET, SECRET, Receiver, receiver
from tests.installation import CALLBACK_TOKEN, Installation, verify
from tests.process import BotProcess
from tests.scenarios.conftest import Install
from tests.scenarios.story import eventually, gets_number, guarded

STORY = ["verification.confirmed", "access.granted"]


@pytest.fixture
async def owners() -> AsyncIterator[Receiver]:
    async with receiver() as the_receiver:
        yield the_receiver


@pytest.fixture
async def others() -> AsyncIterator[Receiver]:
    """Another program of the owner's, which would otherwise get the gateway's reports for itself."""
    async with receiver(secret=None) as the_receiver:
        yield the_receiver


async def _comes_in(world: World) -> Person:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)
    return anna


async def test_who_verifies_and_comes_in_is_told_to_the_owners_system(
    world: World, install: Install, owners: Receiver
) -> None:
    await install(EVENTS_URL=owners.url, EVENTS_SECRET=SECRET, EVENTS_ALLOW_PRIVATE="1")

    anna = await _comes_in(world)

    await world.wait_until(lambda: len(owners.taken) == 2)
    assert sorted(owners.types) == sorted(STORY)
    assert {event["data"]["person_id"] for event in owners.taken} == {anna.id}
    assert owners.forged == 0


async def test_without_an_address_nothing_is_kept_for_one(world: World, brisk: Installation) -> None:
    await _comes_in(world)

    assert await brisk.rows("SELECT id FROM outbox") == []


async def test_what_was_not_taken_is_brought_again_also_after_a_restart(
    world: World, install: Install, owners: Receiver
) -> None:
    installation = await install(EVENTS_URL=owners.url, EVENTS_SECRET=SECRET, EVENTS_ALLOW_PRIVATE="1")
    owners.status = 500
    await _comes_in(world)
    await world.wait_until(lambda: len(owners.arrived) == 2)
    await eventually(installation, "SELECT attempts FROM outbox", [{"attempts": 1}] * 2)
    await installation.stop()

    owners.status = 200
    world.clock.advance(6)
    await installation.start()

    await world.wait_until(lambda: len(owners.taken) == 2)
    assert sorted(owners.types) == sorted(STORY)
    first, second = owners.arrived[:2], owners.arrived[2:]
    assert {one.headers["webhook-id"] for one in first} == {one.headers["webhook-id"] for one in second}
    await eventually(installation, "SELECT count(*) AS n FROM outbox WHERE delivered_at IS NULL", [{"n": 0}])


async def test_what_was_owed_when_the_process_was_killed_is_brought_by_the_next(
    fast_world: World, process: BotProcess, owners: Receiver
) -> None:
    owners.delay = 60.0
    await process.start(EVENTS_URL=owners.url, EVENTS_SECRET=SECRET, EVENTS_ALLOW_PRIVATE="1")
    await _comes_in(fast_world)
    await fast_world.wait_until(lambda: len(owners.arrived) == 2)
    await process.kill()

    owners.delay = 0.0
    await process.start()

    await fast_world.wait_until(lambda: len(owners.taken) == 2)
    assert sorted(owners.types) == sorted(STORY)


async def test_a_secret_is_replaced_without_losing_an_event(world: World, install: Install, owners: Receiver) -> None:
    await install(EVENTS_URL=owners.url, EVENTS_SECRET=f"{OTHER_SECRET} {SECRET}", EVENTS_ALLOW_PRIVATE="1")
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")

    await verify(anna)
    await world.wait_until(lambda: len(owners.taken) == 1)
    owners.secret = OTHER_SECRET
    await verify(boris)

    await world.wait_until(lambda: len(owners.taken) == 2)
    assert owners.forged == 0


async def test_a_receiver_that_never_answers_holds_up_neither_people_nor_the_end(
    world: World, install: Install, owners: Receiver
) -> None:
    owners.delay = 600.0
    installation = await install(EVENTS_URL=owners.url, EVENTS_SECRET=SECRET, EVENTS_ALLOW_PRIVATE="1")

    await _comes_in(world)
    await world.wait_until(lambda: len(owners.arrived) == 2)
    began = time.monotonic()
    await installation.stop()

    # It would get 15 seconds.
    assert time.monotonic() - began < 10
    await installation.start()
    await world.wait_until(lambda: len(owners.arrived) == 4)


async def test_a_slow_event_does_not_keep_the_others_waiting(world: World, install: Install, owners: Receiver) -> None:
    await install(EVENTS_URL=owners.url, EVENTS_SECRET=SECRET, EVENTS_ALLOW_PRIVATE="1")
    owners.delay = 600.0
    await verify(world.person("Anna", language="en"))
    await world.wait_until(lambda: len(owners.arrived) == 1)

    owners.delay = 0.0
    await verify(world.person("Boris", language="en"))

    await world.wait_until(lambda: len(owners.taken) == 1)


async def test_a_private_address_that_was_not_allowed_is_told_nothing(
    world: World, install: Install, owners: Receiver
) -> None:
    installation = await install(EVENTS_URL=owners.url, EVENTS_SECRET=SECRET)

    await verify(world.person("Anna", language="en"))

    await eventually(installation, "SELECT error FROM outbox", [{"error": "it leads to a private address"}])
    assert owners.arrived == []


async def test_a_redirecting_receiver_is_not_followed(world: World, install: Install, owners: Receiver) -> None:
    async with receiver() as elsewhere:
        owners.status, owners.location = 302, elsewhere.url
        installation = await install(EVENTS_URL=owners.url, EVENTS_SECRET=SECRET, EVENTS_ALLOW_PRIVATE="1")

        await verify(world.person("Anna", language="en"))

        await eventually(installation, "SELECT error FROM outbox", [{"error": "HTTP 302"}])
        assert elsewhere.arrived == []


async def test_a_receiver_that_wants_no_more_is_left_alone_operators_hear_of_it_and_a_new_address_gets_all(
    world: World, install: Install, owners: Receiver, operator: Person
) -> None:
    await operator.says("/start")
    owners.status = 410
    installation = await install(EVENTS_URL=owners.url, EVENTS_SECRET=SECRET, EVENTS_ALLOW_PRIVATE="1")
    await verify(world.person("Anna", language="en"))
    await operator.sees("EVENTS_URL answered 410")

    await verify(world.person("Boris", language="en"))
    await eventually(installation, "SELECT count(*) AS n FROM outbox", [{"n": 2}])
    world.clock.advance(60)
    await asyncio.sleep(0)
    assert len(owners.arrived) == 1

    async with receiver() as moved:
        await installation.restart(EVENTS_URL=moved.url)
        await operator.sees("EVENTS_URL accepts events again")
        await world.wait_until(lambda: len(moved.taken) == 2)


async def test_what_the_gateway_reports_for_another_program_reaches_it_as_it_came_and_ours_does_not(
    world: World, install: Install, others: Receiver
) -> None:
    installation = await install(SMSC_RELAY_URL=others.url, EVENTS_ALLOW_PRIVATE="1")
    anna = world.person("Anna", language="en")
    address = f"{installation.url}/smsc/{CALLBACK_TOKEN}?charset=windows-1251&md5"
    body = b"id=7&phone=79995550000&mes=%CF%F0%E8%E2%E5%F2&to=79990001122"
    kind = "application/x-www-form-urlencoded"

    async with httpx.AsyncClient() as gateway:
        for _ in range(2):
            answer = await gateway.post(address, content=body, headers={"Content-Type": kind})
            assert (answer.status_code, answer.text) == (200, "OK")
    await verify(anna)

    await world.wait_until(lambda: others.arrived)
    await eventually(
        installation,
        "SELECT target, body FROM outbox WHERE delivered_at IS NOT NULL",
        [{"target": "relay", "body": None}],
    )
    (arrived,) = others.arrived
    assert (arrived.method, arrived.query, arrived.content_type, arrived.body) == (
        "POST",
        "charset=windows-1251&md5",
        kind,
        body,
    )


@pytest.mark.parametrize(
    "kind",
    ["text/plain; name=Отчёт".encode(), b"text/plain; name=\xc8\xff", b"\xff", b"text/plain; name=\x7f\x01"],
    ids=["utf-8", "latin-1", "one byte", "control characters"],
)
async def test_a_report_of_a_kind_in_strange_bytes_holds_up_none_of_the_others(
    world: World, install: Install, others: Receiver, kind: bytes
) -> None:
    installation = await install(SMSC_RELAY_URL=others.url, EVENTS_ALLOW_PRIVATE="1")
    where, body = urlsplit(installation.url), b"phone=79995550000&mes=x&id=%d"
    path = f"/smsc/{CALLBACK_TOKEN}?charset=utf-8".encode()

    for number in range(15):
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        said = body % number
        writer.write(b"POST %b HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n" % path)
        writer.write(b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(said), said))
        answer = await reader.read()
        writer.close()
        # The bot's server may reject such a request, but not the bot.
        assert answer.split(b" ")[1] in (b"200", b"400")
    async with httpx.AsyncClient() as gateway:
        report = "id=99&phone=79995550000&status=1&err=0"
        assert (await gateway.get(f"{installation.url}/smsc/{CALLBACK_TOKEN}?{report}")).status_code == 200

    await world.wait_until(lambda: report in [one.query for one in others.arrived])
    await eventually(installation, "SELECT count(*) AS n FROM outbox WHERE delivered_at IS NULL", [{"n": 0}])
    assert {one.content_type.encode("utf-8", "surrogateescape") for one in others.arrived} <= {kind, b""}


async def test_a_foreign_report_is_acknowledged_while_the_other_program_is_down_and_reaches_it_later(
    world: World, install: Install, others: Receiver
) -> None:
    others.status = 503
    installation = await install(SMSC_RELAY_URL=others.url, EVENTS_ALLOW_PRIVATE="1")
    address = f"{installation.url}/smsc/{CALLBACK_TOKEN}?id=9&phone=79995550000&status=1&err=0"

    async with httpx.AsyncClient() as gateway:
        assert (await gateway.get(address)).status_code == 200
    await eventually(installation, "SELECT attempts FROM outbox", [{"attempts": 1}])
    (row,) = await installation.rows("SELECT body FROM outbox")
    assert b"79995550000" not in bytes(row["body"])
    others.status = 200
    world.clock.advance(6)

    await eventually(installation, "SELECT error, body FROM outbox", [{"error": None, "body": None}])
    assert others.arrived[-1].query == "id=9&phone=79995550000&status=1&err=0"
    assert others.arrived[-1].method == "GET"


async def test_a_report_that_is_not_signed_is_passed_on_to_nobody(
    world: World, install: Install, others: Receiver
) -> None:
    installation = await install(SMSC_RELAY_URL=others.url, EVENTS_ALLOW_PRIVATE="1", SMSC_CALLBACK_SECRET="word")

    async with httpx.AsyncClient() as gateway:
        answer = await gateway.post(f"{installation.url}/smsc/{CALLBACK_TOKEN}", data={"phone": "7999", "mes": "x"})

    assert answer.status_code == 403
    assert await installation.rows("SELECT id FROM outbox") == []


async def test_without_another_program_nothing_of_a_foreign_report_is_kept_but_what_it_was(
    world: World, brisk: Installation
) -> None:
    async with httpx.AsyncClient() as gateway:
        await gateway.post(f"{brisk.url}/smsc/{CALLBACK_TOKEN}", data={"phone": "79995550000", "mes": "x", "id": "1"})

    assert await brisk.rows("SELECT id FROM outbox") == []
    assert [row["kind"] for row in await brisk.rows("SELECT kind FROM gateway_events")] == ["message"]


async def test_a_call_to_somebody_of_ours_that_is_too_late_is_passed_on_to_nobody(
    world: World, install: Install, others: Receiver
) -> None:
    installation = await install(SMSC_RELAY_URL=others.url, EVENTS_ALLOW_PRIVATE="1", SMSC_POLL_SECONDS="0")
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    world.clock.advance(16 * 60)

    await anna.calls(number)

    await eventually(installation, "SELECT kind FROM gateway_events", [{"kind": "call"}])
    assert await installation.rows("SELECT id FROM outbox") == []
