"""The file of everything stored about a person, with nothing about others."""

from __future__ import annotations

from bot.domain.outgoing import TaskKind
from bot.domain.screens import ScreenName
from bot.features.privacy.my_data import SECTIONS, as_file, ask_my_data, collect_person_data
from storage.privacy import BY_ID, OTHERWISE
from storage.sql.tables import metadata
from storage.store import Store
from tests.features.lives import FRIEND, ID, carries, lives
from tests.features.rules import ANNA, BORIS, GATE, HOUR, MINUTE, PHONE, Rules
from tests.tasks import ROWS, work

TELL_OF_NOBODY = {
    "erased_phones": "marks that lead to nobody",
    "gateway_state": "of the gateway",
    "leadership": "of processes",
    "sums": "counts",
    "cursors": "what was done up to when",
    "incidents": "of the installation",
    "used_init_data": "digests of openings",
    "seen_updates": "ids of updates",
}
"""Tables that are left out, and why."""
NAMES_A_PERSON = {"user_id", "admin_id", "actor_id", "other_id", "added_by", "decided_by", "sent_by", "author_id"}
"""Columns with a person's id."""


async def test_everything_kept_about_a_person_is_in_their_file_and_nothing_about_others(rules: Rules) -> None:
    fingerprint, mask = await lives(rules)

    document = await rules.database.transact(lambda store: collect_person_data(store, ID))

    assert document["you"][0]["telegram_id"] == ID
    assert document["verified_phone"][0]["phone_masked"] == mask
    assert [attempt["state"] for attempt in document["attempts"]] == ["confirmed"]
    assert {request["gate"] for request in document["requests_to_enter"]} == {GATE.title}
    assert len(document["calls_from_your_phone"]) == 2
    assert {decision["decision"] for decision in document["decisions_of_administrators"]} == {"allowed", "blocked"}
    assert {entry["event"] for entry in document["journal"]} >= {"join_asked", "confirmed", "grant_done"}
    assert document["only_the_newest_of"] == []
    written = as_file(document).decode()
    assert fingerprint in written
    assert document["verified_phone"][0]["verified_at"].startswith(f"{rules.now:%Y-%m-%dT}")
    for other in (PHONE, str(FRIEND), f" {BORIS},"):
        assert other not in written


async def test_of_every_table_that_can_name_a_person_their_file_tells(rules: Rules) -> None:
    await lives(rules)

    document = await rules.database.transact(lambda store: collect_person_data(store, ID))

    tables = {part: columns[0].table.name for part, columns in BY_ID.items()}
    tables |= {part: table.name for part, table in OTHERWISE.items()}
    assert set(tables.values()) | TELL_OF_NOBODY.keys() == metadata.tables.keys()
    assert not set(tables.values()) & TELL_OF_NOBODY.keys()
    assert tables.keys() == SECTIONS.keys()
    empty = {part for part, (section, _) in SECTIONS.items() if not document[section]}
    assert empty == {"erasures"}
    asked = [column for columns in BY_ID.values() for column in columns]
    ids = [column for table in metadata.tables.values() for column in table.columns if column.name in NAMES_A_PERSON]
    forgotten = [column for column in ids if column not in asked and column.table.name not in TELL_OF_NOBODY]
    assert [str(column) for column in forgotten] == ["access_overrides.user_id"], "that one is found also by a mark"


async def test_what_a_person_did_is_in_their_file_but_not_about_whom(rules: Rules) -> None:
    await lives(rules)
    named: dict[str, str | int] = {"notice": "not_removed", "title": "x", "user_id": FRIEND, "name": "Freda"}

    async def more(store: Store) -> None:
        await store.tasks.add(work(TaskKind.NOTIFY, **named), ID, rules.now)
        details: dict[str, str | int] = {"page": "person", "user": FRIEND, "found": f"{FRIEND},{ANNA}"}
        await store.screens.show(ID, ID, ScreenName.OPERATOR, rules.now, details=details)
        told: dict[str, str | int] = {"raid": 5, "switch_by": FRIEND, "strict_by": ID}
        await store.tasks.add(work(TaskKind.ALERT, **told), ID, rules.now)

    await rules.database.transact(more)

    document = await rules.database.transact(lambda store: collect_person_data(store, ID))

    written, alert = as_file(document).decode(), ROWS[TaskKind.ALERT]
    assert str(FRIEND) not in written
    assert "Freda" not in written
    tasks = document["messages_and_other_things_the_bot_had_to_do"]
    assert [task["details"] for task in tasks[:2]] == [{**alert, "strict_by": ID}, {}]
    assert document["raids"][0]["what_you_did"] == ["switch pause"]
    assert document["what_you_announced"][0]["your_text"] == "Words for all"
    assert {entry["event"] for entry in document["journal_of_what_you_did"]} >= {"allowed", "revoked"}


async def test_their_file_is_sent_once_a_minute_and_who_asks_more_often_is_told_so_once(rules: Rules) -> None:
    person = await rules.meets(ID)

    async def asks() -> list[str]:
        await rules.database.transact(lambda store: ask_my_data(store, person))
        return [kind for kind in await carries(rules) if kind != "screen"]

    answers = [await asks() for _ in range(3)]
    rules.later(MINUTE)
    answers.append(await asks())

    assert answers == [["make_file"], ["notify"], [], ["make_file"]]


async def test_a_file_that_waits_for_its_turn_is_not_made_twice(rules: Rules) -> None:
    person = await rules.meets(ID)
    for _ in range(2):
        await rules.database.transact(lambda store: ask_my_data(store, person))
        rules.later(HOUR)

    assert (await carries(rules)).count(TaskKind.MAKE_FILE) == 1


async def test_the_file_has_every_section_also_for_somebody_unknown(rules: Rules) -> None:
    document = await rules.database.transact(lambda store: collect_person_data(store, ID))

    assert {section for section, rows in document.items() if rows == []} >= {"you", "attempts", "journal"}
