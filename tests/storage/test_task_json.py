"""The JSON of tasks: what is written can be read, and so can rows of earlier versions."""

from __future__ import annotations

import json
from datetime import date

import pytest

from bot.domain import notifications, tasks
from bot.domain.admin_actions import AdminActionKind
from bot.domain.gate_health import GateIssue, Protection
from bot.domain.gates import GateMode
from bot.domain.incidents import IncidentKind
from bot.domain.journal import Event
from bot.domain.notifications import Notification, Toast
from bot.domain.outgoing import TaskKind, Work
from bot.domain.people_pages import Stage
from bot.domain.statistics import PeriodProblem
from storage.sql.task_json import CLASSES, read_task, write_task
from tests.tasks import ROWS

GATE, ANNA, OLGA = -1001, 1, 2
WHOLE: list[Work] = [
    tasks.OpenApp(GATE, ANNA, "q"),
    tasks.QueueJoin(GATE, ANNA, "q"),
    tasks.AnswerButton("q", Toast.LET_IN),
    tasks.CheckAdminRights(GATE, OLGA, None),
    tasks.CheckAdminRights(GATE, OLGA, AdminActionKind.LOG_HERE, "q", (-5, -6), {"chat": -5, "text": "q"}),
    tasks.CheckWhoAdded(GATE, OLGA),
    tasks.CheckWhoAdded(GATE, OLGA, waited=True),
    tasks.CheckGateHealth(GATE, notify_admins=True, answer_to=OLGA, repeats=2),
    tasks.CallAdmins(GATE, tasks.AdminsWantedFor.APPEAL, ANNA),
    tasks.CallRaidAdmins(GATE, 5),
    tasks.MakeJoinLink(GATE, bypassed=True),
    tasks.Mute(ANNA, 7, OLGA),
    tasks.Ban(ANNA, OLGA),
    tasks.Unban(ANNA),
    tasks.DeclineJoin(GATE, ANNA, "raid", "q", OLGA),
    tasks.Kick(GATE, ANNA, "deadline", OLGA, spare_restricted=True),
    tasks.Untag(ANNA, "verified"),
    tasks.RevokeLink("https://t.me/+link"),
    tasks.DeleteMessage(5),
    tasks.RemoveServiceMessage(5),
    tasks.SendPrivateLink("gate_-1001", "en", 7, is_quiet=True),
    tasks.Prompt("en"),
    tasks.GroupPrompt("en"),
    tasks.LogLine(Event.BLOCKED, GATE, "Chess", ANNA, "Anna", "raid", "+7…", "en", 60, OLGA, 7, 30),
    notifications.SendAppeal(GATE, "Chess", ANNA, "Anna", Stage.LIMITED, "x", "+7…", 60, "en", 7, is_for_operator=True),
    notifications.CloseAppeal(GATE, "Chess", ANNA, "Anna", 5, Toast.BLOCKED, "en", OLGA),
    notifications.SendAlert(
        gate_id=GATE,
        raid=5,
        title="Chess",
        language="en",
        count=24,
        minutes=2,
        switch=GateMode.PAUSED,
        asks_call=True,
        switch_by=0,
        strict_until=1_800_000_000,
        strict_by=OLGA,
        total=9,
        done=3,
        is_chosen=True,
        decline_by=OLGA,
        over=True,
        approved=1,
        declined=2,
        waiting=3,
        closed=True,
        topic=7,
        message_id=8,
    ),
    notifications.SendAnnouncement(3),
    notifications.Notify(
        Notification.GATE_HAS_ISSUES,
        title="Chess",
        user_id=ANNA,
        name="Anna",
        by=OLGA,
        by_name="Olga",
        error="no",
        error_id="e1",
        target="events",
        link="https://t.me/+link",
        how="joined",
        why=Toast.NEEDS_INVITE,
        protection=Protection.OPEN,
        issues=tuple(GateIssue),
        seconds=1,
        total=2,
        sent=3,
        missed=4,
        most=5,
        period="7d",
        problem=PeriodProblem.REVERSED,
        language="en",
        topic=7,
    ),
    notifications.NotifyIncident(
        Notification.ALL_CLEAR, IncidentKind.CLOCK, "telegram", 60, {"ahead": 3, "title": "x"}
    ),
    notifications.SendHealth(5),
    notifications.SendBalance(5),
    tasks.SendChart("{}", others=True, together=True, message_id=5),
    tasks.SendGateButtons("7d", GATE, ((GATE, "Chess «Ы»"), (-5, "")), 0, 1, together=True, message_id=5),
    tasks.AskWhichGate("7d", ((GATE, "Chess"),), 2),
    tasks.SayUnknownGate("chess", (), 2),
    tasks.SendFile("Chess", "{}"),
    tasks.FetchFile(GATE, "f"),
    tasks.SendMyData("en"),
    tasks.SendExport(None, date(2026, 1, 2), "all"),
    tasks.SendExport(date(2026, 1, 1), date(2026, 1, 2), "2026-01-01..2026-01-02"),
]
STORED: list[tuple[TaskKind, dict[str, str | int], Work]] = [
    (
        TaskKind.CHECK_ADMIN,
        {"act": "log_here", "gate": GATE, "user_id": OLGA, "query_id": "q", "also": "-5 -6", "chat": -5, "key": "x"},
        tasks.CheckAdminRights(GATE, OLGA, AdminActionKind.LOG_HERE, "q", (-5, -6), {"chat": -5, "key": "x"}),
    ),
    (TaskKind.CHECK_ADMIN, {"act": "", "gate": GATE, "user_id": OLGA}, tasks.CheckAdminRights(GATE, OLGA, None)),
    (
        TaskKind.CHECK_ADMIN,
        {"act": "", "gate": GATE, "user_id": OLGA, "added": 1, "waited": 1},
        tasks.CheckWhoAdded(GATE, OLGA, waited=True),
    ),
    (
        TaskKind.CHECK_GATE,
        {"gate": GATE, "tells": 1, "answers": OLGA, "again": 2},
        tasks.CheckGateHealth(GATE, notify_admins=True, answer_to=OLGA, repeats=2),
    ),
    (TaskKind.CALL_ADMINS, {"gate": GATE, "raid": 5}, tasks.CallRaidAdmins(GATE, 5)),
    (
        TaskKind.CALL_ADMINS,
        {"gate": GATE, "for": "log", "user_id": 0},
        tasks.CallAdmins(GATE, tasks.AdminsWantedFor.LOG),
    ),
    (TaskKind.BAN, {"user_id": ANNA, "gate": GATE, "admin_id": OLGA}, tasks.Ban(ANNA, OLGA)),
    (
        TaskKind.KICK,
        {"user_id": ANNA, "gate": GATE, "why": "deadline", "spares": 1},
        tasks.Kick(GATE, ANNA, "deadline", spare_restricted=True),
    ),
    (
        TaskKind.PRIVATE_CHAT_LINK,
        {"start": "gate_-1001", "language": "en", "quiet": 1},
        tasks.SendPrivateLink("gate_-1001", "en", is_quiet=True),
    ),
    (
        TaskKind.NOTIFY,
        {"notice": "gate_ails", "title": "Chess", "ailments": "no_approval cannot_restrict"},
        notifications.Notify(
            Notification.GATE_HAS_ISSUES, title="Chess", issues=(GateIssue.NO_APPROVAL, GateIssue.CANNOT_RESTRICT)
        ),
    ),
    (
        TaskKind.NOTIFY,
        {"notice": "gateway_trouble", "trouble": "gateway", "subject": "", "reason": "no_money", "code": 3},
        notifications.NotifyIncident(
            Notification.GATEWAY_TROUBLE, IncidentKind.GATEWAY, facts={"reason": "no_money", "code": 3}
        ),
    ),
    (
        TaskKind.STATS,
        {
            "answer": "gates",
            "period": "7d",
            "gate": 0,
            "together": 1,
            "gates": '[[-1001, "Chess"]]',
            "page": 0,
            "pages": 1,
            "message_id": 5,
        },
        tasks.SendGateButtons("7d", 0, ((GATE, "Chess"),), 0, 1, together=True, message_id=5),
    ),
    (
        TaskKind.STATS,
        {"answer": "chart", "period": "7d", "gate": 0, "summary": "{}", "others": 1, "together": 0},
        tasks.SendChart("{}", others=True),
    ),
    (
        TaskKind.MAKE_FILE,
        {"file": "journal", "first": "", "last": "2026-01-02", "period": "all"},
        tasks.SendExport(None, date(2026, 1, 2), "all"),
    ),
]
"""Rows as the version before these classes wrote them."""


def test_there_is_an_example_of_every_class() -> None:
    assert {type(work) for work in WHOLE} == set(CLASSES)
    assert {known.kind for known in CLASSES} == set(TaskKind)


@pytest.mark.parametrize("work", WHOLE, ids=lambda work: type(work).__name__)
def test_what_is_written_is_read_as_it_was(work: Work) -> None:
    stored = json.loads(json.dumps(write_task(work)))

    assert read_task(work.kind, stored) == work
    assert all(isinstance(value, str | int) for value in stored.values())


@pytest.mark.parametrize(("kind", "stored", "work"), STORED)
def test_rows_of_before_are_read(kind: TaskKind, stored: dict[str, str | int], work: Work) -> None:
    assert read_task(kind, stored) == work


@pytest.mark.parametrize("kind", TaskKind)
def test_a_row_of_every_kind_is_read_and_written_again(kind: TaskKind) -> None:
    work = read_task(kind, ROWS[kind])

    assert work.kind is kind
    assert read_task(kind, write_task(work)) == work


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        (TaskKind.KICK, {"user_id": "of +79991234567", "gate": GATE}),
        (TaskKind.KICK, {"gate": GATE}),
        (TaskKind.KICK, {"user_id": 2**63, "gate": GATE}),
        (TaskKind.KICK, {"user_id": str(2**63), "gate": GATE}),
        (TaskKind.CHECK_ADMIN, {"act": "", "user_id": OLGA, "gate": GATE, "also": str(-(2**64))}),
        (TaskKind.CHECK_ADMIN, {"act": "", "user_id": OLGA, "gate": GATE, "chat": 2**64}),
        (TaskKind.ANNOUNCE, {"announcement": 0}),
        (TaskKind.ANSWER_BUTTON, {"query_id": "q", "toast": "+79991234567"}),
        (TaskKind.STATS, {"answer": "+79991234567"}),
        (TaskKind.STATS, {"answer": "unknown", "asked": "x", "gates": "+79991234567"}),
        (TaskKind.NOTIFY, {"notice": "gate_ails", "ailments": "+79991234567"}),
    ],
)
def test_the_error_names_the_field_and_not_what_it_held(kind: TaskKind, stored: dict[str, str | int]) -> None:
    with pytest.raises(ValueError, match=r"\w") as raised:
        read_task(kind, stored)

    assert "9991234567" not in str(raised.value)
