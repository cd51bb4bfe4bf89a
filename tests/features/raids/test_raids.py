"""Many ask at once: the bot detects it, alerts once, and admins end it with one button."""

from __future__ import annotations

import asyncio
import dataclasses
import functools

import pytest

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.gate_settings import STANDARD, EntryMode, GateSettings, RaidReaction
from bot.domain.gates import NO_ADMIN, OWNER, Gate
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingScreen, PendingTask, TaskKind
from bot.domain.screens import Outcome
from bot.features.joining.newcomers import Newcomer, on_member_joined
from bot.features.moderation import mass_decline
from storage.engine.database import Database
from storage.store import Store
from tests.features.rules import ANNA, BORIS, GATE, HOUR, MINUTE, OPERATOR, OTHER_GATE, OTHER_PHONE, Rules, frozen_clock
from tests.tasks import said

OLGA, PAVEL = 501, 502
ADMINS = (OLGA, PAVEL)
LOG = -1005550000000
SMALL = dataclasses.replace(STANDARD, raid_requests=3, raid_minutes=5)


async def has_gate(rules: Rules, gate: Gate = GATE, settings: GateSettings = SMALL) -> None:
    await rules.becomes(gate)
    await rules.database.transact(lambda store: store.gates.set_settings(gate.chat_id, settings, rules.now))


async def come(rules: Rules, count: int, first: int = 1000, gate: Gate = GATE) -> None:
    """That many strangers ask, one after the other."""
    for user_id in range(first, first + count):
        await rules.asks_to_join(user_id, gate, wrote=False)


async def come_together(rules: Rules, user_ids: list[int], gate: Gate = GATE) -> None:
    """Strangers ask in one transaction, as in a batch of updates."""

    async def take(store: Store) -> None:
        for user_id in user_ids:
            person = await store.people.meet(user_id, user_id, "en", rules.now, wrote=False)
            rules.later(0.001)
            await rules.take_request(store, person, gate)

    await rules.database.transact(take)


async def tasks(rules: Rules, kind: TaskKind) -> list[PendingTask]:
    return [due for due in await rules.picks(1000) if isinstance(due, PendingTask) and due.kind is kind]


async def admins_are_told(rules: Rules, *admins: int) -> list[PendingTask]:
    """Telegram names the admins, and the alert goes to those of them who have written to the bot."""
    (call,) = await tasks(rules, TaskKind.CALL_ADMINS)
    await rules.settles(DeliveryResult(call, DeliveryStatus.DONE, answer={"admins": dict.fromkeys(ADMINS, OWNER)}))
    alerts = await tasks(rules, TaskKind.ALERT)
    assert [alert.chat_id for alert in alerts] == list(admins)
    await rules.settles(
        *(DeliveryResult(alert, DeliveryStatus.DONE, message_id=alert.chat_id * 10) for alert in alerts)
    )
    return alerts


async def presses(rules: Rules, kind: AdminActionKind, value: object = "", admin_id: int = OLGA) -> str:
    """A second later an admin presses a button; return the answer."""
    rules.later(1)
    details: dict[str, str | int] = {"value": str(value)}
    act = AdminAction(kind, GATE.chat_id, admin_id, details, "a query")
    await rules.database.transact(lambda store: store.admins.note(GATE.chat_id, admin_id, rules.now, OWNER))
    await rules.database.transact(lambda store: rules.desk(store, act))
    (answer,) = await tasks(rules, TaskKind.ANSWER_BUTTON)
    await rules.settles(DeliveryResult(answer, DeliveryStatus.DONE))
    return str(said(answer)["toast"])


async def the_gate(rules: Rules, gate: Gate = GATE) -> Gate:
    found = await rules.database.transact(lambda store: store.gates.get(gate.chat_id))
    assert found is not None
    return found


async def raids(rules: Rules) -> int:
    return (await rules.journal()).count("raid")


async def waiting(rules: Rules) -> int:
    return (await rules.requests()).count("waiting")


async def told(rules: Rules) -> list[PendingTask]:
    """Return the alerts that are due, and deliver them."""
    alerts = await tasks(rules, TaskKind.ALERT)
    await rules.settles(*(DeliveryResult(alert, DeliveryStatus.DONE, message_id=alert.id) for alert in alerts))
    return alerts


async def test_more_than_so_many_requests_in_so_many_minutes_are_a_raid_and_it_is_told_once(rules: Rules) -> None:
    await has_gate(rules)
    for admin in ADMINS:
        await rules.meets(admin)

    await come(rules, 3)
    assert await raids(rules) == 0
    await come(rules, 1, first=2000)
    assert await raids(rules) == 1
    await come(rules, 20, first=3000)

    alerts = await admins_are_told(rules, *ADMINS)
    assert {said(alert)["count"] for alert in alerts} == {24}
    await come(rules, 20, first=4000)
    assert await tasks(rules, TaskKind.CALL_ADMINS) == await tasks(rules, TaskKind.ALERT) == []
    assert await raids(rules) == 1


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "rolled back"])
async def test_nobody_waits_for_the_transaction_that_begins_a_raid_and_it_begins_once(
    postgres_url: str, *, is_kept: bool
) -> None:
    clock = frozen_clock()
    database = Database(postgres_url, clock.now)
    await database.open()
    rules = Rules(database, clock)
    await has_gate(rules, settings=dataclasses.replace(SMALL, raid=RaidReaction.STRICT))
    for admin in ADMINS:
        await rules.meets(admin)
    await come(rules, 3)
    began, others_came = asyncio.Event(), asyncio.Event()

    async def begin(store: Store) -> None:
        person = await store.people.meet(2000, 2000, "en", rules.now, wrote=False)
        await rules.take_request(store, person, GATE)
        began.set()
        await others_came.wait()
        if not is_kept:
            raise RuntimeError("something else in this transaction failed")

    async def others() -> None:
        await began.wait()
        await come(rules, 5, first=3000)
        others_came.set()

    failed, _ = await asyncio.gather(database.transact(begin), others(), return_exceptions=True)
    assert isinstance(failed, RuntimeError) is not is_kept

    # They did not wait, but count as part of the raid.
    crowd = await rules.rows("SELECT user_id FROM screens WHERE turn = 2 AND user_id >= 3000")
    assert len(crowd) == 5
    assert await raids(rules) == int(is_kept)
    await come(rules, 3, first=4000)
    assert await raids(rules) == 1
    assert len(await tasks(rules, TaskKind.CALL_ADMINS)) == 1
    assert (await the_gate(rules)).is_strict(rules.now)
    await database.close()


async def test_people_join_while_another_transaction_holds_the_gate(postgres_url: str) -> None:
    clock = frozen_clock()
    database = Database(postgres_url, clock.now)
    await database.open()
    rules = Rules(database, clock)
    await has_gate(rules)

    async def hold(store: Store) -> None:
        await store.gates.lock(GATE.chat_id)
        await store.raids.at(GATE.chat_id)
        # More than make a raid.
        await come(rules, 5)

    await database.transact(hold)

    assert await waiting(rules) == 5
    assert await raids(rules) == 0
    await come(rules, 1, first=2000)
    assert await raids(rules) == 1
    await database.close()


async def test_a_slow_stream_of_requests_is_no_raid(rules: Rules) -> None:
    await has_gate(rules)

    for user_id in range(1000, 1012):
        await rules.asks_to_join(user_id, wrote=False)
        rules.later(2 * MINUTE)

    assert await raids(rules) == 0


async def test_in_one_batch_a_raid_begins_with_the_very_request_that_is_one_too_many(rules: Rules) -> None:
    await has_gate(rules)

    await come_together(rules, [1000, 1001, 1002])
    assert await raids(rules) == 0
    # Somebody who asks again is still one person.
    await come_together(rules, [1000, 1001, 1002, 1000, 1001, 1002, 1000])
    assert await raids(rules) == 0
    await come_together(rules, [1003])

    assert await raids(rules) == 1
    crowd = await rules.rows("SELECT user_id FROM screens WHERE turn = 2")
    assert crowd == [{"user_id": 1003}]


async def test_each_gate_counts_for_itself(rules: Rules) -> None:
    await has_gate(rules)
    await has_gate(rules, OTHER_GATE)

    await come(rules, 3)
    await come(rules, 3, first=2000, gate=OTHER_GATE)

    assert await raids(rules) == 0


@pytest.mark.parametrize("does_not_care", ["off", "not on"])
async def test_a_gate_that_does_not_care_or_does_not_work_counts_nothing(rules: Rules, does_not_care: str) -> None:
    await has_gate(rules, settings=dataclasses.replace(SMALL, raid=RaidReaction.OFF))
    if does_not_care == "not on":
        await has_gate(rules)
        await rules.execute("UPDATE gates SET switch = 'paused'")

    await come(rules, 10)

    assert await raids(rules) == 0
    assert await tasks(rules, TaskKind.CALL_ADMINS) == []


async def test_who_joins_and_is_muted_counts_like_who_asks(rules: Rules) -> None:
    await has_gate(rules, settings=dataclasses.replace(SMALL, way=EntryMode.MUTE))

    for user_id in range(1000, 1004):
        newcomer = Newcomer(user_id, "Anna", is_bot=False, is_admin=False, actor_id=user_id, asked=False)
        await rules.database.transact(functools.partial(on_member_joined, gate_id=GATE.chat_id, newcomer=newcomer))

    assert await raids(rules) == 1


async def test_with_a_log_chat_the_raid_is_told_there_and_nowhere_else(rules: Rules) -> None:
    await has_gate(rules, settings=dataclasses.replace(SMALL, log_chat=LOG, log_topic=7))

    await come(rules, 5)

    (alert,) = await tasks(rules, TaskKind.ALERT)
    assert (alert.chat_id, said(alert)["topic"]) == (LOG, 7)
    assert await tasks(rules, TaskKind.CALL_ADMINS) == []


async def test_where_the_log_chat_takes_nothing_the_admins_are_told_and_where_none_can_be_the_operators(
    rules: Rules,
) -> None:
    await has_gate(rules, settings=dataclasses.replace(SMALL, log_chat=LOG))
    await rules.meets(PAVEL)
    await come(rules, 5)

    (alert,) = await tasks(rules, TaskKind.ALERT)
    await rules.settles(DeliveryResult(alert, DeliveryStatus.REFUSED, error="chat not found"))
    (call,) = await tasks(rules, TaskKind.CALL_ADMINS)
    await rules.settles(DeliveryResult(call, DeliveryStatus.DONE, answer={"admins": dict.fromkeys(ADMINS, OWNER)}))
    (alert,) = await tasks(rules, TaskKind.ALERT)
    assert alert.chat_id == PAVEL
    await rules.settles(DeliveryResult(alert, DeliveryStatus.UNREACHABLE, error="bot was blocked by the user"))

    (alert,) = await tasks(rules, TaskKind.ALERT)
    assert (alert.chat_id, said(alert)["closed"]) == (OPERATOR, 1)
    await rules.settles(DeliveryResult(alert, DeliveryStatus.UNREACHABLE))
    assert await tasks(rules, TaskKind.ALERT) == []


async def test_a_log_chat_that_became_a_supergroup_is_told_there_and_the_gate_stays_where_it_is(rules: Rules) -> None:
    await has_gate(rules, settings=dataclasses.replace(SMALL, log_chat=-5))
    await come(rules, 5)
    (alert,) = await tasks(rules, TaskKind.ALERT)

    await rules.settles(DeliveryResult(alert, DeliveryStatus.MOVED, answer={"from": alert.chat_id, "to": LOG}))

    (alert,) = await tasks(rules, TaskKind.ALERT)
    assert (alert.chat_id, (await the_gate(rules)).settings.log_chat) == (LOG, LOG)


async def test_a_raid_goes_with_its_gate_when_the_group_becomes_a_supergroup(rules: Rules) -> None:
    await has_gate(rules)
    await rules.meets(OLGA)
    await come(rules, 4)
    await admins_are_told(rules, OLGA)
    new_id = GATE.chat_id - 1
    await rules.database.transact(lambda store: store.gates.move(GATE.chat_id, new_id))

    rules.later(6 * MINUTE)
    await rules.sweeps()

    closed, over = await told(rules)
    assert (said(closed)["closed"], said(over)["gate"], said(over)["count"]) == (1, new_id, 4)
    raid = await rules.database.transact(lambda store: store.raids.at(new_id))
    assert raid is not None
    assert [message.chat_id for message in raid.messages] == [OLGA]


async def test_with_no_admin_known_the_operators_are_told(rules: Rules) -> None:
    await has_gate(rules)
    await come(rules, 5)

    (call,) = await tasks(rules, TaskKind.CALL_ADMINS)
    await rules.settles(DeliveryResult(call, DeliveryStatus.REFUSED, error="chat not found"))

    assert [alert.chat_id for alert in await tasks(rules, TaskKind.ALERT)] == [OPERATOR]


async def test_a_gate_can_be_strict_by_itself_for_an_hour_and_then_looks_anew_at_who_was_hindered(rules: Rules) -> None:
    await has_gate(rules, settings=dataclasses.replace(SMALL, raid=RaidReaction.STRICT))
    await rules.meets(OLGA)
    await rules.verifies(ANNA)
    await rules.execute("UPDATE verified_phones SET kind = 'voip'")

    await come(rules, 4)
    await rules.asks_to_join(ANNA)

    gate = await the_gate(rules)
    assert gate.is_strict(rules.now)
    (alert,) = await admins_are_told(rules, OLGA)
    assert (said(alert)["strict_by"], "strict_until" in said(alert)) == (0, True)
    assert await rules.rows("SELECT ineligibility FROM join_requests WHERE user_id = 7") == [{"ineligibility": "kind"}]
    rules.later(HOUR)
    await rules.sweeps()
    await rules.sweeps()
    assert not (await the_gate(rules)).is_strict(rules.now)
    assert await rules.rows("SELECT state FROM join_requests WHERE user_id = 7") == [{"state": "approved"}]


async def test_a_gate_can_pause_by_itself_and_an_admin_can_have_it_on_again(rules: Rules) -> None:
    await has_gate(rules, settings=dataclasses.replace(SMALL, raid=RaidReaction.PAUSE))
    await rules.meets(OLGA)
    await come(rules, 4)

    assert not (await the_gate(rules)).works
    (alert,) = await admins_are_told(rules, OLGA)
    assert (said(alert)["switch"], said(alert)["switch_by"]) == ("paused", 0)
    await presses(rules, AdminActionKind.SWITCH, "on")

    assert (await the_gate(rules)).works
    (alert,) = await told(rules)
    assert (said(alert)["switch"], said(alert)["switch_by"]) == ("on", OLGA)
    assert said(alert)["message_id"] == OLGA * 10


async def test_what_an_admin_does_about_it_stands_in_all_messages_and_doing_it_twice_does_no_harm(rules: Rules) -> None:
    await has_gate(rules)
    for admin in ADMINS:
        await rules.meets(admin)
    await come(rules, 4)
    await admins_are_told(rules, *ADMINS)

    await presses(rules, AdminActionKind.SWITCH, "paused")
    alerts = await told(rules)
    assert [alert.chat_id for alert in alerts] == list(ADMINS)
    assert {said(alert)["switch_by"] for alert in alerts} == {OLGA}
    await presses(rules, AdminActionKind.SWITCH, "paused", PAVEL)
    assert await told(rules) == []

    assert await presses(rules, AdminActionKind.STRICT, "on", PAVEL) == "done"
    assert (await the_gate(rules)).is_strict(rules.now)
    (alert, _) = await told(rules)
    assert (said(alert)["switch_by"], said(alert)["strict_by"]) == (OLGA, PAVEL)
    assert await presses(rules, AdminActionKind.STRICT, "off") == "done"
    assert await presses(rules, AdminActionKind.STRICT, "off") == "done_before"
    assert not (await the_gate(rules)).is_strict(rules.now)
    assert (await rules.rows("SELECT actor_id FROM journal WHERE code = 'strict:off'")) == [{"actor_id": OLGA}]


async def test_who_is_no_admin_changes_nothing(rules: Rules) -> None:
    await has_gate(rules)
    await come(rules, 4)
    await rules.database.transact(lambda store: store.admins.note(GATE.chat_id, BORIS, rules.now, NO_ADMIN))
    act = AdminAction(AdminActionKind.DECLINE_RECENT, GATE.chat_id, BORIS, {}, "a query")

    await rules.database.transact(lambda store: rules.desk(store, act))

    (answer,) = await tasks(rules, TaskKind.ANSWER_BUTTON)
    assert said(answer)["toast"] == "not_admin"
    assert await waiting(rules) == 4


async def test_one_button_declines_all_of_the_raid_but_who_is_verified_or_about_to_be(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mass_decline, "CHUNK", 4)
    await has_gate(rules)
    await rules.meets(OLGA)
    await rules.asks_to_join(BORIS)
    rules.later(6 * MINUTE)
    await come(rules, 10)
    (alert,) = await admins_are_told(rules, OLGA)
    await rules.verifies(1000, "+79990001000")
    await rules.execute("UPDATE join_requests SET state = 'waiting' WHERE user_id = 1000")
    await rules.gets_number(1001, OTHER_PHONE)

    assert await presses(rules, AdminActionKind.DECLINE_RECENT, said(alert)["raid"]) == "done"
    assert await waiting(rules) == 7
    assert await presses(rules, AdminActionKind.DECLINE_RECENT, said(alert)["raid"]) == "done_before"
    await rules.asks_to_join(5000)
    for _ in range(3):
        await rules.sweeps()

    states = {row["user_id"]: row["state"] for row in await rules.rows("SELECT user_id, state FROM join_requests")}
    assert {user_id for user_id, state in states.items() if state == "declined"} == set(range(1002, 1010))
    assert {states[BORIS], states[1001], states[5000]} == {"waiting"}
    declines = await tasks(rules, TaskKind.DECLINE_JOIN)
    assert len(declines) == 8
    assert {(said(due)["why"], said(due)["admin_id"]) for due in declines} == {("raid", OLGA)}
    assert (await rules.journal()).count("declined_by_hand") == 8


async def test_how_far_it_is_with_the_declines_stands_in_the_message(rules: Rules) -> None:
    await has_gate(rules)
    await rules.meets(OLGA)
    await come(rules, 6)
    (alert,) = await admins_are_told(rules, OLGA)
    await presses(rules, AdminActionKind.DECLINE_RECENT, said(alert)["raid"])
    (alert,) = await told(rules)
    assert (said(alert).get("done", 0), said(alert)["total"], said(alert)["decline_by"]) == (0, 6, OLGA)

    declines = await tasks(rules, TaskKind.DECLINE_JOIN)
    await rules.settles(*(DeliveryResult(due, DeliveryStatus.DONE) for due in declines[:2]))
    await rules.sweeps()
    # Figures alone wait a moment; that all are selected does not.
    await told(rules)
    await rules.settles(*(DeliveryResult(due, DeliveryStatus.DONE) for due in declines[2:4]))
    await rules.sweeps()
    assert await told(rules) == []
    rules.later(10)
    await rules.sweeps()
    (alert,) = await told(rules)
    assert (said(alert).get("done", 0), said(alert)["total"], said(alert)["is_chosen"]) == (4, 6, 1)
    await rules.settles(*(DeliveryResult(due, DeliveryStatus.DONE) for due in declines[4:]))
    rules.later(10)
    await rules.sweeps()
    (alert,) = await told(rules)
    assert (said(alert).get("done", 0), said(alert)["total"]) == (6, 6)


async def test_declined_strangers_are_not_written_to_any_more_and_others_see_what_is_true(rules: Rules) -> None:
    await has_gate(rules)
    await has_gate(rules, OTHER_GATE)
    await come(rules, 4)
    await rules.asks_to_join(1000, OTHER_GATE, wrote=False)
    await rules.asks_to_join(BORIS)

    await presses(rules, AdminActionKind.DECLINE_RECENT)

    drawn = {due.user_id: due.view for due in await rules.picks() if isinstance(due, PendingScreen)}
    assert set(drawn) == {1000, BORIS}
    assert getattr(drawn[1000], "gates", None) == (OTHER_GATE.title,)
    assert getattr(drawn[BORIS], "outcome", None) is Outcome.DECLINED


async def test_a_button_of_a_raid_that_another_one_followed_declines_nobody(rules: Rules) -> None:
    await has_gate(rules)
    await rules.meets(OLGA)
    await come(rules, 4)
    (old,) = await admins_are_told(rules, OLGA)
    rules.later(HOUR)
    await come(rules, 4, first=2000)

    assert await raids(rules) == 2
    assert await presses(rules, AdminActionKind.DECLINE_RECENT, said(old)["raid"]) == "over"
    assert await waiting(rules) == 8


async def test_a_raid_goes_on_while_as_many_come_and_is_over_when_they_have_not_for_as_many_minutes(
    rules: Rules,
) -> None:
    await has_gate(rules)
    await rules.meets(OLGA)
    await come(rules, 4)
    await admins_are_told(rules, OLGA)
    for first in range(2000, 6000, 1000):
        rules.later(4 * MINUTE)
        await come(rules, 4, first=first)
        await rules.sweeps()
        await told(rules)
    assert await raids(rules) == 1
    await rules.verifies(1000, "+79990001000")
    assert await presses(rules, AdminActionKind.STRICT, "on") == "done"
    await told(rules)

    rules.later(5 * MINUTE)
    rules.is_started = False
    await rules.sweeps()

    closed, over = await told(rules)
    assert (said(closed)["message_id"], said(closed)["closed"]) == (OLGA * 10, 1)
    told_of = ("over", "count", "approved", "declined", "waiting")
    assert [said(over).get(name, 0) for name in told_of] == [1, 20, 1, 0, 19]
    assert (await rules.journal()).count("raid_over") == 1
    await rules.sweeps()
    assert await told(rules) == []

    # People who ask later are not part of it, and the alert still shows what becomes of those who were.
    rules.later(MINUTE)
    await come(rules, 2, first=9000)
    assert await presses(rules, AdminActionKind.STRICT, "off") == "done"
    (alert,) = await told(rules)
    assert (said(alert)["message_id"], said(alert)["over"], said(alert)["strict_by"]) == (over.id, 1, OLGA)
    assert await presses(rules, AdminActionKind.DECLINE_RECENT, said(over)["raid"]) == "done"
    (alert,) = await told(rules)
    assert [said(alert).get(name, 0) for name in told_of] == [1, 20, 1, 19, 0]
    assert await waiting(rules) == 2
    rules.later(49 * HOUR)
    await rules.sweeps()
    assert await rules.rows("SELECT chat_id FROM gates WHERE raid IS NOT NULL") == []


async def test_a_raid_that_ended_while_the_bot_was_down_is_told_to_be_over_before_the_next_is_told(
    rules: Rules,
) -> None:
    await has_gate(rules)
    await rules.meets(OLGA)
    await come(rules, 4)
    await admins_are_told(rules, OLGA)

    rules.later(HOUR)
    await come(rules, 4, first=2000)

    assert [entry for entry in await rules.journal() if entry.startswith("raid")] == ["raid", "raid_over", "raid"]


async def test_two_thousand_who_ask_at_once_are_written_to_oldest_first_and_only_while_it_may_reach_them(
    rules: Rules,
) -> None:
    await has_gate(rules, settings=STANDARD)
    for first in range(1000, 3000, 100):
        await come_together(rules, list(range(first, first + 100)))
    rules.later(4 * MINUTE)
    await come_together(rules, list(range(5000, 5100)))
    await rules.gets_number(1999)
    rules.later(2)

    first_ones = [due.user_id for due in await rules.picks(40) if isinstance(due, PendingScreen)]
    # Those who acted, then those who came before the raid, then its crowd, oldest first.
    assert first_ones == [1999, *range(1000, 1039)]
    rules.later(2 * MINUTE)
    later = [due.user_id for due in await rules.picks(40) if isinstance(due, PendingScreen)]

    assert later == [1999, *range(5000, 5039)]
    reach = await rules.rows("SELECT reach, count(*) AS n FROM join_requests GROUP BY reach ORDER BY reach")
    assert reach == [{"reach": "not_reached", "n": 1999}, {"reach": "pending", "n": 101}]
    assert (await rules.journal()).count("join_not_reached") == 1999
