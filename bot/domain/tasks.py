"""What a task for Telegram says: one class for each kind of task, and for each variant of a kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import ClassVar

from bot.domain.admin_actions import AdminActionKind
from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.outgoing import TaskKind, Work

# Guard joins


@dataclass(frozen=True, slots=True)
class OpenApp(Work):
    """Have Telegram open the Mini App for a guard join."""

    kind: ClassVar[TaskKind] = TaskKind.OPEN_APP
    gate_id: int
    user_id: int
    query_id: str


@dataclass(frozen=True, slots=True)
class QueueJoin(Work):
    """Tell Telegram to treat a guard join like any other request."""

    kind: ClassVar[TaskKind] = TaskKind.QUEUE_JOIN
    gate_id: int
    user_id: int
    query_id: str


# Questions to Telegram, and buttons


@dataclass(frozen=True, slots=True)
class AnswerButton(Work):
    """Acknowledge a pressed button."""

    kind: ClassVar[TaskKind] = TaskKind.ANSWER_BUTTON
    query_id: str
    toast: Toast


@dataclass(frozen=True, slots=True)
class CheckAdminRights(Work):
    """Ask Telegram what `user_id` may do at the gate, and in the chats `also`; then run their action `act` with its
    `details` (None: they asked for the list of their gates). `query_id`: of the button they pressed."""

    kind: ClassVar[TaskKind] = TaskKind.CHECK_ADMIN
    gate_id: int
    user_id: int
    act: AdminActionKind | None
    query_id: str | None = None
    also: tuple[int, ...] = ()
    details: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckWhoAdded(Work):
    """Ask Telegram whether `user_id`, who added a newcomer, is an admin. `waited`: the newcomer had asked to join."""

    kind: ClassVar[TaskKind] = TaskKind.CHECK_ADMIN
    gate_id: int
    user_id: int
    waited: bool = False


@dataclass(frozen=True, slots=True)
class CheckGateHealth(Work):
    """Ask Telegram about a gate. `notify_admins`: of new issues. `answer_to`: the admin who gets the outcome as a
    message. `repeats`: how often it was requested again while it was undone."""

    kind: ClassVar[TaskKind] = TaskKind.CHECK_GATE
    gate_id: int
    notify_admins: bool = False
    answer_to: int | None = None
    repeats: int = 0


class AdminsWantedFor(StrEnum):
    """Why the bot looks up the admins of a gate."""

    APPEAL = "appeal"
    LOG = "log"
    """To say that it cannot write to the log chat any more."""


@dataclass(frozen=True, slots=True)
class CallAdmins(Work):
    """Ask Telegram who the admins of a gate are. `user_id`: whose appeal it is; 0 if it is none."""

    kind: ClassVar[TaskKind] = TaskKind.CALL_ADMINS
    gate_id: int
    purpose: AdminsWantedFor
    user_id: int = 0


@dataclass(frozen=True, slots=True)
class CallRaidAdmins(Work):
    """The same for a raid, by its mark."""

    kind: ClassVar[TaskKind] = TaskKind.CALL_ADMINS
    gate_id: int
    raid: int


@dataclass(frozen=True, slots=True)
class MakeJoinLink(Work):
    """Make the gate's own link, by which people ask to join. `bypassed`: because somebody bypassed the gate."""

    kind: ClassVar[TaskKind] = TaskKind.MAKE_LINK
    gate_id: int
    bypassed: bool = False


# People in chats


@dataclass(frozen=True, slots=True)
class Mute(Work):
    """Forbid a newcomer to write until they are verified. `joined`: Unix time of this join. `actor_id`: who added
    them; nobody is muted whom an admin added."""

    kind: ClassVar[TaskKind] = TaskKind.MUTE
    user_id: int
    joined: int
    actor_id: int | None = None


@dataclass(frozen=True, slots=True)
class Ban(Work):
    """Ban somebody. `admin_id`: who wants that now; None when a person blocked before has come in."""

    kind: ClassVar[TaskKind] = TaskKind.BAN
    user_id: int
    admin_id: int | None = None


@dataclass(frozen=True, slots=True)
class Unban(Work):
    """Lift a ban."""

    kind: ClassVar[TaskKind] = TaskKind.UNBAN
    user_id: int


@dataclass(frozen=True, slots=True)
class DeclineJoin(Work):
    """Decline a join request. `reason`: as in the journal. `query_id`: of a guard join."""

    kind: ClassVar[TaskKind] = TaskKind.DECLINE_JOIN
    gate_id: int
    user_id: int
    reason: str = ""
    query_id: str | None = None
    admin_id: int | None = None


@dataclass(frozen=True, slots=True)
class Kick(Work):
    """Remove somebody who may come again. `spare_restricted`: not if an admin restricted them, since that would be
    lost."""

    kind: ClassVar[TaskKind] = TaskKind.KICK
    gate_id: int
    user_id: int
    reason: str = ""
    admin_id: int | None = None
    spare_restricted: bool = False


@dataclass(frozen=True, slots=True)
class Untag(Work):
    """Remove the tag that the bot set."""

    kind: ClassVar[TaskKind] = TaskKind.UNTAG
    user_id: int
    tag: str


@dataclass(frozen=True, slots=True)
class RevokeLink(Work):
    """End an invite link that was made for one person."""

    kind: ClassVar[TaskKind] = TaskKind.REVOKE_LINK
    link: str


# Messages in groups


@dataclass(frozen=True, slots=True)
class DeleteMessage(Work):
    """Delete a message."""

    kind: ClassVar[TaskKind] = TaskKind.DELETE_MESSAGE
    message_id: int


@dataclass(frozen=True, slots=True)
class RemoveServiceMessage(Work):
    """Delete Telegram's service message about a member who joined or left."""

    kind: ClassVar[TaskKind] = TaskKind.SERVICE_MESSAGES
    message_id: int


@dataclass(frozen=True, slots=True)
class SendPrivateLink(Work):
    """Show a link that opens the private chat with `start` (see `bot.telegram.deep_links`). `is_quiet`: nobody asked
    for it, so a failure has no consequence."""

    kind: ClassVar[TaskKind] = TaskKind.PRIVATE_CHAT_LINK
    start: str
    language: str = ""
    topic: int | None = None
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Prompt(Work):
    """Tell a muted newcomer, visibly to nobody else, how to verify."""

    kind: ClassVar[TaskKind] = TaskKind.PROMPT
    language: str = ""


@dataclass(frozen=True, slots=True)
class GroupPrompt(Work):
    """Tell all newcomers in a group how to verify."""

    kind: ClassVar[TaskKind] = TaskKind.GROUP_PROMPT
    language: str = ""


@dataclass(frozen=True, slots=True)
class LogLine(Work):
    """A line for the log chat of a gate: what happened to whom, why, by whom, and how many seconds it took. `title`:
    if several gates share the log chat. `count`: of how many people the line is; then `user_id` is 0."""

    kind: ClassVar[TaskKind] = TaskKind.LOG
    event: Event
    gate_id: int
    title: str = ""
    user_id: int = 0
    name: str = ""
    reason: str = ""
    mask: str = ""
    language: str = ""
    seconds: int | None = None
    admin_id: int | None = None
    topic: int | None = None
    count: int | None = None


# Statistics

GateTitles = tuple[tuple[int, str], ...]
"""Gates by id and title."""


@dataclass(frozen=True, slots=True)
class SendChart(Work):
    """Show statistics as a picture with words, in place of `message_id` if possible. `summary`: a packed
    `StatisticsReport`. `others`: the reader may choose another gate; `together`: all gates, too."""

    kind: ClassVar[TaskKind] = TaskKind.STATS
    summary: str
    others: bool = False
    together: bool = False
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class SendGateButtons(Work):
    """Replace the buttons of a chart, which is of `gate_id`, by a page of these gates."""

    kind: ClassVar[TaskKind] = TaskKind.STATS
    period: str
    gate_id: int
    gates: GateTitles
    page: int
    pages: int
    together: bool = False
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class AskWhichGate(Work):
    """Ask which of these gates is meant; `more` are left out."""

    kind: ClassVar[TaskKind] = TaskKind.STATS
    period: str
    gates: GateTitles
    more: int = 0


@dataclass(frozen=True, slots=True)
class SayUnknownGate(Work):
    """Say that no gate has the name `asked`, and which there are; `more` are left out."""

    kind: ClassVar[TaskKind] = TaskKind.STATS
    asked: str
    gates: GateTitles
    more: int = 0


# Files


@dataclass(frozen=True, slots=True)
class SendFile(Work):
    """Send the settings of a gate as a file."""

    kind: ClassVar[TaskKind] = TaskKind.SEND_FILE
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class FetchFile(Work):
    """Fetch a file with settings that an admin sent."""

    kind: ClassVar[TaskKind] = TaskKind.FETCH_FILE
    gate_id: int
    file_id: str


@dataclass(frozen=True, slots=True)
class SendMyData(Work):
    """Send somebody a file with everything stored about them; it is made when it is sent."""

    kind: ClassVar[TaskKind] = TaskKind.MAKE_FILE
    language: str = ""


@dataclass(frozen=True, slots=True)
class SendExport(Work):
    """Send an operator the journal of a period, which they wrote as `period`. `first`: None for the beginning."""

    kind: ClassVar[TaskKind] = TaskKind.MAKE_FILE
    first: date | None
    last: date
    period: str
