"""Tasks for Telegram, as rows hold them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.notifications import Notify, NotifyIncident, SendAlert
from bot.domain.outgoing import PendingTask, TaskKind, Work
from storage.sql.task_json import read_task, write_task

Details = Mapping[str, str | int]
SAID: Details = {
    "gate": -1001,
    "raid": 5,
    "title": "Chess",
    "language": "en",
    "count": 24,
    "minutes": 2,
    "asks_call": 1,
}
ROWS: Mapping[TaskKind, Details] = {
    TaskKind.OPEN_APP: {"gate": -1001, "user_id": 1, "query_id": "q"},
    TaskKind.QUEUE_JOIN: {"gate": -1001, "user_id": 1, "query_id": "q"},
    TaskKind.ANSWER_BUTTON: {"query_id": "q", "toast": "nothing"},
    TaskKind.CHECK_ADMIN: {"gate": -1001, "user_id": 1, "act": ""},
    TaskKind.CHECK_GATE: {"gate": -1001},
    TaskKind.CALL_ADMINS: {"gate": -1001, "for": "appeal", "user_id": 1},
    TaskKind.APPEAL: {
        "gate": -1001,
        "title": "Chess",
        "user_id": 1,
        "name": "Anna",
        "stage": "asked",
        "why": "",
        "mask": "",
        "seconds": 60,
    },
    TaskKind.CLOSE_APPEAL: {
        "gate": -1001,
        "title": "Chess",
        "user_id": 1,
        "name": "Anna",
        "message_id": 5,
        "outcome": "let_in",
    },
    TaskKind.PRIVATE_CHAT_LINK: {"start": "gate_-1001", "language": "en"},
    TaskKind.STATS: {"answer": "unknown", "asked": "chess", "gates": "[]", "more": 0},
    TaskKind.HEALTH: {},
    TaskKind.BALANCE: {},
    TaskKind.SEND_FILE: {"title": "Chess", "text": "{}"},
    TaskKind.MAKE_FILE: {"file": "my_data", "language": "en"},
    TaskKind.FETCH_FILE: {"gate": -1001, "file_id": "f"},
    TaskKind.MAKE_LINK: {"gate": -1001},
    TaskKind.DELETE_MESSAGE: {"message_id": 5},
    TaskKind.MUTE: {"user_id": 1, "joined": 0},
    TaskKind.PROMPT: {"language": "en"},
    TaskKind.BAN: {"user_id": 1},
    TaskKind.UNBAN: {"user_id": 1, "gate": -1001},
    TaskKind.DECLINE_JOIN: {"user_id": 1, "gate": -1001, "why": "deadline"},
    TaskKind.KICK: {"user_id": 1, "gate": -1001, "why": "deadline"},
    TaskKind.UNTAG: {"user_id": 1, "tag": "verified"},
    TaskKind.REVOKE_LINK: {"link": "https://t.me/+link"},
    TaskKind.SERVICE_MESSAGES: {"message_id": 5},
    TaskKind.ALERT: {
        "gate": -1001,
        "raid": 5,
        "title": "Chess",
        "language": "en",
        "count": 24,
        "minutes": 2,
        "switch": "on",
        "asks_call": 1,
    },
    TaskKind.ANNOUNCE: {"announcement": 1},
    TaskKind.NOTIFY: {"notice": "failure", "error": "it broke", "error_id": "abcd1234"},
    TaskKind.GROUP_PROMPT: {"language": "en"},
    TaskKind.LOG: {"event": "join_declined", "gate": -1001, "user_id": 1, "name": "Anna", "why": "", "mask": ""},
}
"""What a row of each kind holds at least."""


def work(kind: TaskKind, **details: str | int) -> Work:
    """Return the work of a row with these details, and whatever else its kind needs."""
    return read_task(kind, {**ROWS[kind], **details})


def notice(**details: str | int) -> Notify | NotifyIncident:
    """Return the notification of a row with these details."""
    found = work(TaskKind.NOTIFY, **details)
    assert isinstance(found, Notify | NotifyIncident)
    return found


def alert(**details: str | int) -> SendAlert:
    """Return the alert of a row with these details."""
    found = work(TaskKind.ALERT, **details)
    assert isinstance(found, SendAlert)
    return found


def said(task: PendingTask) -> dict[str, str | int]:
    """Return what the row of a task holds."""
    return write_task(task.work)
