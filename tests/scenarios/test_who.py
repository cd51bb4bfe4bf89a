"""One person at a gate: what admins see, and what they can do and undo."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.gate_settings import EntryMode
from bot.i18n.texts import unbroken
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.log_gates import RIGHTS, choose, full_gate
from tests.scenarios.story import all_is_carried, eventually, gets_number, guarded, reads


async def comes_in(world: World, group: Group, name: str = "Anna") -> Person:
    """Let somebody ask, verify and come in."""
    person = world.person(name, language="en")
    await person.asks_to_join(group)
    await verify(person)
    await world.wait_until(lambda: person.id in group.members)
    await person.sees("You are in")
    return person


async def test_a_reply_shows_state_masked_phone_and_history(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    anna = await comes_in(world, group)
    hello = await anna.says("Hello", group)

    await owner.says("/who", group, reply_to=hello)

    page = await reads(owner, "What happened")
    assert f"Anna · id {anna.id}" in page
    assert "At Flat owners: let in" in page
    assert unbroken(f"••• {anna.phone[-4:-2]}-{anna.phone[-2:]}") in page
    assert anna.phone not in page
    lines = page.partition("What happened\n")[2].splitlines()
    told = [line.partition(" · ")[2] for line in lines]
    assert told == ["asked to join", "shared their contact", "was shown a number", "verified", "let in"]


@pytest.mark.parametrize("how", ["id", "name", "mention"])
async def test_somebody_is_found_by_id_and_by_name(world: World, brisk: Installation, how: str) -> None:
    owner, group = await full_gate(world)
    anna = world.person("Anna", language="en")
    anna.account.username = "Anna_1990"
    await anna.asks_to_join(group)
    await anna.says("/start")
    await anna.sees("1. ")
    await eventually(brisk, "SELECT count(*) AS n FROM people WHERE username_digest IS NOT NULL", [{"n": 1}])

    await owner.says({"id": f"/who {anna.id}", "name": "/who anna_1990", "mention": "/who @ANNA_1990"}[how], group)

    page = await reads(owner, f"id {anna.id}")
    assert "waits for" in page
    assert "wrote to the bot" in page


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/who", "Reply to their message"),
        ("/who @nobody_knows", "I know nobody with this name"),
        ("/who 1 2", "One person at a time"),
        ("/block", "Reply to their message"),
        ("/revoke @nobody_knows", "I know nobody with this name"),
    ],
)
async def test_who_is_not_clear_gets_one_sentence(world: World, brisk: Installation, text: str, answer: str) -> None:
    owner, group = await full_gate(world)

    await owner.says(text, group)

    await owner.sees(answer)
    await all_is_carried(brisk)
    assert await brisk.rows("SELECT * FROM access_overrides") == []


async def test_nothing_is_told_of_somebody_who_never_asked_to_enter_here(world: World, brisk: Installation) -> None:
    _, group = await full_gate(world, "Flats")
    anna = await comes_in(world, group)
    stranger = world.person("Mallory", language="en")
    other = world.group("Bait", owner=stranger)
    await stranger.says("/start")
    await stranger.makes_bot_admin(other, **RIGHTS)
    await choose(brisk, other)

    for command in ("/who", "/block", "/who"):
        await stranger.says(f"{command} {anna.id}", other)
        page = await reads(stranger, f"id {anna.id}")
        await all_is_carried(brisk)
        assert "never asked to come in here" in page
        assert "•••" not in page
        assert "What happened" not in page
        assert "Anna" not in page
    assert anna.id in group.members


@pytest.mark.parametrize("private", [True, False])
async def test_by_name_nobody_learns_who_ever_met_the_bot(world: World, brisk: Installation, private: bool) -> None:
    _, group = await full_gate(world, "Flats")
    anna = world.person("Anna", language="en")
    anna.account.username = "Anna_1990"
    await anna.asks_to_join(group)
    await anna.says("/start")
    await anna.sees("1. ")
    await eventually(brisk, "SELECT count(*) AS n FROM people WHERE username_digest IS NOT NULL", [{"n": 1}])
    stranger = world.person("Mallory", language="en")
    bait = world.group("Bait", owner=stranger)
    await stranger.says("/start")
    await stranger.makes_bot_admin(bait, **RIGHTS)
    await choose(brisk, bait)

    answers = []
    for name in ("@Anna_1990", "@nobody_knows"):
        for command in ("/who", "/block"):
            await stranger.says(f"{command} {name}", None if private else bait)
            answers.append(await reads(stranger, "I know nobody with this name"))
            await all_is_carried(brisk)

    assert len(set(answers)) == 1
    assert await brisk.rows("SELECT * FROM access_overrides") == []


async def test_revoke_removes_shows_what_came_of_it_and_undo_brings_back(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    anna = await comes_in(world, group)
    hello = await anna.says("Hello", group)

    await owner.says("/revoke", group, reply_to=hello)

    page = await reads(owner, "They must verify again.")
    assert "revoked 0 s ago" in page or "revoked 1 s ago" in page
    await world.wait_until(lambda: group.member(anna.account).status == "left")
    await anna.sees("asks you to verify again")
    await owner.presses("↩️ Restore")
    await owner.sees("Restored")
    link = await anna.presses("Join “Flat owners”")
    await anna.opens_link(link["url"])
    await world.wait_until(lambda: anna.id in group.members)


async def test_who_was_revoked_comes_in_by_a_new_call_only(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    anna = await comes_in(world, group)
    await owner.says(f"/revoke {anna.id}", group)
    await world.wait_until(lambda: group.member(anna.account).status == "left")

    await anna.asks_to_join(group)
    await anna.sees("asks for a new call")
    await all_is_carried(brisk)
    assert anna.id in group.requests
    await anna.calls(await gets_number(anna))

    await world.wait_until(lambda: anna.id in group.members)
    await owner.says(f"/revoke {anna.id}", group)
    await world.wait_until(lambda: anna.id not in group.members)


async def test_where_newcomers_are_muted_who_is_revoked_is_muted_and_loses_the_tag(
    world: World, brisk: Installation
) -> None:
    owner, group = await full_gate(world)
    group.approves_new_members = False
    await choose(brisk, group, way=EntryMode.MUTE, tag="Neighbour")
    anna = world.person("Anna", language="en")
    await verify(anna)
    await anna.joins(group)
    await world.wait_until(lambda: group.member(anna.account).tag == "Neighbour")
    await all_is_carried(brisk)
    # People who may come in as they are need no request; with one they are known here.
    await owner.says(f"/who {anna.id}", group)
    await owner.sees(f"id {anna.id}")
    boris = world.person("Boris", language="en")
    await boris.joins(group)
    await world.wait_until(lambda: not group.allows(boris.account, "can_send_messages"))
    await verify(boris)
    await world.wait_until(lambda: group.allows(boris.account, "can_send_messages"))
    await world.wait_until(lambda: group.member(boris.account).tag == "Neighbour")
    await all_is_carried(brisk)

    await owner.says(f"/revoke {boris.id}", group)

    await world.wait_until(lambda: not group.allows(boris.account, "can_send_messages"))
    await world.wait_until(lambda: not group.member(boris.account).tag)
    assert boris.id in group.members
    await boris.sees("asks for a new call")
    await boris.calls(await gets_number(boris))
    await world.wait_until(lambda: group.allows(boris.account, "can_send_messages"))


async def test_block_bans_and_unblock_lets_them_ask_again(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    anna = await comes_in(world, group)
    hello = await anna.says("Hello", group)

    await owner.says("/block", group, reply_to=hello)

    await owner.sees("Blocked")
    await world.wait_until(lambda: group.member(anna.account).status == "kicked")
    await owner.says(f"/unblock {anna.id}", group)
    await owner.sees("Unblocked")
    await world.wait_until(lambda: group.member(anna.account).status == "left")
    await anna.asks_to_join(group)
    await world.wait_until(lambda: anna.id in group.members)
    await owner.says(f"/unblock {anna.id}", group)
    await owner.sees("They are not blocked.")


async def test_nothing_is_done_to_an_admin_or_a_bot(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    oleg = world.person("Oleg", language="en")
    await owner.adds(group, oleg)
    await owner.promotes(group, oleg)
    await eventually(brisk, "SELECT count(*) AS n FROM admins WHERE user_id = :id", [{"n": 1}], id=oleg.id)

    await owner.says(f"/block {oleg.id}", group)
    await owner.sees("That is an administrator")
    await owner.says(f"/block {owner.id}", group)
    await all_is_carried(brisk)
    await owner.sees("That is an administrator")
    message = await owner.says("x", group)
    message.sender = world.telegram.bot
    await owner.says("/block", group, reply_to=message)

    await owner.sees("That is a bot")
    await all_is_carried(brisk)
    assert await brisk.rows("SELECT * FROM access_overrides") == []
    assert oleg.id in group.members


async def test_an_admin_the_bot_did_not_know_of_stays_and_is_not_blocked(world: World, brisk: Installation) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    oleg = world.person("Oleg", language="en")
    await owner.adds(group, oleg)
    await owner.promotes(group, oleg)
    await owner.says("/start")
    await owner.makes_bot_admin(group, **RIGHTS)

    await owner.says(f"/block {oleg.id}", group)

    await owner.sees("administrator: I cannot act")
    assert await brisk.rows("SELECT * FROM access_overrides") == []
    assert oleg.id in group.members


async def test_without_the_right_to_remove_the_admin_is_told_so(world: World, brisk: Installation) -> None:
    owner, group = await guarded(world)
    anna = await comes_in(world, group)

    await owner.says(f"/block {anna.id}", group)

    await owner.sees("I could not remove Anna")
    assert anna.id in group.members


async def test_two_admins_who_block_at_once_block_once(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    oleg = world.person("Oleg", language="en")
    await oleg.says("/start")
    await owner.adds(group, oleg)
    await owner.promotes(group, oleg)
    anna = await comes_in(world, group)
    for admin in (owner, oleg):
        await admin.says(f"/who {anna.id}", group)
        await admin.sees("At Flat owners: let in")

    answers = await asyncio.gather(owner.presses("Block"), oleg.presses("Block"))

    assert sorted(answer["text"] for answer in answers) == ["Blocked", "Somebody already decided this."]
    assert (await brisk.journal()).count("blocked") == 1


async def test_an_old_button_of_somebody_who_is_no_admin_any_more_does_nothing(
    world: World, brisk: Installation
) -> None:
    owner, group = await full_gate(world)
    oleg = world.person("Oleg", language="en")
    await oleg.says("/start")
    await owner.adds(group, oleg)
    await owner.promotes(group, oleg)
    anna = await comes_in(world, group)
    await oleg.says(f"/who {anna.id}", group)
    await oleg.sees("At Flat owners: let in")
    await owner.demotes(group, oleg)
    await eventually(brisk, "SELECT count(*) AS n FROM admins WHERE user_id = :id AND is_admin", [{"n": 0}], id=oleg.id)

    answer = await oleg.presses("Block")

    assert answer["text"] == "Only administrators of that group can do this."
    await all_is_carried(brisk)
    assert anna.id in group.members


async def test_somebody_let_in_by_hand_before_they_ask_comes_in_at_once(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    anna = world.person("Anna", language="en")
    await owner.says(f"/who {anna.id}", group)
    await owner.sees("never asked")

    assert (await owner.presses("Let in"))["text"] == "I let them in as soon as they ask."

    await anna.asks_to_join(group)
    await world.wait_until(lambda: anna.id in group.members)
    assert await brisk.rows("SELECT * FROM verified_phones") == []


async def test_a_call_and_an_admins_block_at_the_same_time_end_clearly(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.says("/start")
    await anna.shares_contact()
    number = await number_shown(anna)
    await owner.says(f"/who {anna.id}", group)
    await owner.sees("was shown a number")

    await asyncio.gather(owner.presses("Block"), anna.calls(number))

    await all_is_carried(brisk)
    assert await brisk.rows("SELECT override FROM access_overrides") == [{"override": "blocked"}]
    await world.wait_until(lambda: anna.id not in group.members and anna.id not in group.requests)
