"""User names and their holders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import event

from storage.engine.database import Database
from tests.domain.makers import NOW

ANNA, BORIS = 7, 8
BOB = "digest of bob"


async def meets(database: Database, user_id: int, username: str | None, days: int = 0) -> None:
    now = NOW + timedelta(days=days)
    await database.transact(lambda store: store.people.meet(user_id, user_id, "en", now, wrote=True, username=username))


async def has(database: Database, username: str) -> int | None:
    return await database.transact(lambda store: store.people.by_username(username))


async def test_a_name_that_changed_hands_is_that_of_who_showed_it_last_whoever_was_met_first(
    database: Database,
) -> None:
    await meets(database, BORIS, "another")
    await meets(database, ANNA, BOB, days=5)

    await meets(database, BORIS, BOB, days=9)

    assert await has(database, BOB) == BORIS
    await meets(database, BORIS, "", days=10)
    assert await has(database, BOB) is None
    await meets(database, ANNA, BOB, days=11)
    await meets(database, ANNA, None, days=12)
    assert await has(database, BOB) == ANNA


async def test_nothing_is_asked_or_written_of_others_while_names_stay(database: Database) -> None:
    await meets(database, ANNA, BOB)
    await meets(database, BORIS, "another")
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: Any) -> None:
        if "people" in statement:
            asked.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    for username in (BOB, "", None):
        await meets(database, ANNA, username)

    assert [statement.split()[0] for statement in asked] == ["INSERT"] * 3
