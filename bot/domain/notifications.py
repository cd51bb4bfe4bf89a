"""Notifications: which there are, the tasks that send them, and the short answers to buttons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from bot.domain.gate_health import GateIssue, Protection
from bot.domain.gates import GateMode
from bot.domain.incidents import IncidentKind
from bot.domain.outgoing import TaskKind, Work
from bot.domain.people_pages import Stage
from bot.domain.statistics import PeriodProblem


class Notification(StrEnum):
    """The message of a NOTIFY task."""

    GATE_ON = "gate_on"
    GATE_LACKS_RIGHT = "gate_lacks_right"
    GATE_BYPASSED = "gate_bypassed"
    """Somebody joined without verification."""
    GATE_OFF = "gate_off"
    GATE_HAS_ISSUES = "gate_ails"
    """A gate has just lost something that its settings need."""
    LOG_HERE = "log_here"
    GATEWAY_TROUBLE = "gateway_trouble"
    GATEWAY_WRONG_PARAMETERS = "gateway_wrong_parameters"
    GRANT_FAILED = "grant_failed"
    WEBHOOK_DROPPED = "letter_lost"
    ALARM = "alarm"
    ALL_CLEAR = "all_clear"
    CLOCK_SET_BACK = "clock_set_back"
    """The machine's clock was ahead, and is right again."""
    LOG_LOST = "log_lost"
    """The bot cannot post decisions to the log chat any more."""
    NOT_ALLOWED = "not_allowed"
    """The reader lacks the right for what they wrote."""
    NOT_REMOVED = "not_removed"
    """An admin wanted somebody removed, and Telegram did not let the bot."""
    NOW_OPERATOR = "now_operator"
    """The reader has become an operator."""
    NO_OPERATOR = "no_operator"
    """The reader is no longer an operator."""
    OPERATOR_ADDED = "operator_added"
    OPERATOR_REMOVED = "operator_removed"
    OPERATOR_ERASED = "operator_erased"
    """One of them deleted everything about themselves."""
    ANNOUNCED = "announced"
    """An announcement has reached everybody it could reach."""
    FAILURE = "failure"
    FAILURE_FOR_PERSON = "failure_for_person"
    ERASED = "erased"
    """Everything about the reader was deleted."""
    MY_DATA_ASKED = "my_data_asked"
    """The reader asked for their data a moment ago."""
    EXPORT_PERIOD = "export_period"
    """An operator's text is not a period."""
    EXPORT_BUSY = "export_busy"
    EXPORT_EMPTY = "export_empty"
    EXPORT_HUGE = "export_huge"
    EXPORT_FAILED = "export_failed"
    MY_DATA_FAILED = "my_data_failed"
    MY_DATA_TOO_LARGE = "my_data_too_large"


class Toast(StrEnum):
    """The short answer to a pressed button."""

    NOTHING = "nothing"
    OVER = "over"
    NOT_YOURS = "not_yours"
    CANCELLED = "cancelled"
    ASKING = "asking"
    TRYING_AGAIN = "trying_again"
    ALREADY_VERIFIED = "already_verified"
    LIMITED = "limited"
    LINKS_LIMITED = "links_limited"
    """They have had the most links that anybody gets in an hour."""
    TOO_FAST = "too_fast"
    """Too many of their earlier requests are undone."""
    UNKNOWN = "unknown"
    NOT_ADMIN = "not_admin"
    NOT_ADMIN_THERE = "not_admin_there"
    """It also concerns another chat, of which they are not an admin."""
    NEEDS_INVITE = "needs_invite"
    """They lack that right in Telegram, and so in the bot too."""
    NEEDS_RESTRICT = "needs_restrict"
    NEEDS_CHANGE_INFO = "needs_change_info"
    NO_COUNTRIES = "no_countries"
    """With an empty list of allowed countries nobody could come in."""
    SAVED = "saved"
    OPENED = "opened"
    """The gate is open to everybody."""
    STANDARD_APPLIED = "standard_applied"
    STRICT_APPLIED = "strict_applied"
    CHECKING = "checking"
    ASKED_ADMINS = "asked_admins"
    ASKED_BEFORE = "asked_before"
    DONE = "done"
    DONE_BEFORE = "done_before"
    DECIDED_ALREADY = "decided_already"
    LET_IN = "let_in"
    LET_IN_LATER = "let_in_later"
    """They have no waiting request; when they next ask they are admitted at once."""
    DECLINED = "declined"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    NOT_BLOCKED = "not_blocked"
    REVOKED = "revoked"
    RESTORED = "restored"
    IS_ADMIN = "is_admin"
    IN_ALREADY = "in_already"
    DECLINING = "declining"
    """A mass decline is going on."""
    DECLINING_ALREADY = "declining_already"
    NOBODY_WAITS = "nobody_waits"
    PHONE_FREED = "phone_freed"
    CONFIGURED = "configured"
    """The configuration names that operator."""


ALERTS = frozenset({Toast.NO_COUNTRIES})
"""Answers that a person has to close: what they say on the page may be out of sight."""


@dataclass(frozen=True, slots=True)
class SendAppeal(Work):
    """Send an appeal, with buttons to decide; without them if `is_for_operator`. `seconds`: how long they have waited.
    `language`: of a log chat."""

    kind: ClassVar[TaskKind] = TaskKind.APPEAL
    gate_id: int
    title: str
    user_id: int
    name: str
    stage: Stage
    why: str
    mask: str
    seconds: int
    language: str = ""
    topic: int | None = None
    is_for_operator: bool = False


@dataclass(frozen=True, slots=True)
class CloseAppeal(Work):
    """Add the decision to the message of an appeal. `admin_id`: who decided; None if it was decided otherwise."""

    kind: ClassVar[TaskKind] = TaskKind.CLOSE_APPEAL
    gate_id: int
    title: str
    user_id: int
    name: str
    message_id: int
    outcome: Toast
    language: str = ""
    admin_id: int | None = None


@dataclass(frozen=True, slots=True)
class SendAlert(Work):
    """Notify admins of a raid, or update such a message (`message_id`).

    `minutes`: since it began. `count`: who asked to join; once it is `over`, also how many of them were `approved`,
    `declined` or are `waiting`. `switch_by`, `strict_by`, `decline_by`: which admin did that, `raid.ITSELF` if the bot
    did. `total` and `done`: of a mass decline; `is_chosen`: its total is final. `strict_until`: Unix time. `closed`:
    the message gets no buttons.
    """

    kind: ClassVar[TaskKind] = TaskKind.ALERT
    gate_id: int
    raid: int
    title: str
    language: str
    count: int
    minutes: int
    switch: GateMode
    asks_call: bool
    switch_by: int | None = None
    strict_until: int | None = None
    strict_by: int | None = None
    total: int | None = None
    done: int = 0
    is_chosen: bool = False
    decline_by: int | None = None
    over: bool = False
    approved: int = 0
    declined: int = 0
    waiting: int = 0
    closed: bool = False
    topic: int | None = None
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class SendAnnouncement(Work):
    """Send an announcement to an admin. `text` is stored once for all; empty if it was deleted. Raises ValueError for
    an id that no announcement has."""

    kind: ClassVar[TaskKind] = TaskKind.ANNOUNCE
    announcement_id: int
    text: str = ""

    def __post_init__(self) -> None:
        if self.announcement_id <= 0:
            raise ValueError(self.announcement_id)


@dataclass(frozen=True, slots=True)
class Notify(Work):
    """A message to an operator, an admin or a person: which, and its values. `by` and `by_name`: the operator who did
    it; `user_id` and `name`: whom it is about."""

    kind: ClassVar[TaskKind] = TaskKind.NOTIFY
    notice: Notification
    title: str = ""
    user_id: int | None = None
    name: str = ""
    by: int = 0
    by_name: str = ""
    error: str = ""
    error_id: str = ""
    target: str = ""
    link: str = ""
    how: str = ""
    why: Toast = Toast.NOT_ADMIN
    protection: Protection | None = None
    issues: tuple[GateIssue, ...] = ()
    seconds: int = 0
    total: int = 0
    sent: int = 0
    missed: int = 0
    most: int = 0
    period: str = ""
    problem: PeriodProblem | None = None
    language: str = ""
    topic: int | None = None


INCIDENT_NOTICES = (
    Notification.ALARM,
    Notification.ALL_CLEAR,
    Notification.GATE_OFF,
    Notification.GATEWAY_TROUBLE,
)


@dataclass(frozen=True, slots=True)
class NotifyIncident(Work):
    """Notify an operator that an incident began or ended (one of `INCIDENT_NOTICES`). `facts`: its details;
    `seconds_lasted`: of one that ended."""

    kind: ClassVar[TaskKind] = TaskKind.NOTIFY
    notice: Notification
    trouble: IncidentKind
    subject: str = ""
    seconds_lasted: int = 0
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SendHealth(Work):
    """Show an operator the condition of the installation, in place of `message_id` if possible."""

    kind: ClassVar[TaskKind] = TaskKind.HEALTH
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class SendBalance(Work):
    """The same for the balance of the gateway account."""

    kind: ClassVar[TaskKind] = TaskKind.BALANCE
    message_id: int | None = None
