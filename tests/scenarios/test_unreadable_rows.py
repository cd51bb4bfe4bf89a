"""Rows that this version cannot read, for example after a roll-back: each is set aside, and nobody waits for it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bot.sandbox.people import Person
from bot.sandbox.world import World
from storage.engine.checks import driver_url
from tests.installation import Installation, verify
from tests.scenarios.conftest import Install

LONG_AGO, GATE, PERSON = 1_000_000, -1009, 4242
TASK: dict[str, Any] = {"kind": "notify", "rank": 3, "chat_id": PERSON, "created_at": LONG_AGO, "due_at": LONG_AGO}
TASK |= {"details": "{}"}
SCREEN: dict[str, Any] = {
    "user_id": PERSON,
    "chat_id": PERSON,
    "face": "welcome",
    "details": "{}",
    "revision": 2,
    "shown_revision": 1,
    "is_editable": False,
    "fresh_revision": 1,
    "due_at": LONG_AGO,
    "turn": 0,
}
GRANT: dict[str, Any] = {
    "gate_id": GATE,
    "user_id": PERSON,
    "kind": "join",
    "verification_id": 1,
    "state": "due",
    "is_told": True,
    "requested_at": LONG_AGO,
    "due_at": LONG_AGO,
}
VERIFICATION: dict[str, Any] = {
    "id": 77,
    "token": "token-77",
    "user_id": PERSON,
    "fingerprint": "f" * 64,
    "mask": "+7…",
    "region": "RU",
    "state": "open",
    "opened_at": LONG_AGO,
    "encrypted": b"x",
}
NUMBER: dict[str, Any] = {
    "verification_id": 77,
    "user_id": PERSON,
    "fingerprint": "f" * 64,
    "state": "given",
    "asked_at": LONG_AGO,
    "window_ends_at": LONG_AGO,
}
REQUEST: dict[str, Any] = {
    "gate_id": GATE,
    "user_id": PERSON,
    "state": "waiting",
    "reach": "pending",
    "requested_at": LONG_AGO,
    "deadline_at": LONG_AGO,
    "is_verified": False,
}
ALARM: dict[str, Any] = {
    "name": "odd",
    "trouble": "money_short",
    "subject": "",
    "variant": "",
    "details": "{}",
    "since": LONG_AGO,
    "seen_at": LONG_AGO,
    "told_at": LONG_AGO,
}
IS_LEFT = {
    "tasks": "done_at IS NULL AND chat_id IN ({people})",
    "screens": "revision > shown_revision AND user_id IN ({people})",
    "grants": "state = 'due' AND user_id IN ({people})",
    "verifications": "ended_at IS NULL AND user_id IN ({people})",
    "join_requests": "state = 'waiting' AND user_id IN ({people})",
    "incidents": "cleared_at IS NULL AND name = 'odd'",
}
"""Which of the rows the loops would still look for."""

ROWS: dict[str, tuple[str, Mapping[str, Any]]] = {
    # One of an unknown kind for each priority.
    "guard join of an unknown kind": ("tasks", TASK | {"kind": "teleport", "rank": -2}),
    "answer of an unknown kind": ("tasks", TASK | {"kind": "teleport", "rank": 0}),
    "mute of an unknown kind": ("tasks", TASK | {"kind": "teleport", "rank": 10}),
    "notice of an unknown kind": ("tasks", TASK | {"kind": "teleport"}),
    "log line of an unknown kind": ("tasks", TASK | {"kind": "teleport", "rank": 20}),
    "task whose details are null": ("tasks", TASK | {"details": "null"}),
    "task whose details are a list": ("tasks", TASK | {"details": "[1]"}),
    "notice of nothing": ("tasks", TASK),
    "unknown notice": ("tasks", TASK | {"details": '{"notice": "teleported"}'}),
    "toast of nothing": ("tasks", TASK | {"kind": "answer_button", "rank": 0}),
    "file from nowhere": ("tasks", TASK | {"kind": "send_file", "rank": 1}),
    "question about an admin without details": ("tasks", TASK | {"kind": "check_admin", "rank": 0}),
    "mute of nobody": ("tasks", TASK | {"kind": "mute", "rank": 10}),
    "decline of nobody": ("tasks", TASK | {"kind": "decline_join", "rank": 2}),
    "announcement of nothing": ("tasks", TASK | {"kind": "announce"}),
    "announcement beyond all numbers": (
        "tasks",
        TASK | {"kind": "announce", "details": f'{{"announcement": {10**30}}}'},
    ),
    "log line with an odd topic": (
        "tasks",
        TASK | {"kind": "log", "rank": 20, "details": '{"event": "blocked", "topic": "general"}'},
    ),
    "log line of an unknown event": ("tasks", TASK | {"kind": "log", "rank": 20, "details": '{"event": "flew"}'}),
    "task beyond the calendar": ("tasks", TASK | {"kind": "teleport", "due_at": -(2**62)}),
    "unknown face": ("screens", SCREEN | {"face": "hologram"}),
    "screen whose details are null": ("screens", SCREEN | {"details": "null"}),
    "limit without an end": ("screens", SCREEN | {"face": "limited"}),
    "limit that ends beyond the calendar": (
        "screens",
        SCREEN | {"face": "limited", "details": f'{{"until": {10**20}}}'},
    ),
    "decision of a gate beyond all numbers": (
        "screens",
        SCREEN | {"face": "decided", "details": f'{{"gate": {10**30}, "outcome": "let_in"}}'},
    ),
    "decision whose gate is an object": (
        "screens",
        SCREEN | {"face": "decided", "details": '{"gate": {}, "outcome": "let_in"}'},
    ),
    "refresh of an unknown face": ("screens", SCREEN | {"face": "hologram", "shown_revision": 2, "refresh_at": 1}),
    "grant of an unknown kind": ("grants", GRANT | {"kind": "crown"}),
    "verification in an unknown state": ("verifications", VERIFICATION | {"state": "paused"}),
    "verification whose number is none": ("verifications", VERIFICATION),
    "request by an unknown way": ("join_requests", REQUEST | {"way": "tunnel"}),
    "unknown trouble": ("incidents", ALARM | {"trouble": "meteor"}),
    "alarm whose details are null": ("incidents", ALARM | {"details": "null"}),
}
WITH_SCREEN = {"grant of an unknown kind", "verification in an unknown state", "request by an unknown way"}
"""These are read only together with something of their person."""
WITH_SCREEN |= {"verification whose number is none"}
TOGETHER = ("tasks", "screens")
"""Tables whose rows are read one by one whatever is beside them: one story for all of them."""


class Writer:
    """Another program that writes to the bot's database while it runs."""

    def __init__(self, callgate: Installation) -> None:
        self._engine = create_async_engine(driver_url(callgate.database_url), poolclass=NullPool)
        self._is_sqlite = callgate.database_url.startswith("sqlite")

    async def insert(self, table: str, **values: Any) -> None:
        """One row."""
        names = ", ".join(values)
        given = ", ".join(self._given(name) for name in values)
        await self.do(f"INSERT INTO {table} ({names}) VALUES ({given})", **values)

    async def do(self, statement: str, **values: Any) -> None:
        """One statement."""
        async with self._engine.begin() as connection:
            await connection.execute(text(statement), values)

    def _given(self, name: str) -> str:
        is_json = name in ("details", "alternatives", "settings")
        return f":{name}" if self._is_sqlite or not is_json else f"CAST(:{name} AS JSON)"


async def are_gone(callgate: Installation, table: str, condition: str, clock_moves: World) -> None:
    """Return once no row of `table` meets `condition`, while time goes on."""
    deadline = time.monotonic() + 30
    while await callgate.rows(f"SELECT 1 FROM {table} WHERE {condition}"):
        assert time.monotonic() < deadline, await callgate.rows(f"SELECT * FROM {table} WHERE {condition}")
        clock_moves.clock.advance(7)
        await clock_moves.wait_until(lambda: True)


async def a_newcomer_gets_in(world: World, callgate: Installation, operator: Person, names: Sequence[str]) -> None:
    """Write rows of other people: a newcomer gets in, and the bot sets every row aside and says so."""
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await operator.says("/start")
    await owner.says("/start")
    await owner.makes_bot_admin(group, can_invite_users=True)
    await owner.sees("Flat owners")
    other = Writer(callgate)
    tables = {ROWS[name][0] for name in names}
    if tables & {"grants", "join_requests"}:
        await other.insert(
            "gates", chat_id=GATE, title="Odd", is_channel=False, is_on=True, created_at=LONG_AGO, changed_at=LONG_AGO
        )
    for user_id, name in enumerate(names, start=PERSON):
        table, row = ROWS[name]
        whose = {column: user_id for column in ("user_id", "chat_id") if column in row}
        await other.insert(
            "people", user_id=user_id, chat_id=user_id, language="en", can_be_written=True, met_at=LONG_AGO
        )
        await other.insert(table, **{**row, **whose})
        if name == "verification whose number is none":
            await other.insert("numbers", **NUMBER, alternatives="7")
        if name in WITH_SCREEN:
            await other.insert("screens", **SCREEN)

    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)

    people = range(PERSON, PERSON + len(names))
    for table in tables:
        await are_gone(callgate, table, IS_LEFT[table].format(people=", ".join(map(str, people))), world)
    told = (await operator.sees("Error id")).text or ""
    assert "Something failed" in told
    boris = world.person("Boris", language="en")
    await boris.says("/start")
    await boris.sees("👋")


@pytest.mark.parametrize("name", [name for name, (table, _) in ROWS.items() if table not in TOGETHER])
async def test_a_row_that_cannot_be_read_is_set_aside_and_a_newcomer_is_served(
    world: World, install: Install, operator: Person, name: str
) -> None:
    await a_newcomer_gets_in(world, await install(), operator, [name])


@pytest.mark.parametrize("table", TOGETHER)
async def test_rows_that_cannot_be_read_are_all_set_aside_and_a_newcomer_is_served(
    world: World, install: Install, operator: Person, table: str
) -> None:
    names = [name for name, (of, _) in ROWS.items() if of == table]
    await a_newcomer_gets_in(world, await install(), operator, names)


BROKEN_GATES = {
    "an unknown setting": {"settings": '{"country_rule": "teleport", "log_chat": null}'},
    "settings that are none": {"settings": "[1]"},
    "an unknown mode": {"switch": "'dream'"},
    "unknown rights": {"health": '{"teleports": true}'},
    "an odd raid": {"raid": '{"began": "yesterday"}'},
}


@pytest.mark.parametrize("name", BROKEN_GATES)
async def test_a_gate_that_cannot_be_read_stops_no_other_and_lets_nobody_in_unverified(
    world: World, install: Install, operator: Person, name: str
) -> None:
    callgate = await install()
    owner = world.person("Olga", language="en")
    groups = [world.group(title, owner=owner) for title in ("Flat owners", "Garage")]
    await operator.says("/start")
    await owner.says("/start")
    for group in groups:
        await owner.makes_bot_admin(group, can_invite_users=True)
        await owner.sees(group.title)
    broken, sound = groups
    ((column, value),) = BROKEN_GATES[name].items()
    await Writer(callgate).do(
        f"UPDATE gates SET {column} = {value if column == 'switch' else ':value'} WHERE chat_id = :chat",
        chat=broken.id,
        **({} if column == "switch" else {"value": value}),
    )

    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await anna.asks_to_join(broken)
    await boris.asks_to_join(sound)
    await verify(boris)
    await world.wait_until(lambda: boris.id in sound.members)

    assert anna.id not in broken.members


async def test_invalid_json_is_read_as_no_details(world: World, sqlite_path: Path, operator: Person) -> None:
    callgate = Installation(world, f"sqlite:///{sqlite_path}", OPERATORS=str(operator.id))
    await callgate.start()
    await operator.says("/start")
    await Writer(callgate).insert("tasks", **(TASK | {"details": "{broken"}))

    await verify(world.person("Anna", language="en"))

    await are_gone(callgate, "tasks", IS_LEFT["tasks"].format(people=PERSON), world)
    await operator.sees("Error id")
    await callgate.stop()
