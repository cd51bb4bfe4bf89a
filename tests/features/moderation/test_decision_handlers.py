"""Decisions of admins about people, and their effects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.admin_actions import AdminActionKind
from bot.domain.gate_settings import EntryMode, GateSettings
from bot.domain.gates import OWNER, Gate, GrantKind
from bot.domain.outgoing import (
    DeliveryResult,
    DeliveryStatus,
    MemberFound,
    MemberStatus,
    PendingGrant,
    PendingTask,
    Priority,
    TaskKind,
)
from bot.features.moderation.appeals import ask_admins
from bot.features.moderation.mass_decline import continue_mass_declines
from tests.features.rules import ANNA, BORIS, GATE, HOUR, OPERATOR, Rules
from tests.tasks import said

CLARA = 9
LOG = -1005550001


async def chosen(rules: Rules, **settings: Any) -> None:
    """The gate exists, with these settings."""
    await rules.becomes(GATE)
    news = GateSettings(**settings)
    await rules.database.transact(lambda store: store.gates.set_settings(GATE.chat_id, news, rules.now))
    await rules.execute("UPDATE tasks SET done_at = 1")


async def comes_in(rules: Rules, *, tag: bool = False) -> None:
    """Anna asked, verified, and is in."""
    await chosen(rules, tag="Neighbour" if tag else "")
    await rules.asks_to_join()
    await rules.verifies()
    for item in await rules.picks():
        if isinstance(item, PendingGrant):
            await rules.settles(DeliveryResult(item, DeliveryStatus.DONE))
    if tag:
        await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.DONE))
    await rules.execute("UPDATE tasks SET done_at = 1")


async def events(rules: Rules) -> list[tuple[str, int | None]]:
    """Return what admins did, and which admin it was."""
    rows = await rules.rows("SELECT event, actor_id FROM journal WHERE actor_id IS NOT NULL ORDER BY id")
    return [(row["event"], row["actor_id"]) for row in rows]


async def override(rules: Rules) -> list[str]:
    return [row["override"] for row in await rules.rows("SELECT override FROM access_overrides")]


async def test_who_waits_is_let_in_by_hand_and_no_phone_counts_by_that(rules: Rules) -> None:
    await chosen(rules)
    await rules.asks_to_join()

    assert await rules.wants(AdminActionKind.LET_IN) == "let_in"

    grant = await rules.grant()
    assert (grant.kind, grant.gate_id) == (GrantKind.JOIN, GATE.chat_id)
    assert await rules.requests() == ["approved"]
    assert await override(rules) == ["allowed"]
    assert ("allowed", BORIS) in await events(rules)
    assert await rules.rows("SELECT * FROM verified_phones") == []
    assert await rules.face() == "decided"


async def test_what_is_decided_by_one_is_decided_already_for_the_next(rules: Rules) -> None:
    await chosen(rules)
    await rules.asks_to_join()
    assert await rules.wants(AdminActionKind.DECLINE, key="appeal") == "declined"

    for kind in (AdminActionKind.LET_IN, AdminActionKind.DECLINE, AdminActionKind.BLOCK):
        for key in ("appeal", "pending"):
            assert await rules.wants(kind, key=key, admin_id=CLARA) == "decided_already"

    assert await rules.requests() == ["declined"]
    assert await override(rules) == []
    assert await rules.undone() == ["decline_join"]
    assert await events(rules) == [("declined_by_hand", BORIS)]


async def test_a_decline_that_telegram_has_not_heard_of_is_taken_back_whole(rules: Rules) -> None:
    await chosen(rules)
    await rules.asks_to_join()
    await rules.wants(AdminActionKind.DECLINE)

    assert await rules.wants(AdminActionKind.LET_IN, key="log") == "let_in"

    assert await rules.undone() == []
    assert (await rules.grant()).kind is GrantKind.JOIN
    assert await rules.requests() == ["approved"]


async def test_who_was_declined_and_is_let_in_later_gets_a_link(rules: Rules) -> None:
    await chosen(rules)
    await rules.asks_to_join()
    await rules.wants(AdminActionKind.DECLINE)
    await rules.execute("UPDATE tasks SET done_at = 1")

    assert await rules.wants(AdminActionKind.LET_IN, key="log") == "let_in_later"
    assert await rules.wants(AdminActionKind.LET_IN, key="log") == "decided_already"

    assert (await rules.grant()).kind is GrantKind.LINK
    assert await override(rules) == ["allowed"]


async def test_who_is_in_is_in_already(rules: Rules) -> None:
    await comes_in(rules)

    assert await rules.wants(AdminActionKind.LET_IN) == "in_already"

    assert await override(rules) == []


async def test_who_is_blocked_while_waiting_is_turned_away_and_each_time_again(rules: Rules) -> None:
    await chosen(rules)
    await rules.asks_to_join()

    assert await rules.wants(AdminActionKind.BLOCK) == "blocked"
    assert await rules.undone() == ["decline_join"]
    assert await rules.wants(AdminActionKind.BLOCK) == "decided_already"
    await rules.verifies()
    await rules.execute("UPDATE tasks SET done_at = 1")
    await rules.asks_to_join()

    assert await rules.requests() == ["declined"]
    assert await rules.undone() == ["decline_join"]


async def test_who_is_in_and_blocked_is_banned_and_what_they_were_owed_is_not_carried(rules: Rules) -> None:
    await chosen(rules)
    await rules.asks_to_join()
    await rules.verifies()
    await rules.execute("UPDATE tasks SET done_at = 1")

    assert await rules.wants(AdminActionKind.BLOCK) == "blocked"

    assert [item for item in await rules.picks() if isinstance(item, PendingGrant)] == []
    assert await rules.undone() == ["ban"]
    assert await rules.requests() == ["gone"]
    assert await rules.wants(AdminActionKind.UNBLOCK) == "unblocked"
    assert await rules.undone() == ["unban"]
    assert await override(rules) == []
    assert await rules.wants(AdminActionKind.UNBLOCK) == "not_blocked"


async def test_a_revoked_member_is_removed_without_the_tag_and_must_call_again(rules: Rules) -> None:
    await comes_in(rules, tag=True)
    rules.later(1)

    assert await rules.wants(AdminActionKind.REVOKE) == "revoked"
    assert await rules.undone() == ["untag", "kick"]
    assert await rules.wants(AdminActionKind.REVOKE) == "decided_already"
    await rules.execute("UPDATE tasks SET done_at = 1")
    rules.later(1)
    await rules.asks_to_join()

    assert await rules.requests() == ["waiting"]
    assert await rules.rows("SELECT ineligibility FROM join_requests") == [{"ineligibility": "stale"}]
    await rules.verifies()
    assert await rules.requests() == ["approved"]
    assert await rules.wants(AdminActionKind.REVOKE) == "revoked"


async def test_a_revocation_not_carried_out_yet_is_undone_without_a_trace_in_the_group(rules: Rules) -> None:
    await comes_in(rules)
    await rules.wants(AdminActionKind.REVOKE)

    assert await rules.wants(AdminActionKind.RESTORE) == "restored"

    assert await rules.undone() == []
    assert await rules.requests() == ["approved"]
    assert await override(rules) == []
    assert await rules.wants(AdminActionKind.RESTORE) == "decided_already"


async def test_a_revoked_member_is_muted_where_newcomers_are_and_waits_with_a_deadline(rules: Rules) -> None:
    await comes_in(rules)
    await rules.database.transact(
        lambda store: store.gates.set_settings(GATE.chat_id, GateSettings(way=EntryMode.MUTE), rules.now)
    )

    assert await rules.wants(AdminActionKind.REVOKE) == "revoked"

    assert await rules.undone() == ["mute"]
    assert await rules.rows("SELECT state, way, ineligibility FROM join_requests") == [
        {"state": "waiting", "way": "mute", "ineligibility": "stale"}
    ]
    assert await rules.wants(AdminActionKind.RESTORE) == "restored"
    assert await rules.requests() == ["approved"]
    assert (await rules.rows("SELECT state FROM grants WHERE kind = 'unmute'")) == [{"state": "due"}]


async def test_who_came_in_by_hand_and_was_revoked_is_restored_by_hand(rules: Rules) -> None:
    await chosen(rules)
    await rules.asks_to_join()
    await rules.wants(AdminActionKind.LET_IN)
    await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.DONE))
    await rules.wants(AdminActionKind.REVOKE)
    assert await override(rules) == ["revoked"]

    await rules.wants(AdminActionKind.RESTORE)

    assert await override(rules) == ["allowed"]


@pytest.mark.parametrize("kind", [AdminActionKind.BLOCK, AdminActionKind.REVOKE])
async def test_nothing_harmful_is_done_to_admins_of_the_gate_or_to_oneself(rules: Rules, kind: AdminActionKind) -> None:
    await chosen(rules)
    await rules.database.transact(lambda store: store.admins.note(GATE.chat_id, ANNA, rules.now, OWNER))

    assert await rules.wants(kind) == "is_admin"
    assert await rules.wants(kind, BORIS) == "is_admin"

    assert await override(rules) == []
    assert await rules.undone() == []


@pytest.mark.parametrize("value", ["", "0", "-5", "anna", "٣", str(2**63), "9" * 24])
async def test_a_button_with_anything_else_in_it_does_nothing(rules: Rules, value: str) -> None:
    await chosen(rules)
    await rules.asks_to_join()

    for kind in (AdminActionKind.LET_IN, AdminActionKind.BLOCK, AdminActionKind.DECLINE_MANY):
        assert await rules.wants(kind, value) == "unknown"

    assert await rules.requests() == ["waiting"]


async def test_who_turns_out_to_be_an_admin_stays_and_nothing_stands_against_them(rules: Rules) -> None:
    await chosen(rules)
    await rules.wants(AdminActionKind.BLOCK)
    (ban,) = [item for item in await rules.picks() if isinstance(item, PendingTask) and item.kind == "ban"]

    await rules.settles(DeliveryResult(ban, DeliveryStatus.GONE, member=MemberFound(MemberStatus.ADMIN)))

    assert await override(rules) == []
    assert await rules.wants(AdminActionKind.BLOCK) == "is_admin"


async def test_a_thousand_are_declined_in_parts_and_it_ends(rules: Rules) -> None:
    await chosen(rules, log_chat=LOG)
    at = int(rules.now.timestamp()) * 10**6
    await rules.execute(
        "INSERT INTO join_requests (gate_id, user_id, state, reach, requested_at, deadline_at, way, name)"
        f" WITH RECURSIVE many(n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM many WHERE n < 1999)"
        f" SELECT {GATE.chat_id}, n, 'waiting', 'pending', {at}, {at + 86400 * 10**6}, 'request', 'x' FROM many"
    )
    rules.later(HOUR + 1)
    await rules.asks_to_join()

    assert await rules.wants(AdminActionKind.DECLINE_MANY, "1h") == "declining"
    assert await rules.wants(AdminActionKind.DECLINE_MANY, "all") == "declining_already"
    for _ in range(22):
        await rules.database.transact(continue_mass_declines)
        await rules.execute("UPDATE tasks SET done_at = 1 WHERE done_at IS NULL AND kind = 'decline_join'")
        rules.later(2)

    assert await rules.rows("SELECT state, count(*) AS n FROM join_requests GROUP BY state ORDER BY state") == [
        {"state": "declined", "n": 1000},
        {"state": "waiting", "n": 1},
    ]
    newest = await rules.database.transact(lambda store: store.mass_declines.newest(GATE.chat_id))
    assert newest is not None
    assert newest[1]
    log = await rules.database.transact(lambda store: store.tasks.due(rules.now, 100, (), Priority.LOG))
    assert [(said(line)["why"], said(line)["count"]) for line in log] == [("many", 1000)]
    assert await rules.wants(AdminActionKind.DECLINE_MANY, "1d") == "nobody_waits"


async def test_one_appeal_a_day_at_every_gate_at_which_they_wait_that_works(rules: Rules) -> None:
    await chosen(rules)
    off = Gate(-100777, "Garage", None, is_channel=False, is_on=True)
    await rules.asks_to_join()
    await rules.asks_to_join(gate=off)
    await rules.becomes(Gate(-100777, "Garage", None, is_channel=False, is_on=False))
    person = await rules.meets()

    toasts = [await rules.database.transact(lambda store: ask_admins(store, person, fresh=False)) for _ in range(2)]

    assert toasts == ["asked_admins", "asked_before"]
    rows = await rules.rows("SELECT gate_id FROM journal WHERE event = 'appealed'")
    assert rows == [{"gate_id": GATE.chat_id}]
    rules.later(timedelta(days=1).total_seconds() + 1)
    assert await rules.database.transact(lambda store: ask_admins(store, person, fresh=False)) == "asked_admins"


async def asked(rules: Rules) -> PendingTask:
    """Anna has appealed; the bot looks up the admins."""
    await chosen(rules)
    await rules.asks_to_join()
    person = await rules.meets()
    await rules.database.transact(lambda store: ask_admins(store, person, fresh=False))
    (call,) = [p for p in await rules.picks() if isinstance(p, PendingTask) and p.kind is TaskKind.CALL_ADMINS]
    return call


async def told(rules: Rules) -> list[PendingTask]:
    due = await rules.database.transact(lambda store: store.tasks.due(rules.now, 100, (), Priority.LATER))
    return [task for task in due if task.kind is TaskKind.APPEAL]


async def test_only_admins_who_can_be_written_to_are_told_and_without_any_the_operators(rules: Rules) -> None:
    call = await asked(rules)
    await rules.meets(BORIS)

    await rules.settles(DeliveryResult(call, DeliveryStatus.DONE, answer={"admins": {BORIS: OWNER, CLARA: OWNER}}))
    (appeal,) = await told(rules)
    assert appeal.chat_id == BORIS
    await rules.settles(DeliveryResult(appeal, DeliveryStatus.UNREACHABLE, error="bot was blocked by the user"))

    (last,) = await told(rules)
    assert last.chat_id == OPERATOR
    assert "operator" in said(last)


async def test_a_call_for_admins_that_telegram_refuses_reaches_the_operators(rules: Rules) -> None:
    await rules.settles(DeliveryResult(await asked(rules), DeliveryStatus.REFUSED, error="bot is not a member"))

    assert [appeal.chat_id for appeal in await told(rules)] == [OPERATOR]


async def test_what_was_decided_while_the_message_was_on_its_way_is_said_under_it(rules: Rules) -> None:
    call = await asked(rules)
    await rules.meets(BORIS)
    await rules.settles(DeliveryResult(call, DeliveryStatus.DONE, answer={"admins": {BORIS: OWNER}}))
    (appeal,) = await told(rules)
    await rules.wants(AdminActionKind.LET_IN, key="pending", admin_id=CLARA)

    await rules.settles(DeliveryResult(appeal, DeliveryStatus.DONE, message_id=55))

    (close,) = [
        task
        for task in await rules.database.transact(lambda store: store.tasks.due(rules.now, 9, (), Priority.LATER))
        if task.kind is TaskKind.CLOSE_APPEAL
    ]
    assert (close.chat_id, said(close)["message_id"], said(close)["admin_id"]) == (BORIS, 55, CLARA)
    assert said(close)["outcome"] == "let_in"


@pytest.mark.parametrize(
    "kind",
    [AdminActionKind.DECLINE, AdminActionKind.DECLINE_MANY, AdminActionKind.DECLINE_RECENT, AdminActionKind.BLOCK],
)
@pytest.mark.parametrize("way", [EntryMode.REQUEST, EntryMode.MUTE])
async def test_what_an_admin_decided_stands_when_they_call_before_telegram_was_told(
    rules: Rules, kind: AdminActionKind, way: EntryMode
) -> None:
    await rules.becomes(GATE)
    await rules.chooses(GATE, way=way)
    if way is EntryMode.MUTE:
        await rules.meets(ANNA)
        await rules.joins(ANNA)
    else:
        await rules.asks_to_join()
    about = {AdminActionKind.DECLINE_MANY: "all", AdminActionKind.DECLINE_RECENT: ""}.get(kind, str(ANNA))
    rules.later(1)
    await rules.wants(kind, about)
    assert await rules.requests() == ["declined"]

    await rules.verifies()
    await rules.sweeps()

    assert await rules.requests() == ["declined"]
    assert await rules.rows("SELECT kind FROM grants") == []
    turning_away = {"decline_join", "kick", "ban"}
    assert len(turning_away.intersection(await rules.undone())) == 1
    assert await rules.states() == ["confirmed"]


async def test_who_ran_out_of_time_and_calls_before_telegram_was_told_still_comes_in(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.asks_to_join()
    rules.later(25 * HOUR)
    await rules.sweeps()
    assert await rules.requests() == ["declined"]

    await rules.verifies()

    assert await rules.requests() == ["approved"]
