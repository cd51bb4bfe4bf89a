"""Common beginnings and checks of stories."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from bot.clock import REAL_TIME
from bot.sandbox.changes import WAIT_TIMEOUT
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown

DAY = 24 * 3600
WINDOW = 15 * 60
LOOK = 31
"""Seconds within which the monitor runs once more."""


async def guarded(world: World, title: str = "Flat owners", *, channel: bool = False) -> tuple[Person, Group]:
    """Make an owner, and their group or channel with a gate that is on."""
    owner = world.person("Olga", language="en")
    group = world.channel(title, owner=owner) if channel else world.group(title, owner=owner)
    await owner.says("/start")
    # A webhook may bring two updates in parallel, and the bot writes to unknown people in the group.
    await owner.sees("1. ")
    await owner.makes_bot_admin(group, can_invite_users=True)
    await owner.sees("guarded now")
    return owner, group


async def gets_number(person: Person) -> str:
    """Go from `/start` to the call number, and return it."""
    await person.says("/start")
    await person.shares_contact()
    return await number_shown(person)


async def reads(person: Person, text: str) -> str:
    """Return the whole text of the newest message that contains `text`, once it is there."""
    return (await person.sees(text)).text or ""


async def eventually(
    callgate: Installation,
    query: str,
    expected: Sequence[Mapping[str, Any]],
    within: float = WAIT_TIMEOUT,
    **values: object,
) -> None:
    """Return once the database answers `query` with these rows."""
    deadline, pause = time.monotonic() + within, 0.01
    while (rows := await callgate.rows(query, **values)) != list(expected):
        assert time.monotonic() < deadline, f"{query}: {rows} instead of {expected}\n{callgate.world.story()}"
        await asyncio.sleep(pause)
        # What takes long is asked about more and more rarely, so that the bot has the processor.
        pause = min(1.5 * pause, 0.1)


async def all_is_carried(callgate: Installation, within: float = WAIT_TIMEOUT) -> None:
    """Return once every update is processed and nothing is left to send to Telegram, except items that wait for hours:
    until somebody else's restriction of a newcomer ends."""
    await callgate.world.wait_until(lambda: not callgate.world.telegram.delivery.waiting, within)
    await eventually(
        callgate,
        "SELECT (SELECT count(*) FROM tasks WHERE done_at IS NULL AND (kind <> 'mute' OR due_at < :hours))"
        " + (SELECT count(*) FROM screens WHERE revision > shown_revision)"
        " + (SELECT count(*) FROM grants WHERE state = 'due') AS open",
        [{"open": 0}],
        within,
        hours=int((callgate.world.clock.timestamp() + 3600) * 1_000_000),
    )


async def verifications(callgate: Installation, person: Person) -> list[str]:
    """Return the states of the person's attempts, oldest first."""
    rows = await callgate.rows("SELECT state FROM verifications WHERE user_id = :id ORDER BY id", id=person.id)
    return [row["state"] for row in rows]


def moments(person: Person, text: str) -> list[int]:
    """Return the moments (unix seconds) that the clients count down to, in the message that contains `text`."""
    message = person.shown(text)
    assert message is not None
    return [entity["unix_time"] for entity in message.entities if entity["type"] == "date_time"]


def sent_to(world: World, person: Person) -> int:
    """Return how often the bot sent the person a new message."""
    return sum(
        entry.detail["method"] == "sendMessage" and str(entry.detail["params"].get("chat_id")) == str(person.id)
        for entry in world.trace.last(10_000)
        if entry.kind == "bot_api"
    )


async def looked(callgate: Installation, *, times: int = 1) -> None:
    """Return once the monitor has run so often, each time half a minute later."""
    for _ in range(times):
        assert callgate.app is not None
        monitor, has_looked = callgate.app._parts.looking_after.monitor, asyncio.Event()
        announce = monitor._announce

        def announced(announce: Callable[[], None] = announce, has_looked: asyncio.Event = has_looked) -> None:
            announce()
            has_looked.set()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(monitor, "_announce", announced)
            while not has_looked.is_set():
                callgate.world.clock.advance(LOOK)
                # After a restart its pause may not have begun.
                await REAL_TIME.pause(2.0, has_looked)
        await all_is_carried(callgate)
