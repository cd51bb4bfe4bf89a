"""Actions on members harm nobody else."""

from __future__ import annotations

import pytest

from bot.delivery.execute import TelegramExecutor
from bot.domain.eligibility import is_own_mute, muted_until
from bot.domain.gates import GrantKind
from bot.domain.outgoing import (
    DeliveryResult,
    DeliveryStatus,
    MemberFound,
    MemberStatus,
    PendingGrant,
    PendingTask,
    TaskKind,
)
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.domain.makers import NOW
from tests.tasks import work

HOUR = 3600


@pytest.fixture
async def olga(world: World) -> Person:
    return world.person("Olga", language="en")


@pytest.fixture
async def group(world: World, olga: Person) -> Group:
    group = world.group("Flat owners", olga, approves=False)
    await olga.makes_bot_admin(group, can_invite_users=True, can_restrict_members=True)
    return group


@pytest.fixture
async def anna(world: World, group: Group) -> Person:
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    return anna


async def carries(
    deliverer: TelegramExecutor, kind: TaskKind, group: Group, person: Person, **details: int
) -> DeliveryResult:
    details |= {"user_id": person.id, "gate": group.id}
    return await deliverer.deliver(PendingTask(1, work(kind, **details), group.id, user_id=person.id))


async def unmutes(deliverer: TelegramExecutor, group: Group, person: Person) -> DeliveryResult:
    return await deliverer.deliver(PendingGrant(group.id, person.id, GrantKind.UNMUTE, NOW, 0))


async def test_a_mute_is_known_by_its_end_and_done_once(
    world: World, deliverer: TelegramExecutor, group: Group, anna: Person
) -> None:
    first = await carries(deliverer, TaskKind.MUTE, group, anna)
    until = group.member(anna.account).until_date
    world.clock.advance(HOUR)
    second = await carries(deliverer, TaskKind.MUTE, group, anna)

    assert first.result is second.result is DeliveryStatus.DONE
    assert group.member(anna.account).until_date == until
    assert is_own_mute(group.id, anna.id, muted_until(group.id, anna.id, world.clock.now()))
    assert not any(group.member(anna.account).permissions.values())
    assert (await unmutes(deliverer, group, anna)).result is DeliveryStatus.DONE
    assert group.member(anna.account).status == "member"


async def test_admins_and_who_is_away_are_not_muted(
    world: World, deliverer: TelegramExecutor, group: Group, olga: Person, anna: Person
) -> None:
    await anna.leaves(group)

    boris = world.person("Boris")
    for person, status in ((olga, MemberStatus.ADMIN), (anna, MemberStatus.AWAY), (boris, MemberStatus.AWAY)):
        receipt = await carries(deliverer, TaskKind.MUTE, group, person)
        assert (receipt.result, receipt.member) == (DeliveryStatus.GONE, MemberFound(status))


async def test_whom_an_admin_added_is_not_muted_and_whom_anybody_else_added_is(
    world: World, deliverer: TelegramExecutor, group: Group, olga: Person, anna: Person
) -> None:
    added = await carries(deliverer, TaskKind.MUTE, group, anna, actor_id=olga.id)
    assert added.member == MemberFound(MemberStatus.ADDED_BY_ADMIN)

    deleted_account = 4242
    muted = await carries(deliverer, TaskKind.MUTE, group, anna, actor_id=deleted_account)

    assert muted.result is DeliveryStatus.DONE
    added = await carries(deliverer, TaskKind.MUTE, group, anna, actor_id=olga.id)
    assert added.member == MemberFound(MemberStatus.ADDED_BY_ADMIN, is_muted=True)


@pytest.mark.parametrize("lasts", [None, HOUR])
async def test_while_an_admins_restriction_holds_the_bot_rests(
    world: World, deliverer: TelegramExecutor, group: Group, olga: Person, anna: Person, lasts: int | None
) -> None:
    await olga.restricts(group, anna, None if lasts is None else int(world.clock.timestamp()) + lasts)
    place = group.member(anna.account)

    receipt = await carries(deliverer, TaskKind.MUTE, group, anna)

    assert receipt.member is not None
    assert receipt.member.status is MemberStatus.RESTRICTED
    assert receipt.member.rest.total_seconds() == pytest.approx(lasts or 0, abs=5)
    await unmutes(deliverer, group, anna)
    spared = await carries(deliverer, TaskKind.KICK, group, anna, spares=1)
    assert spared.member is not None
    assert spared.member.status is MemberStatus.RESTRICTED
    assert spared.member.rest.total_seconds() == pytest.approx(lasts or 0, abs=5)
    assert group.member(anna.account) is place


async def test_who_is_removed_may_come_again_and_whom_an_admin_banned_stays_banned(
    world: World, deliverer: TelegramExecutor, group: Group, olga: Person, anna: Person
) -> None:
    await olga.restricts(group, anna)
    assert (await carries(deliverer, TaskKind.KICK, group, anna)).result is DeliveryStatus.DONE
    await anna.joins(group)
    await olga.bans(group, anna)

    assert (await carries(deliverer, TaskKind.KICK, group, anna)).member == MemberFound(MemberStatus.AWAY)
    assert (await carries(deliverer, TaskKind.KICK, group, olga)).member == MemberFound(MemberStatus.ADMIN)
    assert group.member(anna.account).status == "kicked"


async def test_a_ban_whose_lifting_was_lost_ends_by_itself_and_is_lifted_by_the_next_try(
    world: World, deliverer: TelegramExecutor, group: Group, anna: Person
) -> None:
    world.faults.add(where="telegram", kind="500", method="unbanChatMember", times=1)
    assert (await carries(deliverer, TaskKind.KICK, group, anna)).result is DeliveryStatus.RETRY
    assert group.member(anna.account).status == "kicked"

    assert (await carries(deliverer, TaskKind.KICK, group, anna)).result is DeliveryStatus.DONE

    await anna.joins(group)
    world.faults.add(where="telegram", kind="500", method="unbanChatMember", times=1)
    await carries(deliverer, TaskKind.KICK, group, anna)
    world.clock.advance(HOUR)
    await anna.joins(group)


async def test_a_line_that_may_not_be_deleted_is_no_failure(
    deliverer: TelegramExecutor, group: Group, anna: Person
) -> None:
    (line,) = group.messages

    receipt = await deliverer.deliver(PendingTask(1, work(TaskKind.SERVICE_MESSAGES, message_id=line.id), group.id))

    assert receipt.result is DeliveryStatus.GONE
