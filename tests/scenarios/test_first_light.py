"""The whole main job once, starting with an empty database."""

from __future__ import annotations

import pytest

from bot.sandbox.world import World
from tests.installation import Installation, number_shown


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    return empty_database_url


async def test_a_person_calls_and_is_let_in(world: World, callgate: Installation) -> None:
    owner, anna = world.person("Olga"), world.person("Anna", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.says("/start")
    await owner.makes_bot_admin(group, can_invite_users=True)
    await owner.sees("Flat owners")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await anna.shares_contact()

    await anna.calls(await number_shown(anna))

    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("You are in: Flat owners")
    await world.wait_until(lambda: len(anna.chat.messages) == 1)
    journal = await callgate.journal()
    assert sorted(journal) == sorted(
        [
            "started",
            "gate_on",
            "join_asked",
            "join_reached",
            "contact_taken",
            "number_asked",
            "number_given",
            "confirmed",
            "grant_due",
            "grant_done",
        ]
    )
    assert journal[-3:] == ["confirmed", "grant_due", "grant_done"]
