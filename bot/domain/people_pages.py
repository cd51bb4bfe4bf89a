"""What admins see of people: who waits at a gate, and one person there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.gate import Decision, Gate, RequestState, Standing
from bot.domain.journal import Event
from bot.domain.panel import ActKind, GateLine


class Stage(StrEnum):
    """How far somebody got who waits."""

    ASKED = "asked"
    """They asked to join and have not written to the bot."""
    WROTE = "wrote"
    SHARED = "shared"
    """They shared their contact, and a number is being asked for."""
    NUMBER_SHOWN = "number_shown"
    EXPIRED = "expired"
    """Their time ran out without a call."""
    CANCELLED = "cancelled"
    GATEWAY_REFUSED = "gateway_refused"
    """The gateway gave no number; `why` is its reason."""
    CONTACT_REFUSED = "contact_refused"
    """Their contact was not taken; `why` is the refusal."""
    LIMITED = "limited"
    """They asked for too many numbers."""
    HINDERED = "hindered"
    """They are verified, and it does not open this gate; `why` is the hindrance."""


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody who waits: since when, and how far they got. `until`: when that stage ends. `has_appealed`: they asked
    the admins. `mask` is that of their verified phone, if any."""

    user_id: int
    name: str
    since: datetime
    stage: Stage
    why: str = ""
    until: datetime | None = None
    has_appealed: bool = False
    mask: str = ""


class Age(StrEnum):
    """How long those have waited whom an admin declines together."""

    HOUR = "1h"
    SIX_HOURS = "6h"
    DAY = "1d"
    ALL = "all"

    @property
    def span(self) -> timedelta:
        """The same as a duration."""
        return {
            Age.HOUR: timedelta(hours=1),
            Age.SIX_HOURS: timedelta(hours=6),
            Age.DAY: timedelta(days=1),
            Age.ALL: timedelta(0),
        }[self]


@dataclass(frozen=True, slots=True)
class WaitingList:
    """A page of those who wait at a gate. `done` and `of` are there while many are being declined, and after."""

    gate: Gate
    waiters: tuple[Waiter, ...]
    page: int
    pages: int
    total: int
    first: int = 1
    """The number of the first one on this page."""
    done: int | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class DeclineChoice:
    """The question whom to decline together, with how many that would be by the age of their requests."""

    gate: Gate
    counts: tuple[tuple[Age, int], ...]


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a person, as admins and operators are told it. `gate` is the title of the one where
    it did, where that is to be told."""

    at: datetime
    event: Event
    code: str = ""
    actor_id: int | None = None
    gate: str = ""


@dataclass(frozen=True, slots=True)
class Someone:
    """A person at a gate. Of who never asked to enter it nothing is told but `decision`: `is_known` is False then.

    `state` is that of their newest request, `asked_at` when they asked, `waiter` how far they got if they wait.
    `tag` is the one they have from the bot. `did` is what the reader has just done, and `said` the toast for
    what came of it.
    """

    gate: Gate
    user_id: int
    name: str
    is_known: bool
    is_admin: bool = False
    state: RequestState | None = None
    asked_at: datetime | None = None
    waiter: Waiter | None = None
    mask: str = ""
    verified_at: datetime | None = None
    decision: Decision | None = None
    tag: str = ""
    history: tuple[Happening, ...] = ()
    did: ActKind | None = None
    said: str = ""

    @property
    def possible(self) -> tuple[ActKind, ...]:
        """What an admin can do about them now."""
        standing = self.decision.standing if self.decision is not None else None
        if self.is_admin:
            return ()
        if standing is Standing.BLOCKED:
            return (ActKind.UNBLOCK,)
        if self.waiter is not None:
            return (ActKind.LET_IN, ActKind.DECLINE, ActKind.BLOCK)
        if self.state is RequestState.APPROVED or standing is Standing.ALLOWED:
            return (ActKind.REVOKE, ActKind.BLOCK)
        if standing is Standing.REVOKED:
            return (ActKind.RESTORE, ActKind.BLOCK)
        if self.state is not None:
            return (ActKind.LET_IN, ActKind.BLOCK)
        return (ActKind.LET_IN, ActKind.REVOKE, ActKind.BLOCK)

    @property
    def undo(self) -> ActKind | None:
        """What takes back what was just done."""
        way_back = INVERSE.get(self.did) if self.did is not None else None
        return way_back if way_back in self.possible else None


INVERSE = {
    ActKind.LET_IN: ActKind.REVOKE,
    ActKind.DECLINE: ActKind.LET_IN,
    ActKind.BLOCK: ActKind.UNBLOCK,
    ActKind.UNBLOCK: ActKind.BLOCK,
    ActKind.REVOKE: ActKind.RESTORE,
    ActKind.RESTORE: ActKind.REVOKE,
}


class Missing(StrEnum):
    """Why it is not clear whom an admin means."""

    NOBODY_NAMED = "nobody_named"
    SEVERAL = "several"
    UNKNOWN = "unknown"
    """Nobody with this user name has met the bot."""
    BOT = "bot"
    """A bot, or somebody who writes as a chat."""


@dataclass(frozen=True, slots=True)
class NobodyMeant:
    """The reader named nobody that the bot could tell something of."""

    gate: Gate
    missing: Missing


@dataclass(frozen=True, slots=True)
class GateChoice:
    """At which of the reader's gates: `command` is what is to be done there, `value` whom it is about. `more`:
    how many gates there are beside these."""

    gates: tuple[GateLine, ...]
    command: str
    value: str
    more: int = 0


PeopleView = WaitingList | DeclineChoice | Someone | NobodyMeant | GateChoice
