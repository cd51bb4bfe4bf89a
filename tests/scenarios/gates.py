"""Gates with settings, as stories need them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.gate_settings import STANDARD, EntryMode
from bot.domain.gates import GateMode
from bot.domain.notifications import Toast
from bot.features.gates.switch import switch_gate
from bot.features.settings.change import settings_changed
from bot.sandbox.changes import WAIT_TIMEOUT
from bot.sandbox.people import Person
from bot.sandbox.telegram.members import Member
from bot.sandbox.telegram.state import Group, Message
from bot.sandbox.world import World
from bot.wiring.workers import SWEEP_EVERY
from storage.gates import SETTINGS
from storage.store import Store
from tests.installation import Installation
from tests.scenarios.story import eventually

NOBODY = [{"n": 0}]
WAITING = "SELECT count(*) AS n FROM join_requests WHERE state = 'waiting'"


async def chooses(callgate: Installation, group: Group, **changes: Any) -> None:
    """Store the standard settings in English with these changes, as if an admin had chosen them."""
    settings = json.dumps(SETTINGS.dump_python(replace(STANDARD, **{"language": "en", **changes}), mode="json"))
    await writes(callgate, "UPDATE gates SET settings = :settings WHERE chat_id = :id", settings=settings, id=group.id)


async def changes(callgate: Installation, group: Group, **changes: Any) -> None:
    """Change settings as an admin while people wait."""
    app = callgate.app
    assert app is not None

    async def change(store: Store) -> None:
        before = await store.gates.get(group.id)
        assert before is not None
        settings = replace(before.settings, **changes)
        await store.gates.set_settings(group.id, settings, store.now)
        await settings_changed(store, before, replace(before, settings=settings))

    await app._parts.database.transact(change)
    app._parts.wake_all()


async def switches(callgate: Installation, group: Group, to: GateMode, admin: Person) -> Toast:
    """Switch the gate as an admin."""
    app = callgate.app
    assert app is not None

    async def switch(store: Store) -> Toast:
        gate = await store.gates.get(group.id)
        assert gate is not None
        return await switch_gate(store, gate, AdminAction(AdminActionKind.SWITCH, group.id, admin.id, {"value": to}))

    done = await app._parts.database.transact(switch)
    app._parts.wake_all()
    return done


async def writes(callgate: Installation, statement: str, **values: object) -> None:
    """Change the database through a separate connection while the bot runs."""
    async with callgate._reader.begin() as connection:
        await connection.execute(text(statement), values)


async def sweeps_until(callgate: Installation, query: str, expected: Sequence[Mapping[str, Any]]) -> None:
    """Return once the database answers `query` with these rows. The next sweep is due at once, and another one each
    half second, should it have come too soon."""
    deadline = time.monotonic() + WAIT_TIMEOUT
    while True:
        callgate.world.clock.advance(SWEEP_EVERY)
        try:
            await eventually(callgate, query, expected, within=0.5)
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            return


async def is_swept(callgate: Installation) -> None:
    """Return once a whole sweep has run that began after now: the second of two, each of which ends with dropping
    expired items."""
    for _ in range(2):
        await writes(
            callgate,
            "INSERT INTO tasks (kind, rank, chat_id, details, created_at, due_at, expires_at)"
            " VALUES ('answer_button', 0, 0, '{}', 0, 0, 1)",
        )
        await sweeps_until(callgate, "SELECT count(*) AS n FROM tasks WHERE chat_id = 0 AND done_at IS NULL", NOBODY)


async def with_gate(
    world: World,
    callgate: Installation,
    group: Group,
    owner: Person,
    rights: tuple[str, ...] = ("can_restrict_members",),
    **settings: Any,
) -> None:
    """Make this group a gate with these settings."""
    await owner.makes_bot_admin(group, can_invite_users=True, **dict.fromkeys(rights, True))
    await eventually(callgate, "SELECT is_on FROM gates WHERE chat_id = :id", [{"is_on": True}], id=group.id)
    await chooses(callgate, group, **settings)


async def muting(
    world: World,
    callgate: Installation,
    title: str = "Flat owners",
    *,
    rights: tuple[str, ...] = ("can_restrict_members",),
    forum: bool = False,
    hides_members: bool = False,
    **settings: Any,
) -> tuple[Person, Group]:
    """Make an owner, and their open group that mutes newcomers until they are verified."""
    owner = world.person("Olga", language="en")
    group = world.group(title, owner, approves=False, forum=forum, hides_members=hides_members)
    await with_gate(world, callgate, group, owner, rights, **({"way": EntryMode.MUTE} | settings))
    return owner, group


def place(group: Group, person: Person) -> Member:
    """Return somebody's membership of a group."""
    return group.member(person.account)


def may_write(group: Group, person: Person) -> bool:
    """Return whether somebody can write in a group."""
    return group.allows(person.account, "can_send_messages")


async def is_muted(world: World, group: Group, *people: Person) -> None:
    """Return once these people are in the group and may not write there."""
    await world.wait_until(lambda: all(place(group, one).inside and not may_write(group, one) for one in people))


async def is_freed(world: World, group: Group, *people: Person) -> None:
    """Return once these people are ordinary members, without any restriction."""
    await world.wait_until(lambda: all(place(group, one).status == "member" for one in people))


def posted(world: World, group: Group) -> list[Message]:
    """Return the bot's messages in a group that everybody sees."""
    return [message for message in group.messages if message.sender is world.telegram.bot]


def calls(world: World, method: str) -> list[dict[str, Any]]:
    """Return the parameters of all calls of a Bot API method."""
    return [
        entry.detail["params"]
        for entry in world.trace.last(10_000)
        if entry.kind == "bot_api" and entry.detail.get("method") == method
    ]
