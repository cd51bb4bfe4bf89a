"""What admins see of people: who waits at a gate, and one person there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.admin_actions import AdminActionKind, GateLine
from bot.domain.gates import AccessOverride, Gate, Override, RequestState
from bot.domain.journal import Event


class Stage(StrEnum):
    """How far a waiting person got."""

    ASKED = "asked"
    """They asked to join and have not written to the bot."""
    WROTE = "wrote"
    SHARED = "shared"
    """They shared their contact, and the bot is requesting a number."""
    NUMBER_SHOWN = "number_shown"
    EXPIRED = "expired"
    """Their time ran out without a call."""
    CANCELLED = "cancelled"
    GATEWAY_REFUSED = "gateway_refused"
    """The gateway gave no number; `why` is its reason."""
    CONTACT_REFUSED = "contact_refused"
    """Their contact was rejected; `why` is the refusal."""
    LIMITED = "limited"
    """They requested too many numbers."""
    HINDERED = "hindered"
    """They are verified, and it does not open this gate; `why` says why not."""


@dataclass(frozen=True, slots=True)
class PendingApplicant:
    """A waiting person: since when, and how far they got. `until`: when that stage ends. `has_appealed`: they asked the
    admins. `mask` is that of their verified phone, if any."""

    user_id: int
    name: str
    since: datetime
    stage: Stage
    why: str = ""
    until: datetime | None = None
    has_appealed: bool = False
    mask: str = ""


class OlderThan(StrEnum):
    """The ages of requests that an admin declines together."""

    HOUR = "1h"
    SIX_HOURS = "6h"
    DAY = "1d"
    ALL = "all"

    @property
    def span(self) -> timedelta:
        """The same as a duration."""
        return {
            OlderThan.HOUR: timedelta(hours=1),
            OlderThan.SIX_HOURS: timedelta(hours=6),
            OlderThan.DAY: timedelta(days=1),
            OlderThan.ALL: timedelta(0),
        }[self]


@dataclass(frozen=True, slots=True)
class PendingList:
    """A page of the people who wait at a gate. `done` and `of` are set during and after a mass decline."""

    gate: Gate
    applicants: tuple[PendingApplicant, ...]
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
    counts: tuple[tuple[OlderThan, int], ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened to a person, as admins and operators see it. `gate`: the title of its gate, if shown."""

    at: datetime
    event: Event
    code: str = ""
    actor_id: int | None = None
    gate: str = ""


@dataclass(frozen=True, slots=True)
class MemberCard:
    """A person at a gate. If they never asked to enter it, it shows only `decision`: `is_known` is False then.

    `state` is that of their newest request, `asked_at` when they asked, `applicant` how far they got if they wait.
    `tag` is the one they have from the bot. `did` is what the reader has just done, and `said` the toast for its
    outcome.
    """

    gate: Gate
    user_id: int
    name: str
    is_known: bool
    is_admin: bool = False
    state: RequestState | None = None
    asked_at: datetime | None = None
    applicant: PendingApplicant | None = None
    mask: str = ""
    verified_at: datetime | None = None
    decision: AccessOverride | None = None
    tag: str = ""
    history: tuple[HistoryEntry, ...] = ()
    did: AdminActionKind | None = None
    said: str = ""

    @property
    def possible(self) -> tuple[AdminActionKind, ...]:
        """What an admin can do about them now."""
        override = self.decision.override if self.decision is not None else None
        if self.is_admin:
            return ()
        if override is Override.BLOCKED:
            return (AdminActionKind.UNBLOCK,)
        if self.applicant is not None:
            return (AdminActionKind.LET_IN, AdminActionKind.DECLINE, AdminActionKind.BLOCK)
        if self.state is RequestState.APPROVED or override is Override.ALLOWED:
            return (AdminActionKind.REVOKE, AdminActionKind.BLOCK)
        if override is Override.REVOKED:
            return (AdminActionKind.RESTORE, AdminActionKind.BLOCK)
        if self.state is not None:
            return (AdminActionKind.LET_IN, AdminActionKind.BLOCK)
        return (AdminActionKind.LET_IN, AdminActionKind.REVOKE, AdminActionKind.BLOCK)

    @property
    def undo(self) -> AdminActionKind | None:
        """What undoes the last action."""
        way_back = INVERSE.get(self.did) if self.did is not None else None
        return way_back if way_back in self.possible else None


INVERSE = {
    AdminActionKind.LET_IN: AdminActionKind.REVOKE,
    AdminActionKind.DECLINE: AdminActionKind.LET_IN,
    AdminActionKind.BLOCK: AdminActionKind.UNBLOCK,
    AdminActionKind.UNBLOCK: AdminActionKind.BLOCK,
    AdminActionKind.REVOKE: AdminActionKind.RESTORE,
    AdminActionKind.RESTORE: AdminActionKind.REVOKE,
}


class TargetError(StrEnum):
    """Why the bot does not know whom an admin means."""

    NOBODY_NAMED = "nobody_named"
    SEVERAL = "several"
    UNKNOWN = "unknown"
    """Nobody with this user name has met the bot."""
    BOT = "bot"
    """A bot, or somebody who writes as a chat."""


@dataclass(frozen=True, slots=True)
class UnknownTarget:
    """The reader named nobody that the bot can show."""

    gate: Gate
    missing: TargetError


@dataclass(frozen=True, slots=True)
class GateChoice:
    """At which of the reader's gates: `command` is what to do there, `value` whom it is about; `more` are unlisted."""

    gates: tuple[GateLine, ...]
    command: str
    value: str
    more: int = 0


PeopleView = PendingList | DeclineChoice | MemberCard | UnknownTarget | GateChoice
