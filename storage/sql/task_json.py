"""The JSON of tasks: what their rows hold in `details`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.domain import notifications, tasks
from bot.domain.outgoing import TaskKind, Work
from bot.domain.people import FileKind
from bot.domain.statistics import StatsReply

KEYS = {
    "gate_id": "gate",
    "announcement_id": "announcement",
    "reason": "why",
    "purpose": "for",
    "issues": "ailments",
    "notify_admins": "tells",
    "answer_to": "answers",
    "repeats": "again",
    "spare_restricted": "spares",
    "is_quiet": "quiet",
    "is_for_operator": "operator",
}
"""Keys that differ from the name of their field. Rows contain them, so they must not change."""
SPACED = frozenset({"also", "issues"})
"""Fields that are written as words separated by spaces."""
PACKED = frozenset({"gates"})
"""Fields that are written as JSON within a text."""
OPTIONAL = frozenset({"act", "first"})
"""Fields whose None is written as an empty text."""
REMAINDER: Mapping[type[Work], str] = {tasks.CheckAdminRights: "details", notifications.NotifyIncident: "facts"}
"""The field that holds all other keys of the row."""
TAGS: Mapping[TaskKind, tuple[str, Mapping[str, type[Work]]]] = {
    TaskKind.STATS: (
        "answer",
        {
            StatsReply.CHART: tasks.SendChart,
            StatsReply.GATES: tasks.SendGateButtons,
            StatsReply.CHOOSE: tasks.AskWhichGate,
            StatsReply.UNKNOWN: tasks.SayUnknownGate,
        },
    ),
    TaskKind.MAKE_FILE: ("file", {FileKind.MY_DATA: tasks.SendMyData, FileKind.JOURNAL: tasks.SendExport}),
}
"""The key whose value names the variant of a kind."""
MARKS: Mapping[TaskKind, tuple[str, type[Work], type[Work]]] = {
    TaskKind.CHECK_ADMIN: ("added", tasks.CheckWhoAdded, tasks.CheckAdminRights),
    TaskKind.CALL_ADMINS: ("raid", tasks.CallRaidAdmins, tasks.CallAdmins),
}
"""The key that only one variant of a kind has; that variant, and the other."""
CLASSES: tuple[type[Work], ...] = tuple(
    known
    for module in (tasks, notifications)
    for known in vars(module).values()
    if isinstance(known, type) and issubclass(known, Work) and known is not Work
)
ADAPTERS: Mapping[type[Work], TypeAdapter[Work]] = {known: TypeAdapter(known) for known in CLASSES}
OF_KIND: Mapping[TaskKind, type[Work]] = {known.kind: known for known in CLASSES}
"""The class of a kind that has only one."""
OTHERS = ("user_id", "admin_id", "by", "value", "text")
"""Details of a task that may name somebody other than its recipient and its subject."""
LARGEST = 2**63 - 1
"""Databases hold no larger numbers."""


def write_task(work: Work) -> dict[str, str | int]:
    """Return the JSON of a task. Fields with their default value are left out."""
    known = type(work)
    said = ADAPTERS[known].dump_python(work, mode="json", exclude_defaults=True)
    remainder = said.pop(REMAINDER[known], {}) if known in REMAINDER else {}
    written: dict[str, str | int] = dict(remainder)
    for name, value in said.items():
        written[KEYS.get(name, name)] = _written(name, value)
    if work.kind in TAGS:
        key, variants = TAGS[work.kind]
        written[key] = next(tag for tag, variant in variants.items() if variant is known)
    elif work.kind in MARKS and known is tasks.CheckWhoAdded:
        written[MARKS[work.kind][0]] = 1
    return written


def read_task(kind: TaskKind, details: Mapping[str, Any]) -> Work:
    """Return the task of a row. Raises ValueError, without the values of the row, if this version cannot read it."""
    known = _class_of(kind, details)
    names = {KEYS.get(field.name, field.name): field.name for field in fields(known)}
    said = {names[key]: _read(names[key], value) for key, value in details.items() if key in names}
    if known in REMAINDER:
        said[REMAINDER[known]] = {key: value for key, value in details.items() if key not in names}
    try:
        work = ADAPTERS[known].validate_python(said)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, problem["loc"])) or problem["type"] for problem in error.errors())
        raise ValueError(f"{kind}: cannot read {wrong}") from None
    for name in names.values():
        value = getattr(work, name)
        if any(isinstance(held, int) and abs(held) > LARGEST for held in _numbers(value)):
            raise ValueError(f"{kind}: {name} is too large")
    return work


def other_person(details: Mapping[str, str | int], *known: int | None) -> int | None:
    """Whom these details name besides the known people; or a number that may be somebody's, as typed."""
    for value in (details.get(key) for key in OTHERS):
        number = int(str(value)) if re.fullmatch(r"\d{1,16}", str(value), re.ASCII) else 0
        if number and number not in known:
            return number
    return None


def _class_of(kind: TaskKind, details: Mapping[str, Any]) -> type[Work]:
    if kind in TAGS:
        key, variants = TAGS[kind]
        if (variant := variants.get(str(details.get(key)))) is None:
            raise ValueError(f"{kind}: unknown {key}")
        return variant
    if kind in MARKS:
        key, marked, other = MARKS[kind]
        return marked if key in details else other
    if kind is TaskKind.NOTIFY:
        return (
            notifications.NotifyIncident
            if details.get("notice") in notifications.INCIDENT_NOTICES
            else notifications.Notify
        )
    return OF_KIND[kind]


def _numbers(value: object) -> Iterable[object]:
    """Return the value, or those that it holds."""
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, tuple) else (value,)


def _written(name: str, value: Any) -> str | int:  # noqa: ANN401 - whatever a field holds
    if name in SPACED:
        return " ".join(map(str, value))
    if name in PACKED:
        return json.dumps(value, ensure_ascii=False)
    found: str | int = "" if value is None and name in OPTIONAL else value
    return found


def _read(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever a row holds
    if name in SPACED:
        return str(value).split()
    if name in PACKED:
        return json.loads(str(value))
    return None if value == "" and name in OPTIONAL else value
