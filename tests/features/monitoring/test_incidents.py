"""Operators are notified once when an incident opens, and once when it is resolved."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.gate_health import GateHealth
from bot.domain.gate_settings import STANDARD, EntryMode
from bot.domain.gates import GateMode
from bot.domain.gateway import CircuitBreaker, EventKind, GatewayReason
from bot.domain.incidents import OFF_FOR, Finding, IncidentKind, Measurements
from bot.domain.notifications import Notification, Notify
from bot.domain.outgoing import Priority
from bot.domain.webhooks import AttemptResult, DeliveryAttempt, Destination
from bot.features.monitoring.incidents import CheckInstallation, OpenIncident
from bot.features.operators.registry import OperatorNotifier, Operators
from bot.features.webhooks.attempts import RecordAttempt
from storage.engine.database import Database
from tests.features.rules import (
    ANNA,
    BORIS,
    GATE,
    HOUR,
    MINUTE,
    OFF,
    OPERATOR,
    OTHER_PHONE,
    Rules,
    callback,
    frozen_clock,
    inbox_entry,
)
from tests.tasks import said

FLOODED = Measurements(floods=50)


async def told(rules: Rules) -> list[dict[str, Any]]:
    """Return all notifications to operators, oldest first."""
    due = await rules.database.transact(
        lambda store: store.tasks.due(rules.now + timedelta(days=9), 100, (), Priority.LATER)
    )
    return [dict(said(task)) for task in due if task.chat_id == OPERATOR]


async def words(rules: Rules) -> list[tuple[str, str]]:
    """Return the same in short: the kind of notification, and the incident."""
    return [(str(details["notice"]), str(details.get("trouble", ""))) for details in await told(rules)]


async def drawn(rules: Rules) -> None:
    """Settle screens and grants: nobody delivers here, and operators would be notified of that too."""
    await rules.execute("UPDATE screens SET shown_revision = revision")
    await rules.execute("UPDATE grants SET state = 'done'")


async def test_a_trouble_is_told_once_however_often_it_is_seen(rules: Rules) -> None:
    for _ in range(5):
        await rules.watches(FLOODED)
        rules.later(MINUTE)

    assert await words(rules) == [("alarm", "floods")]
    assert (await told(rules))[0]["count"] == 50


async def test_the_all_clear_comes_once_and_only_after_a_while_of_calm(rules: Rules) -> None:
    await rules.watches(FLOODED)
    rules.later(4 * MINUTE)
    await rules.watches(FLOODED)
    rules.later(4 * MINUTE)
    await rules.watches()
    assert await words(rules) == [("alarm", "floods")]

    rules.later(MINUTE)
    for _ in range(3):
        await rules.watches()
        rules.later(HOUR)

    assert await words(rules) == [("alarm", "floods"), ("all_clear", "floods")]
    assert (await told(rules))[1]["seconds_lasted"] == 4 * MINUTE


async def test_what_comes_again_after_the_all_clear_is_news(rules: Rules) -> None:
    for readings in (FLOODED, Measurements(), FLOODED):
        await rules.watches(readings)
        rules.later(6 * MINUTE)

    assert await words(rules) == [("alarm", "floods"), ("all_clear", "floods"), ("alarm", "floods")]


async def test_what_comes_and_goes_within_minutes_is_one_trouble(rules: Rules) -> None:
    for number in range(20):
        await rules.watches(Measurements() if number % 2 else FLOODED)
        rules.later(2 * MINUTE)

    assert await words(rules) == [("alarm", "floods")]


async def test_several_processes_that_see_it_at_the_same_moment_tell_it_once(postgres_url: str) -> None:
    clock = frozen_clock()
    databases = [Database(postgres_url, clock.now) for _ in range(4)]
    for database in databases:
        await database.open()
    rules = Rules(databases[0], clock)
    open_incident = OpenIncident(rules.notify_operators)

    news = await asyncio.gather(
        *(
            database.transact(lambda store: open_incident(store, Finding(IncidentKind.FLOODS), rules.now))
            for database in databases
        )
    )

    assert sorted(news) == [False, False, False, True]
    assert await words(rules) == [("alarm", "floods")]
    for database in databases:
        await database.close()


async def test_another_process_knows_what_was_told_and_clears_it(rules: Rules) -> None:
    await rules.watches(FLOODED)
    rules.watch = CheckInstallation(rules.notify_operators, expects_callback=True, targets=tuple(Destination))

    await rules.watches(FLOODED)
    rules.later(6 * MINUTE)
    await rules.watches()

    assert await words(rules) == [("alarm", "floods"), ("all_clear", "floods")]


async def test_every_operator_hears_of_it(rules: Rules) -> None:
    watch = CheckInstallation(OperatorNotifier(Operators([5, 6])), expects_callback=True, targets=tuple(Destination))

    await rules.database.transact(lambda store: watch(store, FLOODED))

    assert await rules.rows("SELECT chat_id FROM tasks ORDER BY chat_id") == [{"chat_id": 5}, {"chat_id": 6}]


async def test_that_telegram_was_silent_is_told_when_it_answers_again_with_for_how_long(rules: Rules) -> None:
    since = rules.now - timedelta(minutes=2)
    await rules.watches(Measurements(silent_since=since))
    rules.later(10 * MINUTE)
    await rules.watches(Measurements(silent_since=since))
    assert await words(rules) == []

    rules.later(6 * MINUTE)
    await rules.watches()

    (word,) = await told(rules)
    assert (word["notice"], word["trouble"], word["seconds_lasted"]) == ("all_clear", "telegram_silent", 12 * MINUTE)


async def _breaker_is(rules: Rules, breaker: CircuitBreaker) -> None:
    await rules.database.transact(lambda store: store.gateway.set_breaker(breaker))


async def test_an_open_breaker_is_told_with_each_new_reason_and_cleared_once_it_is_closed(rules: Rules) -> None:
    for reason in (GatewayReason.NO_MONEY, GatewayReason.NO_MONEY, GatewayReason.CREDENTIALS):
        await _breaker_is(rules, CircuitBreaker(reason, rules.now, 1))
        await rules.watches()
        rules.later(MINUTE)
    await _breaker_is(rules, CircuitBreaker())

    rules.later(HOUR)
    await rules.watches()

    assert [(word["notice"], word["reason"]) for word in await told(rules)] == [
        ("gateway_trouble", "no_money"),
        ("gateway_trouble", "credentials"),
        ("all_clear", "credentials"),
    ]


async def test_a_gate_that_went_off_is_cleared_when_it_is_guarded_again(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.becomes(OFF)
    rules.later(HOUR)
    await rules.watches()
    assert await words(rules) == [("gate_off", "gate_off")]

    await rules.becomes(GATE)
    rules.later(6 * MINUTE)
    await rules.watches()

    assert await words(rules) == [("gate_off", "gate_off"), ("all_clear", "gate_off")]
    assert (await told(rules))[1]["title"] == GATE.title


async def _health(rules: Rules, **rights: Any) -> None:
    health = GateHealth(rules.now, **{"can_invite": True, "is_supergroup": True, **rights})
    await rules.database.transact(lambda store: store.gates.set_extras(GATE.chat_id, health=health))


async def _is_known(rules: Rules) -> list[str]:
    """Return the open incidents."""
    return [incident.name for incident in await rules.database.transact(lambda store: store.incidents.active())]


async def test_a_gate_that_nobody_wants_back_is_no_trouble_after_some_days_and_no_all_clear_is_told(
    rules: Rules,
) -> None:
    await rules.becomes(GATE)
    await rules.becomes(OFF)
    rules.later(OFF_FOR.total_seconds() - 1)
    await rules.watches()
    assert len(await _is_known(rules)) == 1

    rules.later(6 * MINUTE)
    await rules.watches()

    assert await _is_known(rules) == []
    assert await words(rules) == [("gate_off", "gate_off")]


@pytest.mark.parametrize("how", ["the bot is taken out", "it is switched off"])
async def test_of_a_gate_that_is_guarded_no_more_nobody_hears_that_it_lacks_nothing(rules: Rules, how: str) -> None:
    await rules.becomes(GATE)
    await _health(rules, can_invite=False)
    rules.later(11 * MINUTE)
    await rules.watches()
    assert await words(rules) == [("alarm", "gate_lacks")]

    if how == "it is switched off":
        await rules.database.transact(lambda store: store.gates.set_switch(GATE.chat_id, GateMode.OFF, rules.now))
    else:
        await rules.becomes(OFF)
    rules.later(6 * MINUTE)
    await rules.watches()

    assert not any(name.startswith("gate_lacks") for name in await _is_known(rules))
    assert "all_clear" not in {notification for notification, _ in await words(rules)}


async def test_a_right_that_a_gate_lacks_is_told_once_its_admins_had_time_to_give_it(rules: Rules) -> None:
    await rules.becomes(GATE)
    muting = replace(STANDARD, way=EntryMode.MUTE)
    await rules.database.transact(lambda store: store.gates.set_settings(GATE.chat_id, muting, rules.now))
    await _health(rules, can_restrict=False)
    rules.later(9 * MINUTE)
    await rules.watches()
    assert await words(rules) == []

    rules.later(MINUTE)
    await rules.watches()
    await _health(rules, can_restrict=True)
    rules.later(6 * MINUTE)
    await rules.watches()

    assert await words(rules) == [("alarm", "gate_lacks"), ("all_clear", "gate_lacks")]
    assert (await told(rules))[0]["missing"] == "cannot_restrict"


async def test_of_a_gate_that_is_switched_off_no_right_is_missed(rules: Rules) -> None:
    await rules.becomes(GATE)
    await _health(rules, can_invite=False)
    await rules.database.transact(lambda store: store.gates.set_switch(GATE.chat_id, GateMode.OFF, rules.now))
    rules.later(HOUR)

    await rules.watches()

    assert await words(rules) == []


async def _is_found_in_the_inbox(rules: Rules, user_id: int, phone: str, entry: int) -> None:
    await rules.gets_number(user_id, phone, inbox_after=1)
    await rules.matches(inbox_entry(entry, phone))


async def test_calls_found_in_the_inbox_alone_mean_that_the_callback_address_is_wrong(rules: Rules) -> None:
    await _is_found_in_the_inbox(rules, ANNA, "+79991231234", 2)
    rules.later(3 * MINUTE)
    await drawn(rules)
    await rules.watches()
    assert await words(rules) == []
    await _is_found_in_the_inbox(rules, BORIS, OTHER_PHONE, 3)
    rules.later(3 * MINUTE)
    await drawn(rules)

    await rules.watches()
    await rules.watches()
    assert await words(rules) == [("alarm", "callback_silent")]

    await rules.matches(callback(identity="a late report"))
    rules.later(6 * MINUTE)
    await rules.watches()
    assert await words(rules) == [("alarm", "callback_silent"), ("all_clear", "callback_silent")]


async def test_foreign_reports_do_not_show_that_calls_are_reported(rules: Rules) -> None:
    await rules.matches(callback(kind=EventKind.MESSAGE, identity="a message"))
    for user_id, phone in ((ANNA, "+79991231234"), (BORIS, OTHER_PHONE)):
        await _is_found_in_the_inbox(rules, user_id, phone, user_id)
    rules.later(3 * MINUTE)
    await drawn(rules)

    await rules.watches()

    assert await words(rules) == [("alarm", "callback_silent")]


async def test_an_installation_that_nothing_reaches_misses_no_callback(rules: Rules) -> None:
    rules.watch = CheckInstallation(rules.notify_operators, expects_callback=False, targets=tuple(Destination))
    for user_id, phone in ((ANNA, "+79991231234"), (BORIS, OTHER_PHONE)):
        await _is_found_in_the_inbox(rules, user_id, phone, user_id)
    rules.later(3 * MINUTE)
    await drawn(rules)

    await rules.watches()

    assert await words(rules) == []


async def test_grants_that_wait_are_told_unless_only_the_clock_jumped(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.asks_to_join()
    await rules.verifies()
    await rules.execute("UPDATE screens SET shown_revision = revision")
    rules.later(HOUR)
    await rules.watches()
    assert await words(rules) == []

    rules.later(30)
    await rules.watches()
    await drawn(rules)
    rules.later(6 * MINUTE)
    await rules.watches()

    assert await words(rules) == [("alarm", "queue_stuck"), ("all_clear", "queue_stuck")]
    assert (await told(rules))[0]["subject"] == "grants"


async def test_call_numbers_that_nobody_asks_the_gateway_for_are_told(rules: Rules) -> None:
    await rules.shares()
    await drawn(rules)
    rules.later(3 * MINUTE)
    await rules.watches()
    rules.later(30)

    await rules.watches()

    assert await words(rules) == [("alarm", "queue_stuck")]
    assert (await told(rules))[0]["subject"] == "numbers"


async def test_of_what_cannot_be_known_nobody_hears_that_it_is_over(rules: Rules) -> None:
    await rules.watches(Measurements(money=1.0, low_money=50.0))
    for _ in range(3):
        rules.later(HOUR)
        await rules.watches(Measurements(low_money=50.0, unknown=frozenset({IncidentKind.MONEY_SHORT})))
    assert await words(rules) == [("alarm", "money_short")]

    await rules.watches(Measurements(money=100.0, low_money=50.0))

    assert await words(rules) == [("alarm", "money_short"), ("all_clear", "money_short")]


async def _owed(rules: Rules) -> None:
    await rules.database.transact(
        lambda store: store.outbox.add(Destination.EVENTS, f"msg_{rules.now}", "access.granted", b"{}", rules.now)
    )


async def _is_settled(rules: Rules, delivery: DeliveryAttempt) -> None:
    (message,) = await rules.database.transact(
        lambda store: store.outbox.due(Destination.EVENTS, rules.now + timedelta(days=9), 9, ())
    )
    settle = RecordAttempt(rules.notify_operators)
    await rules.database.transact(lambda store: settle(store, message, delivery))


async def test_a_receiver_that_takes_nothing_for_an_hour_is_told_of(rules: Rules) -> None:
    await _owed(rules)
    await _is_settled(rules, DeliveryAttempt(AttemptResult.FAILED, "HTTP 500"))
    rules.later(HOUR)
    await rules.watches()
    assert await words(rules) == []

    rules.later(1)
    await rules.watches()
    await _is_settled(rules, DeliveryAttempt(AttemptResult.TAKEN))
    rules.later(6 * MINUTE)
    await rules.watches()

    assert await words(rules) == [("alarm", "outbox_failing"), ("all_clear", "outbox_failing")]


async def test_a_receiver_that_wants_nothing_more_is_told_of_once_and_cleared_when_it_takes_again(rules: Rules) -> None:
    await _owed(rules)
    for _ in range(2):
        await _is_settled(rules, DeliveryAttempt(AttemptResult.GONE, "HTTP 410"))
        rules.later(2 * HOUR)
        await rules.watches()
    assert await words(rules) == [("alarm", "outbox_gone")]

    await _is_settled(rules, DeliveryAttempt(AttemptResult.TAKEN))

    assert await words(rules) == [("alarm", "outbox_gone"), ("all_clear", "outbox_gone")]


async def test_a_receiver_is_no_trouble_any_more_once_nothing_is_to_be_told_to_it(rules: Rules) -> None:
    await _owed(rules)
    await _is_settled(rules, DeliveryAttempt(AttemptResult.GONE, "HTTP 410"))
    rules.watch = CheckInstallation(rules.notify_operators, expects_callback=True, targets=())
    rules.later(6 * MINUTE)

    await rules.watches()

    assert await _is_known(rules) == []
    assert await words(rules) == [("alarm", "outbox_gone")]


async def test_a_receiver_to_which_nothing_is_owed_any_more_is_not_told_to_take_again(rules: Rules) -> None:
    await _owed(rules)
    await _is_settled(rules, DeliveryAttempt(AttemptResult.FAILED, "HTTP 500"))
    rules.later(HOUR + 1)
    await rules.watches()
    await rules.execute("UPDATE outbox SET attempts = 9")
    await _is_settled(rules, DeliveryAttempt(AttemptResult.FAILED, "HTTP 500"))
    rules.later(6 * MINUTE)

    await rules.watches()

    assert await _is_known(rules) == []
    assert await words(rules) == [("alarm", "outbox_failing"), ("letter_lost", "")]


@pytest.mark.parametrize("key", [None, "a trouble"])
async def test_what_is_told_under_a_key_is_told_once(rules: Rules, key: str | None) -> None:
    for _ in range(2):
        await rules.database.transact(
            lambda store: rules.notify_operators(store, Notify(Notification.FAILURE), key=key)
        )

    assert len(await told(rules)) == (2 if key is None else 1)
