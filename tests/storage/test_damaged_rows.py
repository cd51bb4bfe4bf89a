"""A row damaged by something else does not stop statements about all rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from bot.domain.outgoing import TASKS, Priority, TaskKind
from bot.domain.tasks import CheckGateHealth
from storage.engine.database import Database
from storage.store import Store

NOW = datetime(2026, 11, 30, tzinfo=UTC)
LOG = -1001234567890
HEALTHY, DAMAGED = -1001, -2000
NO_JSON = "{broken"
UNDECODABLE = [NO_JSON, '{"log_chat": "\\u0000"}', '{"tag": "\\ud83d"}', '{"tag": "\\udd25\\ud83d"}']
NO_OBJECTS = ["[]", "1", '"text"', "null"]
ODD = ['"maybe"', "2", "1e30", "1e400", "1.5", "[]", "{}", "null", '""']
NAMES = ("prompts_group", "asks_call", "log_chat", "way", "at_deadline")

Ask = Callable[[Store], Awaitable[Any]]


async def put(database: Database, table: str, json: str = "", **values: object) -> None:
    """A row of these values; the column that `json` names is of that type."""

    def place(name: str) -> str:
        return f"CAST(:{name} AS JSON)" if name == json and not database.is_sqlite else f":{name}"

    statement = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(map(place, values))})"

    async def do(store: Store) -> None:
        await store.connection.execute(text(statement), values)

    await database.transact(do)


async def run(database: Database, statement: str, **values: object) -> None:
    async def do(store: Store) -> None:
        await store.connection.execute(text(statement), values)

    await database.transact(do)


async def put_gate(database: Database, gate: int, settings: str) -> None:
    await put(
        database,
        "gates",
        "settings",
        chat_id=gate,
        title="T",
        is_channel=False,
        is_on=True,
        created_at=1,
        changed_at=1,
        settings=settings,
    )


async def put_request(database: Database, gate: int, user: int, deadline: int = 1, way: str = "mute") -> None:
    await put(
        database,
        "join_requests",
        gate_id=gate,
        user_id=user,
        state="waiting",
        reach="pending",
        requested_at=1,
        deadline_at=deadline,
        is_verified=False,
        way=way,
    )


async def put_task(
    database: Database, chat: int, details: str, job: str | None = None, kind: TaskKind = TaskKind.NOTIFY
) -> None:
    values = {"kind": kind, "rank": TASKS[kind].rank, "chat_id": chat, "details": details, "created_at": 1, "due_at": 1}
    await put(database, "tasks", "details", job=job, **values)


async def put_screen(database: Database, user: int, face: str, details: str, revision: int = 1) -> None:
    await put(
        database,
        "screens",
        "details",
        user_id=user,
        chat_id=user,
        face=face,
        details=details,
        revision=revision,
        shown_revision=1,
        is_editable=True,
        fresh_revision=1,
        due_at=1,
    )


def kept_by(database: Database, damaged: list[str]) -> list[str]:
    """Those of them that a JSON column of this database accepts."""
    return [json for json in damaged if database.is_sqlite or json != NO_JSON]


async def gates(found: Awaitable[list[Any]]) -> set[int]:
    """The people of these requests."""
    return {(one[0] if isinstance(one, tuple) else one).gate_id for one in await found}


async def not_yet_notified(store: Store) -> set[int]:
    return {gate for gate, _ in await store.requests.not_yet_notified(NOW)}


async def with_log(store: Store) -> set[int]:
    return {gate.chat_id for gate in await store.gates.with_log(LOG)}


@pytest.mark.parametrize(
    ("settings", "ask"),
    [
        ('{"prompts_group": true}', not_yet_notified),
        ('{"asks_call": false}', lambda store: gates(store.requests.eligible_but_waiting(NOW, 100))),
        ("{}", lambda store: gates(store.requests.muted_without_reason(100))),
        ('{"way": "mute"}', lambda store: gates(store.requests.overdue(NOW, 100))),
        (f'{{"log_chat": {LOG}, "tag": "\\ud83d\\udd25 C:\\\\u"}}', with_log),
    ],
    ids=["unprompted", "waiting_in_vain", "muted_in_vain", "overdue", "with_log"],
)
async def test_settings_that_cannot_be_read_keep_no_other_gate_from_being_found(
    database: Database, settings: str, ask: Ask
) -> None:
    odd = [f'{{"{name}": {value}}}' for name in NAMES for value in ODD]
    await put_gate(database, HEALTHY, settings)
    await put_request(database, HEALTHY, 7)
    for place, damaged in enumerate(kept_by(database, UNDECODABLE + NO_OBJECTS + odd)):
        await put_gate(database, DAMAGED - place, damaged)
        await put_request(database, DAMAGED - place, 7)

    assert HEALTHY in await database.transact(ask)


async def test_nobody_muted_is_let_in_for_settings_that_cannot_be_read(database: Database) -> None:
    odd = [f'{{"{name}": {value}}}' for name in ("way", "asks_call") for value in ODD]
    # SQLite decodes those escapes: there these settings name no entry mode, and the default applies.
    undecodable = [NO_JSON] if database.is_sqlite else UNDECODABLE[1:]
    unfit = [*undecodable, *NO_OBJECTS, *(kept for kept in odd if kept.startswith('{"way"'))]
    for place, damaged in enumerate(unfit):
        await put_gate(database, DAMAGED - place, damaged)
        await put_request(database, DAMAGED - place, 7)
    for place, damaged in enumerate(odd, len(unfit)):
        await put_gate(database, DAMAGED - place, damaged)
        await put_request(database, DAMAGED - place, 7, way="request")

    assert await database.transact(lambda store: store.requests.muted_without_reason(100)) == []
    assert await database.transact(lambda store: store.requests.eligible_but_waiting(NOW, 100)) == []


async def test_a_log_is_shared_by_those_gates_alone_that_name_it(database: Database) -> None:
    odd = [f'{{"log_chat": {value}}}' for value in ODD]
    for place, damaged in enumerate(kept_by(database, UNDECODABLE + NO_OBJECTS + odd)):
        await put_gate(database, DAMAGED - place, damaged)
    await put_gate(database, HEALTHY, f'{{"log_chat": {LOG}}}')
    assert not await database.transact(lambda store: store.gates.shares_log(LOG))

    await put_gate(database, HEALTHY - 1, f'{{"log_chat": {LOG}}}')
    assert await database.transact(lambda store: store.gates.shares_log(LOG))


@pytest.mark.parametrize("settings", ["{}", '{"asks_call": true}'])
async def test_where_a_call_is_asked_nobody_waits_in_vain_and_no_prompt_is_missed(
    database: Database, settings: str
) -> None:
    await put_gate(database, HEALTHY, settings)
    await put_request(database, HEALTHY, 7)

    assert await database.transact(lambda store: store.requests.eligible_but_waiting(NOW, 100)) == []
    assert await database.transact(not_yet_notified) == set()


async def test_details_that_cannot_be_read_do_not_keep_a_chat_from_moving(database: Database) -> None:
    odd = [f'{{"gate": {value}}}' for value in ODD]
    await put_gate(database, HEALTHY, "{}")
    told = [f'{{"gate": {HEALTHY}}}', *kept_by(database, UNDECODABLE + NO_OBJECTS + odd)]
    for user, details in enumerate(told, 8):
        await put_task(database, user, details)
        await put_screen(database, user, "gate", details)
        await put(database, "admins", gate_id=HEALTHY, user_id=user, is_admin=True, checked_at=1)

    async def move(store: Store) -> tuple[list[int], list[str]]:
        assert await store.screens.showing(HEALTHY) == [8]
        await store.tasks.move(HEALTHY, -78)
        await store.gates.move(HEALTHY, -78)
        moved = await store.connection.execute(text("SELECT CAST(details AS TEXT) FROM tasks WHERE chat_id = 8"))
        return await store.screens.showing(-78), list(moved.scalars())

    assert await database.transact(move) == ([8], ['{"gate": -78}'])


async def test_a_deadline_that_no_calendar_reaches_keeps_nobody_from_being_given_time(database: Database) -> None:
    await put_gate(database, HEALTHY, "{}")
    for user, deadline in ((7, 2**63 - 1), (8, 1)):
        await put_request(database, HEALTHY, user, deadline, "request")

    async def shift_deadlines(store: Store) -> list[int]:
        await store.requests.shift_deadlines(100.0)
        found = await store.connection.execute(text("SELECT deadline_at FROM join_requests ORDER BY user_id"))
        return list(found.scalars())

    assert await database.transact(shift_deadlines) == [2**63 - 1, 100_000_001]


async def test_a_screen_at_its_last_revision_keeps_no_other_from_being_drawn_again(database: Database) -> None:
    for user, revision in ((7, 2**31 - 1), (8, 1)):
        await put_screen(database, user, "welcome", "{}", revision)

    async def touch(store: Store) -> list[int]:
        await store.screens.touch([7, 8], NOW, acted=False)
        found = await store.connection.execute(text("SELECT revision FROM screens ORDER BY user_id"))
        return list(found.scalars())

    assert await database.transact(touch) == [2**31 - 1, 2]


async def test_a_damaged_row_is_no_outage(database: Database) -> None:
    """During an outage the sweep postpones its other steps; a damaged row gives it no reason to."""

    async def read(store: Store) -> None:
        broken = "json_extract('{broken', '$.gate')" if database.is_sqlite else "CAST('{broken' AS JSON)"
        await store.connection.execute(text(f"SELECT {broken}"))

    async def attempt(store: Store) -> Exception | None:
        return (await store.attempt(lambda: read(store)))[1]

    assert await database.transact(attempt) is not None


@pytest.mark.parametrize("again", ['"often"', "[]", "{}", "null", "1e400", '"\u0661x"'])
async def test_a_part_of_a_job_that_cannot_be_read_keeps_no_other_from_being_asked_for_again(
    database: Database, again: str
) -> None:
    healthy, damaged = 8, [f'{{"gate": -1, "again": {again}}}', *kept_by(database, UNDECODABLE + NO_OBJECTS)]
    for chat, details in enumerate(['{"gate": -1}', *damaged], healthy):
        await put_task(database, chat, details, "check", TaskKind.CHECK_GATE)

    async def ask(store: Store) -> dict[int, Any]:
        assert await store.tasks.ask_again("check", CheckGateHealth(-1, notify_admins=True))
        due = await store.tasks.due(NOW, 100, (), Priority.SOON)
        return {task.chat_id: task for task in due}

    async def asked(store: Store) -> Any:
        return await store.tasks.asked_since(1, CheckGateHealth(-1))

    found = await database.transact(ask)
    twice = CheckGateHealth(-1, notify_admins=True, repeats=1)
    assert found[healthy].work == twice
    assert await database.transact(asked) == twice


@pytest.mark.parametrize("details", NO_OBJECTS)
async def test_what_was_asked_of_a_task_that_cannot_be_read_is_nothing(database: Database, details: str) -> None:
    await put_task(database, 8, details, "check", TaskKind.CHECK_GATE)

    async def ask(store: Store) -> tuple[bool, Any]:
        since = await store.tasks.asked_since(1, CheckGateHealth(-1))
        return await store.tasks.ask_again("check", CheckGateHealth(-1)), since

    assert await database.transact(ask) == (False, None)


async def test_a_person_is_erased_although_rows_that_name_them_are_damaged(database: Database) -> None:
    person, admin_of = 777, HEALTHY
    broken = [f"[{person}]", f'{{"messages": {person}}}', f'{{"messages": [{person}, {{}}]}}', f'"{person}"']
    for place, raid in enumerate(broken):
        await put_gate(database, DAMAGED - place, "{}")
        statement = f"UPDATE gates SET raid = {'CAST(:raid AS JSON)' if not database.is_sqlite else ':raid'}"
        await run(database, f"{statement} WHERE chat_id = {DAMAGED - place}", raid=raid)
    await put_gate(database, HEALTHY, "{}")
    await put(database, "admins", gate_id=admin_of, user_id=person, is_admin=True, checked_at=1)
    for user, messages in enumerate((f"{person}", f"[{person}]", f'{{"{person}": 1}}'), 8):
        await put(database, "appeals", "messages", gate_id=admin_of, user_id=user, asked_at=1, messages=messages)
    for place, body in enumerate((b"{broken", b"[]", b'{"data": []}', b'{"data": {"admin_id": 777, "gate": 1}}')):
        values: dict[str, Any] = {
            "message_id": f"m{place}",
            "target": "events",
            "type": "t",
            "body": body,
            "admin_id": person,
        }
        await put(database, "outbox", created_at=1, due_at=1, attempts=0, **values)

    await database.transact(lambda store: store.erasures.erase(person, NOW))

    async def left(store: Store) -> list[bytes]:
        found = await store.connection.execute(text("SELECT body FROM outbox"))
        return [bytes(body) for body in found.scalars()]

    assert await database.transact(left) == [b'{"data":{"gate":1}}']
