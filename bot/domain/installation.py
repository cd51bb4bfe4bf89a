"""What operators see of the whole installation: who they are, all gates, and what they announce.

Names are stored and stand in old buttons: never reuse one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.gate import Gate
from bot.domain.health import GateHealth, GateIssue, GateState, gate_state, issues

LONGEST_ANNOUNCEMENT = 3600
"""UTF-16 units, as Telegram counts them. It takes 4096: the rest is for what stands around it, in the preview too."""
BOTS_END_IN = "bot"
"""Telegram gives user names that end so to bots only."""


class InstallationPage(StrEnum):
    """A page of those that only operators see."""

    OPERATORS = "operators"
    ADDING = "adding"
    """Who is to be one is chosen from Telegram's own list."""
    REMOVING = "removing"
    """The question whether somebody is to be one no longer."""
    GATES = "gates"
    GATE = "gate"
    ANNOUNCEMENT = "announcement"


class OperatorAction(StrEnum):
    """What an operator wants done, by a button."""

    OPERATORS = "operators"
    ADD = "add"
    ASK = "ask"
    """Ask whether somebody is to be removed."""
    REMOVE = "remove"
    GATES = "gates"
    GATE = "gate"
    CHECK = "check"
    """Have Telegram asked how it stands with a gate."""
    STATS = "stats"
    SEND = "send"
    DROP = "drop"
    """Not send it."""


class CannotAppoint(StrEnum):
    """Why who was picked becomes no operator."""

    ONESELF = "oneself"
    ALREADY = "already"
    BOT = "bot"
    SEVERAL = "several"


class CannotSend(StrEnum):
    """Why what was written cannot be announced."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    NO_TEXT = "no_text"
    """A picture, a file or the like."""
    PHONE = "phone"
    """Nothing but a phone number: meant for something else, and kept nowhere."""


@dataclass(frozen=True, slots=True)
class PickedUser:
    """Who was picked from Telegram's own list, as it tells of them."""

    user_id: int
    name: str = ""
    username: str = ""

    @property
    def is_bot(self) -> bool:
        """Whether that is no person."""
        return self.username.lower().endswith(BOTS_END_IN)


@dataclass(frozen=True, slots=True)
class AddedOperator:
    """Somebody who was made an operator at run time. `name`: as Telegram told it then."""

    user_id: int
    name: str
    added_by: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class OperatorLine:
    """One operator in the list: `is_named` in the configuration, `added` while the bot ran, or both.

    `is_reached`: the bot can write to them, so that they hear of troubles.
    """

    user_id: int
    name: str
    added: AddedOperator | None
    is_reached: bool
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class OperatorList:
    """A page of all operators. `unfit`: why who was picked last is none of them."""

    operators: tuple[OperatorLine, ...]
    page: int
    pages: int
    total: int
    unfit: CannotAppoint | None = None


@dataclass(frozen=True, slots=True)
class AddingOperator:
    """Whom to add is to be picked."""


@dataclass(frozen=True, slots=True)
class RemovingOperator:
    """Whether this one is to be an operator no longer. `is_reader`: it is the reader; `page`: that of the list on which
    they stand."""

    operator: OperatorLine
    is_reader: bool
    page: int = 0


@dataclass(frozen=True, slots=True)
class GateOverview:
    """One gate as operators see it. `admins`: how many are known; `alive_at`: the last sign of life of its chat;
    `joined_unverified`: how many came by links without approval lately."""

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
    """A page of all gates. `own`: how many of them the reader runs."""

    gates: tuple[GateOverview, ...]
    page: int
    pages: int
    total: int
    first: int = 1
    own: int = 0


@dataclass(frozen=True, slots=True)
class GateForOperators:
    """One gate. `is_own`: the reader runs it, too; `page`: that of the list on which it stands."""

    monitoring: GateOverview
    is_own: bool
    page: int = 0


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom an announcement reaches: admins, of how many gates; and how many admins more cannot be written to."""

    admins: tuple[int, ...]
    gates: int
    unreached: int


@dataclass(frozen=True, slots=True)
class Announcement:
    """A word to all admins. `text` is HTML of ours. `sent_by`: who had it sent; `total`, `sent` and `missed`: to how
    many it goes, went, and could not be brought."""

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
    """The text is to be written; `problem`: why what was written last cannot be sent."""

    problem: CannotSend | None = None


@dataclass(frozen=True, slots=True)
class AnnouncementPreview:
    """What it will look like, and whom it reaches."""

    announcement: Announcement
    audience: Audience


@dataclass(frozen=True, slots=True)
class AnnouncementProgress:
    """How far it is."""

    announcement: Announcement


@dataclass(frozen=True, slots=True)
class AnnouncementDropped:
    """It was not sent, and will not be."""


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
