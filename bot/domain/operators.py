"""What operators see of the whole installation: operators, all gates, and announcements.

Names are stored and stand in old buttons: never reuse one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.gate_health import GateHealth, GateIssue, GateState, gate_state, issues
from bot.domain.gates import Gate

LONGEST_ANNOUNCEMENT = 3600
"""UTF-16 units, as Telegram counts them. It accepts 4096: the rest is for the surrounding text, in the preview too."""
BOTS_END_IN = "bot"
"""Only bots can have user names that end so."""


class InstallationPage(StrEnum):
    """A page that only operators see."""

    OPERATORS = "operators"
    ADDING = "adding"
    """Ask the operator to choose somebody from Telegram's own list."""
    REMOVING = "removing"
    """The question whether to remove an operator."""
    GATES = "gates"
    GATE = "gate"
    ANNOUNCEMENT = "announcement"


class OperatorAction(StrEnum):
    """What an operator's button does."""

    OPERATORS = "operators"
    ADD = "add"
    ASK = "ask"
    """Ask whether to remove somebody."""
    REMOVE = "remove"
    GATES = "gates"
    GATE = "gate"
    CHECK = "check"
    """Ask Telegram about a gate."""
    STATS = "stats"
    SEND = "send"
    DROP = "drop"
    """Discard it."""


class CannotAppoint(StrEnum):
    """Why the picked user cannot become an operator."""

    ONESELF = "oneself"
    ALREADY = "already"
    BOT = "bot"
    SEVERAL = "several"


class CannotSend(StrEnum):
    """Why this cannot be announced."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    NO_TEXT = "no_text"
    """A picture, a file or the like."""
    PHONE = "phone"
    """Nothing but a phone number: meant for something else, and not stored."""


@dataclass(frozen=True, slots=True)
class PickedUser:
    """The user picked from Telegram's own list, as Telegram describes them."""

    user_id: int
    name: str = ""
    username: str = ""

    @property
    def is_bot(self) -> bool:
        """Whether it is a bot."""
        return self.username.lower().endswith(BOTS_END_IN)


@dataclass(frozen=True, slots=True)
class AddedOperator:
    """Somebody who became an operator at run time. `name`: their name in Telegram at that time."""

    user_id: int
    name: str
    added_by: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class OperatorLine:
    """One operator in the list: `is_named` in the configuration, `added` at run time, or both.

    `is_reached`: the bot can write to them, so that they get incidents.
    """

    user_id: int
    name: str
    added: AddedOperator | None
    is_reached: bool
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class OperatorList:
    """A page of all operators. `unfit`: why the last pick cannot be one."""

    operators: tuple[OperatorLine, ...]
    page: int
    pages: int
    total: int
    unfit: CannotAppoint | None = None


@dataclass(frozen=True, slots=True)
class AddingOperator:
    """The operator should pick somebody to add."""


@dataclass(frozen=True, slots=True)
class RemovingOperator:
    """Whether to remove this operator. `is_reader`: it is the reader; `page`: that of the list on which they stand."""

    operator: OperatorLine
    is_reader: bool
    page: int = 0


@dataclass(frozen=True, slots=True)
class GateOverview:
    """One gate as operators see it. `admins`: how many are known; `alive_at`: the last sign of life of its chat;
    `joined_unverified`: how many joined by links without approval lately."""

    gate: Gate
    health: GateHealth | None
    waiting: int
    admins: int
    alive_at: datetime
    joined_unverified: int = 0
    added_by: int | None = None

    @property
    def issues(self) -> list[GateIssue]:
        """What is wrong with it, the worst first."""
        return issues(self.gate, self.health, self.joined_unverified) if self.health is not None else []

    def state(self, now: datetime) -> GateState:
        """How it is doing."""
        return gate_state(self.gate, self.health, now)


@dataclass(frozen=True, slots=True)
class AllGates:
    """A page of all gates. `own`: how many of them the reader administers."""

    gates: tuple[GateOverview, ...]
    page: int
    pages: int
    total: int
    first: int = 1
    own: int = 0


@dataclass(frozen=True, slots=True)
class GateForOperators:
    """One gate. `is_own`: the reader administers it, too; `page`: that of the list on which it stands."""

    monitoring: GateOverview
    is_own: bool
    page: int = 0


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom an announcement reaches: admins, of how many gates; and how many more admins the bot cannot write to."""

    admins: tuple[int, ...]
    gates: int
    unreached: int


@dataclass(frozen=True, slots=True)
class Announcement:
    """An announcement to all admins. `text` is HTML of ours. `sent_by`: who confirmed it; `total`, `sent` and `missed`:
    how many recipients there are, how many got it, and how many did not."""

    id: int
    author_id: int
    text: str
    sent_at: datetime | None = None
    sent_by: int | None = None
    over_at: datetime | None = None
    total: int = 0
    sent: int = 0
    missed: int = 0

    @property
    def job(self) -> str:
        """The name of the job of which each message is a part."""
        return f"announcement{self.id}"


@dataclass(frozen=True, slots=True)
class AnnouncementAsked:
    """Ask the operator to write the text; `problem`: why the last one cannot be sent."""

    problem: CannotSend | None = None


@dataclass(frozen=True, slots=True)
class AnnouncementPreview:
    """What it will look like, and whom it reaches."""

    announcement: Announcement
    audience: Audience


@dataclass(frozen=True, slots=True)
class AnnouncementProgress:
    """The progress of sending."""

    announcement: Announcement


@dataclass(frozen=True, slots=True)
class AnnouncementDropped:
    """It was discarded."""


InstallationView = (
    OperatorList
    | AddingOperator
    | RemovingOperator
    | AllGates
    | GateForOperators
    | AnnouncementAsked
    | AnnouncementPreview
    | AnnouncementProgress
    | AnnouncementDropped
)


def units(text: str) -> int:
    """How long Telegram thinks a text is."""
    return len(text.encode("utf-16-le")) // 2
