"""Erasing a person removes them from every table, including what was in flight, and keeps statistics the same."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest

from bot.crypto import TokenGenerator
from bot.domain.admin_actions import AdminActionKind
from bot.domain.gate_settings import EntryMode, GateSettings
from bot.domain.gates import OWNER, AccessOverride, Override
from bot.domain.journal import Event, NewEntry
from bot.domain.notifications import Notification, Notify, Toast
from bot.domain.operators import AddedOperator
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingScreen, PendingTask, TaskKind
from bot.domain.people import CARRIED_WITHIN, Deletion, DeletionScreen
from bot.domain.raids import Raid, RaidResponse
from bot.domain.screens import ScreenName
from bot.domain.statistics import Granularity, Period
from bot.domain.webhooks import Destination
from bot.features.joining.newcomers import Newcomer, on_member_joined
from bot.features.operators.registry import OperatorNotifier, Operators
from bot.features.privacy.erase import AT_ONCE, AskDeletion, ConfirmDeletion, ErasePerson, finish_erasures
from bot.features.webhooks.events import PublishEvents
from storage.sql.tables import metadata
from storage.store import Store
from tests.domain.makers import NOW
from tests.features.lives import FRIEND, ID, NAME, carries, lives, receipt
from tests.features.rules import ANNA, BORIS, GATE, HOUR, MINUTE, OPERATOR, OTHER_GATE, PHONE, Rules, callback
from tests.tasks import work


async def erases(rules: Rules, user_id: int = ID, operator_id: int | None = None) -> bool:
    erase = ErasePerson(rules.operators)
    return await rules.database.transact(lambda store: erase(store, user_id, operator_id=operator_id))


async def traces(rules: Rules, *words: str) -> set[str]:
    """Return the tables that contain one of these words, as a value or part of one."""
    found = set()
    for table in metadata.sorted_tables:
        async with rules.database.begin() as connection:
            for row in await connection.execute(table.select()):
                if any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", str(value)) for value in row for word in words):
                    found.add(table.name)
    return found


async def statistics(rules: Rules) -> list[Any]:
    """Return all statistics, of all gates and of each."""
    period = Period(date(2020, 1, 1), NOW.date() + timedelta(days=400))

    async def read(store: Store) -> list[Any]:
        return [
            {
                key: count
                for key, count in (await store.sums.read(period, gate, grain)).items()
                if key.event not in IGNORED
            }
            for gate in (None, GATE.chat_id, OTHER_GATE.chat_id)
            for grain in Granularity
        ]

    return await rules.database.transact(read)


IGNORED = {"erased", "cancelled", "operator_removed", "raid_over"}
"""Journal entries of the erasure itself, and of what ends meanwhile."""


async def is_forgotten(rules: Rules, *words: str) -> None:
    """Check that nothing is left once everything is delivered and calls in flight have returned."""
    await carries(rules)
    rules.later(CARRIED_WITHIN.total_seconds() + 1)
    await rules.sweeps()
    assert await traces(rules, str(ID), *words) == set()


async def test_nothing_of_a_person_is_left_in_any_table_and_statistics_stay_as_they_were(rules: Rules) -> None:
    fingerprint, mask = await lives(rules)
    await carries(rules)
    before = await statistics(rules)
    held = await traces(rules, str(ID), fingerprint, mask, NAME)
    assert held >= {
        "people",
        "verified_phones",
        "verifications",
        "numbers",
        "join_requests",
        "grants",
        "access_overrides",
        "appeals",
        "admins",
        "extra_chats",
        "tasks",
        "screens",
        "gateway_events",
        "gates",
        "journal",
        "mass_declines",
        "outbox",
        "operators",
        "announcements",
    }

    assert await erases(rules)

    await carries(rules)
    rules.later(CARRIED_WITHIN.total_seconds() + 1)
    await rules.sweeps()
    assert await traces(rules, str(ID), fingerprint, mask, NAME) == set()
    assert await traces(rules, str(FRIEND)) >= {"people", "join_requests", "access_overrides"}
    assert await statistics(rules) == before


async def test_at_once_only_what_telegram_has_yet_to_be_told_names_them(rules: Rules) -> None:
    fingerprint, mask = await lives(rules)

    await erases(rules)

    assert await traces(rules, fingerprint, mask, NAME) == set()
    assert await traces(rules, str(ID)) == {"tasks", "erasures"}
    assert await carries(rules) != []


async def test_who_is_not_known_is_not_erased(rules: Rules) -> None:
    assert not await erases(rules)
    assert await rules.journal() == []
    assert await traces(rules, str(ID)) == set()


async def test_in_the_middle_of_a_call_window_the_attempt_is_cancelled_and_a_call_that_comes_changes_nothing(
    rules: Rules,
) -> None:
    await rules.asks_to_join(ID)
    await rules.gets_number(ID)

    await erases(rules)
    await rules.matches(callback(PHONE))

    assert await rules.states() == []
    assert "cancelled" in await rules.journal()
    assert (await rules.journal())[-1] == "call_unmatched"
    assert await rules.rows("SELECT * FROM verified_phones") == []


async def test_their_requests_are_declined_and_nothing_of_that_is_kept(rules: Rules) -> None:
    await rules.asks_to_join(ID)
    await rules.asks_to_join(ID, OTHER_GATE)

    await erases(rules)

    assert (await carries(rules)).count(TaskKind.DECLINE_JOIN) == 2
    assert (await rules.journal()).count("join_declined") == 2
    await is_forgotten(rules)


async def test_a_gate_that_is_off_is_left_to_its_admins(rules: Rules) -> None:
    await rules.asks_to_join(ID)
    await rules.execute("UPDATE gates SET switch = 'off'")

    await erases(rules)

    assert TaskKind.DECLINE_JOIN not in await carries(rules)
    await is_forgotten(rules)


async def test_who_was_just_to_be_let_in_is_withdrawn_too(rules: Rules) -> None:
    await rules.asks_to_join(ID)
    await rules.verifies(ID)
    grant = await rules.grant(ID)

    await erases(rules)

    assert TaskKind.DECLINE_JOIN in await carries(rules)
    # It was in flight.
    await rules.settles(DeliveryResult(grant, DeliveryStatus.DONE))
    assert "grant_done" not in await rules.journal()
    await is_forgotten(rules)


async def test_who_is_muted_until_verified_is_removed_and_may_come_again(rules: Rules) -> None:
    await rules.becomes(GATE)
    mute = GateSettings(way=EntryMode.MUTE)
    await rules.database.transact(lambda store: store.gates.set_settings(GATE.chat_id, mute, rules.now))
    await rules.meets(ID)
    newcomer = Newcomer(ID, "Anna", is_bot=False, is_admin=False, actor_id=ID, asked=False)
    await rules.database.transact(lambda store: on_member_joined(store, GATE.chat_id, newcomer))

    await erases(rules)

    carried = await carries(rules)
    assert TaskKind.KICK in carried
    assert TaskKind.MUTE not in carried
    await is_forgotten(rules)


@pytest.mark.parametrize(
    "result", [DeliveryStatus.DONE, DeliveryStatus.GONE, DeliveryStatus.REFUSED, DeliveryStatus.UNREACHABLE]
)
async def test_what_was_under_way_brings_nothing_back(rules: Rules, result: DeliveryStatus) -> None:
    await lives(rules)
    await rules.asks_to_join(ID, query_id="a query")
    await rules.meets(ID)
    check: dict[str, str | int] = {"act": "", "gate": GATE.chat_id, "user_id": ID}
    await rules.database.transact(
        lambda store: store.tasks.add(work(TaskKind.CHECK_ADMIN, **check), ID, rules.now, user_id=ID)
    )
    await rules.database.transact(lambda store: store.screens.show(ID, ID, ScreenName.HELP, rules.now, fresh=True))
    under_way = await rules.picks()
    assert {type(item) for item in under_way} >= {PendingTask, PendingScreen}

    await erases(rules)
    await rules.settles(*(receipt(item, result) for item in under_way))

    await is_forgotten(rules)


async def test_a_row_that_is_under_way_is_not_taken_for_a_new_one(rules: Rules) -> None:
    await rules.asks_to_join(ID)
    await carries(rules)
    told: dict[str, str | int] = {"notice": "gate_on", "title": "x"}
    await rules.database.transact(lambda store: store.tasks.add(work(TaskKind.NOTIFY, **told), ID, rules.now))
    (under_way,) = await rules.picks()

    await erases(rules)
    await rules.settles(DeliveryResult(under_way, DeliveryStatus.DONE))

    assert TaskKind.DECLINE_JOIN in await carries(rules)


async def test_a_screen_drawn_before_does_not_pass_for_the_one_of_a_new_life(rules: Rules) -> None:
    await rules.meets(ID)
    for _ in range(3):
        await rules.database.transact(lambda store: store.screens.show(ID, ID, ScreenName.HELP, rules.now, fresh=True))
    (screen,) = await rules.picks()

    await erases(rules)
    await rules.asks_to_join(ID)
    await rules.settles(receipt(screen))

    assert [type(item) for item in await rules.picks()].count(PendingScreen) == 1


async def test_a_screen_of_nobody_keeps_no_other_from_being_drawn(rules: Rules) -> None:
    await rules.database.transact(lambda store: store.screens.show(ID, ID, ScreenName.HELP, rules.now))
    await rules.asks_to_join(ANNA)

    assert [item.user_id for item in await rules.picks() if isinstance(item, PendingScreen)] == [ANNA]


async def test_what_waits_for_telegram_is_kept_until_it_was_told(rules: Rules) -> None:
    await rules.asks_to_join(ID)
    await erases(rules)

    rules.later(HOUR)
    await rules.sweeps()

    assert TaskKind.DECLINE_JOIN in await carries(rules)
    await is_forgotten(rules)


async def test_who_comes_back_at_once_keeps_what_is_new(rules: Rules) -> None:
    await rules.asks_to_join(ID)
    await erases(rules)
    await carries(rules)
    rules.later(MINUTE)
    await rules.asks_to_join(ID)

    await carries(rules)
    rules.later(CARRIED_WITHIN.total_seconds())
    await rules.sweeps()

    assert await rules.requests() == ["waiting"]
    assert await rules.rows("SELECT event FROM journal WHERE user_id = :id", id=ID) == [
        {"event": "join_asked"},
        {"event": "join_reached"},
    ]


async def test_who_is_made_an_operator_after_they_were_erased_is_one(rules: Rules) -> None:
    await lives(rules)
    await erases(rules)
    await carries(rules)
    rules.later(10)
    await rules.database.transact(lambda store: store.operators.add(AddedOperator(ID, "Ida", OPERATOR, rules.now)))

    rules.later(CARRIED_WITHIN.total_seconds())
    await rules.sweeps()

    assert await rules.rows("SELECT user_id FROM operators WHERE name = 'Ida'") == [{"user_id": ID}]
    assert await rules.rows("SELECT * FROM erasures") == []


async def test_of_many_who_were_erased_a_sweep_finishes_some(rules: Rules) -> None:
    for user_id in range(ID, ID + AT_ONCE + 1):
        await rules.meets(user_id)
        await erases(rules, user_id)
    await carries(rules)
    rules.later(CARRIED_WITHIN.total_seconds() + 1)

    left = []
    for _ in range(2):
        await rules.database.transact(finish_erasures)
        left.append(len(await rules.rows("SELECT user_id FROM erasures")))

    assert left == [1, 0]


async def test_other_admins_and_who_was_told_of_by_an_erased_admin_stay(rules: Rules) -> None:
    await lives(rules)

    await erases(rules)

    told = await rules.database.transact(
        lambda store: store.appeals.close(OTHER_GATE.chat_id, FRIEND, Toast.DECLINED, rules.now, BORIS)
    )
    assert told == [(BORIS, 8)]
    (message,) = await rules.rows("SELECT body, admin_id FROM outbox WHERE user_id = :id", id=FRIEND)
    assert json.loads(message["body"])["data"] == {"person_id": FRIEND}
    assert message["admin_id"] is None


async def test_a_letter_says_by_whom_only_until_it_is_brought(rules: Rules) -> None:
    async def owes(store: Store) -> None:
        noted = NewEntry(Event.REVOKED, rules.now, user_id=FRIEND, gate_id=GATE.chat_id, code="x", actor_id=ID)
        await PublishEvents(TokenGenerator())(store, [noted])

    await rules.database.transact(owes)
    assert await rules.rows("SELECT user_id, admin_id FROM outbox") == [{"user_id": FRIEND, "admin_id": ID}]

    (message,) = await rules.database.transact(lambda store: store.outbox.due(Destination.EVENTS, rules.now, 9, ()))
    await rules.database.transact(lambda store: store.outbox.delivered(message.id, rules.now))

    assert await rules.rows("SELECT user_id, admin_id FROM outbox") == [{"user_id": FRIEND, "admin_id": None}]


async def test_where_an_appeal_was_told_is_kept_until_it_is_decided(rules: Rules) -> None:
    await lives(rules)

    told = [
        await rules.database.transact(
            lambda store: store.appeals.close(OTHER_GATE.chat_id, FRIEND, Toast.DECLINED, rules.now, BORIS)
        )
        for _ in range(2)
    ]

    assert told == [[(ID, 8), (BORIS, 8)], []]
    assert await rules.rows("SELECT messages FROM appeals WHERE messages IS NOT NULL") == []


async def test_what_an_erased_admin_was_still_told_is_not_noted(rules: Rules) -> None:
    await lives(rules)
    await erases(rules)

    await rules.database.transact(lambda store: store.appeals.told(OTHER_GATE.chat_id, FRIEND, ID, 9))

    assert await traces(rules, str(ID)) == {"tasks", "erasures"}


async def test_whoever_an_task_names_besides_is_found(rules: Rules) -> None:
    await rules.meets(ID)
    asked: dict[str, str | int] = {"act": "revoke", "gate": GATE.chat_id, "user_id": BORIS, "value": ID}
    by = Notify(Notification.OPERATOR_ADDED, user_id=FRIEND, name="Freda", by=ID)
    await rules.becomes(GATE)

    async def more(store: Store) -> None:
        await store.admins.note(GATE.chat_id, ID, rules.now, OWNER)
        await store.tasks.add(work(TaskKind.CHECK_ADMIN, **asked), BORIS, rules.now, user_id=BORIS)
        await store.tasks.add(
            work(TaskKind.CHECK_ADMIN, **(asked | {"value": str(ID)})), BORIS, rules.now, user_id=BORIS
        )
        await OperatorNotifier(rules.operators)(store, by)
        # Another admin has decided otherwise since, so the raid no longer names the first.
        raid = Raid(GATE.chat_id, rules.now, rules.now)
        await store.raids.put(GATE.chat_id, raid.with_deed(RaidResponse(AdminActionKind.SWITCH, "on", BORIS)))
        told: dict[str, str | int] = {"gate": GATE.chat_id, "raid": raid.mark, "switch_by": ID}
        await store.tasks.add(work(TaskKind.ALERT, **told), BORIS, rules.now, job=raid.name)

    await rules.database.transact(more)
    await rules.execute("UPDATE tasks SET done_at = created_at")

    await erases(rules)

    await is_forgotten(rules)


@pytest.mark.parametrize(
    "face", [ScreenName.ERASE, ScreenName.GATE, ScreenName.GATES, ScreenName.INSTALLATION, ScreenName.OPERATOR]
)
async def test_whoever_has_them_on_their_screen_looks_away(rules: Rules, face: ScreenName) -> None:
    await rules.meets(ID)
    # Neither an admin nor an operator now.
    await rules.database.transact(
        lambda store: store.screens.show(FRIEND, FRIEND, face, rules.now, details={"page": "who", "value": ID})
    )

    await erases(rules)

    assert await rules.face(FRIEND) == "welcome"
    assert await traces(rules, str(ID)) <= {"erasures", "tasks"}


async def test_the_same_phone_verifies_no_other_account_but_the_same_one_again(rules: Rules) -> None:
    await rules.verifies(ID)
    await erases(rules)

    await rules.shares(FRIEND)
    assert await rules.face(FRIEND) == "contact_refused"
    await rules.verifies(ID)

    assert await rules.rows("SELECT user_id, rank FROM verified_phones") == [{"user_id": ID, "rank": 1}]
    assert await rules.rows("SELECT * FROM erased_phones") == []


async def test_where_a_phone_may_bring_in_two_the_erased_one_counts(rules: Rules) -> None:
    two = GateSettings(accounts=2)
    for user_id in (FRIEND, ANNA):
        await rules.asks_to_join(user_id)
    await rules.database.transact(lambda store: store.gates.set_settings(GATE.chat_id, two, rules.now))
    await rules.verifies(ID)
    await erases(rules)

    await rules.verifies(FRIEND)
    await rules.shares(ANNA)

    assert await rules.rows("SELECT user_id, rank FROM verified_phones") == [{"user_id": FRIEND, "rank": 2}]
    assert await rules.face(ANNA) == "contact_refused"


async def test_calls_that_confirmed_another_account_of_the_phone_are_that_accounts(rules: Rules) -> None:
    two = GateSettings(accounts=2)
    await rules.asks_to_join(FRIEND)
    await rules.database.transact(lambda store: store.gates.set_settings(GATE.chat_id, two, rules.now))
    await rules.verifies(ID)
    await rules.verifies(FRIEND)

    await erases(rules)

    (attempt,) = await rules.rows("SELECT verification_id FROM verified_phones")
    assert await rules.rows("SELECT verification_id FROM gateway_events") == [attempt]


async def test_who_was_blocked_stays_blocked_until_an_admin_unblocks_them(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.meets(ID)
    blocked = AccessOverride(Override.BLOCKED, rules.now, BORIS)
    await rules.database.transact(lambda store: store.overrides.put(GATE.chat_id, ID, blocked))

    await erases(rules)
    await is_forgotten(rules)

    await rules.asks_to_join(ID)
    assert await rules.requests() == ["declined"]
    await rules.database.transact(lambda store: store.overrides.drop(GATE.chat_id, ID))
    await rules.asks_to_join(ID)
    assert await rules.requests() == ["waiting"]


async def stands(rules: Rules, override: Override) -> None:
    decision = AccessOverride(override, rules.now, BORIS)
    await rules.database.transact(lambda store: store.overrides.put(GATE.chat_id, ID, decision))


async def test_a_later_decision_goes_before_the_block_of_an_earlier_life(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.meets(ID)
    for override in (Override.BLOCKED, Override.ALLOWED):
        await stands(rules, override)
        if override is Override.BLOCKED:
            await erases(rules)

    found = await rules.database.transact(lambda store: store.overrides.get(GATE.chat_id, ID))
    assert found is not None
    assert found.override is Override.ALLOWED


async def test_what_is_told_of_before_it_is_done(rules: Rules) -> None:
    await rules.asks_to_join(ID)
    await rules.gets_number(ID)
    await carries(rules)
    ask = AskDeletion(rules.operators)
    person = await rules.meets(ID)
    await rules.database.transact(lambda store: ask.own(store, person))

    (screen,) = [item for item in await rules.picks() if isinstance(item, PendingScreen)]

    assert screen.view == DeletionScreen(Deletion.ASKED, is_calling=True, waiting=(GATE.title,))


@pytest.mark.parametrize(
    ("written", "deletion"),
    [
        ("", "unclear"),
        ("anna", "unclear"),
        ("-5", "unclear"),
        ("0", "unclear"),
        ("9" * 16, "unclear"),
        ("1" * 400, "unclear"),
        ("٣", "unclear"),
        ("12", "nobody"),
        (str(OPERATOR), "operator"),
        (str(ID), "asked"),
    ],
)
async def test_an_operator_is_answered_whatever_they_write(rules: Rules, written: str, deletion: str) -> None:
    await rules.meets(ID)
    operator = await rules.meets(OPERATOR)
    ask = AskDeletion(rules.operators)

    await rules.database.transact(lambda store: ask.of(store, operator, written))

    (screen,) = [item for item in await rules.picks() if isinstance(item, PendingScreen)]
    assert isinstance(screen.view, DeletionScreen)
    assert screen.view.deletion == deletion


async def test_an_operator_erases_and_the_person_is_not_written_to(rules: Rules) -> None:
    await rules.asks_to_join(ID)
    await carries(rules)
    operator = await rules.meets(OPERATOR)
    confirm = ConfirmDeletion(ErasePerson(rules.operators), rules.operators)

    toasts = [await rules.database.transact(lambda store: confirm.of(store, operator, ID)) for _ in range(2)]

    assert toasts == ["done", "over"]
    assert set(await carries(rules)) == {TaskKind.DECLINE_JOIN, "screen"}
    assert await rules.rows("SELECT code, actor_id FROM journal WHERE event = 'erased'") == [
        {"code": "operator", "actor_id": OPERATOR}
    ]
    await is_forgotten(rules)


async def test_an_operator_is_erased_by_nobody_else(rules: Rules) -> None:
    operator = await rules.meets(OPERATOR)
    confirm = ConfirmDeletion(ErasePerson(rules.operators), rules.operators)

    await rules.database.transact(lambda store: confirm.of(store, operator, OPERATOR))
    assert await rules.rows("SELECT user_id FROM people") == [{"user_id": OPERATOR}]
    await rules.database.transact(lambda store: confirm.own(store, operator))
    assert await rules.rows("SELECT user_id FROM people") == []


async def test_what_happened_in_the_same_transaction_is_made_nameless_too(rules: Rules) -> None:
    await rules.meets(ID)
    erase = ErasePerson(Operators())

    async def both(store: Store) -> None:
        store.journal.add(Event.STARTED, rules.now, user_id=ID)
        await erase(store, ID)

    await rules.database.transact(both)

    assert await rules.rows("SELECT event, user_id FROM journal") == [
        {"event": "started", "user_id": None},
        {"event": "erased", "user_id": None},
    ]
