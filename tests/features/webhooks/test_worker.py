"""Messages that cannot be sent, or whose result cannot be stored, beside others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.clock import REAL_TIME, SystemClock
from bot.crypto import PhoneCipher
from bot.domain.errors import StorageUnavailableError
from bot.domain.webhooks import RETRY_AFTER, AttemptResult, DeliveryAttempt, Destination, ForeignReport, OutboxMessage
from bot.features.operators.registry import OperatorNotifier, Operators
from bot.features.webhooks import worker
from bot.features.webhooks.attempts import RecordAttempt
from bot.features.webhooks.http import EventSender, RelaySender, SafeHttpClient
from bot.features.webhooks.worker import AT_ONCE, Sender, WebhookWorker
from bot.metrics import Metrics
from bot.sandbox.changes import WAIT_TIMEOUT
from bot.supervisor import Supervisor
from storage.engine.database import Database
from storage.store import Store
from tests.features.webhooks.receiver import SECRET, Receiver, receiver

CLOCK = SystemClock()
VAULT = PhoneCipher("the key of these tests")
EVENT = b'{"type":"access.granted"}'
REPORT = ForeignReport("POST", "", "text/plain", b"phone=7999&mes=x")


class Office:
    """A running webhook worker on a database of each kind."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.settle = RecordAttempt(OperatorNotifier(Operators([])))
        self.supervisor = Supervisor(CLOCK)

    async def request(self, target: Destination, *bodies: bytes) -> None:
        """Add messages with these bodies, the oldest first."""
        now = CLOCK.now() - timedelta(minutes=1)

        async def add(store: Store) -> None:
            for number, body in enumerate(bodies):
                await store.outbox.add(target, f"msg_{number}", "any", body, now + timedelta(milliseconds=number))

        await self.database.transact(add)

    async def owed(self, target: Destination) -> list[OutboxMessage]:
        """Return the pending messages, whenever they are due."""
        later = CLOCK.now() + timedelta(days=30)
        return await self.database.transact(lambda store: store.outbox.due(target, later, 1000, ()))

    async def works(self, target: Destination, sender: Sender, *, until_owed: int) -> list[OutboxMessage]:
        """Deliver until every message was tried and so many are pending that are not due soon; return those."""
        stop = asyncio.Event()
        the_webhook_worker = WebhookWorker(
            target, self.database, self.settle, sender, CLOCK, self.supervisor, Metrics(), lambda: None
        )
        self.supervisor.start("webhooks", the_webhook_worker.run(stop))
        deadline = time.monotonic() + WAIT_TIMEOUT
        while len(left := await self.owed(target)) != until_owed or not all(one.attempts for one in left):
            assert time.monotonic() < deadline, left
            await asyncio.sleep(0.01)
        stop.set()
        await self.supervisor.stop()
        return left


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    database = Database(database_url, REAL_TIME.now)
    await database.open()
    yield Office(database)
    await database.close()


@pytest.fixture
async def wire() -> AsyncIterator[SafeHttpClient]:
    the_wire = SafeHttpClient(allow_private=True)
    yield the_wire
    await the_wire.close()


@pytest.fixture
async def owners() -> AsyncIterator[Receiver]:
    async with receiver() as the_receiver:
        yield the_receiver


@pytest.mark.parametrize(
    "bad",
    [
        b"not JSON",
        b"[]",
        b'["POST", "", "text/plain", "not base64"]',
        b'["POST", "", null, 5]',
        ForeignReport("POST", "", "text/plain\r\nX-Other: 1", b"").packed(),
        ForeignReport("PO ST", "", "text/plain", b"").packed(),
        ForeignReport("GET", "a\x00b", "", b"").packed(),
        ForeignReport("GET", "a" * 70_000, "", b"").packed(),
        ForeignReport("GET", "\ud800", "\ud800", b"").packed(),
    ],
    ids=["no json", "too short", "no base64", "numbers", "new line", "method", "nul", "too long", "surrogate"],
)
async def test_reports_that_cannot_be_sent_count_their_tries_and_hold_up_none_of_the_others(
    office: Office, wire: SafeHttpClient, bad: bytes
) -> None:
    """More of them than are in flight at once."""
    encrypted = [VAULT.encrypt_bytes(one) for one in (*[bad] * (AT_ONCE + 2), REPORT.packed())]
    await office.request(Destination.RELAY, *encrypted)
    began = CLOCK.now()
    async with receiver(secret=None) as theirs:
        left = await office.works(Destination.RELAY, RelaySender(wire, theirs.url, VAULT), until_owed=AT_ONCE + 2)

    assert [(one.body, one.query) for one in theirs.arrived] == [(REPORT.body, "")]
    assert {one.attempts for one in left} == {1}
    assert all(one.error for one in left)
    soon = began + RETRY_AFTER[0] / 2
    assert await office.database.transact(lambda store: store.outbox.due(Destination.RELAY, soon, 1000, ())) == []


async def test_an_event_that_is_no_text_is_a_failed_try_too(
    office: Office, wire: SafeHttpClient, owners: Receiver
) -> None:
    await office.request(Destination.EVENTS, *[b"\xff\xfe"] * (AT_ONCE + 2), EVENT)

    left = await office.works(
        Destination.EVENTS, EventSender(wire, owners.url, (SECRET,), CLOCK), until_owed=AT_ONCE + 2
    )

    assert owners.types == ["access.granted"]
    assert {one.attempts for one in left} == {1}


@pytest.mark.parametrize(
    "fault", [ValueError("x"), RecursionError(), ExceptionGroup("x", [OSError()]), AssertionError()]
)
async def test_whatever_a_try_raises_it_has_failed(office: Office, fault: Exception) -> None:
    brought = []

    async def sender(message: OutboxMessage) -> DeliveryAttempt:
        if message.body == b"bad":
            raise fault
        brought.append(message.body)
        return DeliveryAttempt(AttemptResult.TAKEN)

    await office.request(Destination.EVENTS, *[b"bad"] * (AT_ONCE + 2), b"good")

    left = await office.works(Destination.EVENTS, sender, until_owed=AT_ONCE + 2)

    assert brought == [b"good"]
    assert {(one.attempts, one.error) for one in left} == {(1, type(fault).__name__)}


async def test_what_came_of_a_letter_and_cannot_be_kept_is_a_failed_try(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sender(message: OutboxMessage) -> DeliveryAttempt:
        return DeliveryAttempt(AttemptResult.TAKEN)

    async def settle(store: Store, message: OutboxMessage, delivery: DeliveryAttempt) -> None:
        if message.body == b"bad" and delivery.reply is AttemptResult.TAKEN:
            raise ValueError
        await RecordAttempt(OperatorNotifier(Operators([])))(store, message, delivery)

    monkeypatch.setattr(office, "settle", settle)
    await office.request(Destination.EVENTS, *[b"bad"] * (AT_ONCE + 2), b"good")

    left = await office.works(Destination.EVENTS, sender, until_owed=AT_ONCE + 2)

    assert {(one.body, one.attempts) for one in left} == {(b"bad", 1)}


async def test_a_letter_of_which_nothing_can_be_kept_holds_up_none_of_the_others(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries, has_brought = [], asyncio.Event()

    async def sender(message: OutboxMessage) -> DeliveryAttempt:
        tries.append(message.id)
        return DeliveryAttempt(AttemptResult.TAKEN)

    async def settle(store: Store, message: OutboxMessage, delivery: DeliveryAttempt) -> None:
        if message.body == b"bad":
            raise ValueError
        has_brought.set()

    monkeypatch.setattr(office, "settle", settle)
    await office.request(Destination.EVENTS, *[b"bad"] * (AT_ONCE + 2), b"good")
    stop = asyncio.Event()
    the_webhook_worker = WebhookWorker(
        Destination.EVENTS, office.database, settle, sender, CLOCK, office.supervisor, Metrics(), stop.set
    )

    await asyncio.wait_for(the_webhook_worker.run(stop), WAIT_TIMEOUT)

    assert has_brought.is_set()
    assert len(tries) == len(set(tries)) == AT_ONCE + 3
    await office.supervisor.stop()


async def test_while_the_database_is_away_a_letter_is_not_brought_again_and_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The messages are those that the database returned just before."""
    monkeypatch.setattr(worker, "AFTER_FAILURE", 600.0)
    tries, stop = [], asyncio.Event()

    async def sender(message: OutboxMessage) -> DeliveryAttempt:
        tries.append(message.id)
        return DeliveryAttempt(AttemptResult.TAKEN)

    async def settle(store: Store, message: OutboxMessage, delivery: DeliveryAttempt) -> None:
        if len(tries) == AT_ONCE:
            asyncio.get_running_loop().call_later(1.5 * worker.LOOK_EVERY, stop.set)
        raise StorageUnavailableError

    await office.request(Destination.EVENTS, *[b"any"] * (AT_ONCE * 2))
    the_webhook_worker = WebhookWorker(
        Destination.EVENTS, office.database, settle, sender, CLOCK, office.supervisor, Metrics(), lambda: None
    )

    await asyncio.wait_for(the_webhook_worker.run(stop), WAIT_TIMEOUT)

    assert len(tries) == len(set(tries)) == AT_ONCE
    await office.supervisor.stop()
