"""Newcomers who are muted until verified: the effect of each answer from Telegram."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.gate_health import GateIssue
from bot.domain.gate_settings import AtDeadline, EntryMode
from bot.domain.gates import ANONYMOUS_ADMIN, AccessOverride, GateMode, GrantKind, Override
from bot.domain.outgoing import (
    DeliveryResult,
    DeliveryStatus,
    MemberFound,
    MemberStatus,
    PendingGrant,
    PendingScreen,
    PendingTask,
    TaskKind,
)
from bot.features.joining.newcomers import ChangeKind, RestrictionChange
from tests.features.rules import ANNA, BORIS, GATE, HOUR, MINUTE, Rules
from tests.tasks import said

DAY = 24 * HOUR
OPEN = "SELECT kind FROM tasks WHERE done_at IS NULL AND kind <> 'notify' ORDER BY id"


@pytest.fixture(autouse=True)
async def _muting(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.chooses(way=EntryMode.MUTE)
    await rules.sweeps()
    await set_up_is_over(rules)


async def set_up_is_over(rules: Rules) -> None:
    """Answer the lookups of the gate's set-up, so that the rest is about newcomers."""
    for kind, result in (
        (TaskKind.CHECK_GATE, DeliveryStatus.REFUSED),
        (TaskKind.PRIVATE_CHAT_LINK, DeliveryStatus.DONE),
    ):
        for item in await tasks(rules, kind):
            await rules.settles(DeliveryResult(item, result))


async def tasks(rules: Rules, kind: TaskKind) -> list[PendingTask]:
    return [item for item in await rules.picks(500) if isinstance(item, PendingTask) and item.kind is kind]


async def task(rules: Rules, kind: TaskKind) -> PendingTask:
    (found,) = await tasks(rules, kind)
    return found


async def open_kinds(rules: Rules) -> list[str]:
    return [row["kind"] for row in await rules.rows(OPEN)]


async def is_muted(rules: Rules, member: MemberFound | None = None, user_id: int = ANNA) -> None:
    """Telegram answers the mute of somebody who has just joined; by default with success."""
    (mute,) = [found for found in await tasks(rules, TaskKind.MUTE) if found.user_id == user_id]
    await rules.settles(DeliveryResult(mute, DeliveryStatus.GONE if member else DeliveryStatus.DONE, member=member))


async def stands(rules: Rules, user_id: int, override: Override) -> None:
    """An admin made this decision about somebody."""
    decision = AccessOverride(override, rules.now, BORIS)
    await rules.database.transact(lambda store: store.overrides.put(GATE.chat_id, user_id, decision))


async def is_overdue(rules: Rules) -> PendingTask:
    """Somebody joined, was muted and did not verify in time; return the task that removes them."""
    await rules.joins()
    await is_muted(rules)
    await rules.settles(DeliveryResult(await task(rules, TaskKind.PROMPT), DeliveryStatus.DONE))
    rules.later(DAY + 1)
    await rules.sweeps()
    return await task(rules, TaskKind.KICK)


async def test_in_a_flood_of_newcomers_mutes_take_turns_with_screens_and_come_before_prompts(rules: Rules) -> None:
    for user_id in range(100, 400):
        await rules.joins(user_id)
    for user_id in range(100, 110):
        await is_muted(rules, user_id=user_id)
    for user_id in (ANNA, BORIS):
        await rules.shares(user_id, f"+7999000000{user_id}")
    rules.later(2)

    items = await rules.picks(20)

    kinds = [item.kind if isinstance(item, PendingTask) else "screen" for item in items]
    # That many are a raid, which admins are alerted of.
    kinds = [kind for kind in kinds if kind not in (TaskKind.DELETE_MESSAGE, TaskKind.CALL_ADMINS)]
    assert kinds[:5] == ["mute", "screen", "mute", "screen", "mute"]
    assert kinds.count("mute") == 20
    assert "prompt" not in kinds
    assert {item.user_id for item in items if isinstance(item, PendingScreen)} == {ANNA, BORIS}


@pytest.mark.parametrize("prompts_group", [True, False])
async def test_a_prompt_that_cannot_be_sent_in_time_is_sent_later_unless_the_group_is_told_instead(
    rules: Rules, prompts_group: bool
) -> None:
    await rules.chooses(way=EntryMode.MUTE, prompts_group=prompts_group)
    await rules.joins()
    await is_muted(rules)

    rules.later(2 * MINUTE + 1)
    await rules.sweeps()

    assert await open_kinds(rules) == ["group_prompt" if prompts_group else "prompt"]


async def test_whom_the_bot_mutes_twice_is_told_once(rules: Rules) -> None:
    await rules.joins()
    mute = await task(rules, TaskKind.MUTE)

    await rules.settles(DeliveryResult(mute, DeliveryStatus.DONE))
    await rules.settles(DeliveryResult(mute, DeliveryStatus.DONE))

    assert await open_kinds(rules) == ["prompt"]


async def test_nobody_is_unmuted_before_they_were_muted(rules: Rules) -> None:
    await rules.joins()
    await rules.verifies()
    assert [item for item in await rules.picks() if isinstance(item, PendingGrant)] == []

    await is_muted(rules)

    (grant,) = [item for item in await rules.picks() if isinstance(item, PendingGrant)]
    assert grant.kind is GrantKind.UNMUTE
    assert await open_kinds(rules) == ["delete_message"]


async def test_who_left_before_they_were_muted_waits_no_more(rules: Rules) -> None:
    await rules.joins()

    await is_muted(rules, MemberFound(MemberStatus.AWAY))

    assert await rules.requests() == ["gone"]


async def test_an_answer_about_a_newcomer_of_before_says_nothing_of_who_came_again(rules: Rules) -> None:
    await rules.joins()
    mute = await task(rules, TaskKind.MUTE)
    await rules.leaves()
    rules.later(5)
    await rules.joins()

    await rules.settles(DeliveryResult(mute, DeliveryStatus.GONE, member=MemberFound(MemberStatus.AWAY)))

    assert await rules.requests() == ["waiting"]
    assert await open_kinds(rules) == ["mute"]


async def test_whom_an_admin_added_is_freed_of_a_restriction_of_before(rules: Rules) -> None:
    await rules.joins(actor_id=BORIS)

    await is_muted(rules, MemberFound(MemberStatus.ADDED_BY_ADMIN, is_muted=True))

    assert await rules.requests() == ["approved"]
    assert (await rules.grant()).kind is GrantKind.UNMUTE


@pytest.mark.parametrize("actor_id", [ANONYMOUS_ADMIN, ANNA])
async def test_who_may_write_is_freed_of_a_restriction_of_before(rules: Rules, actor_id: int) -> None:
    if actor_id == ANNA:
        await rules.verifies()

    await rules.joins(actor_id=actor_id, is_muted=True)

    assert (await rules.grant()).kind is GrantKind.UNMUTE
    assert "mute" not in await open_kinds(rules)


async def test_an_admin_or_a_bot_who_joins_is_let_through(rules: Rules) -> None:
    await rules.joins(is_admin=True)
    await rules.joins(BORIS, is_bot=True)

    assert await open_kinds(rules) == []
    assert await rules.requests() == []


async def test_who_is_an_admin_by_the_time_they_would_be_muted_is_let_through(rules: Rules) -> None:
    await rules.joins()

    await is_muted(rules, MemberFound(MemberStatus.ADMIN))

    assert await rules.requests() == ["approved"]
    assert (await rules.journal())[-1] == "left_alone"


async def test_whom_an_admin_blocked_is_banned_and_whom_one_let_in_is_not_muted(rules: Rules) -> None:
    for user_id, override in ((ANNA, Override.BLOCKED), (BORIS, Override.ALLOWED)):
        await stands(rules, user_id, override)
        await rules.joins(user_id)

    assert await open_kinds(rules) == ["ban"]
    assert (await task(rules, TaskKind.BAN)).user_id == ANNA
    assert await rules.requests() == []


async def test_only_supergroups_mute(rules: Rules) -> None:
    channel = replace(GATE, chat_id=-1001111111111, is_channel=True)
    basic = replace(GATE, chat_id=-4567)
    for gate in (channel, basic):
        await rules.becomes(gate)
        await rules.chooses(gate, way=EntryMode.MUTE)
        await set_up_is_over(rules)
        await rules.joins(gate=gate)

    assert await open_kinds(rules) == []


async def test_who_cannot_be_removed_waits_on_and_an_hour_later_it_is_tried_again(rules: Rules) -> None:
    kick = await is_overdue(rules)

    await rules.settles(DeliveryResult(kick, DeliveryStatus.REFUSED, error="not enough rights"))

    assert await rules.requests() == ["waiting"]
    assert (await rules.journal())[-1] == "failure"
    rules.later(HOUR)
    await rules.sweeps()
    assert await rules.requests() == ["waiting"]
    rules.later(1)
    await rules.sweeps()
    assert await rules.requests() == ["declined"]


async def test_whom_an_admin_restricted_waits_on_until_that_ends_and_is_muted_then(rules: Rules) -> None:
    kick = await is_overdue(rules)
    assert said(kick)["spares"] == 1

    found = MemberFound(MemberStatus.RESTRICTED, timedelta(hours=2))
    await rules.settles(DeliveryResult(kick, DeliveryStatus.GONE, member=found))

    assert await rules.requests() == ["waiting"]
    rules.later(2 * HOUR)
    assert await tasks(rules, TaskKind.MUTE) == []
    rules.later(1)
    assert len(await tasks(rules, TaskKind.MUTE)) == 1
    rules.later(HOUR - MINUTE)
    await rules.sweeps()
    assert await rules.requests() == ["waiting"]


async def test_who_is_gone_when_they_are_to_be_removed_stays_decided(rules: Rules) -> None:
    kick = await is_overdue(rules)

    await rules.settles(DeliveryResult(kick, DeliveryStatus.GONE, member=MemberFound(MemberStatus.AWAY)))

    assert await rules.requests() == ["declined"]
    assert await open_kinds(rules) == []


async def test_who_comes_again_before_they_were_removed_is_not_removed_for_the_last_time(rules: Rules) -> None:
    await is_overdue(rules)

    await rules.leaves()
    await rules.joins()

    assert await open_kinds(rules) == ["mute"]


async def test_who_verified_while_they_were_being_removed_gets_a_link_of_their_own(rules: Rules) -> None:
    kick = await is_overdue(rules)
    await rules.meets()
    await rules.verifies()
    assert await rules.requests() == ["approved"]

    await rules.settles(DeliveryResult(kick, DeliveryStatus.DONE))

    kinds = await rules.rows("SELECT kind FROM grants ORDER BY kind")
    assert kinds == [{"kind": "link"}, {"kind": "unmute"}]
    assert await rules.face() == "progress"


async def test_the_bots_own_removing_somebody_does_not_keep_it_from_coming_to_an_end(rules: Rules) -> None:
    await is_overdue(rules)

    await rules.leaves(by_bot=True)

    assert await open_kinds(rules) == ["kick"]


async def test_the_message_to_the_group_is_renewed_before_it_cannot_be_deleted_any_more(rules: Rules) -> None:
    await rules.chooses(way=EntryMode.MUTE, at_deadline=AtDeadline.LEAVE, prompts_group=True)
    await rules.joins()
    await is_muted(rules)
    rules.later(2 * MINUTE + 1)
    await rules.sweeps()
    prompt = await task(rules, TaskKind.GROUP_PROMPT)
    await rules.settles(DeliveryResult(prompt, DeliveryStatus.DONE, message_id=5))
    rules.later(46 * HOUR)
    await rules.sweeps()
    assert await open_kinds(rules) == []

    rules.later(HOUR)
    await rules.sweeps()
    prompt = await task(rules, TaskKind.GROUP_PROMPT)
    await rules.settles(DeliveryResult(prompt, DeliveryStatus.DONE, message_id=6))

    assert said(await task(rules, TaskKind.DELETE_MESSAGE)) == {"message_id": 5}


async def test_a_message_to_the_group_that_failed_is_tried_again_after_a_minute(rules: Rules) -> None:
    await rules.chooses(way=EntryMode.MUTE, prompts_group=True)
    await rules.joins()
    await is_muted(rules)
    rules.later(2 * MINUTE + 1)
    await rules.sweeps()
    prompt = await task(rules, TaskKind.GROUP_PROMPT)
    await rules.settles(DeliveryResult(prompt, DeliveryStatus.REFUSED, error="no rights to send"))

    await rules.sweeps()
    assert await open_kinds(rules) == []
    rules.later(MINUTE)
    await rules.sweeps()

    assert await open_kinds(rules) == ["group_prompt"]


async def test_with_the_right_again_only_those_are_muted_whose_mute_is_not_under_way(rules: Rules) -> None:
    await rules.joins(ANNA)
    mute = await task(rules, TaskKind.MUTE)
    await rules.settles(DeliveryResult(mute, DeliveryStatus.REFUSED, error="not enough rights"))
    await rules.joins(BORIS)

    await rules.becomes(GATE, fixed={GateIssue.CANNOT_RESTRICT})

    assert sorted(found.user_id or 0 for found in await tasks(rules, TaskKind.MUTE)) == [ANNA, BORIS]


async def test_a_right_to_mute_is_nothing_to_a_gate_that_mutes_nobody(rules: Rules) -> None:
    await rules.joins()
    await is_muted(rules)
    await rules.chooses(way=EntryMode.REQUEST)

    await rules.becomes(GATE, fixed={GateIssue.CANNOT_RESTRICT})

    assert "mute" not in await open_kinds(rules)


@pytest.mark.parametrize("change", [ChangeKind.FREED, ChangeKind.RESTRICTED])
async def test_what_admins_do_to_others_than_those_who_wait_muted_is_their_business(
    rules: Rules, change: ChangeKind
) -> None:
    await rules.verifies()
    await rules.joins()
    treatment = RestrictionChange(ANNA, change, BORIS, rules.now)
    before = await rules.journal()

    await rules.database.transact(lambda store: rules.take_restriction(store, GATE.chat_id, treatment))
    await rules.chooses(way=EntryMode.REQUEST)
    await rules.database.transact(lambda store: rules.take_restriction(store, GATE.chat_id, treatment))

    assert await rules.journal() == before
    assert "mute" not in await open_kinds(rules)


async def test_a_restriction_without_an_end_is_not_waited_for(rules: Rules) -> None:
    await rules.joins()
    await is_muted(rules)
    treatment = RestrictionChange(ANNA, ChangeKind.RESTRICTED, BORIS, None)

    await rules.database.transact(lambda store: rules.take_restriction(store, GATE.chat_id, treatment))

    assert "mute" not in await open_kinds(rules)
    assert await rules.requests() == ["waiting"]


async def test_what_a_gate_gives_nobody_gets_who_was_only_freed(rules: Rules) -> None:
    await rules.chooses(way=EntryMode.MUTE, tag="resident")
    await rules.joins()
    await is_muted(rules)
    await rules.database.transact(lambda store: store.gates.set_switch(GATE.chat_id, GateMode.OFF, rules.now))
    await rules.sweeps()
    assert await rules.requests() == ["gone"]

    await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.DONE))

    assert await rules.rows("SELECT kind, state FROM grants") == [{"kind": "unmute", "state": "done"}]


async def test_a_blocked_person_whom_the_bot_removed_is_journalled(rules: Rules) -> None:
    await stands(rules, ANNA, Override.BLOCKED)
    await rules.joins(ANNA)
    ban = await task(rules, TaskKind.BAN)
    assert (await rules.journal())[-1] != "removed"

    await rules.settles(DeliveryResult(ban, DeliveryStatus.DONE))

    assert (await rules.journal())[-1] == "removed"
    assert await open_kinds(rules) == []
