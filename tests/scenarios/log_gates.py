"""Gates whose settings a story chooses, and their log chats."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bot.domain.gate_settings import GateSettings
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from storage.engine.checks import driver_url
from storage.gates import SETTINGS
from tests.installation import Installation
from tests.scenarios.story import eventually, guarded

RIGHTS = {"can_invite_users": True, "can_restrict_members": True, "can_manage_tags": True, "can_delete_messages": True}


async def choose(callgate: Installation, group: Group, **settings: Any) -> None:
    """Store the settings of a gate, as if its admins had chosen them in the panel."""
    await eventually(callgate, "SELECT count(*) AS n FROM gates WHERE chat_id = :id", [{"n": 1}], id=group.id)
    chosen = json.dumps(SETTINGS.dump_python(GateSettings(**settings), mode="json"))
    engine = create_async_engine(driver_url(callgate.database_url), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE gates SET settings = :chosen WHERE chat_id = :id"), {"chosen": chosen, "id": group.id}
        )
    await engine.dispose()


async def full_gate(world: World, title: str = "Flat owners") -> tuple[Person, Group]:
    """Make a gate at which the bot has all rights, and its owner, who has written to the bot."""
    owner, group = await guarded(world, title)
    await owner.makes_bot_admin(group, **RIGHTS)
    return owner, group


async def log_chat(world: World, owner: Person) -> Group:
    """Make a group of the owner's with the bot in it, which is not a gate."""
    log = world.group("Log", owner=owner)
    await owner.makes_bot_admin(log, can_delete_messages=True)
    return log


async def logged_gate(world: World, callgate: Installation, **settings: Any) -> tuple[Person, Group, Group]:
    """Make a gate with a log chat, in English by default."""
    owner, group = await full_gate(world)
    log = await log_chat(world, owner)
    await choose(callgate, group, log_chat=log.id, **{"language": "en", **settings})
    return owner, group, log
