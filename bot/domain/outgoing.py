"""Items that the delivery worker sends to Telegram, and the result of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, ClassVar

from bot.domain.gates import GrantKind
from bot.domain.screens import ScreenName, View

RETRY_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 15, 30, 60))
"""Delays after temporary failures in a row; the last repeats."""


def pause_after(attempts: int) -> timedelta:
    """The delay after the `attempts`-th failure in a row (1 is the first)."""
    return RETRY_PAUSES[min(attempts, len(RETRY_PAUSES)) - 1]


class TaskKind(StrEnum):
    """One-off actions in Telegram that are neither a grant nor a screen."""

    OPEN_APP = "open_app"
    """Have Telegram open the Mini App for a guard join."""
    QUEUE_JOIN = "queue_join"
    """Tell Telegram to treat a guard join like any other request."""
    ANSWER_BUTTON = "answer_button"
    """Acknowledge a pressed button."""
    CHECK_ADMIN = "check_admin"
    """Ask Telegram whether somebody is an admin of a gate, and then run their action."""
    CHECK_GATE = "check_gate"
    """Ask Telegram about a gate: rights, approval of new members, the guard."""
    CALL_ADMINS = "call_admins"
    """Ask Telegram who the admins of a gate are, to notify those who can be written to."""
    APPEAL = "appeal"
    """Send an appeal to an admin or the log chat, with buttons to decide."""
    CLOSE_APPEAL = "close_appeal"
    """Add the decision to such a message."""
    PRIVATE_CHAT_LINK = "point"
    """Show somebody in a group, and nobody else, the link to the private chat."""
    STATS = "stats"
    """Show statistics as a picture with words, or answer why there are none."""
    HEALTH = "health"
    """Show an operator the condition of the installation."""
    BALANCE = "balance"
    """Show an operator the balance of the gateway account."""
    SEND_FILE = "send_file"
    MAKE_FILE = "make_file"
    """A file of stored data: made when it is sent."""
    FETCH_FILE = "fetch_file"
    MAKE_LINK = "make_link"
    """Make the gate's own link, by which people ask to join."""
    DELETE_MESSAGE = "delete_message"
    MUTE = "mute"
    """Forbid a newcomer to write until they are verified."""
    PROMPT = "prompt"
    """Tell a muted newcomer, visibly to nobody else, how to verify."""
    BAN = "ban"
    UNBAN = "unban"
    DECLINE_JOIN = "decline_join"
    KICK = "kick"
    """Remove somebody who may come again."""
    UNTAG = "untag"
    REVOKE_LINK = "revoke_link"
    """End an invite link that was made for one person."""
    SERVICE_MESSAGES = "tidy"
    """Delete Telegram's service message about a member who joined or left."""
    ALERT = "alert"
    """Notify admins of a raid, or update such a message."""
    ANNOUNCE = "announce"
    """Send an announcement of the operators to an admin."""
    NOTIFY = "notify"
    """A message to an operator, an admin or, about a failure, to a person."""
    GROUP_PROMPT = "group_prompt"
    """Tell all newcomers in a group how to verify, where the bot could not reach somebody privately."""
    LOG = "log"
    """A decision for the log chat of a gate; several become one message."""


class Priority(IntEnum):
    """Priorities of tasks."""

    AT_ONCE = 0
    """Telegram itself waits, and only for seconds: guard joins."""
    SOON = 1
    """A person is looking: pressed buttons, messages to delete."""
    PRESSING = 2
    """Each second counts in the group, but many may come at once; they alternate with screens."""
    LATER = 3
    LOG = 4


class Paced(StrEnum):
    """Tasks that a person causes as fast as they press, write and join. Each person has some at once, and others later.
    Each group is counted separately: messages to delete do not delay answers to buttons."""

    REQUESTS = "requests"
    """What somebody asked for."""
    CLEANING = "cleaning"
    """Messages that the bot deletes: it drops none, however many there are."""


@dataclass(frozen=True, slots=True)
class TaskType:
    """What all tasks of one kind have in common.

    `rank`: their order among tasks of the same priority; rows contain it, so it must not change. `is_message`: they
    send a message, which Telegram counts against its chat. `is_slow`: they may take long (transfer files, draw
    pictures, ask others). `is_about_member`: they change somebody's place in a chat. `survives_erasure`: one about an
    erased person still runs: otherwise something of theirs would stay, or a decision be lost.
    """

    priority: Priority
    rank: int
    paced: Paced | None = None
    is_message: bool = False
    is_slow: bool = False
    is_about_member: bool = False
    survives_erasure: bool = False


_AT_ONCE, _SOON, _PRESSING, _LATER = Priority.AT_ONCE, Priority.SOON, Priority.PRESSING, Priority.LATER
_REQUEST, _CLEANING = Paced.REQUESTS, Paced.CLEANING
TASKS = {
    TaskKind.OPEN_APP: TaskType(_AT_ONCE, -2),
    TaskKind.QUEUE_JOIN: TaskType(_AT_ONCE, -1),
    TaskKind.ANSWER_BUTTON: TaskType(_SOON, 0, _REQUEST, survives_erasure=True),
    TaskKind.CHECK_ADMIN: TaskType(_SOON, 0, _REQUEST),
    TaskKind.PRIVATE_CHAT_LINK: TaskType(_SOON, 0, _REQUEST, is_message=True),
    TaskKind.ALERT: TaskType(_SOON, 0, is_message=True),
    TaskKind.CHECK_GATE: TaskType(_SOON, 1, _REQUEST),
    TaskKind.CALL_ADMINS: TaskType(_SOON, 1),
    TaskKind.STATS: TaskType(_SOON, 1, _REQUEST, is_message=True, is_slow=True),
    TaskKind.HEALTH: TaskType(_SOON, 1, _REQUEST, is_message=True, is_slow=True),
    TaskKind.BALANCE: TaskType(_SOON, 1, _REQUEST, is_message=True, is_slow=True),
    TaskKind.SEND_FILE: TaskType(_SOON, 1, _REQUEST, is_message=True, is_slow=True),
    TaskKind.MAKE_FILE: TaskType(_SOON, 1, _REQUEST, is_message=True, is_slow=True),
    TaskKind.FETCH_FILE: TaskType(_SOON, 1, _REQUEST, is_slow=True),
    TaskKind.MAKE_LINK: TaskType(_SOON, 1, _REQUEST),
    TaskKind.DELETE_MESSAGE: TaskType(_SOON, 1, _CLEANING, survives_erasure=True),
    TaskKind.MUTE: TaskType(_PRESSING, 10, is_about_member=True),
    TaskKind.BAN: TaskType(_PRESSING, 10, is_about_member=True, survives_erasure=True),
    TaskKind.UNBAN: TaskType(_PRESSING, 10, is_about_member=True, survives_erasure=True),
    TaskKind.PROMPT: TaskType(_PRESSING, 11, is_message=True),
    TaskKind.DECLINE_JOIN: TaskType(_LATER, 2, is_about_member=True, survives_erasure=True),
    TaskKind.KICK: TaskType(_LATER, 2, is_about_member=True, survives_erasure=True),
    TaskKind.UNTAG: TaskType(_LATER, 2, is_about_member=True, survives_erasure=True),
    TaskKind.REVOKE_LINK: TaskType(_LATER, 2, is_about_member=True, survives_erasure=True),
    TaskKind.SERVICE_MESSAGES: TaskType(_LATER, 2, _CLEANING),
    TaskKind.ANNOUNCE: TaskType(_LATER, 3, is_message=True),
    TaskKind.NOTIFY: TaskType(_LATER, 3, is_message=True),
    TaskKind.APPEAL: TaskType(_LATER, 3, is_message=True),
    TaskKind.CLOSE_APPEAL: TaskType(_LATER, 3, is_message=True),
    TaskKind.GROUP_PROMPT: TaskType(_LATER, 3, is_message=True),
    TaskKind.LOG: TaskType(Priority.LOG, 20, is_message=True),
}


MESSAGES = frozenset(kind for kind, its_type in TASKS.items() if its_type.is_message)
SLOW = frozenset(kind for kind, its_type in TASKS.items() if its_type.is_slow)
SLOW_AT_ONCE = 4
"""Slow tasks of one kind that are in flight at once: only a few, so that they never fill the worker."""
PACED = {group: frozenset(kind for kind, its_type in TASKS.items() if its_type.paced is group) for group in Paced}
UNPACED = 5
"""How many undone tasks a person may have without delay."""
PACE = timedelta(seconds=0.25)
"""How much later each further one is due."""
UNPACED_IN_GROUP = 30
"""How many undone tasks a group may have without delay that belong to no person."""
PACE_IN_GROUP = timedelta(seconds=0.05)
"""How much later each further one is due."""
MOST_UNDONE = 100
"""The most undone REQUESTS of a person; the bot drops further ones."""
MOST_COUNTED = 5000
"""How far undone tasks are counted; all beyond are due at the same time as the last of these."""
MOST_CHECKS = 30
"""The most undone questions to Telegram about whether one person is an admin."""
LISTED_CHECKS = 20
"""How many of them lists of gates may use; the others are for buttons."""


def paced(undone: int, *, in_group: bool = False) -> timedelta:
    """The delay of a task whose person, or else whose group, has this many undone ones."""
    return PACE_IN_GROUP * max(0, undone - UNPACED_IN_GROUP + 1) if in_group else PACE * max(0, undone - UNPACED + 1)


@dataclass(frozen=True, slots=True)
class PendingGrant:
    """A grant to be made at Telegram. `requested_at` distinguishes it from one requested again while it is in flight;
    `query_id` is that of the guard join it answers, `tag` the tag to set, `verification_id` the attempt that earned it.
    """

    gate_id: int
    user_id: int
    kind: GrantKind
    requested_at: datetime
    attempts: int
    query_id: str | None = None
    tag: str = ""
    verification_id: int | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What a task says; `bot.domain.tasks` has one class for each kind, and for each variant of a kind."""

    kind: ClassVar[TaskKind]


@dataclass(frozen=True, slots=True)
class PendingTask:
    """A task to run. Telegram counts it against `chat_id`; `user_id` is whom it is about; `work` is what to do.
    `language` is empty where the reader's is unknown. `is_crowd`: one of very many, which goes last."""

    id: int
    work: Work
    chat_id: int
    language: str = ""
    attempts: int = 0
    user_id: int | None = None
    is_crowd: bool = False

    @property
    def kind(self) -> TaskKind:
        """The kind of its work."""
        return self.work.kind


@dataclass(frozen=True, slots=True)
class PendingLogBatch:
    """One message to a log chat, made of the tasks gathered for it."""

    chat_id: int
    topic: int | None
    language: str
    tasks: tuple[PendingTask, ...]

    @property
    def attempts(self) -> int:
        """How often this was tried."""
        return max(task.attempts for task in self.tasks)


@dataclass(frozen=True, slots=True)
class PendingScreen:
    """A screen to show. `message_id` is the message that shows it now; `is_fresh` asks for a new one.

    `is_crowd`: its person is one of very many newcomers. `verification_id`: their newest attempt.
    """

    user_id: int
    chat_id: int
    revision: int
    view: View
    language: str
    message_id: int | None
    is_editable: bool
    is_fresh: bool
    shown_digest: str | None
    is_refresh: bool
    attempts: int
    is_crowd: bool = False
    verification_id: int | None = None


Outgoing = PendingGrant | PendingTask | PendingLogBatch | PendingScreen


class DeliveryStatus(StrEnum):
    """How a delivery went."""

    DONE = "done"
    RETRY = "retry"
    """Not now: the network, Telegram's own failure, or its flood control."""
    REFUSED = "refused"
    """A final rejection."""
    UNREACHABLE = "unreachable"
    """The bot cannot write to the person."""
    TOO_MANY_CHATS = "too_many_chats"
    GONE = "gone"
    """Its object no longer exists."""
    MOVED = "moved"
    """The group became a supergroup; `answer` has its new id."""


class MemberStatus(StrEnum):
    """Why the bot left a member of a chat alone."""

    ADMIN = "admin"
    ADDED_BY_ADMIN = "added_by_admin"
    RESTRICTED = "restricted"
    """By somebody else."""
    AWAY = "away"
    """They are not in the chat."""


@dataclass(frozen=True, slots=True)
class MemberFound:
    """A member whom the bot left alone. `rest`: how long somebody else's restriction holds; 0: without end.
    `is_muted`: the bot's own restriction holds anyway."""

    status: MemberStatus
    rest: timedelta = timedelta()
    is_muted: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """The result of sending one item. For a screen: the message that now shows it and the digest of its text.

    `answer` is Telegram's answer, if the task asks for one. `member`: the one whom the bot left alone. `posted_to_all`:
    a message for one person that all see, because the bot could not delete it yet.
    """

    item: Outgoing
    result: DeliveryStatus
    retry_after: float | None = None
    error: str = ""
    message_id: int | None = None
    is_editable: bool = True
    digest: str | None = None
    replaced: tuple[int, ...] = field(default=())
    """Messages that the new one makes superfluous; the bot deletes them."""
    answer: Mapping[str, Any] = field(default_factory=dict)
    member: MemberFound | None = None
    posted_to_all: int | None = None
    error_id: str = ""
    """The error id at the end of the bare text that went out in place of a rejected message; or the one that operators
    get for a failure of the bot itself."""
    is_our_fault: bool = False
    """Whether it failed in the bot, before or after the call to Telegram."""


@dataclass(frozen=True, slots=True)
class ScreenRow:
    """What a person should see, and what the bot last showed."""

    user_id: int
    chat_id: int
    face: ScreenName
    details: Mapping[str, str | int]
    revision: int
    message_id: int | None
    is_editable: bool
    is_fresh: bool
    shown_digest: str | None
    is_refresh: bool
    reach_until: datetime | None
    attempts: int
    is_crowd: bool = False


@dataclass(frozen=True, slots=True)
class StalledTask:
    """An undone task: since when, how often it was tried, and its last result."""

    kind: TaskKind
    chat_id: int
    since: datetime
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class DueTimes:
    """When the first of each sort of delivery is due; None where there is none."""

    tasks: Mapping[Priority, datetime]
    grants: datetime | None
    screens: datetime | None

    def first(self) -> datetime | None:
        """When the first of all is due."""
        return min((at for at in (*self.tasks.values(), self.grants, self.screens) if at is not None), default=None)
