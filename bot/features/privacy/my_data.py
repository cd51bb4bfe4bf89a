"""Everything stored about a person, as a file for them, and exports of the journal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.domain.notifications import Notification, Notify
from bot.domain.people import FileKind, Person
from bot.domain.screens import ScreenName
from bot.domain.statistics import PeriodProblem, parse_period
from bot.domain.tasks import SendExport, SendMyData
from storage.store import Store

MOST_ROWS = 10_000
"""Of each kind; older rows are left out, and the file says so."""
SECTIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "people": (
        "you",
        {
            "user_id": "telegram_id",
            "chat_id": "chat_id",
            "language": "language",
            "can_be_written": "the_bot_may_write_to_you",
            "met_at": "first_met",
            "username_digest": "keyed_digest_of_your_user_name",
        },
    ),
    "verified_phones": (
        "verified_phone",
        {
            "mask": "phone_masked",
            "fingerprint": "keyed_fingerprint_of_your_phone",
            "region": "country",
            "kind": "kind_of_number",
            "rank": "which_account_of_this_phone",
            "verification_id": "attempt",
            "verified_at": "verified_at",
        },
    ),
    "verifications": (
        "attempts",
        {
            "id": "attempt",
            "opened_at": "began_at",
            "ended_at": "ended_at",
            "state": "state",
            "reason": "reason",
            "mask": "phone_masked",
            "fingerprint": "keyed_fingerprint_of_your_phone",
            "region": "country",
            "kind": "kind_of_number",
            "has_sealed": "phone_kept_encrypted_for_now",
            "token": "address_of_the_call_screen",
            "gate_id": "gate_id",
        },
    ),
    "numbers": (
        "numbers_to_call",
        {
            "verification_id": "attempt",
            "asked_at": "asked_at",
            "state": "state",
            "number": "number",
            "alternatives": "other_numbers_that_would_have_counted",
            "window_ends_at": "could_be_called_until",
            "reason": "why_none_was_given",
        },
    ),
    "gateway_events": (
        "calls_from_your_phone",
        {
            "received_at": "reported_at",
            "placed_at": "placed_at",
            "source": "reported_by",
            "mask": "phone_masked",
            "called": "number_called",
            "verification_id": "attempt",
        },
    ),
    "join_requests": (
        "requests_to_enter",
        {
            "gate_id": "gate_id",
            "requested_at": "asked_at",
            "deadline_at": "deadline",
            "decided_at": "decided_at",
            "state": "state",
            "way": "way",
            "reach": "could_you_be_written_to",
            "ineligibility": "hindrance",
            "name": "your_name_as_admins_see_it_for_some_days",
        },
    ),
    "grants": (
        "what_you_were_given",
        {
            "gate_id": "gate_id",
            "kind": "kind",
            "state": "state",
            "requested_at": "decided_at",
            "settled_at": "done_at",
            "detail": "tag_or_link",
            "error": "what_telegram_said",
        },
    ),
    "access_overrides": (
        "decisions_of_administrators",
        {"gate_id": "gate_id", "override": "decision", "at": "decided_at"},
    ),
    "appeals": (
        "asked_administrators",
        {"gate_id": "gate_id", "asked_at": "asked_at", "decided_at": "decided_at", "outcome": "decision"},
    ),
    "admins": (
        "groups_you_run",
        {
            "gate_id": "gate_id",
            "is_admin": "are_you_an_administrator",
            "rights": "rights",
            "checked_at": "telegram_said_so_at",
        },
    ),
    "extra_chats": ("chats_you_linked_to_groups", {"gate_id": "gate_id", "chat_id": "chat"}),
    "screens": ("screen", {"face": "shows", "details": "details", "message_id": "message", "due_at": "changed_at"}),
    "tasks": (
        "messages_and_other_things_the_bot_had_to_do",
        {"kind": "kind", "created_at": "wanted_at", "done_at": "done_at", "details": "details"},
    ),
    "journal": (
        "journal",
        {
            "at": "at",
            "event": "event",
            "gate_id": "gate_id",
            "verification_id": "attempt",
            "code": "code",
            "region": "country",
            "took_ms": "milliseconds_from_number_to_call",
        },
    ),
    "outbox": (
        "told_to_the_owners_own_system",
        {"type": "event", "created_at": "at", "delivered_at": "taken_at", "given_up_at": "given_up_at", "body": "says"},
    ),
    "erasures": ("deleted_before", {"at": "at"}),
    "operators": ("you_run_this_installation", {"name": "your_name_as_operators_see_it", "added_at": "since"}),
    "announcements": (
        "what_you_announced",
        {
            "text": "your_text",
            "written_at": "written_at",
            "sent_at": "sent_at",
            "total": "to_how_many",
            "sent": "how_many_got_it",
        },
    ),
    "mass_declines": (
        "many_you_declined_together",
        {"gate_id": "gate_id", "since": "who_asked_since", "before": "and_before", "over_at": "done_at"},
    ),
    "added_gates": ("groups_you_added_the_bot_to", {"gate_id": "gate_id", "created_at": "since"}),
    "added_operators": ("operators_you_added", {"added_at": "at"}),
    "own_decisions": (
        "what_you_decided_by_hand",
        {"gate_id": "gate_id", "override": "decision", "at": "decided_at"},
    ),
    "decided_appeals": (
        "your_answers_to_who_asked_to_be_let_in",
        {"gate_id": "gate_id", "outcome": "decision", "decided_at": "decided_at"},
    ),
    "told_appeals": ("told_to_you_of_who_asked_to_be_let_in", {"gate_id": "gate_id", "asked_at": "asked_at"}),
    "raids": (
        "raids",
        {"gate_id": "gate_id", "raid_at": "last_noted_at", "is_told": "were_you_told", "deeds": "what_you_did"},
    ),
    "deeds": ("journal_of_what_you_did", {"at": "at", "event": "event", "gate_id": "gate_id", "code": "code"}),
    "letters_about_deeds": ("your_decisions_told_to_the_owners_own_system", {"type": "event", "created_at": "at"}),
}
"""What is read, mostly by table name, and its name for people who do not know the tables."""
LOOKING_AT_OTHERS = (ScreenName.ERASE, ScreenName.GATE, ScreenName.GATES, ScreenName.INSTALLATION, ScreenName.OPERATOR)
"""Screens whose details may be about somebody else."""
NAMING_OTHERS = ("admin_id", "by", "by_name", "switch_by", "strict_by", "decline_by", "value", "text")
"""Details of tasks that may identify somebody else, even if the task is about the person."""
NOTE = (
    "Everything that this installation of Callgate keeps about you; what each part is for stands in its privacy page. "
    "Times are UTC. Your phone number itself is not kept. Back-ups may hold older states for some days."
)


async def collect_person_data(store: Store, user_id: int) -> dict[str, Any]:
    """Build a JSON document: by subject, with readable names and times, newest first. It holds what the person did
    about others, but not about whom."""
    found = await store.personal.of(user_id, MOST_ROWS + 1)
    gate_ids = {row["gate_id"] for rows in found.values() for row in rows if row.get("gate_id") is not None}
    titles = {gate_id: gate.title for gate_id, gate in (await store.gates.get_many(gate_ids)).items()}
    document: dict[str, Any] = {"about": NOTE, "made_at": store.now.isoformat()}
    shortened = []
    for part, (section, names) in SECTIONS.items():
        rows = found[part]
        document[section] = [_readable(_own(part, row, user_id), names, titles) for row in rows[:MOST_ROWS]]
        if len(rows) > MOST_ROWS:
            shortened.append(section)
    document["only_the_newest_of"] = shortened
    return document


def as_file(document: Mapping[str, Any]) -> bytes:
    """Return the document as the bytes of the file."""
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


def _readable(row: Mapping[str, Any], names: Mapping[str, str], titles: Mapping[int, str]) -> dict[str, Any]:
    told = {name: _plain(row[column]) for column, name in names.items()}
    if row.get("gate_id") in titles:
        told["gate"] = titles[row["gate_id"]]
    return told


def _own(part: str, row: Mapping[str, Any], user_id: int) -> Mapping[str, Any]:
    """Return a row without what is about others."""
    match part:
        case "tasks":
            return {**row, "details": _own_details(row, user_id)}
        case "screens" if row["face"] in LOOKING_AT_OTHERS:
            return {**row, "details": {}}
        case "announcements" if row["author_id"] != user_id:
            return {**row, "text": None}
        case "outbox" if row["body"] is not None:
            return {**row, "body": {**json.loads(row["body"])["data"], "admin_id": None}}
        case _:
            return row


def _own_details(row: Mapping[str, Any], user_id: int) -> Mapping[str, Any]:
    details: Mapping[str, Any] = row["details"]
    if {row["user_id"], details.get("user_id")} - {user_id, None}:
        return {}
    return {key: value for key, value in details.items() if key not in NAMING_OTHERS or value == user_id}


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


MY_DATA_EVERY = timedelta(minutes=1)
"""Minimum time between two files of the same person's data."""

BY_DEFAULT = "7d"
"""The period of an export that names none."""


async def ask_my_data(store: Store, person: Person) -> None:
    """Request the file. If the person asks again before it is sent, or within a minute, the bot sends it once and says
    so, at most once a minute."""
    now, job = store.now, f"{FileKind.MY_DATA}:{person.user_id}"
    asked_at = await store.tasks.asked_at(job)
    if await is_being_made(store, job) or (asked_at is not None and now < asked_at + MY_DATA_EVERY):
        key = f"{Notification.MY_DATA_ASKED}:{person.user_id}:{now:%Y-%m-%dT%H:%M}"
        await store.tasks.add(Notify(Notification.MY_DATA_ASKED), person.chat_id, now, key=key)
        return
    await store.tasks.add(SendMyData(person.language), person.chat_id, now, user_id=person.user_id, job=job)


async def ask_export(store: Store, operator: Person, written: str) -> None:
    """Request the journal as files.

    A period is written as for the statistics, or as its first and last day; the answer to anything else explains the
    format. Entries are counted when the files are made: counting many takes a while, and here everybody who writes to
    the bot would wait for it.
    """
    now, job = store.now, f"{FileKind.JOURNAL}:{operator.user_id}"
    period = parse_period(written or BY_DEFAULT, now)
    if isinstance(period, PeriodProblem):
        await _say(store, operator, Notify(Notification.EXPORT_PERIOD, problem=period))
        return
    if await is_being_made(store, job):
        await _say(store, operator, Notify(Notification.EXPORT_BUSY))
        return
    work = SendExport(period.first, period.last, written or BY_DEFAULT)
    await store.tasks.add(work, operator.chat_id, now, user_id=operator.user_id, job=job)


async def _say(store: Store, operator: Person, notice: Notify) -> None:
    await store.tasks.add(notice, operator.chat_id, store.now)


async def is_being_made(store: Store, job: str) -> bool:
    """Return whether a file of this job is requested and not sent yet."""
    asked, sent = await store.tasks.job(job)
    return asked > sent
