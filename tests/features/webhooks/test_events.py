"""Events for the owner's own systems, and their delivery."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event

from bot.crypto import TokenGenerator
from bot.domain.admin_actions import AdminActionKind
from bot.domain.gates import GrantKind
from bot.domain.gateway import AssignedNumber, EventKind, GatewayError, GatewayReason
from bot.domain.journal import Event
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingGrant
from bot.domain.phone import Phone
from bot.domain.webhooks import (
    MESSAGES_KEPT,
    RETRY_AFTER,
    AttemptResult,
    DeliveryAttempt,
    Destination,
    ForeignReport,
    OutboxMessage,
    RetryStats,
)
from bot.features.verification.numbers import RequestNumber
from bot.features.webhooks.attempts import RecordAttempt
from bot.features.webhooks.events import PublishEvents, RelayReport
from storage.engine.database import Database
from storage.store import Store
from tests.domain.makers import WINDOW
from tests.features.rules import ANNA, BORIS, GATE, HOUR, OTHER_PHONE, PHONE, Rules, callback, frozen_clock

CLARA, DORA, EMIL = 9, 10, 11


@pytest.fixture
async def rules(database_url: str) -> AsyncIterator[Rules]:
    """An installation that sends events to its owner's system."""
    clock = frozen_clock()
    database = Database(database_url, clock.now, publish=PublishEvents(TokenGenerator()))
    await database.open()
    yield Rules(database, clock)
    await database.close()


async def told(rules: Rules) -> list[dict[str, Any]]:
    """Return the pending events, oldest first."""
    rows = await rules.rows("SELECT body FROM outbox WHERE target = 'events' ORDER BY id")
    return [json.loads(bytes(row["body"])) for row in rows]


async def messages(rules: Rules, target: Destination = Destination.EVENTS) -> list[OutboxMessage]:
    """Return the messages that are due."""
    return await rules.database.transact(lambda store: store.outbox.due(target, rules.now, 100, ()))


async def settles(rules: Rules, message: OutboxMessage, delivery: DeliveryAttempt) -> None:
    settle = RecordAttempt(rules.notify_operators)
    await rules.database.transact(lambda store: settle(store, message, delivery))


async def test_a_whole_story_is_told_in_two_events(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.asks_to_join()
    await rules.verifies()
    await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.DONE))

    confirmed, granted = await told(rules)

    phone = {"mask": "+7 ••• ••• 12-34", "country": "RU"}
    assert confirmed == {
        "type": "verification.confirmed",
        "timestamp": rules.now.isoformat(),
        "data": {
            "verification_id": 1,
            "person_id": ANNA,
            "gate_id": GATE.chat_id,
            "phone": phone,
            "how": "callback",
            "seconds": 0.0,
        },
    }
    assert granted == {
        "type": "access.granted",
        "timestamp": rules.now.isoformat(),
        "data": {"person_id": ANNA, "gate_id": GATE.chat_id, "why": "called", "phone": phone},
    }


async def test_nowhere_in_what_is_told_does_the_phone_stand(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.asks_to_join()
    await rules.verifies()

    assert all(PHONE.strip("+") not in json.dumps(event) for event in await told(rules))
    assert all("9991231234" not in json.dumps(event) for event in await told(rules))


async def test_an_attempt_that_expired_and_a_request_that_was_declined_are_told(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.asks_to_join()
    await rules.gets_number()
    rules.later(25 * HOUR)
    for _ in range(2):
        await rules.sweeps()
    (decline,) = [item for item in await rules.picks() if getattr(item, "kind", "") == "decline_join"]
    await rules.settles(DeliveryResult(decline, DeliveryStatus.DONE))

    expired, declined = await told(rules)

    assert (expired["type"], expired["data"]["person_id"]) == ("verification.expired", ANNA)
    assert (declined["type"], declined["data"]["why"]) == ("access.declined", "deadline")


async def test_a_tag_is_no_access(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.meets()
    await rules.database.transact(
        lambda store: store.grants.request(GATE.chat_id, ANNA, GrantKind.TAG, 0, rules.now, told=False, detail="owner")
    )
    await rules.settles(
        DeliveryResult(PendingGrant(GATE.chat_id, ANNA, GrantKind.TAG, rules.now, 0), DeliveryStatus.DONE)
    )

    assert await told(rules) == []


async def test_a_block_of_who_is_in_takes_access_back_and_of_who_waits_or_never_came_does_not(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.asks_to_join()
    await rules.verifies()
    await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.DONE))
    await rules.asks_to_join(EMIL)
    before = len(await told(rules))

    for user_id in (EMIL, CLARA, ANNA):
        assert await rules.wants(AdminActionKind.BLOCK, user_id, admin_id=DORA) == "blocked"

    (revoked,) = (await told(rules))[before:]
    assert revoked["type"] == "access.revoked"
    assert revoked["data"] == {
        "person_id": ANNA,
        "gate_id": GATE.chat_id,
        "why": "blocked",
        "phone": {"mask": "+7 ••• ••• 12-34", "country": "RU"},
        "admin_id": DORA,
    }


async def test_however_much_happens_at_once_what_is_told_of_it_is_asked_for_and_written_together(rules: Rules) -> None:
    async def much_happens(store: Store) -> None:
        for user_id in (ANNA, BORIS):
            attempt = (await store.verifications.latest_of_many([user_id]))[user_id]
            for _ in range(10):
                store.journal.about(Event.EXPIRED, rules.now, attempt)
                store.journal.add(Event.JOIN_DECLINED, rules.now, user_id=user_id, gate_id=GATE.chat_id)

    await rules.verifies()
    await rules.gets_number(BORIS, OTHER_PHONE)
    before = len(await told(rules))
    alone = await statements(rules, lambda store: store.verifications.latest_of_many([ANNA]))
    asked = await statements(rules, much_happens)

    new = (await told(rules))[before:]
    assert [one["data"]["person_id"] for one in new] == ([ANNA] * 10 + [BORIS] * 10) * 2
    assert {(one["type"], one["data"]["phone"] and one["data"]["phone"]["mask"]) for one in new} == {
        ("verification.expired", "+7 ••• ••• 12-34"),
        ("verification.expired", "+7 ••• ••• 66-77"),
        ("access.declined", "+7 ••• ••• 12-34"),
        ("access.declined", None),
    }
    # Attempts with their numbers, phones, the messages; and the journal itself.
    assert len(asked) == 2 * len(alone) + 5


async def statements(rules: Rules, work: Callable[[Store], Awaitable[object]]) -> list[str]:
    """Return the statements of a transaction, except its begin."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    engine = rules.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    await rules.database.transact(work)
    event.remove(engine, "before_cursor_execute", note)
    return asked


class Gateway:
    """Assigns numbers until it refuses."""

    def __init__(self) -> None:
        self.refuses = True

    async def request_number(self, phone: Phone) -> AssignedNumber:
        if self.refuses:
            raise GatewayError(GatewayReason.BLACKLISTED, 5)
        return AssignedNumber("+74950000001")


async def _is_served(rules: Rules, gateway: Gateway) -> None:
    desk = RequestNumber(
        rules.clock,
        rules.database,
        gateway.request_number,
        rules.phone_cipher,
        None,
        WINDOW,
        rules.notify_operators,
        rules.plan,
    )
    for ask in await desk.due(10, set()):
        await desk(ask)


async def test_a_refused_number_is_told_when_it_ends_the_attempt_and_not_when_that_goes_on(rules: Rules) -> None:
    gateway = Gateway()
    gateway.refuses = False
    await rules.shares()
    await _is_served(rules, gateway)
    gateway.refuses = True
    person = await rules.meets()
    await rules.database.transact(lambda store: rules.ask_again(store, person, 1))
    await _is_served(rules, gateway)
    assert await told(rules) == []

    await rules.shares(BORIS, OTHER_PHONE)
    await _is_served(rules, gateway)

    (refused,) = await told(rules)
    assert refused["type"] == "verification.refused"
    assert refused["data"]["reason"] == "blacklisted"


async def test_what_did_not_happen_is_not_told(rules: Rules) -> None:
    async def fails(store: Any) -> None:
        await rules.take_event(store, callback())
        raise LookupError

    await rules.gets_number()
    with pytest.raises(LookupError):
        await rules.database.transact(fails)

    assert await told(rules) == []


async def test_each_letter_has_a_name_of_its_own_that_it_keeps(rules: Rules) -> None:
    for user_id, phone in ((ANNA, PHONE), (BORIS, OTHER_PHONE)):
        await rules.verifies(user_id, phone)
    first = await messages(rules)
    for message in first:
        await settles(rules, message, DeliveryAttempt(AttemptResult.FAILED, "HTTP 500"))
    rules.later(6)

    again = await messages(rules)

    assert [message.message_id for message in again] == [message.message_id for message in first]
    assert len({message.message_id for message in first}) == 2
    assert [message.attempts for message in again] == [1, 1]


async def test_what_was_taken_is_not_brought_again_and_what_it_said_is_forgotten(rules: Rules) -> None:
    await rules.verifies()
    (message,) = await messages(rules)

    await settles(rules, message, DeliveryAttempt(AttemptResult.TAKEN))

    rules.later(100 * HOUR)
    assert await messages(rules) == []
    assert await rules.rows("SELECT body, error FROM outbox") == [{"body": None, "error": None}]


async def test_what_is_not_taken_in_three_days_is_given_up_and_operators_hear_of_it_once_an_hour(rules: Rules) -> None:
    for user_id, phone in ((ANNA, PHONE), (BORIS, OTHER_PHONE)):
        await rules.verifies(user_id, phone)
    for rest in (*RETRY_AFTER, None):
        for message in await messages(rules):
            await settles(rules, message, DeliveryAttempt(AttemptResult.FAILED, "HTTP 500"))
        rules.later(rest.total_seconds() if rest else 0)

    rules.later(100 * HOUR)
    assert await messages(rules) == []
    assert await rules.rows("SELECT attempts, body FROM outbox") == [{"attempts": 10, "body": None}] * 2
    assert await rules.notifications() == ["letter_lost"]
    assert (await rules.journal()).count("letter_lost") == 2


async def test_a_letter_is_forgotten_after_a_week_whatever_became_of_it(rules: Rules) -> None:
    await rules.verifies()
    rules.later(MESSAGES_KEPT.total_seconds() + 1)

    await rules.sweeps()

    assert await rules.rows("SELECT id FROM outbox") == []


@pytest.mark.parametrize("is_tried", [True, False])
async def test_what_nobody_could_bring_in_a_week_is_not_lost_without_a_word(rules: Rules, *, is_tried: bool) -> None:
    for user_id, phone in ((ANNA, PHONE), (BORIS, OTHER_PHONE)):
        await rules.verifies(user_id, phone)
    if is_tried:
        for message in await messages(rules):
            await settles(rules, message, DeliveryAttempt(AttemptResult.GONE, "HTTP 410"))
    rules.later(MESSAGES_KEPT.total_seconds())
    await rules.sweeps()
    assert len(await messages(rules)) == 2

    rules.later(1)
    await rules.sweeps()

    assert await rules.rows("SELECT id FROM outbox") == []
    assert (await rules.journal()).count("letter_lost") == 2
    (said,) = [
        json.loads(row["details"]) if isinstance(row["details"], str) else row["details"]
        for row in await rules.rows("SELECT details FROM tasks WHERE kind = 'notify'")
        if "letter_lost" in str(row["details"])
    ]
    assert said["error"] == ("HTTP 410" if is_tried else "it could not be brought")


async def test_that_the_receiver_wants_nothing_more_is_no_try_of_a_letter(rules: Rules) -> None:
    await rules.verifies()
    for _ in range(2 * len(RETRY_AFTER)):
        (message,) = await messages(rules)
        await settles(rules, message, DeliveryAttempt(AttemptResult.GONE, "HTTP 410"))

    (message,) = await messages(rules)
    assert (message.attempts, message.error) == (0, "HTTP 410")


async def test_what_is_old_is_forgotten_a_little_at_a_time(rules: Rules) -> None:
    for user_id, phone in ((ANNA, PHONE), (BORIS, OTHER_PHONE)):
        await rules.verifies(user_id, phone)
    for message in await messages(rules):
        await settles(rules, message, DeliveryAttempt(AttemptResult.TAKEN))
    rules.later(MESSAGES_KEPT.total_seconds() + 1)
    before = rules.now - MESSAGES_KEPT

    await rules.database.transact(lambda store: store.outbox.forget(before, 1))

    assert len(await rules.rows("SELECT id FROM outbox")) == 1


async def test_how_it_stands_is_told_for_each_target(rules: Rules) -> None:
    assert await rules.database.transact(lambda store: store.outbox.outgoing()) == []
    began = rules.now
    for user_id, phone in ((ANNA, PHONE), (BORIS, OTHER_PHONE)):
        await rules.verifies(user_id, phone)
    one, other = await messages(rules)
    rules.later(1)
    await settles(rules, one, DeliveryAttempt(AttemptResult.FAILED, "ConnectError"))
    await settles(rules, other, DeliveryAttempt(AttemptResult.TAKEN))

    (outgoing,) = await rules.database.transact(lambda store: store.outbox.outgoing())

    assert (outgoing.target, outgoing.queued) == (Destination.EVENTS, 1)
    assert outgoing.retries == RetryStats(1, 1, rules.now + RETRY_AFTER[0], "ConnectError")
    assert (outgoing.oldest, outgoing.delivered_at) == (began, rules.now)


async def test_a_foreign_report_is_kept_sealed_until_it_is_taken(rules: Rules) -> None:
    report = ForeignReport("POST", "charset=utf-8", "text/plain", b"phone=79995551122&mes=hello")
    relay = RelayReport(rules.phone_cipher, TokenGenerator())

    await rules.database.transact(lambda store: relay(store, report))

    (message,) = await messages(rules, Destination.RELAY)
    assert b"79995551122" not in message.body
    assert ForeignReport.unpacked(rules.phone_cipher.decrypt_bytes(message.body) or b"") == report
    assert await messages(rules) == []


async def test_a_report_is_foreign_when_it_is_no_call_or_a_call_of_somebody_unknown_and_is_so_once(
    rules: Rules,
) -> None:
    async def is_foreign(**report: Any) -> bool:
        return await rules.database.transact(lambda store: rules.take_event(store, callback(**report)))

    await rules.gets_number()

    assert await is_foreign(kind=EventKind.MESSAGE, identity="a message")
    assert not await is_foreign(kind=EventKind.MESSAGE, identity="a message")
    assert await is_foreign(caller=OTHER_PHONE, identity="a call of somebody else's")
    assert await is_foreign(caller="", identity="a hidden call")
    assert not await is_foreign(called="+74950000009", identity="a call to a wrong number")
    assert not await is_foreign(identity="the call")
    assert not await is_foreign(identity="another call of theirs")
