"""Tags: a visible role for verified members."""

from __future__ import annotations

import json

import pytest

from bot.domain.gate_settings import EntryMode
from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation, verify
from tests.scenarios.gates import calls, changes, is_freed, is_muted, place, with_gate, writes
from tests.scenarios.story import all_is_carried, eventually

TAGS = "SELECT state, error FROM grants WHERE kind = 'tag'"
RIGHTS = ("can_restrict_members", "can_manage_tags")


@pytest.mark.parametrize("way", [EntryMode.REQUEST, EntryMode.MUTE])
async def test_who_comes_in_verified_gets_the_tag(world: World, brisk: Installation, way: EntryMode) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner, approves=way is EntryMode.REQUEST)
    await with_gate(world, brisk, group, owner, RIGHTS, way=way, tag="resident")
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await anna.asks_to_join(group)
    if way is EntryMode.MUTE:
        await is_muted(world, group, anna)
        await all_is_carried(brisk)
        assert place(group, anna).tag is None
    await verify(anna)
    await verify(boris)
    await boris.asks_to_join(group)

    await world.wait_until(lambda: place(group, anna).tag == place(group, boris).tag == "resident")

    await changes(brisk, group, tag="neighbour")
    vera = world.person("Vera", language="en")
    await verify(vera)
    await vera.asks_to_join(group)
    await world.wait_until(lambda: place(group, vera).tag == "neighbour")
    assert place(group, anna).tag == "resident"


async def test_without_the_right_nobody_is_troubled_and_with_it_the_tags_follow(
    world: World, brisk: Installation, operator: Person
) -> None:
    await operator.says("/start")
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner)
    await with_gate(world, brisk, group, owner, tag="resident")
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await verify(anna)
    await eventually(brisk, TAGS, [{"state": "failed", "error": "Bad Request: CHAT_ADMIN_REQUIRED"}])
    await all_is_carried(brisk)
    assert len([message for message in operator.chat.messages if message.sender.is_bot]) == 1
    assert "You are in: Flat owners" in ((await anna.sees("✅")).text or "")
    failures = await brisk.rows("SELECT code FROM journal WHERE event = 'grant_failed'")
    assert failures == [{"code": "Bad Request: CHAT_ADMIN_REQUIRED"}]

    await owner.makes_bot_admin(group, can_manage_tags=True)

    await world.wait_until(lambda: place(group, anna).tag == "resident")


async def test_a_tag_that_somebody_else_gave_stays(world: World, brisk: Installation) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner, approves=False)
    await with_gate(world, brisk, group, owner, RIGHTS, way=EntryMode.MUTE, tag="resident")
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)
    await owner.tags(group, anna, "chairwoman")

    await verify(anna)

    await is_freed(world, group, anna)
    await eventually(brisk, TAGS, [{"state": "gone", "error": None}])
    assert place(group, anna).tag == "chairwoman"


@pytest.mark.parametrize("other", [None, "chairwoman"])
async def test_the_tag_is_taken_back_unless_they_have_another_by_now(
    world: World, brisk: Installation, other: str | None
) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner)
    await with_gate(world, brisk, group, owner, RIGHTS, tag="resident")
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await verify(anna)
    await world.wait_until(lambda: place(group, anna).tag == "resident")
    if other:
        await owner.tags(group, anna, other)
    await all_is_carried(brisk)

    await writes(
        brisk,
        "INSERT INTO tasks (kind, rank, chat_id, details, created_at, due_at)"
        " VALUES ('untag', 2, :chat, :details, 0, 0)",
        chat=group.id,
        details=json.dumps({"user_id": anna.id, "tag": "resident"}),
    )

    await all_is_carried(brisk)
    assert place(group, anna).tag == other
    assert len(calls(world, "setChatMemberTag")) == (1 if other else 2)


async def test_who_may_write_only_because_the_gate_mutes_nobody_any_more_gets_no_tag(
    world: World, brisk: Installation
) -> None:
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner, approves=False)
    await with_gate(world, brisk, group, owner, RIGHTS, way=EntryMode.MUTE, tag="resident")
    anna = world.person("Anna", language="en")
    await anna.joins(group)
    await is_muted(world, group, anna)

    await changes(brisk, group, way=EntryMode.REQUEST)

    await is_freed(world, group, anna)
    await all_is_carried(brisk)
    assert place(group, anna).tag is None
