"""An admin learns whether people have to ask before they are in, and when somebody joined without verification."""

from __future__ import annotations

import httpx
import pytest

from bot.domain.outgoing import MOST_CHECKS
from bot.sandbox.people import Person
from bot.sandbox.telegram.admin_actions import AdminActions
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.gates import chooses, is_muted, may_write, muting
from tests.scenarios.panel_walk import opens
from tests.scenarios.story import all_is_carried, guarded, reads

BYPASSED = "somebody joined without asking"
ADDED = "a member added somebody"
BY_BOT = "another bot let in somebody"


async def unproved(world: World) -> tuple[Person, Group]:
    """Make a private group whose own link lets everybody in, and its owner."""
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner, approves=False)
    await owner.says("/start")
    await owner.sees("1. ")
    await owner.makes_bot_admin(group, can_invite_users=True)
    await owner.sees("one step left")
    return owner, group


async def metrics(callgate: Installation) -> str:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{callgate.url}/metrics")).text


async def test_a_gate_without_evidence_is_called_so_everywhere(
    world: World, brisk: Installation, operator: Person
) -> None:
    owner, _ = await unproved(world)
    await all_is_carried(brisk)

    assert owner.shown("guarded now") is None
    assert 'callgate_gates{state="unconfirmed"} 1.0' in await metrics(brisk)
    await owner.says("/gates")
    assert "🟡 Flat owners" in (await owner.sees("Your groups")).buttons
    await operator.says("/health")
    assert "🟡 on, no proof yet that people have to ask: 1" in await reads(operator, "All is well")
    await operator.says("/gates")
    assert "🟡 Flat owners" in await reads(operator, "All groups")


async def test_the_first_join_request_proves_it(world: World, brisk: Installation) -> None:
    owner, group = await unproved(world)
    await owner.presses("Make a link")
    await owner.sees("Share this link")
    url = (await owner.presses("Copy the link"))["copied"]
    anna = world.person("Anna", language="en")

    await anna.opens_link(url)

    await owner.sees("✅ Flat owners is guarded now")
    assert anna.id in group.requests


@pytest.mark.parametrize("proved", [False, True])
async def test_an_admin_hears_once_that_people_come_past_and_gets_a_link_that_works(
    world: World, brisk: Installation, operator: Person, proved: bool
) -> None:
    owner, group = await guarded(world) if proved else await unproved(world)
    plain = await owner.makes_link(group)
    for name in ("Anna", "Boris", "Carol"):
        await world.person(name, language="en").opens_link(plain)
        await all_is_carried(brisk)

    text = await reads(owner, BYPASSED)

    messages = [message for message in owner.chat.messages if BYPASSED in (message.text or "")]
    assert len(messages) == 1
    url = next(word for word in text.split() if word.startswith("https://t.me/+"))
    dave = world.person("Dave", language="en")
    await dave.opens_link(url)
    await dave.sees("Flat owners")
    assert dave.id in group.requests
    await owner.sees("⚠️ Flat owners: people can get in without verifying")
    assert 'callgate_gates{state="bypassed"} 1.0' in await metrics(brisk)
    await owner.says("/gates")
    assert any(button.startswith("⚠️ Flat owners") for button in (await owner.sees("Your groups")).buttons)
    await operator.says("/health")
    await operator.sees("⚠️ on, but people can get in without verifying: 1")


async def test_a_member_who_adds_a_friend_leads_them_past_the_gate_and_an_admin_does_not(
    world: World, brisk: Installation
) -> None:
    owner, group = await guarded(world)
    anna, boris, carol = (world.person(name, language="en") for name in ("Anna", "Boris", "Carol"))
    await owner.adds(group, anna)
    await all_is_carried(brisk)
    assert owner.shown(ADDED) is None
    assert 'callgate_gates{state="bypassed"} 0.0' in await metrics(brisk)

    await anna.adds(group, boris)

    assert "switch off “Add members”" in await reads(owner, ADDED)
    await boris.adds(group, carol)
    await all_is_carried(brisk)
    assert len([message for message in owner.chat.messages if ADDED in (message.text or "")]) == 1
    await owner.sees("⚠️ Flat owners: people can get in without verifying")
    await owner.presses("Check again")
    await owner.sees("2 people got in without verifying")
    assert group.member(carol.account).inside


async def test_whom_a_member_adds_to_a_gate_that_mutes_newcomers_is_muted(world: World, brisk: Installation) -> None:
    owner, group = await muting(world, brisk)
    await owner.says("/start")
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await owner.adds(group, anna)
    await all_is_carried(brisk)

    await anna.adds(group, boris)

    await is_muted(world, group, boris)
    await all_is_carried(brisk)
    assert owner.shown(ADDED) is None
    assert may_write(group, anna)


async def test_the_self_test_leads_an_admin_through_their_own_link(world: World, brisk: Installation) -> None:
    owner, _ = await unproved(world)

    await opens(owner, "Test my link", "Open the link that you share")
    await owner.presses("🚪 “Join”")
    await owner.sees("2. Share this link instead")
    assert (await owner.presses("Copy the link"))["copied"].startswith("https://t.me/+")
    await opens(owner, "Test again", "Open the link that you share")
    answer = await owner.presses("✋ “Request to Join”")

    assert answer["text"] == "Saved"
    await owner.sees("✅ Flat owners is guarded now")
    assert 'callgate_gates{state="on"} 1.0' in await metrics(brisk)


@pytest.mark.parametrize("first", ["link", "member"])
async def test_each_way_past_the_gate_is_told_once_with_how_to_mend_it(
    world: World, brisk: Installation, first: str
) -> None:
    owner, group = await guarded(world)
    plain = await owner.makes_link(group)
    anna, boris, carol, dave = (world.person(name, language="en") for name in ("Anna", "Boris", "Carol", "Dave"))
    await owner.adds(group, anna)
    await all_is_carried(brisk)

    if first == "link":
        await boris.opens_link(plain)
        await owner.sees(BYPASSED)
        await anna.adds(group, carol)
        await owner.sees(ADDED)
    else:
        await anna.adds(group, boris)
        await owner.sees(ADDED)
        await carol.opens_link(plain)
        await owner.sees(BYPASSED)
    await dave.opens_link(plain)
    await dave.adds(group, world.person("Eve", language="en"))
    await all_is_carried(brisk)

    texts = [message.text or "" for message in owner.chat.messages]
    assert [sum(words in text for text in texts) for words in (BYPASSED, ADDED)] == [1, 1]


async def test_whom_another_bot_lets_in_came_past_the_gate(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    other = world.bot_account("Greeter")
    await owner.adds(group, other)
    await owner.promotes(group, other, can_invite_users=True)
    for name in ("Anna", "Boris"):
        person = world.person(name, language="en")
        await person.asks_to_join(group)
        await all_is_carried(brisk)

        await AdminActions(world.telegram, other).approves(group, person)
        await all_is_carried(brisk)

    assert "switch off “Invite users via link”" in await reads(owner, BY_BOT)
    assert sum(BY_BOT in (message.text or "") for message in owner.chat.messages) == 1
    await owner.sees("⚠️ Flat owners: people can get in without verifying")
    await owner.presses("Check again")
    await owner.sees("2 people got in without verifying")


async def test_an_owner_who_adds_very_many_at_once_is_told_of_nobody(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    world.clock.advance(3600)
    world.faults.add(where="telegram", kind="delay", method="getChatMember", times=40, seconds=0.2)

    for number in range(MOST_CHECKS + 10):
        await owner.adds(group, world.person(f"Person {number}"))
    await all_is_carried(brisk)

    assert owner.shown(ADDED) is None
    assert 'callgate_gates{state="bypassed"} 0.0' in await metrics(brisk)


async def test_who_joined_where_nobody_had_to_ask_came_past_no_gate(world: World, brisk: Installation) -> None:
    owner, group = await muting(world, brisk)
    await owner.says("/start")
    await owner.sees("👋")
    await world.person("Anna").joins(group)
    await all_is_carried(brisk)

    await chooses(brisk, group)
    await owner.says("/gates")
    await owner.presses("Flat owners")
    await world.wait_until(lambda: any(message.button("Waiting: 1") for message in owner.chat.messages))
    await all_is_carried(brisk)

    assert owner.shown("got in without verifying") is None
